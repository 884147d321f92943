"""The few SVG shapes that all drawings are made of. Strings in, strings out; knows no subject and no scene.

Drawing units: a subject is about 100 units high, stands with its feet at (0, 0), looks to the right, and up is -y.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, radians, sin
from xml.sax.saxutils import escape

Point = tuple[float, float]


def circle(x: float, y: float, r: float, fill: str, extra: str = "") -> str:
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{max(r, 0):.2f}" fill="{fill}" {extra}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, turn: float = 0, extra: str = "") -> str:
    turned = f'transform="rotate({turn:.2f} {x:.2f} {y:.2f})"' if turn else ""
    radii = f'rx="{max(rx, 0):.2f}" ry="{max(ry, 0):.2f}"'
    return f'<ellipse cx="{x:.2f}" cy="{y:.2f}" {radii} fill="{fill}" {turned} {extra}/>'


def rect(x: float, y: float, w: float, h: float, fill: str, r: float = 0, extra: str = "") -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" rx="{r:.2f}" fill="{fill}" {extra}/>'


def path(d: str, fill: str = "none", stroke: str = "", width: float = 0, extra: str = "") -> str:
    line = (
        f'stroke="{stroke}" stroke-width="{width:.2f}" stroke-linecap="round" stroke-linejoin="round"' if stroke else ""
    )
    return f'<path d="{d}" fill="{fill}" {line} {extra}/>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float) -> str:
    return path(f"M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}", stroke=stroke, width=width)


def polygon(points: Iterable[Point], fill: str, extra: str = "") -> str:
    return path("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + "Z", fill, extra=extra)


def group(
    *parts: str, x: float = 0, y: float = 0, turn: float = 0, sx: float = 1, sy: float = 1, opacity: float = 1
) -> str:
    """Parts drawn around their own pivot (0, 0), put at (x, y), turned by degrees and scaled."""
    faded = f' opacity="{opacity:.3f}"' if opacity < 1 else ""
    return (
        f'<g transform="translate({x:.2f} {y:.2f}) rotate({turn:.2f}) scale({sx:.4f} {sy:.4f})"{faded}>'
        f"{''.join(parts)}</g>"
    )


def limb(x: float, y: float, upper: float, lower: float, swing: float, bend: float, stroke: str, width: float) -> str:
    """An arm or leg hanging from (x, y): `swing` degrees forward at the top, `bend` degrees back at the middle."""
    kx, ky = x + upper * sin(radians(swing)), y + upper * cos(radians(swing))
    ex, ey = kx + lower * sin(radians(swing - bend)), ky + lower * cos(radians(swing - bend))
    return path(f"M{x:.2f} {y:.2f}L{kx:.2f} {ky:.2f}L{ex:.2f} {ey:.2f}", stroke=stroke, width=width)


def star(x: float, y: float, outer: float, inner: float, points: int, fill: str, turn: float = -90) -> str:
    corners = []
    for i in range(points * 2):
        r = outer if i % 2 == 0 else inner
        angle = radians(turn + 180 * i / points)
        corners.append((x + r * cos(angle), y + r * sin(angle)))
    return polygon(corners, fill, extra=f'stroke="{fill}" stroke-width="{outer * 0.12:.2f}" stroke-linejoin="round"')


def gradient(name: str, stops: Iterable[tuple[float, str]], *, vertical: bool = True) -> str:
    """A linear gradient from top to bottom or left to right; refer to it as `url(#name)`."""
    end = 'x2="0" y2="1"' if vertical else 'x2="1" y2="0"'
    body = "".join(f'<stop offset="{offset:.3f}" stop-color="{colour}"/>' for offset, colour in stops)
    return f'<linearGradient id="{name}" x1="0" y1="0" {end}>{body}</linearGradient>'


def glow(name: str, stops: Iterable[tuple[float, str, float]], cx: float = 0.5, cy: float = 0.5) -> str:
    """A radial gradient of (offset, colour, opacity); refer to it as `url(#name)`."""
    body = "".join(f'<stop offset="{o:.3f}" stop-color="{c}" stop-opacity="{a:.3f}"/>' for o, c, a in stops)
    return f'<radialGradient id="{name}" cx="{cx}" cy="{cy}" r="0.5">{body}</radialGradient>'


def words(text: str, x: float, y: float, size: float, fill: str, weight: int = 700) -> str:
    """One centred line in the project's own font."""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-family="Hanken Grotesk" font-weight="{weight}" font-size="{size:.2f}" '
        f'text-anchor="middle" fill="{fill}">{escape(text)}</text>'
    )


def document(body: str, width: int, height: int, view: tuple[float, float, float, float]) -> str:
    """A whole SVG of `width` × `height` pixels that shows `view` (x, y, width, height in drawing units)."""
    box = " ".join(f"{value:.4f}" for value in view)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{box}" '
        f'preserveAspectRatio="none">{body}</svg>'
    )
