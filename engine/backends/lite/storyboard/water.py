"""Painters of the places by, on and under water, in the air and in space. They know no actors."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from functools import partial
from math import pi, sin

from engine.backends.lite.storyboard.art import Art, Backdrop
from engine.backends.lite.storyboard.colour import mix
from engine.backends.lite.storyboard.raster import rasterise
from engine.backends.lite.storyboard.scene import Hour
from engine.backends.lite.storyboard.svg import circle, ellipse, glow, gradient, path, polygon, rect


def _sky(art: Art, horizon: float, ground: float) -> Backdrop:
    place = Backdrop(art.heavens(glow_at=(0.66, horizon / art.height)), ground, horizon)
    if art.hour is Hour.NIGHT and art.allows("stars", "star") and not art.grey:
        place.bands += art.stars(horizon)
    if art.allows("clouds", "cloud"):
        place.bands.append(
            art.clouds(
                horizon * 0.6, art.unit * 8, 4, 0.1, art.unit * 1.3, 0.85 if art.hour is not Hour.NIGHT else 0.25
            )
        )
    return place


def _swell(art: Art, y: float, height: float, count: int, colour: str, crest: str) -> str:
    """A seamless row of waves with light crests, filled to the bottom."""
    steps = count * 12
    points = [(art.period * i / steps, y - height * abs(sin(pi * count * i / steps)) ** 1.6) for i in range(steps + 1)]
    line = "L".join(f"{x:.1f} {py:.1f}" for x, py in points)
    fill = gradient("swell", [(0, mix(colour, "#ffffff", 0.12)), (1, mix(colour, "#071a3a", 0.2))])
    return (
        fill
        + path(f"M{line}L{art.period} {art.height * 1.1}L0 {art.height * 1.1}Z", "url(#swell)")
        + path(f"M{line}", stroke=crest, width=art.unit * 0.5, extra='opacity="0.7"')
    )


def _glitter(art: Art, top: float, bottom: float, count: int) -> str:
    tint = "#ffe9b8" if art.hour in (Hour.SUNSET, Hour.DAWN) else "#dfe9ff" if art.hour is Hour.NIGHT else "#ffffff"
    out = ""
    for _ in range(count):
        y = art.random.uniform(top, bottom)
        w = art.unit * (1 + 5 * (y - top) / max(1, bottom - top)) * art.random.uniform(0.5, 1.3)
        out += rect(art.random.uniform(0, art.period - w), y, w, art.unit * 0.4, tint, art.unit * 0.2, 'opacity="0.55"')
    return out


def sea(art: Art) -> Backdrop:
    horizon, ground = art.height * 0.56, art.height * 0.76
    place = _sky(art, horizon, ground)
    place.solid = False
    water = art.tone(art.ground or "#2f8fc7")
    low = art.tone(mix(art.ground or "#2f8fc7", "#9be0e8", 0.35))
    base = gradient("sea", [(0, low), (1, water)]) + rect(0, horizon, art.period, art.height - horizon, "url(#sea)")
    place.bands.append(art.band(base + _glitter(art, horizon + art.unit, ground, 60), 0.2))
    crest = art.tone("#e8fbff", 0.6)
    u = art.unit
    place.bands.append(
        art.band(
            _swell(art, horizon + u * 9, u * 1.6, 26, mix(low, water, 0.45), crest),
            0.5,
            drift=u * 4,
            bob=u * 0.6,
            period=3.4,
        )
    )
    place.bands.append(
        art.band(
            _swell(art, ground - u * 2, u * 2.4, 18, mix(low, water, 0.75), crest),
            0.8,
            drift=-u * 6,
            bob=u * 0.8,
            period=2.9,
            phase=0.3,
        )
    )
    place.front.append(
        art.band(
            _swell(art, ground + u * 4, u * 3.0, 13, water, crest), 1.0, drift=u * 8, bob=u * 1.0, period=2.6, phase=0.6
        )
    )
    place.front.append(
        art.band(
            _swell(art, ground + u * 14, u * 3.6, 10, mix(water, art.tone("#0d3f78"), 0.35), crest),
            1.2,
            drift=-u * 10,
            bob=u * 1.3,
            period=3.1,
        )
    )
    return place


def beach(art: Art) -> Backdrop:
    horizon, ground = art.height * 0.5, art.height * 0.85
    place = _sky(art, horizon, ground)
    u, shore = art.unit, art.height * 0.68
    base = gradient("sea", [(0, art.tone("#57b9d6")), (1, art.tone("#2fa3c2"))]) + rect(
        0, horizon, art.period, art.height - horizon, "url(#sea)"
    )
    place.bands.append(art.band(base + _glitter(art, horizon + u, shore - u * 4, 50), 0.2))
    foam = art.tone("#f2fdff", 0.6)
    place.bands.append(
        art.band(
            _swell(art, shore - u * 6, u * 1.5, 20, art.tone("#3fb3cc"), foam),
            0.5,
            drift=u * 3,
            bob=u * 0.7,
            period=3.3,
        )
    )
    place.bands.append(
        art.band(
            _swell(art, shore, u * 1.8, 14, art.tone("#7fd3d8"), foam),
            0.7,
            drift=-u * 4,
            bob=u * 1.4,
            period=3.8,
            phase=0.4,
        )
    )
    sand = art.ground or "#f3d9a4"
    shape, _ = art.ridge(shore + u * 4, u * 1.4, art.height)
    body = path(shape, art.tone(mix(sand, "#b98a5a", 0.28)))
    shape, _ = art.ridge(shore + u * 7, u * 1.2, art.height)
    body += gradient("sand", [(0, art.tone(sand)), (1, art.tone(mix(sand, "#c98f5c", 0.35)))]) + path(
        shape, "url(#sand)"
    )
    for x in art.spread(7, 0.5):
        y = art.random.uniform(shore + u * 12, art.height - u * 2)
        body += ellipse(x, y, u * 1.1, u * 0.7, art.tone(art.random.choice(("#ffffff", "#f7b5a6", "#e3a86b"))))
    place.bands.append(art.band(body, 1.0))
    if art.allows("palm", "tree"):
        place.bands.insert(-1, art.band(_palms(art, shore + u * 7), 0.85))
    return place


def _palms(art: Art, y: float) -> str:
    body = ""
    for x in (art.width * 0.06, art.width * 0.95):
        h, lean = art.unit * art.random.uniform(36, 44), art.unit * (6 if x < art.width / 2 else -6)

        def draw(at: float, h: float = h, lean: float = lean) -> str:
            tx, ty = at + lean, y - h
            trunk = path(
                f"M{at:.1f} {y + art.unit * 6:.1f}Q{at + lean * 0.2:.1f} {y - h * 0.5:.1f} {tx:.1f} {ty:.1f}",
                stroke=art.tone("#9a6b43"),
                width=art.unit * 2,
            )
            leaves = ""
            for k, (dx, dy) in enumerate(((-1, 0.1), (-0.75, -0.45), (0, -0.55), (0.75, -0.45), (1, 0.1))):
                s = h * 0.42
                leaves += path(
                    f"M{tx:.1f} {ty:.1f}Q{tx + dx * s * 0.5:.1f} {ty + (dy - 0.5) * s * 0.6:.1f} {tx + dx * s:.1f} {ty + (dy + 0.35) * s:.1f}Q{tx + dx * s * 0.45:.1f} {ty + (dy - 0.1) * s * 0.6:.1f} {tx:.1f} {ty:.1f}Z",
                    art.tone(("#3f9a5c", "#4fae62")[k % 2]),
                )
            return trunk + leaves

        body += art.repeated(draw, x, h)
    return body


def underwater(art: Art) -> Backdrop:
    top, middle, low = (
        ("#5fd0e0", "#2387bd", "#123f80") if art.hour is not Hour.NIGHT else ("#1c5a8a", "#123a6e", "#08173f")
    )
    if art.sky or art.ground:
        top, middle, low = (mix(c, art.sky or art.ground, 0.45) for c in (top, middle, low))
    w, h, u = art.width, art.height, art.unit
    body = gradient("deep", [(0, top), (0.5, middle), (1, low)]) + rect(0, 0, w, h, "url(#deep)")
    sky = rasterise(body, w, h, (0, 0, w, h))
    place = Backdrop(sky, h * 0.88, h * 0.8, solid=False)
    rays = gradient("ray", [(0, "#e8fdff"), (1, "#e8fdff")]).replace(
        'offset="1.000"', 'offset="1.000" stop-opacity="0"'
    )
    beams = "".join(
        polygon(
            [(x, 0), (x + u * 7, 0), (x - u * 16 + u * 9, h * 0.85), (x - u * 26, h * 0.85)],
            "url(#ray)",
            'opacity="0.2"',
        )
        for x in art.spread(6, 0.3)
    )
    place.bands.append(art.band(rays + beams, 0.1, drift=u * 0.8, twinkle=0.5, period=4.5))
    far, _ = art.ridge(h * 0.8, u * 6, h)
    place.bands.append(art.band(path(far, mix(middle, low, 0.6)), 0.3))
    place.bands.append(art.band(_kelp(art, h * 0.93, 10, mix(low, "#2f9a7a", 0.45)), 0.5, bob=u * 0.5, period=4))
    bed, _ = art.ridge(h * 0.9, u * 2, h)
    sand = gradient("bed", [(0, mix("#e8cf9a", middle, 0.3)), (1, mix("#c9a56b", low, 0.5))])
    corals = _corals(art, h * 0.93) if art.allows("coral", "reef") else ""
    place.front.append(art.band(sand + path(bed, "url(#bed)") + corals, 1.0))
    if art.allows("bubbles"):
        bubbles = "".join(
            _bubble(art.random.uniform(0, art.period), art.random.uniform(0, h), u * art.random.uniform(0.5, 1.5))
            for _ in range(26)
        )
        place.front.append(art.band(bubbles, 1.1, bob=u * 5, period=7, drift=u))
    return place


def _bubble(x: float, y: float, r: float) -> str:
    return circle(x, y, r, "#ffffff", 'opacity="0.22"') + circle(
        x - r * 0.3, y - r * 0.3, r * 0.25, "#ffffff", 'opacity="0.8"'
    )


def _kelp(art: Art, y: float, count: int, colour: str) -> str:
    body = ""
    for x in art.spread(count, 0.5):
        h, u = art.unit * art.random.uniform(14, 34), art.unit
        body += art.repeated(partial(_blade, colour, u), x, u * 6, y, h)
    return body


def _blade(colour: str, u: float, x: float, y: float, h: float) -> str:
    d = f"M{x:.1f} {y:.1f}q{-u * 4:.1f} {-h * 0.25:.1f} 0 {-h * 0.5:.1f}t0 {-h * 0.5:.1f}"
    return path(d, stroke=colour, width=u * 1.8)


def _corals(art: Art, y: float) -> str:
    body = ""
    for x in art.spread(8, 0.5):
        tint, s = art.random.choice(("#ff7f8f", "#ffb05c", "#c77dff", "#ff9ebb")), art.unit * art.random.uniform(5, 9)

        def draw(at: float, tint: str = tint, s: float = s) -> str:
            return path(
                f"M{at:.1f} {y + s * 0.2:.1f}v{-s:.1f}M{at:.1f} {y - s * 0.2:.1f}q{-s * 0.5:.1f} {-s * 0.1:.1f} {-s * 0.5:.1f} {-s * 0.6:.1f}M{at:.1f} {y - s * 0.1:.1f}q{s * 0.5:.1f} {-s * 0.1:.1f} {s * 0.5:.1f} {-s * 0.75:.1f}",
                stroke=tint,
                width=s * 0.22,
            )

        body += art.repeated(draw, x, s)
    return body


def _void(art: Art, ground: float) -> Backdrop:
    top, low = art.random.choice((("#070b24", "#2a1b55"), ("#060a1f", "#12305e"), ("#0b0820", "#43205e")))
    if art.sky:
        low = mix(art.sky, "#0b0820", 0.4)
    w, h = art.width, art.height
    body = gradient("void", [(0, top), (1, low)]) + rect(0, 0, w, h, "url(#void)")
    for i, (tint, x, y) in enumerate((("#7d4fd3", 0.22, 0.3), ("#2f8fd0", 0.8, 0.62), ("#d16ba5", 0.62, 0.18))):
        body += glow(f"mist{i}", [(0, tint, 0.4), (1, tint, 0)]) + ellipse(
            w * x, h * y, w * 0.42, h * 0.36, f"url(#mist{i})"
        )
    place = Backdrop(rasterise(body, w, h, (0, 0, w, h)), ground, h, solid=False)
    if art.allows("stars"):
        place.bands += art.stars(h, 110)
    return place


def space(art: Art) -> Backdrop:
    place = _void(art, art.height * 0.72)
    u = art.unit
    if art.allows("planet"):
        x, y, r = art.width * art.random.uniform(0.82, 0.92), art.height * 0.2, u * 9
        tint = art.random.choice(("#c77dff", "#e08a5c", "#4fb0a5"))
        body = circle(x, y, r, tint) + path(
            f"M{x + r * 0.3:.1f} {y - r * 0.95:.1f}A{r} {r} 0 0 1 {x + r * 0.3:.1f} {y + r * 0.95:.1f}Q{x + r * 1.0:.1f} {y:.1f} {x + r * 0.3:.1f} {y - r * 0.95:.1f}Z",
            mix(tint, "#0b0820", 0.5),
        )
        place.bands.append(art.band(body, 0.1))
    return place


def moon(art: Art) -> Backdrop:
    place = _void(art, art.height * 0.84)
    place.solid, place.horizon, u = True, art.height * 0.68, art.unit
    if art.allows("earth", "planet"):
        x, y, r = art.width * 0.78, art.height * 0.24, u * 11
        body = (
            glow("air", [(0.8, "#9fd8ff", 0.5), (1, "#9fd8ff", 0)])
            + circle(x, y, r * 1.3, "url(#air)")
            + circle(x, y, r, "#3f88c5")
        )
        body += ellipse(x - r * 0.3, y - r * 0.3, r * 0.4, r * 0.28, "#5fae6b", 20) + ellipse(
            x + r * 0.3, y + r * 0.3, r * 0.3, r * 0.36, "#5fae6b", -30
        )
        place.bands.append(art.band(body, 0.1))
    grey = art.ground or "#c3c7d6"
    far, _ = art.ridge(place.horizon, u * 4, art.height)
    place.bands.append(art.band(path(far, mix(grey, "#1b1d3a", 0.45)), 0.4))
    near, _ = art.ridge(art.height * 0.74, u * 1.6, art.height)
    body = gradient("dust", [(0, grey), (1, mix(grey, "#2a2c4f", 0.4))]) + path(near, "url(#dust)")
    for x in art.spread(8, 0.5):
        y, r = art.random.uniform(art.height * 0.8, art.height), u * art.random.uniform(2.5, 6)
        body += ellipse(x, y, r, r * 0.34, mix(grey, "#1b1d3a", 0.35)) + ellipse(
            x, y + r * 0.1, r * 0.86, r * 0.24, mix(grey, "#1b1d3a", 0.2)
        )
    place.bands.append(art.band(body, 1.0))
    return place


def sky(art: Art) -> Backdrop:
    place = Backdrop(art.heavens(glow_at=(0.72, 0.3)), art.height * 0.66, art.height, solid=False)
    if art.hour is Hour.NIGHT and art.allows("stars", "star") and not art.grey:
        place.bands += art.stars(art.height)
    u = art.unit
    if art.allows("clouds", "cloud"):
        dim = 0.35 if art.hour is Hour.NIGHT else 0.9
        place.bands.append(art.clouds(art.height * 0.5, u * 8, 5, 0.2, u * 1.6, dim * 0.8))
        place.bands.append(art.clouds(art.height * 0.9, u * 13, 5, 0.5, u * 3, dim, 0.72))
        place.front.append(art.clouds(art.height * 1.08, u * 20, 4, 1.2, u * 6, dim, 0.96))
    else:
        hill, _ = art.ridge(art.height * 0.93, u * 4, art.height)
        place.bands.append(art.band(path(hill, art.tone("#6dbb70")), 0.5))
    return place
