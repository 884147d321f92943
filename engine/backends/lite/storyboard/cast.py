"""Puts the actors of a scene into the picture: who is how large, stands where, and moves from which place.

Knows subjects and a painted backdrop's lines; knows neither words nor pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from engine.backends.lite.storyboard import colour
from engine.backends.lite.storyboard.art import Backdrop
from engine.backends.lite.storyboard.catalogue import SUBJECTS
from engine.backends.lite.storyboard.colour import Ink
from engine.backends.lite.storyboard.draw.kit import Anchor, Pose, Subject
from engine.backends.lite.storyboard.motion import Mark
from engine.backends.lite.storyboard.raster import reach
from engine.backends.lite.storyboard.scene import Actor, Direction, Hour, Motion, Scene, Setting, Weather

AIRY = (Setting.SPACE, Setting.SKY)  # places without a ground
CROSSING = (Motion.WALK, Motion.RUN, Motion.ROLL, Motion.DRIVE, Motion.FLY, Motion.SWIM)
# Motions that need room to be seen.
ROOMY = (Motion.RISE, Motion.FALL, Motion.JUMP, Motion.ORBIT)
# Drawings whose own parts turn with the way they go.
SELF_TURNING = frozenset({"ball", "football", "basketball"})
ROW_GAP = 0.24  # of the width, between actors that follow each other
SITTERS = 38.0  # people sit with the hip, this many drawing units above their feet, on the seat


@dataclass(frozen=True)
class Performer:
    """One individual in the picture. `unit` is pixels per drawing unit; `rides` is the index of its carrier;
    `depth` sorts from back to front."""

    subject: Subject
    ink: Ink
    mark: Mark
    unit: float
    pick: int
    text: str = ""
    rides: int | None = None
    depth: float = 0.0
    heaven: bool = False

    @property
    def lift(self) -> float:
        """How far (in pixels) a rider's feet are above or below the seat."""
        return (
            SITTERS * self.unit
            if self.subject.draw.__module__.endswith("people") and self.subject.name not in ("snowman", "teddy bear")
            else 0.0
        )


def place_of(scene: Scene) -> Setting:
    """The setting that was named, or the one where the first actor is at home."""
    anchors = {SUBJECTS[actor.subject].anchor for actor in scene.actors}
    grounded = [
        a
        for a in scene.actors
        if SUBJECTS[a.subject].anchor in (Anchor.GROUND, Anchor.SCENERY)
        and a.motion not in (Motion.FLY, Motion.FLOAT, Motion.FALL, Motion.RISE, Motion.ORBIT)
    ]
    if scene.setting is not None:
        return _place_named(scene, scene.setting, anchors, bool(grounded))
    if not scene.actors:
        return _place_of_weather(scene)
    main = next((a for a in scene.actors if SUBJECTS[a.subject].anchor is not Anchor.HEAVEN), scene.actors[0])
    if main.on is not None:
        main = scene.actors[main.on]
    subject, motion = SUBJECTS[main.subject], main.motion
    if motion is Motion.ORBIT:
        return Setting.SPACE
    if (motion is Motion.SWIM and subject.anchor is not Anchor.WATER) or (
        subject.anchor is Anchor.WATER and motion is Motion.JUMP
    ):
        return Setting.SEA
    home = Setting.MEADOW if subject.name == "rocket" and motion is Motion.RISE else subject.home
    if home is Setting.SKY and len(grounded) > 0:
        home = Setting.MEADOW
    if scene.weather & {Weather.SNOWFALL} and home in (Setting.STUDIO, Setting.MEADOW, Setting.ROAD):
        return Setting.SNOW
    outdoors = scene.hour is not Hour.DAY or scene.weather or scene.sky
    return Setting.MEADOW if home is Setting.STUDIO and outdoors else home


