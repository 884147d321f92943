"""The means of the backdrop painters: the hour's light, skies, ridges and clouds. Knows no subject and no prompt."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, pi, sin
from random import Random

from PIL import Image as Pillow

from engine.backends.lite.storyboard.colour import mix
from engine.backends.lite.storyboard.raster import Strip, rasterise
from engine.backends.lite.storyboard.scene import Hour
from engine.backends.lite.storyboard.svg import circle, ellipse, glow, gradient, path, rect

SKIES = {
    Hour.DAY: (("#4aa3f0", "#9bd4f7", "#eaf8ff"), ("#3f97d9", "#8fd8ea", "#f5fbe9"), ("#6a9cf0", "#b5d2fb", "#fff3e2")),
    Hour.DAWN: (
        ("#7c8fe0", "#f2b5c4", "#ffe8c4"),
        ("#6fa3d8", "#f7c6b6", "#fff0c9"),
        ("#9d8fe0", "#ffbfa8", "#fff1d2"),
    ),
    Hour.SUNSET: (
        ("#3d2c6e", "#d9577a", "#ffc46b"),
        ("#51378a", "#f0735d", "#ffd07f"),
        ("#27305f", "#c9547f", "#ffb15c"),
    ),
    Hour.NIGHT: (
        ("#080d2b", "#16224f", "#34437f"),
        ("#0a1030", "#1c2358", "#43407c"),
        ("#071226", "#12294d", "#2b4c73"),
    ),
}
# What the hour does to everything under the sky: a colour to lean to, and how far.
LIGHT = {
    Hour.DAY: ("#fff6d8", 0.0),
    Hour.DAWN: ("#ffb9a3", 0.16),
    Hour.SUNSET: ("#7a2f5a", 0.3),
    Hour.NIGHT: ("#0c1236", 0.62),
}


@dataclass(frozen=True)
class Band:
    """A strip of the landscape. `depth` 0 stands still when the camera pans, 1 moves with the actors; `drift` is in
    pixels a second, `bob` in pixels up and down with `period` seconds."""

    strip: Strip
    depth: float = 0.5
    drift: float = 0.0
    bob: float = 0.0
    period: float = 4.0
    phase: float = 0.0
    twinkle: float = 0.0

    def lay(self, canvas: Pillow.Image, t: float, camera: float) -> None:
        wave = sin(2 * pi * (t / self.period + self.phase))
        opacity = 1 - self.twinkle * (0.5 + 0.5 * wave)
        self.strip.lay(canvas, self.drift * t - camera * self.depth, self.bob * wave, opacity)


@dataclass
class Backdrop:
    """A painted place. `ground` is the line where feet stand, `horizon` where the land begins, both in pixels from the
    top; bands of `front` lie over the actors. `solid` says whether there is a ground for shadows."""

    sky: Pillow.Image
    ground: float
    horizon: float
    bands: list[Band] = field(default_factory=list)
    front: list[Band] = field(default_factory=list)
    solid: bool = True


@dataclass(frozen=True)
class Art:
    """What a painter needs to know. `width` × `height` is the picture in pixels."""

    width: int
    height: int
    random: Random
    hour: Hour = Hour.DAY
    banned: frozenset[str] = frozenset()
    ground: str = ""
    sky: str = ""
    autumn: bool = False
    grey: bool = False  # rain and fog take the colour out of the sky
    tick: Callable[[], None] = field(default=lambda: None)  # called between pieces of work

    @property
    def unit(self) -> float:
        return min(self.width, self.height) / 100

    @property
    def period(self) -> int:
        """The width after which the landscape repeats."""
        return round(self.width * 1.5)

    def tone(self, colour: str, share: float = 1.0) -> str:
        """`colour` in the light of the hour."""
        lean, amount = LIGHT[self.hour]
        lit = mix(colour, lean, amount * share)
        return mix(lit, "#8b96a8", 0.22) if self.grey else lit

    def allows(self, *names: str) -> bool:
        return not self.banned.intersection(names)

    def band(self, body: str, depth: float, **moves: float) -> Band:
        """Paint a body of `period` × `height` pixels as a seamless band; one that bobs goes on below the edge."""
        self.tick()
        height = self.height + ceil(moves.get("bob", 0.0))
        picture = rasterise(body, self.period, height, (0, 0, self.period, height))
        return Band(Strip(picture), depth, **moves)

    def repeated(self, draw: Callable[..., str], x: float, reach: float, *args: object) -> str:
        """Draw `draw(x, *args)`, and once more where it sticks out over the seam."""
        body = draw(x, *args)
        if x < reach:
            body += draw(x + self.period, *args)
        return body + draw(x - self.period, *args) if x > self.period - reach else body

    def ridge(
        self, base: float, swing: float, bottom: float, *, rough: float = 0.4
    ) -> tuple[str, Callable[[float], float]]:
        """A seamless hill line around `base`: its path down to `bottom`, and its height at x."""
        waves = [(k, swing / k**0.8 * self.random.uniform(0.5, 1), self.random.random()) for k in (1, 2, 3)]
        waves.append((7, swing * rough * 0.2, self.random.random()))

        def height(x: float) -> float:
            return base + sum(a * sin(2 * pi * (k * x / self.period + phase)) for k, a, phase in waves)

        steps = 96
        line = "L".join(
            f"{self.period * i / steps:.1f} {height(self.period * i / steps):.1f}" for i in range(steps + 1)
        )
        return f"M{line}L{self.period} {bottom:.1f}L0 {bottom:.1f}Z", height

    def spread(self, count: int, jitter: float = 0.35) -> list[float]:
        """`count` places along the period, even but not too even."""
        step = self.period / max(1, count)
        return [(i + 0.5 + self.random.uniform(-jitter, jitter)) * step for i in range(count)]

    def heavens(self, *, glow_at: tuple[float, float] | None = (0.74, 0.5)) -> Pillow.Image:
        """The sky of the hour as a full picture, with a soft light where the sun would be."""
        top, middle, low = self.random.choice(SKIES[self.hour])
        if self.sky:
            top, middle, low = mix(self.sky, "#101436", 0.2), self.sky, mix(self.sky, "#ffffff", 0.55)
            if self.hour is Hour.NIGHT:
                top, middle, low = (mix(c, "#080d2b", 0.6) for c in (top, middle, low))
        if self.grey:
            top, middle, low = (
                mix(c, "#6f7d92" if self.hour is not Hour.NIGHT else "#151b33", 0.55) for c in (top, middle, low)
            )
        body = gradient("sky", [(0, top), (0.55, middle), (0.85, low), (1, low)]) + rect(
            0, 0, self.width, self.height, "url(#sky)"
        )
        if glow_at and self.hour is not Hour.NIGHT and not self.grey:
            warm = "#fff4c8" if self.hour is Hour.DAY else "#ffd9a0"
            body += glow("light", [(0, warm, 0.85), (0.35, warm, 0.3), (1, warm, 0)])
            body += circle(
                self.width * glow_at[0], self.height * glow_at[1], max(self.width, self.height) * 0.42, "url(#light)"
            )
        return rasterise(body, self.width, self.height, (0, 0, self.width, self.height))

    def clouds(
        self, low: float, size: float, count: int, depth: float, drift: float, opacity: float = 0.9, high: float = 0.25
    ) -> Band:
        """Flat-bottomed clouds that drift, between `high` (a share of `low`) and `low` pixels from the top."""
        white = self.tone("#ffffff", 0.75) if self.hour is not Hour.SUNSET else "#ffd9c9"
        shade = mix(white, self.tone("#8fa3c8"), 0.35)
        body = ""
        for x in self.spread(count):
            y, s = self.random.uniform(low * high, low), size * self.random.uniform(0.6, 1.15)
            body += self.repeated(_cloud, x, size * 2, y, s, white, shade)
        return self.band(f'<g opacity="{opacity}">{body}</g>', depth, drift=drift)

    def stars(self, low: float, count: int = 70) -> list[Band]:
        """Two sets of stars that twinkle in turn, above `low` pixels."""
        bands = []
        for phase in (0.0, 0.5):
            body = "".join(
                circle(
                    self.random.uniform(0, self.period),
                    self.random.uniform(0, low),
                    self.unit * self.random.choice((0.16, 0.22, 0.22, 0.36)),
                    "#fdf6e3",
                )
                for _ in range(count)
            )
            bands.append(self.band(body, 0.03, twinkle=0.65, period=2.6, phase=phase))
        return bands

    def tufts(self, y: float, colour: str, count: int, tall: float) -> str:
        """Blades of grass in bunches along `y`."""
        body = ""
        for x in self.spread(count):
            h = tall * self.random.uniform(0.5, 1.1)

            def draw(at: float, h: float = h) -> str:
                blades = ((-0.5, -0.35), (-0.2, 0.1), (0.15, -0.05), (0.45, 0.4))
                return "".join(path(f"M{at + a * h:.1f} {y:.1f}q{b * h * 0.4:.1f} {-h * 0.6:.1f} {b * h:.1f} {-h:.1f}q{0.12 * h:.1f} {h * 0.5:.1f} {0.26 * h - b * h * 0.6:.1f} {h:.1f}Z", colour) for a, b in blades)  # fmt: skip

            body += self.repeated(draw, x, tall)
        return body

    def round_tree(self, x: float, y: float, h: float, leaf: str) -> str:
        bark, shade = self.tone("#7a5438"), mix(leaf, "#12224a", 0.18)
        crown = circle(x, y - h * 0.66, h * 0.34, shade) + circle(x - h * 0.06, y - h * 0.7, h * 0.28, leaf)
        return (
            rect(x - h * 0.045, y - h * 0.45, h * 0.09, h * 0.47, bark)
            + ellipse(x, y, h * 0.2, h * 0.03, shade, 0, 'opacity="0.5"')
            + crown
        )

    def pine_tree(self, x: float, y: float, h: float, leaf: str) -> str:
        shade = mix(leaf, "#12224a", 0.22)
        body = rect(x - h * 0.04, y - h * 0.16, h * 0.08, h * 0.18, self.tone("#6b4a36"))
        for w, low, tall in ((0.27, 0.1, 0.42), (0.21, 0.34, 0.38), (0.14, 0.58, 0.42)):
            top, bottom = y - h * (low + tall), y - h * low
            body += path(f"M{x - w * h:.1f} {bottom:.1f}L{x:.1f} {top:.1f}L{x + w * h:.1f} {bottom:.1f}Z", leaf)
            body += path(f"M{x:.1f} {top:.1f}L{x + w * h:.1f} {bottom:.1f}L{x + w * h * 0.15:.1f} {bottom:.1f}Z", shade)
        return body


def _cloud(x: float, y: float, s: float, white: str, shade: str) -> str:
    puffs = ((-1.0, 0.0, 0.4), (-0.5, -0.28, 0.55), (0.15, -0.42, 0.66), (0.75, -0.12, 0.5), (1.15, 0.05, 0.34))
    bank = rect(x - 1.5 * s, y + 0.02 * s, 3 * s, 0.38 * s, shade, 0.19 * s)
    body = "".join(circle(x + dx * s, y + dy * s, r * s * 0.94, white) for dx, dy, r in puffs if dy + r * 0.94 <= 0.4)
    return bank + body + rect(x - 1.46 * s, y, 2.92 * s, 0.33 * s, white, 0.165 * s)
