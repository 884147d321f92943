"""Who and what was recognised, the overview, and what nobody here can know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from engine.backends.lite.recognition.evidence import People, Seen
from engine.backends.lite.recognition.words import vocabulary

from . import figures, looks, motion
from .ask import Ask
from .wording import clock

_TOLD = 4


def _seen(ask: Ask) -> Seen:
    return ask.clip.seen if ask.whole else ask.clip.seen_in(ask.span)


def overview(ask: Ask) -> Iterator[str]:
    """Two to four things worth knowing, the most telling first, and each as soon as it is known."""
    seen = _seen(ask)
    lead = f"{ask.lead}: " if ask.lead else ""
    told = list(_recognised(ask, seen))
    if told:
        yield lead + told[0]
        yield from told[1:]
    else:
        yield ask.answer("mostly", colours=looks.palette_words(ask.words, ask.facts().colours(ask.span), 2))
    yield from looks.glance(ask)
    if not ask.clip.moving:
        return
    yield from figures.overview_of_sound(ask)
    if ask.whole:
        facts = ask.facts()
        shots = ask.words.count(len(facts.shots), "shot")
        shots = shots if facts.complete else ask.say("at_least", what=shots)
        yield ask.say("clip_is", length=ask.words.seconds(ask.clip.info.length_s), shots=shots)
    yield from motion.summary(ask)


def _recognised(ask: Ask, seen: Seen) -> Iterator[str]:
    """Sentences about things and people, the sure ones first."""
    sure = [_with_times(ask, ask.words.thing(t.word), t.times_s) for t in seen.things if t.sure][:_TOLD]
    unsure = [_with_times(ask, ask.words.thing(t.word), t.times_s) for t in seen.things if not t.sure][:1]
    if seen.people:
        said = _with_times(ask, ask.say("people" if seen.people.most_faces > 1 else "person"), seen.people.times_s)
        (sure if seen.people.sure else unsure).append(said)
    if sure:
        yield ask.say("i_see", things=ask.words.listing(sure))
    if unsure:
        yield ask.say("perhaps_see", things=ask.words.listing(unsure))


def _with_times(ask: Ask, said: str, times_s: Sequence[float]) -> str:
    """ "a bicycle (0:01–0:04)": when it was seen, as far as pictures were looked at."""
    if not ask.clip.moving or not times_s:
        return said
    start, end = clock(times_s[0]), clock(times_s[-1])
    return f"{said} ({start})" if start == end else f"{said} ({start}–{end})"


# --- people and things -----------------------------------------------------------------------------------------------


def people(ask: Ask) -> Iterator[str]:
    found = _seen(ask).people
    if found is None:
        yield ask.answer("no_people")
        return
    said = _with_times(ask, ask.say("people" if found.most_faces > 1 else "person"), found.times_s)
    yield ask.answer("i_see" if found.sure else "perhaps_see", yes=_sure(ask, found), things=said)
    if found.most_faces:
        yield _faces(ask, found)


def _sure(ask: Ask, found: People) -> bool | None:
    """Yes to "is somebody there?"; to men, women and children nobody says yes."""
    unknowable = ask.slots.has("man|woman|men|women|child|children|kids?|boy|girl|crowd|nobody|empty")
    return True if found.sure and not unknowable else None


def _faces(ask: Ask, found: People) -> str:
    key = "one_face" if found.most_faces == 1 else "faces"
    said = ask.say(key, count=ask.words.number(found.most_faces), time=clock(found.faces_at_s))
    return said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")


def people_count(ask: Ask) -> Iterator[str]:
    yield ask.answer("no_count_people")
    found = _seen(ask).people
    if found is None:
        yield ask.say("no_people")
        return
    said = _with_times(ask, ask.say("people" if found.most_faces > 1 else "person"), found.times_s)
    yield ask.say("i_see" if found.sure else "perhaps_see", things=said)
    if found.most_faces:
        yield _faces(ask, found)


def things(ask: Ask) -> Iterator[str]:
    seen, asked = _seen(ask), _asked(ask)
    matching = [thing for thing in seen.things if thing.word in asked]
    if matching:
        best = matching[0]
        said = _with_times(ask, ask.words.thing(best.word), best.times_s)
        yield ask.answer("i_see" if best.sure else "perhaps_see", yes=True if best.sure else None, things=said)
    elif asked and ask.slots.yes_no:
        yield ask.answer("no_thing", thing=ask.words.name(sorted(asked)[0]))
        yield from _recognised(ask, seen)
    else:
        if ask.slots.yes_no:
            yield ask.answer("unknown_thing")
        told = list(_recognised(ask, seen)) or [ask.say("drawing" if seen.drawing else "nothing_known")]
        yield told[0] if ask.slots.yes_no else ask.put(told[0])
        yield from told[1:]
    if ask.slots.has("breed|brand|kind|model|sort|make"):
        yield ask.say("kind_only")


def _asked(ask: Ask) -> set[str]:
    """The words of the vocabulary that the question names, in the singular or plural."""
    text = f" {' '.join(ask.slots.words)} "
    named = set()
    for key, word in vocabulary().items():
        forms = {*key.split(" or "), *word.plural.split(" or "), *(f"{part}s" for part in key.split(" or "))}
        if any(f" {form} " in text for form in forms):
            named.add(key)
    kinds = {kind for kind in ("animal", "vehicle", "instrument") if ask.slots.has(f"{kind}s?")}
    return (
        named
        | {key for key, word in vocabulary().items() if word.kind in kinds}
        | {"bicycle" for said in ("bike", "bikes") if said in ask.slots.words and "bicycle" in vocabulary()}
    )


def count(ask: Ask) -> Iterator[str]:
    yield ask.answer("no_count")
    seen, asked = _seen(ask), _asked(ask)
    matching = [thing for thing in seen.things if thing.word in asked] or list(seen.things if not asked else ())
    if matching:
        yield from _recognised(ask, Seen(things=tuple(matching)))
    elif asked:
        yield ask.say("no_thing", thing=ask.words.name(sorted(asked)[0]))


# --- what can't be known ---------------------------------------------------------------------------------------------


def cant(key: str, *then: str) -> Callable[[Ask], Iterator[str]]:
    """An answer that says what can't be told, and then what can."""

    def answer(ask: Ask) -> Iterator[str]:
        yield ask.answer(key)
        told = [said for what in then for said in _CAN[what](ask)]
        if told:
            yield ask.say("can_tell")
            yield from told
        yield ask.say("larger")

    return answer


def _people_seen(ask: Ask) -> Iterator[str]:
    yield from list(_recognised(ask, _seen(ask)))[:2]


def _speech_heard(ask: Ask) -> Iterator[str]:
    yield from list(figures.speech(ask))[:1] if ask.clip.loudness else [ask.say("no_track")]


def _what_moves(ask: Ask) -> Iterator[str]:
    yield from list(motion.summary(ask))[:2] if ask.clip.moving else ()


_CAN = {"seen": _people_seen, "speech": _speech_heard, "motion": _what_moves}