def _place_named(scene: Scene, setting: Setting, anchors: set[Anchor], grounded: bool) -> Setting:
    """The named place, or its neighbour where the actors can stand or swim."""
    if Weather.SNOWFALL in scene.weather and setting in (Setting.FOREST, Setting.MEADOW):
        return Setting.SNOW
    if setting is Setting.SKY and grounded:
        return Setting.MEADOW
    if Anchor.AFLOAT in anchors and setting in (Setting.SKY, Setting.MEADOW):
        return Setting.SEA
    wet = any(actor.motion is Motion.SWIM or actor.on is not None for actor in scene.actors)
    ashore = setting is Setting.SEA and grounded and not wet and not anchors & {Anchor.AFLOAT, Anchor.WATER}
    return Setting.BEACH if ashore else setting


def _place_of_weather(scene: Scene) -> Setting:
    by_weather = {
        Weather.SNOWFALL: Setting.SNOW,
        Weather.FIREWORKS: Setting.CITY,
        Weather.LEAVES: Setting.FOREST,
        Weather.BUBBLES: Setting.UNDERWATER,
        Weather.CLOUDS: Setting.SKY,
        Weather.CONFETTI: Setting.STUDIO,
    }
    return next((by_weather[one] for one in sorted(scene.weather) if one in by_weather), Setting.MEADOW)


def motion_of(actor: Actor, subject: Subject, setting: Setting) -> Motion:
    """The motion that was asked for, said in a way that fits the kind of subject."""
    motion = actor.motion or subject.roams
    wheels, heaven = subject.roams is Motion.DRIVE, subject.anchor is Anchor.HEAVEN
    if motion in (Motion.WALK, Motion.RUN) and wheels:
        return Motion.DRIVE
    if motion is Motion.DRIVE and not wheels:
        fits = {
            Anchor.AIR: Motion.FLY,
            Anchor.WATER: Motion.SWIM,
            Anchor.HEAVEN: Motion.FLOAT,
            Anchor.SCENERY: Motion.SHAKE,
        }
        return fits.get(subject.anchor, Motion.RUN if subject.animate else Motion.ROLL)
    if setting is Setting.SPACE and motion in (Motion.IDLE, Motion.WALK, Motion.RUN, Motion.STILL) and not heaven:
        return Motion.FLOAT
    if motion is Motion.WAVE and not subject.animate:
        return Motion.SWING
    if motion in (Motion.WALK, Motion.RUN, Motion.ROLL) and subject.anchor is Anchor.SCENERY:
        return Motion.SHAKE
    if motion is Motion.IDLE and setting is Setting.SKY and not heaven:
        return Motion.FLOAT
    return motion


def cast(
    scene: Scene, place: Backdrop, setting: Setting, random: Random, width: int, height: int, seconds: float
) -> list[Performer]:
    """All performers, in the order of the scene's actors; a rider's `rides` is an index into this list."""
    director = _Director(scene, place, setting, random, width, height, seconds)
    return director.cast()


