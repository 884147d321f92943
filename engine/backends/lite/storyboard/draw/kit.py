"""What every drawing gets (ink and pose) and what the catalogue knows about a subject. Draws only eyes and wheels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import pi, sin

from engine.backends.lite.storyboard import svg
from engine.backends.lite.storyboard.colour import Ink
from engine.backends.lite.storyboard.scene import Motion, Setting

DARK = "#26233f"
WHITE = "#ffffff"


@dataclass(frozen=True)
class Pose:
    """One moment of one subject.

    `t` is seconds, `travel` the way gone in drawing units, `gait` 0 (stands) to 1 (in full motion), `gesture` the
    motion that is acted with arms and faces, `pick` a small number that differs between individuals.
    """

    t: float = 0.0
    travel: float = 0.0
    gait: float = 0.0
    gesture: Motion = Motion.IDLE
    pick: int = 0
    text: str = ""

    def sway(self, amount: float, hertz: float, phase: float = 0.0) -> float:
        """A value that swings between -amount and amount."""
        return amount * sin(2 * pi * (self.t * hertz + phase) + self.pick * 1.7)

    def stride(self, length: float, phase: float = 0.0) -> float:
        """-1 to 1 with the steps: one whole turn per `length` units of travel, still when standing."""
        return self.gait * sin(2 * pi * (self.travel / length + phase))

    @property
    def blinks(self) -> bool:
        return self.gesture is Motion.SLEEP or (self.t + self.pick * 0.9) % 3.1 > 2.98


class Anchor(StrEnum):
    """Where a subject is at home in the picture."""

    GROUND = "ground"
    SCENERY = "scenery"  # stands on the ground, behind what moves
    AIR = "air"
    WATER = "water"  # in the water
    AFLOAT = "afloat"  # on the water
    HEAVEN = "heaven"  # behind the landscape


Draw = Callable[[Ink, Pose], str]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Subject:
    """A drawable thing. `height` is its share of the picture's shorter side at size 1; `box` (left, top, right,
    bottom) holds every pose of the drawing; `seat` is where a rider sits; `roams` is what it does unasked."""

    name: str
    draw: Draw
    words: tuple[str, ...]
    height: float
    box: Box
    colours: tuple[str, ...]
    anchor: Anchor = Anchor.GROUND
    roams: Motion = Motion.IDLE
    home: Setting = Setting.MEADOW
    seat: tuple[float, float] | None = None
    animate: bool = False  # has a will: may wave, dance, ride
    plurals: tuple[str, ...] = ()


def eye(x: float, y: float, r: float, pose: Pose, colour: str = DARK) -> str:
    if pose.blinks:
        return svg.path(f"M{x - r:.1f} {y:.1f}q{r:.1f} {r:.1f} {2 * r:.1f} 0", stroke=colour, width=r * 0.6)
    return svg.circle(x, y, r, colour) + svg.circle(x + r * 0.35, y - r * 0.35, r * 0.35, WHITE)


def wheel(x: float, y: float, r: float, pose: Pose, hub: str = "#d5dae5", tyre: str = DARK) -> str:
    """A wheel that turns as far as the subject has travelled."""
    spokes = "".join(
        svg.group(svg.rect(-r * 0.07, -r * 0.5, r * 0.14, r, "#8b93a7", r * 0.06), turn=angle) for angle in (0, 60, 120)
    )
    body = svg.circle(0, 0, r, tyre) + svg.circle(0, 0, r * 0.58, hub) + spokes + svg.circle(0, 0, r * 0.18, "#6b7280")
    return svg.group(body, x=x, y=y, turn=pose.travel / r * 180 / pi)
