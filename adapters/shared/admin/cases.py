"""Cases in words: what a card says, field by field, what may be ruled on it, and a line for a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.base import Case, CaseKind, CaseState
from adapters.shared.admin import sentences
from adapters.shared.admin.names import audit_place, person
from adapters.shared.admin.rules import scores_table
from adapters.shared.dialect import Dialect, quoted, spoiler
from adapters.shared.words import clock, file_name

FIELD = 1000  # characters of one field
RULINGS = {
    CaseKind.APPEAL: (CaseState.UPHELD, CaseState.OVERTURNED),
    CaseKind.REPORT: (CaseState.REMOVED, CaseState.KEPT),
}
FREEING = (CaseState.OVERTURNED, CaseState.KEPT)


@dataclass(frozen=True)
class Sheet:
    """A file to show with a card: where it lies, and under which name people see it."""

    path: str
    name: str


def rulings(case: Case) -> tuple[CaseState, ...]:
    """What moderators may decide; nothing for closed cases."""
    return RULINGS[case.kind] if case.state is CaseState.OPEN else ()


def known_ruling(value: str) -> CaseState | None:
    """The ruling that a button names; None for those of another version."""
    every = [ruling for each in RULINGS.values() for ruling in each]
    return next((ruling for ruling in every if ruling.value == value), None)


def title(case: Case) -> str:
    """`Appeal · open`."""
    return f"{sentences.CASE_KINDS[case.kind]} · {sentences.CASE_STATES[case.state]}"


def who_and_where(case: Case, dialect: Dialect) -> str:
    """Who wants what looked at, in one sentence."""
    sentence = sentences.APPEALED if case.kind is CaseKind.APPEAL else sentences.REPORTED
    author, asker = person(case.author.id, dialect), person(case.asker.id, dialect)
    return dialect.say(sentence, author=author, asker=asker, place=place(case, dialect))


def place(case: Case, dialect: Dialect) -> str:
    """Where it happened: a thread that is a channel by itself, or else the channel."""
    at = case.place
    channel = at.thread if dialect.channel(at.thread) else at.channel
    return audit_place("/".join((at.platform, at.community, channel)), dialect)


def fields(case: Case, dialect: Dialect, missing: str = "") -> dict[str, str]:
    """What stands on a card, by the fields' names, without the empty ones.

    What could disturb is hidden, and what was removed is not quoted any longer. `missing` says what can't be attached.
    """
    removed = case.state is CaseState.REMOVED
    every = {
        sentences.WORDS: quoted(case.words, FIELD, dialect) if case.words.strip() else "",
        sentences.EXCERPT: spoiler(case.excerpt, FIELD, dialect) if case.excerpt.strip() and not removed else "",
        sentences.SCORES: scores_table(case.chips, dialect) if case.chips else "",
        sentences.OUTCOME: outcome(case, dialect),
        sentences.SUGGESTION: quoted(case.suggestion, FIELD, dialect),
        sentences.ATTACHED: missing,
    }
    return {name: value for name, value in every.items() if value}


def outcome(case: Case, dialect: Dialect) -> str:
    """Who decided what and when, and what came of it."""
    if case.state is CaseState.OPEN:
        return quoted(case.outcome, FIELD, dialect)
    when = f", {dialect.moment(case.decided_at)}" if case.decided_at is not None else ""
    ruling = sentences.CASE_STATES[case.state].capitalize()
    line = dialect.say(sentences.DECIDED, ruling=ruling, who=person(case.decided_by, dialect), when=when)
    return f"{line}\n{quoted(case.outcome, FIELD - len(line) - 1, dialect)}".strip()


def footer(case: Case) -> str:
    """The numbers for the operator. Not yet escaped."""
    return sentences.CASE_FOOTER.format(request=case.request[:100], case=case.id[:100])


def sheets(case: Case) -> list[Sheet]:
    """The judged frame and the made videos. What was removed is not shown any longer."""
    if case.state is CaseState.REMOVED:
        return []
    still = case.still
    found = [Sheet(still.path, f"frame-{clock(still.time_s).replace(':', 'm')}.jpg")] if still is not None else []
    return [*found, *(Sheet(video.path, file_name(video.prompt, at)) for at, video in enumerate(case.videos))]


def case_line(case: Case, dialect: Dialect) -> str:
    """A case in a list."""
    worst = max(case.chips, key=lambda chip: chip.score - chip.threshold, default=None)
    reason = f" · {dialect.plain(worst.category)}" if worst is not None else ""
    kind = dialect.say(sentences.TITLED, name=sentences.CASE_KINDS[case.kind])
    who = f"{person(case.author.id, dialect)} in {place(case, dialect)}"
    return f"{kind}{reason} · {who} · {dialect.moment(case.at)}"


def labels(cases: Sequence[Case]) -> list[tuple[str, str, str]]:
    """Label, id and note of each case, for a menu; nothing in them that would need to be hidden. Not yet escaped."""
    return [
        (
            f"{sentences.CASE_KINDS[case.kind]} · {case.author.name}",
            case.id,
            f"{case.at:%d.%m. %H:%M} UTC · request {case.request}",
        )
        for case in cases
    ]
