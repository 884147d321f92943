"""What falls and drifts in front of the scene: rain, snow, fog, leaves, confetti, bubbles, fireworks."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi, sin
from random import Random
from typing import Protocol

from PIL import Image as Pillow

from engine.backends.lite.storyboard.raster import Strip, faded, lay, rasterise
from engine.backends.lite.storyboard.scene import Weather
from engine.backends.lite.storyboard.svg import circle, ellipse, glow, group, line, path, rect

LEAVES = ("#d98a3d", "#c9622f", "#e0b040", "#b5502f")
PARTY = ("#ff5d5d", "#ffd23f", "#4d96ff", "#6bcb77", "#ff7eb6", "#9b5de5")


class Effect(Protocol):
    """Something between the actors and the viewer."""

    def lay(self, canvas: Pillow.Image, t: float) -> None:
        """Lay the effect at `t` seconds over the RGBA `canvas`."""


class _Curtain:
    """Two sheets of small things that fall (or rise) without end, the near one faster and larger."""

    def __init__(
        self,
        width: int,
        height: int,
        particle: Callable[[float, float, float], str],
        count: int,
        speed: tuple[float, float],
        random: Random,
    ) -> None:
        self._sheets = []
        # Whole heights a second, so that the sheets repeat without a jump.
        for size, pace in ((0.62, 0.6), (1.0, 1.0)):
            body = "".join(particle(random.uniform(0, width), random.uniform(0, height), size) for _ in range(count))
            picture = rasterise(body, width, height, (0, 0, width, height))
            self._sheets.append((picture, speed[0] * pace, speed[1] * pace))

    def lay(self, canvas: Pillow.Image, t: float) -> None:
        for picture, dx, dy in self._sheets:
            x, y = round(dx * t) % picture.width, round(dy * t) % picture.height
            for ox in (x - picture.width, x):
                for oy in (y - picture.height, y):
                    lay(canvas, picture, ox, oy)


class _Fog:
    def __init__(self, width: int, height: int, random: Random) -> None:
        body = glow("mist", [(0, "#f1f4f8", 0.75), (1, "#f1f4f8", 0)])
        period = width * 2
        for i in range(10):
            x, y = period * (i + random.random()) / 10, height * random.uniform(0.4, 0.9)
            rx, ry = width * random.uniform(0.3, 0.5), height * random.uniform(0.12, 0.2)
            body += "".join(ellipse(at, y, rx, ry, "url(#mist)") for at in (x - period, x, x + period))
        veil = rect(0, 0, period, height, "#e6ebf2", 0, 'opacity="0.28"')
        self._strip = Strip(rasterise(veil + body, period, height, (0, 0, period, height)))
        self._pace = width * 0.03

    def lay(self, canvas: Pillow.Image, t: float) -> None:
        self._strip.lay(canvas, self._pace * t)


class _Fireworks:
    """Bursts in the upper half, two a second; soft sparks that fade slowly, never a flash of the whole."""

    def __init__(self, width: int, height: int, random: Random) -> None:
        self._size = (width, height)
        self._unit = min(width, height) / 100
        self._bursts = [
            (random.uniform(0.15, 0.85), random.uniform(0.14, 0.42), random.choice(PARTY), random.uniform(0.7, 1.2))
            for _ in range(40)
        ]

    def lay(self, canvas: Pillow.Image, t: float) -> None:
        width, height = self._size
        body = ""
        for number in range(max(0, int((t + 0.6) / 0.5) - 3), int((t + 0.6) / 0.5) + 1):
            age = t + 0.6 - number * 0.5
            body += self._burst(*self._bursts[number % len(self._bursts)], age)
        # Only the upper part can hold sparks.
        tall = round(height * 0.75)
        lay(canvas, rasterise(body, width, tall, (0, 0, width, tall)), 0, 0)

    def _burst(self, x: float, y: float, colour: str, size: float, age: float) -> str:
        width, height = self._size
        cx, cy, u = x * width, y * height, self._unit
        if age < 0.5:
            rise = age / 0.5
            return line(
                cx,
                height * 0.74 + (cy - height * 0.74) * rise,
                cx,
                height * 0.74 + (cy - height * 0.74) * max(0.0, rise - 0.12),
                "#ffe9b8",
                u * 0.5,
            )
        life = (age - 0.5) / 1.6
        if life >= 1:
            return ""
        reach, fade = u * 31 * size * (1 - (1 - life) ** 3), 1 - life**2
        out = ""
        for i in range(22):
            angle, ring = 2 * pi * i / 22 + x * 9, 1.0 if i % 2 else 0.62
            px, py = cx + cos(angle) * reach * ring, cy + sin(angle) * reach * ring + u * 9 * life * life
            qx, qy = cx + cos(angle) * reach * ring * 0.8, cy + sin(angle) * reach * ring * 0.8 + u * 7 * life * life
            out += line(qx, qy, px, py, colour, u * 0.6) + circle(px, py, u * 0.95, "#fff7dd" if i % 2 else colour)
        return group(out, opacity=fade)


class _Veil:
    """A still, even tint: the grey light of rain."""

    def __init__(self, width: int, height: int, colour: str, opacity: float) -> None:
        self._picture = faded(Pillow.new("RGBA", (width, height), colour), opacity)

    def lay(self, canvas: Pillow.Image, t: float) -> None:
        lay(canvas, self._picture, 0, 0)


def effects(weather: frozenset[Weather], width: int, height: int, random: Random) -> list[Effect]:
    """The effects of `weather` for a picture of `width` × `height` pixels, back to front."""
    u = min(width, height) / 100
    area = max(0.4, width * height / (u * 100) ** 2)
    found: list[Effect] = []
    if Weather.FIREWORKS in weather:
        found.append(_Fireworks(width, height, random))
    if Weather.FOG in weather:
        found.append(_Fog(width, height, random))
    if Weather.RAIN in weather:

        def drop(x: float, y: float, size: float) -> str:
            return line(x, y, x - u * 0.8 * size, y + u * 7 * size, "#e3f0fb", u * 0.34 * size + 0.2).replace(
                "/>", 'opacity="0.6"/>'
            )

        found += [
            _Veil(width, height, "#33425e", 0.14),
            _Curtain(width, height, drop, round(70 * area), (-u * 16, u * 190), random),
        ]
    if Weather.SNOWFALL in weather:

        def flake(x: float, y: float, size: float) -> str:
            return circle(x, y, u * 0.85 * size * random.uniform(0.6, 1.2), "#ffffff", 'opacity="0.92"')

        found.append(_Curtain(width, height, flake, round(55 * area), (u * 5, u * 24), random))
    if Weather.LEAVES in weather:

        def leaf(x: float, y: float, size: float) -> str:
            shape = path("M0 0Q-1.6 -1.6 0 -4Q1.6 -1.6 0 0Z", random.choice(LEAVES))
            return group(shape, x=x, y=y, turn=random.uniform(0, 360), sx=u * size, sy=u * size)

        found.append(_Curtain(width, height, leaf, round(22 * area), (u * 10, u * 20), random))
    if Weather.CONFETTI in weather:

        def scrap(x: float, y: float, size: float) -> str:
            shape = rect(-0.7, -1.2, 1.4, 2.4, random.choice(PARTY), 0.3)
            return group(shape, x=x, y=y, turn=random.uniform(0, 360), sx=u * size, sy=u * size)

        found.append(_Curtain(width, height, scrap, round(40 * area), (u * 3, u * 30), random))
    if Weather.BUBBLES in weather:

        def bubble(x: float, y: float, size: float) -> str:
            r = u * random.uniform(1.2, 3.2) * size
            return circle(x, y, r, "#ffffff", 'opacity="0.25"') + circle(
                x - r * 0.3, y - r * 0.35, r * 0.22, "#ffffff", 'opacity="0.9"'
            )

        found.append(_Curtain(width, height, bubble, round(16 * area), (u * 2, -u * 18), random))
    return found