class _Director:
    def __init__(
        self, scene: Scene, place: Backdrop, setting: Setting, random: Random, width: int, height: int, seconds: float
    ) -> None:
        self.scene, self.place, self.setting, self.random = scene, place, setting, random
        self.width, self.height, self.seconds = width, height, seconds
        self.short = min(width, height * 1.25, width * 0.9 + height * 0.1)
        self.total = sum(actor.count for actor in scene.actors)
        # Sun, moon and stars are the subject itself where nothing else is, or where something circles them.
        orbits = any(actor.motion is Motion.ORBIT for actor in scene.actors)
        alone = all(SUBJECTS[actor.subject].anchor is Anchor.HEAVEN for actor in scene.actors)
        self.lone_heaven = orbits or (alone and setting is Setting.SPACE) or (alone and scene.setting is None)
        self.widths: dict[str, float] = {}
        self.first: dict[int, int] = {}
        self.performers: list[Performer] = []

    def cast(self) -> list[Performer]:
        carriers_first = sorted(
            range(len(self.scene.actors)),
            key=lambda i: (self.scene.actors[i].on is not None, self.scene.actors[i].over is not None, i),
        )
        slots = self._slots()
        for index in carriers_first:
            actor = self.scene.actors[index]
            self.first[index] = len(self.performers)
            for number in range(actor.count if actor.on is None else 1):
                self.performers.append(self._performer(index, actor, number, slots[index]))
        return self.performers

    def _unit(self, actor: Actor, subject: Subject) -> float:
        """Pixels per drawing unit: lone subjects are larger, crowds shrink until they fit."""
        boost = 1.4 if self.total == 1 else 1.2 if self.total == 2 else 1.0
        if self.lone_heaven and subject.name != "rainbow":
            boost *= 1.5 if self.total == 1 else 1.15
        if actor.motion is Motion.ORBIT:
            boost *= 0.7
        if self.scene.captions and not actor.text:
            boost *= 0.8
        if actor.motion in ROOMY or any(one.on is not None for one in self.scene.actors):
            boost *= 0.72
        if actor.on is not None and not subject.animate:
            boost *= 0.55  # a cup is smaller than the table it stands on
        tall = subject.height * actor.size * self.short * boost
        # Its kind of actors together fill at most this share of the width; a crossing row leaves room to move.
        crossing, crowd = self._crosses(actor), self._crowd(actor, subject)
        room = self.width * (0.62 if crossing or crowd == 1 else 0.8)
        wide = self._wide(subject) / 100 * tall * max(1.0, crowd * (1.05 if crossing else 0.8))
        tall *= min(1.0, room / wide)
        limit = self.height * (0.7 if subject.anchor is Anchor.SCENERY else 0.56)
        return min(tall, limit) / 100

    def _crowd(self, actor: Actor, subject: Subject) -> int:
        """How many share the space with this actor: a row of movers, what stands, or only its own kind."""
        if subject.anchor in (Anchor.HEAVEN, Anchor.SCENERY):
            return actor.count
        crossing = self._crosses(actor)
        return max(1, sum(one.count for one in self.scene.actors if one.on is None and self._crosses(one) is crossing))

    def _wide(self, subject: Subject) -> float:
        """The width of the drawing in drawing units, measured: twice the farther side."""
        if subject.name not in self.widths:
            body = subject.draw(Ink.of(subject.colours[0]), Pose(text="OPEN"))
            self.widths[subject.name] = 2 * reach(body, subject.box)
        return self.widths[subject.name]

    def _slots(self) -> dict[int, list[float]]:
        """Places from left to right (0 to 1) for everything that keeps its place, side wishes honoured."""
        resting: list[tuple[int, int]] = []
        scenery: list[tuple[int, int]] = []
        slots: dict[int, list[float]] = {i: [0.5] * actor.count for i, actor in enumerate(self.scene.actors)}
        moving = any(self._crosses(actor) for actor in self.scene.actors)
        for i, actor in enumerate(self.scene.actors):
            subject = SUBJECTS[actor.subject]
            if self._crosses(actor) or actor.on is not None or actor.motion is Motion.ORBIT:
                continue
            aside = subject.anchor is Anchor.SCENERY and (
                moving or any(SUBJECTS[a.subject].anchor is not Anchor.SCENERY for a in self.scene.actors)
            )
            group = scenery if aside else resting
            group += [(i, number) for number in range(actor.count)]
        mirrored = self.random.random() < 0.5
        for group, spots in ((resting, _evenly(len(resting))), (scenery, _aside(len(scenery), mirrored))):
            for (i, number), spot in zip(group, spots, strict=True):
                side = self.scene.actors[i].side
                slots[i][number] = 0.26 if side is Direction.LEFT else 0.74 if side is Direction.RIGHT else spot
        return slots

    def _crosses(self, actor: Actor) -> bool:
        sideways = actor.direction in (Direction.LEFT, Direction.RIGHT)
        motion = motion_of(actor, SUBJECTS[actor.subject], self.setting)
        return actor.on is None and (motion in CROSSING or (sideways and motion in (Motion.BOUNCE, Motion.JUMP)))

    def _performer(self, index: int, actor: Actor, number: int, slots: list[float]) -> Performer:
        subject = SUBJECTS[actor.subject]
        unit = self._unit(actor, subject)
        row = number % 2 if actor.count > 3 else 0
        unit *= (0.86 if row else 1.0) * self.random.uniform(0.97, 1.03)
        mark = self._mark(actor, subject, unit, number, slots, row)
        carrier = None if actor.on is None else self.first[actor.on]
        tint = self._tint(actor, subject, number)
        heaven = subject.anchor is Anchor.HEAVEN and not self.lone_heaven
        layer = 0.0 if subject.anchor is Anchor.SCENERY else 1.0
        return Performer(
            subject,
            Ink.of(tint),
            mark,
            unit,
            self.random.randrange(60) + number,
            actor.text,
            carrier,
            layer - row * 0.5,
            heaven,
        )

    def _tint(self, actor: Actor, subject: Subject, number: int) -> str:
        if actor.colours:
            return colour.resolve(actor.colours[number % len(actor.colours)])
        if actor.count == 1:
            return self.random.choice(subject.colours)
        return subject.colours[number % len(subject.colours)]

    def _mark(self, actor: Actor, subject: Subject, unit: float, number: int, slots: list[float], row: int) -> Mark:
        tall, span = unit * 100, self._wide(subject) * unit / 2
        crosses = self._crosses(actor)
        x = self.width * slots[number]
        gap = (number - (actor.count - 1) / 2) * min(span * 2.3, self.width * 0.9 / actor.count) if crosses else 0.0
        if crosses and sum(self._crosses(a) for a in self.scene.actors) > 1:
            gap += self._row_gap(actor)
        motion = motion_of(actor, subject, self.setting)
        y, buoyant = self._level(actor, subject, motion, tall, number, row)
        mark = Mark(
            motion=motion, x=x, y=y, span=span, tall=tall, width=self.width, height=self.height, seconds=self.seconds,
            direction=actor.direction or self._heading(actor), speed=actor.speed,
            lag=(number / actor.count + (self.random.random() if actor.count > 1 else 0) * 0.12) % 1,
            buoyant=buoyant, pivots=subject.name not in SELF_TURNING and subject.roams is not Motion.DRIVE,
            alive=subject.animate, gap=gap, reach=self._reach(span) if crosses else span,
            swims=subject.anchor is Anchor.WATER and self.setting is Setting.SEA,
            goal=self._goal(subject, motion, tall),
        )  # fmt: skip
        return self._about(mark, actor)

    def _heading(self, actor: Actor) -> Direction | None:
        """All who chose no direction share one, so that rows and chases go the same way."""
        asked = next((a.direction for a in self.scene.actors if a.direction in (Direction.LEFT, Direction.RIGHT)), None)
        return None if actor.motion is None or asked is None else asked

    def _row_gap(self, actor: Actor) -> float:
        """Different crossing actors follow each other, the first named behind."""
        movers = [a for a in self.scene.actors if self._crosses(a)]
        side = -1 if actor.direction is Direction.LEFT else 1
        return side * (movers.index(actor) - (len(movers) - 1) / 2) * self.width * ROW_GAP

    def _level(
        self, actor: Actor, subject: Subject, motion: Motion, tall: float, number: int, row: int
    ) -> tuple[float, bool]:
        """The y of the feet at rest, and whether the subject hovers there."""
        anchor, height, index = subject.anchor, self.height, self.scene.actors.index(actor)
        # The golden section keeps neighbours at different heights.
        wave = (number * 0.618 + index * 0.45 + (0.5 if self.total == 1 else 0.1)) % 1
        spread = (wave - 0.5) * height * 0.26
        if self.lone_heaven and anchor is Anchor.HEAVEN:
            return height * 0.5 + tall / 2 + spread, True
        if anchor is Anchor.HEAVEN and any(
            one.over == index and one.motion is Motion.JUMP for one in self.scene.actors
        ):
            return height * 0.5 + tall / 2, True
        if anchor is Anchor.HEAVEN:
            low = self.place.horizon if subject.name == "rainbow" else height * 0.2 + tall / 2 + abs(spread) * 0.5
            return self.place.horizon + tall if motion is Motion.RISE else low, True
        if anchor is Anchor.WATER and self.setting is not Setting.SEA:
            return height * 0.5 + tall / 2 + spread * 1.4, True
        if (
            self.setting in AIRY
            or motion in (Motion.FLY, Motion.FLOAT)
            or (anchor is Anchor.AIR and motion is not Motion.WALK)
        ):
            if motion is Motion.RISE:
                return min(height * 0.98, height * 0.8 + tall * 0.1 + spread), True
            middle = 0.5 if self.setting in AIRY else 0.38
            return max(height * middle + tall / 2 + spread, -subject.box[1] * tall / 100), True
        if self.setting is Setting.SEA:
            sunk = {Anchor.AFLOAT: 0.14, Anchor.WATER: 0.85 if motion is Motion.JUMP else 0.45}.get(anchor, 0.32)
            return self.place.ground + min(tall, height * 0.4) * sunk, anchor is Anchor.AFLOAT or motion is Motion.SWIM
        back = 0.05 if anchor is Anchor.SCENERY else 0.0
        return self.place.ground - height * (back + 0.035 * row), motion is Motion.SWIM

    def _reach(self, span: float) -> float:
        """Half the length of the row in which all crossing actors go, riders included."""
        movers = [actor for actor in self.scene.actors if self._crosses(actor)]
        row = max((actor.count - 1) / 2 * min(span * 2.3, self.width * 0.9 / actor.count) for actor in movers)
        riders = [SUBJECTS[actor.subject] for actor in self.scene.actors if actor.on is not None]
        widest = max((self._wide(one) * one.height * self.short * 0.86 / 200 for one in riders), default=0.0)
        return max(span, widest) + row + (len(movers) - 1) / 2 * self.width * ROW_GAP

    def _goal(self, subject: Subject, motion: Motion, tall: float) -> float | None:
        """Sun and moon rise to their place in the sky and set behind the land."""
        if (
            subject.anchor is not Anchor.HEAVEN
            or motion not in (Motion.RISE, Motion.FALL)
            or self.setting is Setting.SPACE
        ):
            return None
        return self.height * 0.2 + tall / 2 if motion is Motion.RISE else self.place.horizon + tall

    def _about(self, mark: Mark, actor: Actor) -> Mark:
        """What it circles or passes over."""
        if mark.motion is Motion.ORBIT:
            return replace(mark, centre=(self.width / 2, self.height / 2 + mark.tall / 2), gap=mark.lag)
        if actor.over is None or actor.over not in self.first:
            return mark
        below = self.performers[self.first[actor.over]].mark
        top = below.y - below.tall
        if mark.motion is Motion.JUMP:
            return replace(mark, centre=(below.x, max(top, mark.tall * 1.15)))
        if mark.buoyant:
            return replace(mark, x=below.x, y=max(mark.tall * 1.1, min(mark.y, top - mark.tall * 0.15)))
        return mark


def _evenly(count: int) -> list[float]:
    step = min(0.3, 0.86 / max(1, count))
    return [0.5 + (i - (count - 1) / 2) * step for i in range(count)]


def _aside(count: int, mirrored: bool) -> list[float]:
    """Scenery frames the picture instead of standing in the middle of it."""
    spots = [0.76, 0.2, 0.94, 0.06, 0.6, 0.36]
    chosen = [spots[i % len(spots)] + 0.05 * (i // len(spots)) for i in range(count)]
    return [1 - spot for spot in chosen] if mirrored else chosen
