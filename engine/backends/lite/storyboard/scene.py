"""What a prompt means to the storyboard: a typed scene. Knows neither the words it came from nor how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Setting(StrEnum):
    """Where it happens. `STUDIO` is a plain backdrop for things that need no place."""

    STUDIO = "studio"
    MEADOW = "meadow"
    BEACH = "beach"
    SEA = "sea"
    UNDERWATER = "underwater"
    DESERT = "desert"
    FOREST = "forest"
    MOUNTAINS = "mountains"
    SNOW = "snow"
    CITY = "city"
    ROAD = "road"
    ROOM = "room"
    SPACE = "space"
    MOON = "moon"
    SKY = "sky"


class Hour(StrEnum):
    DAY = "day"
    DAWN = "dawn"
    SUNSET = "sunset"
    NIGHT = "night"


class Weather(StrEnum):
    RAIN = "rain"
    SNOWFALL = "snowfall"
    FOG = "fog"
    STARS = "stars"
    FIREWORKS = "fireworks"
    CLOUDS = "clouds"
    LEAVES = "leaves"
    CONFETTI = "confetti"
    BUBBLES = "bubbles"


class Camera(StrEnum):
    STILL = "still"
    ZOOM_IN = "zoom in"
    ZOOM_OUT = "zoom out"
    PAN_LEFT = "pan left"
    PAN_RIGHT = "pan right"


class Motion(StrEnum):
    """How a subject moves. `IDLE` breathes; `STILL` was asked to keep still."""

    IDLE = "idle"
    STILL = "still"
    BOUNCE = "bounce"
    ROLL = "roll"
    FLY = "fly"
    DRIVE = "drive"
    FALL = "fall"
    RISE = "rise"
    SPIN = "spin"
    SWIM = "swim"
    FLOAT = "float"
    WALK = "walk"
    RUN = "run"
    JUMP = "jump"
    ORBIT = "orbit"
    SLEEP = "sleep"
    WAVE = "wave"
    DANCE = "dance"
    SWING = "swing"
    SHAKE = "shake"
    GROW = "grow"
    SHRINK = "shrink"
    PULSE = "pulse"


class Direction(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Actor:
    """`count` things of one kind. `subject` is a name of the catalogue, `colours` are names of `colour.NAMES`.

    `on` is the index (in `Scene.actors`) of what carries it, `over` of what it passes above, `side` where it was put.
    """

    subject: str
    count: int = 1
    colours: tuple[str, ...] = ()
    size: float = 1.0
    motion: Motion | None = None
    direction: Direction | None = None
    speed: float = 1.0
    side: Direction | None = None
    on: int | None = None
    over: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Scene:
    """`setting` is None when no place was named. `banned` are names (subjects, weather) that must not be drawn.

    `lettering` says that the words themselves are the picture, because too few of them can be drawn.
    """

    prompt: str
    actors: tuple[Actor, ...] = ()
    setting: Setting | None = None
    hour: Hour = Hour.DAY
    weather: frozenset[Weather] = frozenset()
    camera: Camera = Camera.STILL
    captions: tuple[str, ...] = ()
    banned: frozenset[str] = frozenset()
    ground: str = ""
    sky: str = ""
    autumn: bool = False
    lettering: bool = False
