"""Reads a prompt into a typed `Scene`, word by word. Knows tables and forms; knows nothing about drawing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from engine.backends.lite.storyboard import vocabulary, words
from engine.backends.lite.storyboard.catalogue import SUBJECTS
from engine.backends.lite.storyboard.draw.kit import Anchor
from engine.backends.lite.storyboard.scene import Actor, Camera, Direction, Hour, Motion, Scene, Setting, Weather

MAX_COUNT = 12  # more of one kind would be too small to tell apart
MAX_ACTORS = 6
_BREAKS = frozenset(",;.!?:")
_GOES_ON = frozenset({"or", "nor", "and", ",", "the", "a", "an", "any"})


def parse(prompt: str, negative_prompt: str = "") -> Scene:
    """Find subjects, colours, counts, motions, place, hour, weather, camera and quoted text in `prompt`.

    What `negative_prompt` or a "no …"/"without …" names is banned: it is neither drawn as a subject nor as scenery.
    """
    reader = _Reader(prompt, _named(negative_prompt))
    return reader.read()


def _named(text: str) -> set[str]:
    """All names of the tables that occur in `text`, without any grammar: a negative prompt is a list."""
    found: set[str] = set()
    tokens = words.tokens(text)
    for start in range(len(tokens)):
        for length in range(1, vocabulary.LONGEST + 1):
            found |= _names_of(" ".join(tokens[start : start + length]))
    return found


def _names_of(phrase: str) -> set[str]:
    found = set()
    if phrase in vocabulary.SUBJECTS:
        found.add(vocabulary.SUBJECTS[phrase][0])
    for table in (vocabulary.SETTINGS, vocabulary.WEATHERS, vocabulary.HOURS):
        if phrase in table:
            found.add(str(table[phrase]))
    if phrase in ("text", "words", "letters", "caption", "captions", "writing", "typography"):
        found.add("text")
    return found


@dataclass
class _Phrase:
    """The modifiers collected since the last noun."""

    count: int | None = None
    colours: list[str] = field(default_factory=list)
    size: float = 1.0
    tint: str = ""
    article: bool = False


@dataclass
class _Reader:
    prompt: str
    banned: set[str]
    actors: list[Actor] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    hour: Hour | None = None
    weather: set[Weather] = field(default_factory=set)
    camera: Camera = Camera.STILL
    ground: str = ""
    sky: str = ""
    autumn: bool = False
    unknown: int = 0
    phrase: _Phrase = field(default_factory=_Phrase)
    clause: list[int] = field(default_factory=list)  # actors that the next verb is about
    waiting: Actor = field(default_factory=lambda: Actor(""))  # a verb or side before any noun
    negated: bool = False
    link: str = ""  # "on" or "over", waiting for its noun
    riding: bool = False
    chasing: Actor | None = None

    def read(self) -> Scene:
        text, captions = words.quotes(self.prompt)
        tokens = words.tokens(text)
        at = 0
        while at < len(tokens):
            at += self._step(tokens, at)
        return self._finish(captions)

    def _step(self, tokens: list[str], at: int) -> int:
        """Read one phrase at `at`; return how many tokens it took."""
        for length in range(min(vocabulary.LONGEST, len(tokens) - at), 0, -1):
            if self._phrase_read(" ".join(tokens[at : at + length]), tokens[at + length : at + length + 1]):
                return length
        self._single(tokens[at])
        return 1

    def _phrase_read(self, phrase: str, following: list[str]) -> bool:
        """Try the tables that hold phrases; say whether one knew `phrase`."""
        after = following[0] if following else ""
        if phrase in vocabulary.CAMERAS:
            self.camera = self.camera if self.negated else vocabulary.CAMERAS[phrase]
        elif phrase in vocabulary.SIDES:
            self._modify(side=vocabulary.SIDES[phrase])
        elif phrase in vocabulary.DIRECTIONS:
            self._modify(direction=vocabulary.DIRECTIONS[phrase])
        elif self._is_colour(phrase, after):
            self._colour(phrase)
        elif self._is_verb(phrase, after):
            self._verb(phrase, after)
        elif self._surroundings(phrase):
            pass
        elif phrase in vocabulary.SUBJECTS:
            self._noun(*vocabulary.SUBJECTS[phrase])
        else:
            return False
        return True

    def _is_colour(self, phrase: str, after: str) -> bool:
        if phrase not in vocabulary.COLOURS:
            return False
        # "orange" and "rose" are things, too, when no noun follows.
        return (
            phrase not in vocabulary.SUBJECTS
            or after in vocabulary.SUBJECTS
            or after in vocabulary.COLOURS
            or after == "and"
        )

    def _is_verb(self, phrase: str, after: str) -> bool:
        if phrase not in vocabulary.MOTIONS:
            return False
        if phrase in ("rose", "fly", "play", "park", "set", "sets", "setting", "fall", "burning"):
            return bool(self.clause) and not self.phrase.article
        # "waves" without anybody who could wave is the sea; "falling leaves" is weather, read as a phrase before.
        if phrase in ("wave", "waves"):
            return any(SUBJECTS[self.actors[i].subject].animate for i in self.clause) and not self.phrase.article
        return True

    def _surroundings(self, phrase: str) -> bool:
        """A place, an hour or a weather; False when the word is none or is meant as a subject here."""
        if not (phrase in vocabulary.SETTINGS or phrase in vocabulary.HOURS or phrase in vocabulary.WEATHERS):
            return False
        if phrase in vocabulary.SUBJECTS and self.phrase.count and phrase not in vocabulary.SETTINGS:
            return False
        if self.negated:
            self.banned |= _names_of(phrase)
            self.phrase = _Phrase()
            return True
        if phrase in vocabulary.SETTINGS:
            self._place(vocabulary.SETTINGS[phrase])
        if phrase in vocabulary.HOURS:
            self.hour = vocabulary.HOURS[phrase]
        if phrase in vocabulary.WEATHERS:
            self.weather.add(vocabulary.WEATHERS[phrase])
        self.phrase, self.link = _Phrase(), ""
        return True

    def _place(self, setting: Setting) -> None:
        self.settings.append(setting)
        if self.phrase.colours:
            if setting is Setting.SKY:
                self.sky = self.phrase.colours[0]
            else:
                self.ground = self.phrase.colours[0]

    def _noun(self, name: str, plural: bool) -> None:
        count = self.phrase.count or (3 if plural else 1)
        if self.negated:
            self.banned.add(name)
        elif name not in self.banned and len(self.actors) < MAX_ACTORS:
            actor = replace(
                self.waiting,
                subject=name,
                count=min(MAX_COUNT, count),
                colours=tuple(self.phrase.colours),
                size=self.phrase.size,
            )
            self._relate(actor)
        self.phrase, self.waiting, self.link, self.riding = _Phrase(), Actor(""), "", False

    def _relate(self, actor: Actor) -> None:
        """Add the actor, tied to the one before it by "on", "over", "riding" or "chasing"."""
        index, subject = len(self.actors), SUBJECTS[actor.subject]
        before = self.clause[-1] if self.clause else None
        if before is not None and before < index:
            rider = self.actors[before]
            if (self.riding or self.link == "on") and subject.seat is not None and _can_sit(rider):
                carried = (
                    rider.motion if self.riding or rider.motion not in (Motion.STILL, Motion.SLEEP, None) else None
                )
                actor = replace(actor, motion=carried, direction=rider.direction, speed=rider.speed)
                rests = Motion.SLEEP if rider.motion is Motion.SLEEP else Motion.STILL
                self.actors[before] = replace(rider, on=index, motion=rests)
                self.actors.append(actor)
                self.clause = [index]
                return
            if self.riding and subject.seat is None and rider.motion is not None:
                # "A girl flies a kite": what the verb does, the object does; she holds still.
                actor = replace(actor, motion=subject.roams)
                self.actors[before] = replace(rider, motion=Motion.IDLE)
            elif self.link == "over":
                self.actors[before] = replace(rider, over=index)
            elif self.chasing is not None:
                actor = replace(actor, motion=self.chasing.motion, direction=self.chasing.direction)
        self.actors.append(actor)
        joined = self.link == "and" and before is not None and self.actors[before].motion is None
        self.clause = (
            [*self.clause, index] if joined else [index] if not self.link or self.link == "and" else self.clause
        )
        self.chasing = None

    def _verb(self, verb: str, after: str) -> None:
        motion = vocabulary.MOTIONS[verb]
        if self.negated:
            self._modify(motion=Motion.STILL)
            self.negated = False
            return
        self.riding = verb in vocabulary.RIDING
        if not self.clause and self.waiting.motion is None and not self.actors:
            self.waiting = replace(self.waiting, motion=motion)
        for index in self.clause:
            self._sky_verb(index, motion)
            known = self.actors[index].motion
            # "stands and waves": the livelier of two verbs wins; "a fox jumps" after "quick" keeps the first.
            if known in (None, Motion.STILL, Motion.IDLE) or motion in (Motion.WAVE, Motion.JUMP, Motion.SPIN):
                self.actors[index] = replace(self.actors[index], motion=motion)
        if verb in vocabulary.CHASING and self.clause:
            self.chasing = self.actors[self.clause[-1]]
        self.link = ""

    def _sky_verb(self, index: int, motion: Motion) -> None:
        if self.actors[index].subject == "sun" and motion in (Motion.RISE, Motion.FALL):
            self.hour = self.hour or (Hour.DAWN if motion is Motion.RISE else Hour.SUNSET)

    def _modify(
        self,
        motion: Motion | None = None,
        direction: Direction | None = None,
        side: Direction | None = None,
        speed: float | None = None,
    ) -> None:
        """Say something about the actors of this clause, or about the next one when there is none yet."""

        def changed(actor: Actor) -> Actor:
            return replace(
                actor,
                motion=motion or actor.motion,
                direction=direction or actor.direction,
                side=side or actor.side,
                speed=speed or actor.speed,
            )

        if not self.clause:
            self.waiting = changed(self.waiting)
        for index in self.clause:
            carrier = self.actors[index].on
            target = index if carrier is None else carrier
            self.actors[target] = changed(self.actors[target])

    def _colour(self, word: str) -> None:
        name = vocabulary.COLOURS[word]
        self.phrase.colours.append(f"{self.phrase.tint} {name}" if self.phrase.tint else name)
        self.phrase.tint = ""

    def _single(self, word: str) -> None:
        """Words that are no phrase of a table: numbers, sizes, speeds, negations, links, breaks."""
        if word.isdigit() or word in words.NUMBERS:
            self._number(word)
        elif word in words.GROUPS:
            self.phrase.count = words.GROUPS[word]
        elif word in vocabulary.SIZES:
            self.phrase.size *= vocabulary.SIZES[word]
        elif word in vocabulary.SPEEDS:
            self._modify(speed=vocabulary.SPEEDS[word])
        elif word in vocabulary.TINTS:
            self.phrase.tint = vocabulary.TINTS[word]
        elif word in vocabulary.NEGATIONS:
            self.negated = True
        elif word in ("on", "atop", "onto", "in", "inside", "aboard"):
            self.link, self.negated = "on", False
        elif word in ("over", "above", "across"):
            self.link = "over"
        elif word == "and":
            self._and()
        elif word in _BREAKS or word in ("but", "while", "with", "then"):
            self._break(word)
        elif word == "the":
            self.phrase.article = True
        elif word in vocabulary.AUTUMN:
            self.autumn = True
        elif word not in vocabulary.PLAIN:
            self.unknown += 1
            self.phrase.count = None

    def _number(self, word: str) -> None:
        self.phrase.article = word in ("a", "an")
        number = int(word[:6]) if word.isdigit() else words.NUMBERS[word]
        # "a couple of", "a few": the article says nothing; "1080" is no count.
        if self.phrase.article and self.phrase.colours:
            self.phrase.count = (self.phrase.count or 1) + 1  # "a red and a blue car" are two
        elif 0 < number <= 100 and not (self.phrase.article and self.phrase.count):
            self.phrase.count = number

    def _and(self) -> None:
        if not self.phrase.colours:
            self.link = "and"

    def _break(self, word: str) -> None:
        self._trailing_colours()
        if word not in _GOES_ON:
            self.negated = False
        if word in ".;!?" or word in ("but", "then", "while"):
            self.clause = []
            self.negated = False
        self.phrase, self.link, self.riding = _Phrase(), "and" if word == "," else "", False

    def _trailing_colours(self) -> None:
        """ "The car is red", "a dragon, dark purple": colours without a noun belong to what was said before."""
        if self.phrase.colours and self.clause and not self.actors[self.clause[-1]].colours:
            self.actors[self.clause[-1]] = replace(self.actors[self.clause[-1]], colours=tuple(self.phrase.colours))

    def _finish(self, captions: tuple[str, ...]) -> Scene:
        self._trailing_colours()
        actors, captions = self._signs(captions)
        settings = [one for one in self.settings if str(one) not in self.banned]
        if "text" in self.banned:
            captions = ()
        weather = frozenset(one for one in self.weather if str(one) not in self.banned)
        hour = self.hour if self.hour is not None and str(self.hour) not in self.banned else None
        seen = bool(actors or settings or weather or hour)
        return Scene(
            prompt=self.prompt,
            actors=tuple(actors),
            setting=_main_setting(settings),
            hour=hour or (Hour.NIGHT if weather & {Weather.STARS, Weather.FIREWORKS} else Hour.DAY),
            weather=weather,
            camera=self.camera,
            captions=captions,
            banned=frozenset(self.banned),
            ground=self.ground,
            sky=self.sky,
            autumn=self.autumn,
            lettering="text" not in self.banned and not captions and (not seen or (not actors and self.unknown > 0)),
        )

    def _signs(self, captions: tuple[str, ...]) -> tuple[list[Actor], tuple[str, ...]]:
        """Give quoted texts to the signs, in order; what is left is shown as a caption."""
        rest, actors = list(captions), []
        for actor in self.actors:
            writes = SUBJECTS[actor.subject].name == "sign" and rest
            actors.append(replace(actor, text=rest.pop(0)) if writes else actor)
        return actors, tuple(rest)


def _can_sit(actor: Actor) -> bool:
    subject = SUBJECTS[actor.subject]
    return subject.animate or (subject.anchor is Anchor.GROUND and subject.roams is Motion.IDLE)


def _main_setting(settings: list[Setting]) -> Setting | None:
    """The most telling of the places named: "snow in the mountains" is snow, "the sky over the sea" is the sea."""
    vague = (Setting.SKY, Setting.MEADOW, Setting.SNOW)
    telling = [one for one in settings if one not in vague]
    if Setting.SNOW in settings and telling[:1] == [Setting.FOREST]:
        return Setting.SNOW
    if telling:
        return telling[0]
    solid = [one for one in settings if one is not Setting.SKY]
    return solid[0] if solid else settings[0] if settings else None
