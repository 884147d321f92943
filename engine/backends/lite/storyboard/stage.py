"""Puts a scene on its feet: paints the place once, then draws every frame of it. Knows no prompt and no file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, cos, floor, radians, sin
from random import Random
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from engine.backends.lite.storyboard import land, water, weather
from engine.backends.lite.storyboard.art import Art, Backdrop
from engine.backends.lite.storyboard.cast import CROSSING, Performer, cast, place_of
from engine.backends.lite.storyboard.colour import resolve
from engine.backends.lite.storyboard.draw.kit import Anchor, Pose
from engine.backends.lite.storyboard.lettering import Lettering, accent_of
from engine.backends.lite.storyboard.motion import Moment, ease, moment
from engine.backends.lite.storyboard.raster import faded, lay, rasterise
from engine.backends.lite.storyboard.scene import Camera, Hour, Motion, Scene, Setting, Weather
from engine.backends.lite.storyboard.svg import ellipse, glow, gradient, group, path, rect

PAINTERS: MappingProxyType[Setting, Callable[[Art], Backdrop]] = MappingProxyType(
    {
        Setting.STUDIO: land.studio, Setting.MEADOW: land.meadow, Setting.FOREST: land.forest,
        Setting.MOUNTAINS: land.mountains,
        Setting.SNOW: land.snow, Setting.DESERT: land.desert, Setting.CITY: land.city, Setting.ROAD: land.road,
        Setting.ROOM: land.room, Setting.BEACH: water.beach, Setting.SEA: water.sea,
        Setting.UNDERWATER: water.underwater,
        Setting.SPACE: water.space, Setting.MOON: water.moon, Setting.SKY: water.sky,
    }
)  # fmt: skip
ZOOM = 1.28
PAN = 0.1  # of the width, to each side
# How much of red, green and blue the hour leaves on actors; what glows by itself keeps its colours.
GRADES = MappingProxyType({Hour.NIGHT: (0.72, 0.76, 0.92), Hour.SUNSET: (1.0, 0.9, 0.86), Hour.DAWN: (1.0, 0.95, 0.94)})
GLOWING = frozenset(
    {
        "sun",
        "moon",
        "star",
        "comet",
        "campfire",
        "candle",
        "lamp",
        "ghost",
        "ufo",
        "lighthouse",
        "planet",
        "earth",
        "sign",
    }
)
# Bands nearer than this lie in front of sun, moon and stars.
BEHIND_HEAVEN = 0.14


@dataclass
class _Sprite:
    """The last picture of a performer: what does not change from one frame to the next is not drawn again."""

    key: tuple[str, int, int, int, int] | None = None
    picture: Pillow.Image | None = None


class Stage:
    """A scene with everything chosen; `frame(t)` is a pure function of `t`.

    `width` × `height` is the picture in pixels, `seconds` the length of the clip, `seed` picks palette, composition
    and all variations; `tick` is called between the pieces of painting.
    """

    def __init__(
        self, scene: Scene, width: int, height: int, seconds: float, seed: int, tick: Callable[[], None] = lambda: None
    ) -> None:
        self._scene, self._width, self._height, self._seconds = scene, width, height, seconds
        random = Random(seed)
        setting = place_of(scene)
        plain = scene.setting is None and not scene.weather and scene.hour is Hour.DAY
        paint = land.poster if scene.lettering and plain else PAINTERS[setting]
        self._place = paint(_art(scene, width, height, random, tick))
        self._cast = cast(scene, self._place, setting, random, width, height, seconds)
        self._sprites = [_Sprite() for _ in self._cast]
        self._effects = weather.effects(scene.weather, width, height, random)
        self._shade = _shadow()
        self._finish = _vignette(width, height)
        self._text = self._lettering(random)
        grade = GRADES.get(scene.hour)
        self._grade = None if grade is None else [round(i * share) for share in (*grade, 1.0) for i in range(256)]

    def frame(self, t: float) -> NDArray[np.uint8]:
        """Draw the picture at `t` seconds: (height, width, 3) uint8 RGB."""
        camera = self._camera(t)
        canvas = self._place.sky.copy()
        moments = self._moments(t)
        for band in self._place.bands:
            if band.depth < BEHIND_HEAVEN:
                band.lay(canvas, t, camera)
        self._act([i for i, one in enumerate(self._cast) if one.heaven], moments, canvas, t, camera)
        for band in self._place.bands:
            if band.depth >= BEHIND_HEAVEN:
                band.lay(canvas, t, camera)
        on_stage = [i for i, one in enumerate(self._cast) if not one.heaven]
        self._act(sorted(on_stage, key=lambda i: self._order(i, moments)), moments, canvas, t, camera)
        for band in self._place.front:
            band.lay(canvas, t, camera)
        for effect in self._effects:
            effect.lay(canvas, t)
        lay(canvas, self._finish, 0, 0)
        if self._scene.camera in (Camera.ZOOM_IN, Camera.ZOOM_OUT):
            canvas = self._zoomed(canvas, moments, t)
        if self._text is not None:
            self._text.lay(canvas, t)
        return np.asarray(canvas.convert("RGB"))

    def _camera(self, t: float) -> float:
        """How far the camera has moved to the right, in pixels."""
        if self._scene.camera not in (Camera.PAN_LEFT, Camera.PAN_RIGHT):
            return 0.0
        side = 1 if self._scene.camera is Camera.PAN_RIGHT else -1
        return side * self._width * PAN * (2 * ease(t / self._seconds) - 1)

    def _zoomed(self, canvas: Pillow.Image, moments: list[Moment], t: float) -> Pillow.Image:
        u = ease(t / self._seconds)
        zoom = ZOOM**u if self._scene.camera is Camera.ZOOM_IN else ZOOM ** (1 - u)
        w, h = self._width / zoom, self._height / zoom
        fx, fy = 0.5, 0.5
        focus = next((i for i, one in enumerate(self._cast) if not one.heaven), None)
        if focus is not None:
            fx = moments[focus].x / self._width
            fy = (moments[focus].y - self._cast[focus].mark.tall / 2) / self._height
        left, top = (self._width - w) * min(1.0, max(0.0, fx)), (self._height - h) * min(1.0, max(0.0, fy))
        return canvas.resize(canvas.size, Pillow.Resampling.BICUBIC, (left, top, left + w, top + h))

    def _moments(self, t: float) -> list[Moment]:
        """Where all performers are; riders sit on their carriers, which come before them."""
        moments: list[Moment] = []
        for one in self._cast:
            spot = moment(one.mark, t)
            if one.rides is not None:
                spot = self._seated(one, self._cast[one.rides], moments[one.rides])
            moments.append(spot)
        return moments

    def _seated(self, rider: Performer, carrier: Performer, spot: Moment) -> Moment:
        sx, sy = carrier.subject.seat or (0.0, -100.0)
        dx, dy = sx * carrier.unit * spot.facing * spot.scale, sy * carrier.unit * spot.scale
        a = radians(spot.turn)
        x, y = spot.x + dx * cos(a) - dy * sin(a), spot.y + dx * sin(a) + dy * cos(a)
        return Moment(x, y + rider.lift, turn=spot.turn, facing=spot.facing, lift=self._height)

    def _order(self, index: int, moments: list[Moment]) -> tuple[float, float]:
        one, spot = self._cast[index], moments[index]
        if spot.behind:
            return (-1.0, spot.y)
        if one.rides is not None:
            carrier = self._cast[one.rides]
            # One sits in a car or a boat, but on a horse.
            inside = carrier.subject.roams in (Motion.DRIVE, Motion.FLY, Motion.FLOAT) and carrier.subject.name not in (
                "bicycle",
                "motorcycle",
                "scooter",
            )
            return (carrier.depth + (-0.01 if inside else 0.01), moments[one.rides].y)
        return (one.depth, one.mark.y)

    def _act(self, order: list[int], moments: list[Moment], canvas: Pillow.Image, t: float, camera: float) -> None:
        if self._place.solid:
            for index in order:
                self._cast_shadow(canvas, self._cast[index], moments[index], camera)
        for index in order:
            one = self._cast[index]
            depth = 0.1 if one.heaven else 0.9 if one.subject.anchor is Anchor.SCENERY else 1.0
            self._draw(canvas, index, moments[index], t, camera * depth)

    def _cast_shadow(self, canvas: Pillow.Image, one: Performer, spot: Moment, camera: float) -> None:
        if one.heaven or one.rides is not None or one.mark.buoyant:
            return
        away = min(1.0, spot.lift / (self._height * 0.5))
        wide = one.mark.span * 2 * spot.scale * (0.95 - 0.45 * away) * min(1.2, max(0.35, spot.sx))
        size = (max(2, round(wide)), max(2, round(wide * 0.16)))
        ground = one.mark.y
        shade = faded(self._shade.resize(size, Pillow.Resampling.BILINEAR), 0.9 - 0.6 * away)
        lay(canvas, shade, round(spot.x - camera - size[0] / 2), round(ground - size[1] * 0.55))

    def _draw(self, canvas: Pillow.Image, index: int, spot: Moment, t: float, camera: float) -> None:
        one = self._cast[index]
        unit = one.unit * spot.scale
        body = _posed(one.subject.draw(one.ink, self._pose(one, spot, t)), spot, one.subject.name == "sign")
        if one.mark.motion is Motion.SLEEP:
            body += _snores(t)
        region = _region(one.subject.box, spot, unit, (spot.x - camera, spot.y), (self._width, self._height))
        if region is None:
            return
        left, top, width, height = region
        # Quarters of a pixel: finer steps cannot be seen and would keep resting things from being reused.
        x, y = round((spot.x - camera) * 4) / 4, round(spot.y * 4) / 4
        placed = group(body, x=x, y=y, sx=unit * spot.sx, sy=unit * spot.sy)
        key = (placed, left, top, width, height)
        sprite = self._sprites[index]
        if sprite.key != key or sprite.picture is None:
            picture = rasterise(placed, width, height, (left, top, width, height))
            if self._grade is not None and one.subject.name not in GLOWING:
                picture = picture.point(self._grade)
            sprite.key, sprite.picture = key, picture
        lay(canvas, sprite.picture, left, top)

    def _pose(self, one: Performer, spot: Moment, t: float) -> Pose:
        motion = one.mark.motion
        text = one.text
        if one.rides is not None:
            motion, text = motion if motion is Motion.SLEEP else Motion.STILL, "ride"
        travel = spot.travel / one.unit if motion in CROSSING or spot.travel else 0.0
        return Pose(t=t, travel=travel, gait=spot.gait, gesture=motion, pick=one.pick, text=text)

    def _lettering(self, random: Random) -> Lettering | None:
        """The prompt itself, or what was put into quotes, as moving type."""
        w, h = self._width, self._height
        if self._scene.lettering:
            box = (round(w * 0.09), round(h * 0.14), round(w * 0.91), round(h * 0.86))
            return Lettering(self._scene.prompt, box, self._seconds, accent=accent_of(random))
        if self._scene.captions:
            box = (round(w * 0.08), round(h * 0.08), round(w * 0.92), round(h * 0.36))
            return Lettering(" ".join(self._scene.captions), box, self._seconds, largest=0.6)
        return None


def _art(scene: Scene, width: int, height: int, random: Random, tick: Callable[[], None]) -> Art:
    return Art(
        width, height, random, scene.hour, scene.banned,
        ground=resolve(scene.ground) if scene.ground else "", sky=resolve(scene.sky) if scene.sky else "",
        autumn=scene.autumn or Weather.LEAVES in scene.weather,
        grey=bool(scene.weather & {Weather.RAIN, Weather.FOG}), tick=tick,
    )  # fmt: skip


def _posed(body: str, spot: Moment, upright: bool) -> str:
    """The drawing turned about its middle and looking the right way; letters are never mirrored."""
    looking = body if upright or spot.facing > 0 else group(body, sx=-1)
    return group(group(looking, y=50), y=-50, turn=spot.turn) if spot.turn else looking


def _snores(t: float) -> str:
    """Three z that rise from the head, one after the other."""
    out = ""
    for u in ((t * 0.4 + k / 3) % 1 for k in range(3)):
        z = path("M0 0h9l-9 11h9", stroke="#ffffff", width=3)
        out += group(
            z,
            x=26 + 16 * u,
            y=-84 - 44 * u,
            sx=0.6 + 0.6 * u,
            sy=0.6 + 0.6 * u,
            opacity=max(0.0, 1 - abs(2 * u - 1) ** 2),
        )
    return out


def _region(
    box: tuple[float, float, float, float], spot: Moment, unit: float, at: tuple[float, float], size: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """The pixels (left, top, width, height) that the turned and scaled `box` can touch inside the picture."""
    left, top, right, bottom = box if spot.facing > 0 else (-box[2], box[1], -box[0], box[3])
    a = radians(spot.turn)
    corners = [
        (x * cos(a) - (y + 50) * sin(a), x * sin(a) + (y + 50) * cos(a) - 50)
        for x in (left, right)
        for y in (top, bottom)
    ]
    xs = [at[0] + x * unit * spot.sx for x, _ in corners]
    ys = [at[1] + y * unit * spot.sy for _, y in corners]
    x0, y0 = max(0, floor(min(xs)) - 1), max(0, floor(min(ys)) - 1)
    x1, y1 = min(size[0], ceil(max(xs)) + 1), min(size[1], ceil(max(ys)) + 1)
    return (x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


def _shadow() -> Pillow.Image:
    body = glow("shade", [(0, "#12183a", 0.42), (0.55, "#12183a", 0.26), (1, "#12183a", 0)]) + ellipse(
        64, 16, 64, 16, "url(#shade)"
    )
    return rasterise(body, 128, 32, (0, 0, 128, 32))


def _vignette(width: int, height: int) -> Pillow.Image:
    """A little less light at the lower edge, which holds the picture together."""
    body = gradient("edge", [(0, "#0d1030"), (1, "#0d1030")]).replace(
        'offset="0.000"', 'offset="0.000" stop-opacity="0"'
    )
    body += rect(0, height * 0.7, width, height * 0.3, "url(#edge)", 0, 'opacity="0.16"')
    return rasterise(body, width, height, (0, 0, width, height))
