"""Painters of the places on land: meadow, forest, mountains, snow, desert, city, road, room. They know no actors."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from functools import partial

from PIL import Image as Pillow

from engine.backends.lite.storyboard.art import Art, Backdrop
from engine.backends.lite.storyboard.colour import mix
from engine.backends.lite.storyboard.raster import rasterise
from engine.backends.lite.storyboard.scene import Hour
from engine.backends.lite.storyboard.svg import circle, ellipse, glow, gradient, path, polygon, rect

AUTUMN = ("#d98a3d", "#c9622f", "#e0b040", "#b5502f")
GREENS = ("#5aa65a", "#4f9d63", "#6bb05a")


def _levels(art: Art) -> tuple[float, float]:
    """Horizon and ground line in pixels: a portrait picture has more sky."""
    tall = art.height > art.width * 1.1
    return art.height * (0.66 if tall else 0.6), art.height * (0.82 if tall else 0.84)


def _sky(art: Art, horizon: float) -> Backdrop:
    place = Backdrop(art.heavens(), _levels(art)[1], horizon)
    if art.hour is Hour.NIGHT and art.allows("stars", "star") and not art.grey:
        place.bands += art.stars(horizon)
    if art.allows("clouds", "cloud"):
        place.bands.append(
            art.clouds(
                horizon * 0.62, art.unit * 9, 4, 0.12, art.unit * 1.4, 0.85 if art.hour is not Hour.NIGHT else 0.25
            )
        )
    return place


def _near_ground(art: Art, place: Backdrop, colour: str, swing: float = 1.0) -> float:
    """The field that the actors stand on; returns its upper edge."""
    edge = place.ground - art.height * 0.12
    shape, _ = art.ridge(edge, art.unit * swing, art.height)
    tones = gradient("near", [(0, mix(colour, "#fff6c8", 0.14)), (1, mix(colour, "#12224a", 0.2))])
    place.bands.append(art.band(tones + path(shape, "url(#near)"), 1.0))
    return edge


def _leaf(art: Art) -> str:
    return art.tone(art.random.choice(AUTUMN if art.autumn else GREENS))


def meadow(art: Art) -> Backdrop:
    horizon, _ = _levels(art)
    place = _sky(art, horizon)
    green = art.ground or ("#c2a24e" if art.autumn else art.random.choice(("#6dbb58", "#7cc25f", "#62b36a")))
    far, _ = art.ridge(horizon - art.unit * 2, art.unit * 7, art.height)
    place.bands.append(art.band(path(far, art.tone(mix(green, "#9cc3e8", 0.55))), 0.25))
    middle, height = art.ridge(horizon + art.unit * 5, art.unit * 4.5, art.height)
    body = path(middle, art.tone(mix(green, "#2f7d5b", 0.25)))
    if art.allows("tree", "forest"):
        for x in art.spread(7, 0.45):
            size, leaf = art.unit * art.random.uniform(9, 16), _leaf(art)
            body += art.repeated(art.round_tree, x, size, height(x) + size * 0.08, size, leaf)
    place.bands.append(art.band(body, 0.5))
    _near_ground(art, place, art.tone(green), 1.6)
    front = art.tufts(art.height + 1, art.tone(mix(green, "#174f3a", 0.4)), 22, art.unit * 7)
    if art.allows("flower", "tulip", "rose") and not art.autumn and not art.ground:
        for x in art.spread(9, 0.5):
            y, tint = (
                art.height - art.unit * art.random.uniform(2, 6),
                art.tone(art.random.choice(("#ffffff", "#ffd23f", "#ff9ebb"))),
            )
            front += art.repeated(partial(_blossom, art), x, art.unit * 2, y, tint)
    place.front.append(art.band(front, 1.15))
    return place


def _blossom(art: Art, x: float, y: float, tint: str) -> str:
    u = art.unit
    petals = "".join(
        circle(x + dx * u, y + dy * u, u * 0.6, tint) for dx, dy in ((-0.7, 0), (0.7, 0), (0, -0.7), (0, 0.7))
    )
    return petals + circle(x, y, u * 0.5, art.tone("#f2a900"))


def forest(art: Art) -> Backdrop:
    horizon, _ = _levels(art)
    place = _sky(art, horizon)
    base = art.ground or ("#9c7a3c" if art.autumn else "#5f9a55")
    for i, (count, size, depth) in enumerate(((26, 24, 0.25), (18, 34, 0.45), (11, 50, 0.7))):
        body = ""
        haze = 0.55 - 0.25 * i
        y = horizon + art.unit * (4 + 5 * i)
        ground, _ = art.ridge(y - art.unit, art.unit * 1.2, art.height)
        body += path(ground, art.tone(mix(mix(base, "#2c5f4a", 0.4), "#b9d4d8", haze)))
        for x in art.spread(count, 0.4):
            leaf = art.random.choice(AUTUMN) if art.autumn else art.random.choice(("#2f7d5b", "#3a8a5f", "#2a6b57"))
            tint, h = art.tone(mix(leaf, "#b9d4d8", haze)), art.unit * size * art.random.uniform(0.75, 1.15)
            plant = art.round_tree if art.autumn and art.random.random() < 0.7 else art.pine_tree
            body += art.repeated(plant, x, h, y + art.unit * 2, h, tint)
        if art.allows("tree", "pine"):
            place.bands.append(art.band(body, depth))
    _near_ground(art, place, art.tone(base), 1.2)
    place.front.append(art.band(art.tufts(art.height + 1, art.tone(mix(base, "#12382f", 0.55)), 18, art.unit * 8), 1.2))
    return place


def _peaks(art: Art, base: float, tall: float, count: int, colour: str, cap: str) -> str:
    body = ""
    for x in art.spread(count, 0.3):
        h, w = tall * art.random.uniform(0.65, 1.0), tall * art.random.uniform(0.7, 1.0)

        def draw(at: float, h: float = h, w: float = w) -> str:
            top = base - h
            lit = path(f"M{at - w:.1f} {base:.1f}L{at:.1f} {top:.1f}L{at + w:.1f} {base:.1f}Z", colour)
            dark = polygon(
                [
                    (at, top),
                    (at + w, base),
                    (at + w * 0.2, base),
                    (at - w * 0.06, top + h * 0.55),
                    (at + w * 0.1, top + h * 0.3),
                ],
                mix(colour, "#1d2450", 0.25),
            )
            k = 0.3
            snow = polygon(
                [
                    (at, top),
                    (at + w * k, top + h * k),
                    (at + w * 0.16, top + h * 0.24),
                    (at + w * 0.06, top + h * 0.36),
                    (at - w * 0.08, top + h * 0.23),
                    (at - w * 0.17, top + h * 0.34),
                    (at - w * k, top + h * k),
                ],
                cap,
            )
            return lit + dark + snow

        body += art.repeated(draw, x, w)
    return body


def mountains(art: Art) -> Backdrop:
    horizon, _ = _levels(art)
    place = _sky(art, horizon)
    base = horizon + art.unit * 8
    low = rect(0, base - 1, art.period, art.height - base + 1, art.tone("#7fa3b5"))
    place.bands.append(
        art.band(_peaks(art, base, art.unit * 46, 6, art.tone("#a9bcdc"), art.tone("#f2f6fc")) + low, 0.15)
    )
    place.bands.append(
        art.band(_peaks(art, base, art.unit * 34, 5, art.tone("#7389b3"), art.tone("#ffffff")) + low, 0.3)
    )
    hill, height = art.ridge(horizon + art.unit * 6, art.unit * 3.5, art.height)
    body = path(hill, art.tone("#4f8a6b"))
    if art.allows("tree", "pine"):
        for x in art.spread(22, 0.5):
            h = art.unit * art.random.uniform(6, 11)
            body += art.repeated(art.pine_tree, x, h, height(x) + 2, h, art.tone("#2f6f58"))
    place.bands.append(art.band(body, 0.55))
    _near_ground(art, place, art.tone(art.ground or "#74b06a"), 1.6)
    place.front.append(art.band(art.tufts(art.height + 1, art.tone("#2f6f4f"), 18, art.unit * 6), 1.15))
    return place


def snow(art: Art) -> Backdrop:
    horizon, _ = _levels(art)
    place = _sky(art, horizon)
    white = art.ground or "#f1f6fc"
    far, _ = art.ridge(horizon - art.unit * 3, art.unit * 8, art.height)
    place.bands.append(art.band(path(far, art.tone("#c3d6ec")), 0.25))
    middle, height = art.ridge(horizon + art.unit * 5, art.unit * 4, art.height)
    body = path(middle, art.tone("#dbe7f5"))
    if art.allows("tree", "pine"):
        for x in art.spread(12, 0.5):
            h = art.unit * art.random.uniform(12, 22)
            body += art.repeated(partial(_snowy_pine, art), x, h, height(x) + 2, h)
    place.bands.append(art.band(body, 0.5))
    _near_ground(art, place, art.tone(white, 0.8), 1.5)
    return place


def _snowy_pine(art: Art, x: float, y: float, h: float) -> str:
    caps = "".join(
        polygon(
            [(x - w * h, y - h * low), (x, y - h * (low + 0.16)), (x + w * h, y - h * low), (x, y - h * (low - 0.03))],
            art.tone("#ffffff"),
        )
        for w, low in ((0.2, 0.3), (0.15, 0.54), (0.1, 0.84))
    )
    return art.pine_tree(x, y, h, art.tone("#4f8577")) + caps


def desert(art: Art) -> Backdrop:
    horizon, _ = _levels(art)
    place = _sky(art, horizon)
    sand = art.ground or art.random.choice(("#eec27a", "#e9b76b", "#f0c98c"))
    for i, depth in enumerate((0.2, 0.4, 0.65)):
        shape, height = art.ridge(horizon + art.unit * (1 + i * 4.5), art.unit * (6 - i), art.height, rough=0.1)
        tint = art.tone(mix(sand, "#b5654a", 0.32 - i * 0.12))
        body = path(shape, tint)
        if i == 2 and art.allows("cactus"):
            for x in art.spread(4, 0.5):
                h = art.unit * art.random.uniform(8, 13)
                body += art.repeated(partial(_cactus, art), x, h, height(x) + 2, h)
        place.bands.append(art.band(body, depth))
    _near_ground(art, place, art.tone(sand), 2.2)
    return place


def _cactus(art: Art, x: float, y: float, h: float) -> str:
    tint = art.tone("#5a8f62")
    arms = path(
        f"M{x - h * 0.05:.1f} {y - h * 0.4:.1f}h{-h * 0.2:.1f}v{-h * 0.25:.1f}M{x:.1f} {y - h * 0.3:.1f}h{h * 0.22:.1f}v{-h * 0.25:.1f}",
        stroke=tint,
        width=h * 0.12,
    )
    return arms + rect(x - h * 0.09, y - h, h * 0.18, h, tint, h * 0.09)


def _blocks(art: Art, base: float, tall: float, colour: str, lit: float, window: str) -> str:
    body, x = "", 0.0
    while x < art.period:
        w = min(art.unit * art.random.uniform(7, 14), art.period - x)
        h = tall * art.random.uniform(0.4, 1.0)
        body += rect(x, base - h, w + 0.5, h + 2, mix(colour, "#ffffff", art.random.uniform(0, 0.1)))
        if art.random.random() < 0.35:
            body += rect(x + w * 0.45, base - h - art.unit * 5, art.unit * 0.5, art.unit * 5, colour)
        cell = art.unit * 2.3
        for column in range(int((w - cell * 0.6) // cell)):
            for row in range(int((h - cell) // (cell * 1.25))):
                if art.random.random() < lit:
                    body += rect(
                        x + cell * 0.55 + column * cell,
                        base - h + cell * 0.7 + row * cell * 1.25,
                        cell * 0.5,
                        cell * 0.68,
                        window,
                    )
        x += w
    return body


def city(art: Art) -> Backdrop:
    horizon, ground = _levels(art)
    place = _sky(art, horizon)
    dark = art.hour in (Hour.NIGHT, Hour.SUNSET)
    window, lit = ("#ffd98a", 0.55) if dark else ("#dff1ff", 0.75)
    base = ground - art.height * 0.1
    place.bands.append(
        art.band(
            _blocks(
                art, base, art.height * 0.56, art.tone("#b3c1dc"), lit * 0.5, mix(window, art.tone("#b3c1dc"), 0.5)
            ),
            0.2,
        )
    )
    place.bands.append(art.band(_blocks(art, base, art.height * 0.38, art.tone("#8296bf"), lit, window), 0.45))
    place.bands.append(art.band(_street(art, base, ground), 1.0))
    return place


def _street(art: Art, base: float, ground: float) -> str:
    """A pavement and a road with dashes, from `base` down."""
    asphalt = art.tone(art.ground or "#5d6475")
    road = gradient("road", [(0, asphalt), (1, mix(asphalt, "#10142e", 0.25))])
    body = (
        road
        + rect(0, base, art.period, art.height - base, "url(#road)")
        + rect(0, base, art.period, art.unit * 3.2, art.tone("#c9cedb"))
    )
    body += rect(0, base + art.unit * 3.2, art.period, art.unit * 0.9, art.tone("#9aa2b5"))
    count = 8
    step, y = art.period / count, min(art.height - art.unit * 2, ground + art.unit * 5)
    return body + "".join(
        rect(i * step, y, step * 0.5, art.unit * 1.1, art.tone("#f4f0dc"), art.unit * 0.5) for i in range(count)
    )


def road(art: Art) -> Backdrop:
    horizon, ground = _levels(art)
    place = _sky(art, horizon)
    green = "#c2a24e" if art.autumn else "#74bb60"
    far, _ = art.ridge(horizon - art.unit * 2, art.unit * 7, art.height)
    place.bands.append(art.band(path(far, art.tone(mix(green, "#9cc3e8", 0.55))), 0.25))
    middle, height = art.ridge(horizon + art.unit * 6, art.unit * 3, art.height)
    body = path(middle, art.tone(green))
    if art.allows("tree", "forest"):
        for x in art.spread(8, 0.45):
            size, leaf = art.unit * art.random.uniform(12, 20), _leaf(art)
            body += art.repeated(art.round_tree, x, size, height(x) + size * 0.1, size, leaf)
    place.bands.append(art.band(body, 0.6))
    place.bands.append(art.band(_street(art, ground - art.unit * 9, ground), 1.0))
    return place


def room(art: Art) -> Backdrop:
    wall = art.sky or art.random.choice(("#f3d9c4", "#cfe3dc", "#d9d4ee", "#f6e3a8"))
    ground = art.height * 0.86
    edge = ground - art.height * 0.14
    body = gradient("wall", [(0, art.tone(wall)), (1, art.tone(mix(wall, "#b58a6a", 0.18)))]) + rect(
        0, 0, art.period, edge, "url(#wall)"
    )
    floor = art.tone(art.ground or "#c98f5c")
    body += rect(0, edge, art.period, art.height - edge, floor) + rect(
        0, edge, art.period, art.unit * 2, art.tone("#fff7ea")
    )
    body += "".join(
        rect(0, edge + art.unit * (5 + 6 * i), art.period, art.unit * 0.5, mix(floor, "#3a2418", 0.25))
        for i in range(6)
    )
    top, _, low = ("#12204a", "#1c2a5c", "#3a4a86") if art.hour is Hour.NIGHT else ("#8ecbf5", "#bfe3fa", "#eaf7ff")
    window = gradient("pane", [(0, top), (1, low)])
    size, u = art.unit * 30, art.unit
    x, y = art.width * 0.2, max(u * 5, edge - size * 1.75)
    window += rect(x - u * 1.5, y - u * 1.5, size + u * 3, size * 1.2 + u * 3, art.tone("#fffaf2"), u) + rect(
        x, y, size, size * 1.2, "url(#pane)"
    )
    window += rect(x + size / 2 - u * 0.6, y, u * 1.2, size * 1.2, art.tone("#fffaf2")) + rect(
        x, y + size * 0.55, size, u * 1.2, art.tone("#fffaf2")
    )
    px, py, pw = art.width * 0.68, y + size * 0.12, size * 0.62
    frame = rect(px, py, pw, pw * 0.8, art.tone("#8b5a3c"), u * 0.6) + rect(
        px + u * 1.4, py + u * 1.4, pw - u * 2.8, pw * 0.8 - u * 2.8, art.tone("#f7f1e3")
    )
    frame += circle(px + pw * 0.62, py + pw * 0.33, pw * 0.11, art.tone("#f2b134")) + polygon(
        [(px + pw * 0.14, py + pw * 0.66), (px + pw * 0.38, py + pw * 0.32), (px + pw * 0.62, py + pw * 0.66)],
        art.tone("#5f9a8a"),
    )
    rug = ellipse(
        art.width / 2, ground + art.unit * 3, art.width * 0.36, art.height * 0.07, art.tone("#d9705f")
    ) + ellipse(art.width / 2, ground + art.unit * 3, art.width * 0.3, art.height * 0.055, art.tone("#e8907d"))
    return Backdrop(
        Pillow.new("RGBA", (art.width, art.height)), ground, edge, [art.band(body + window + frame + rug, 1.0)]
    )


def studio(art: Art) -> Backdrop:
    """A photographer's backdrop: a soft wall, a floor, one large quiet shape."""
    palettes = (
        ("#fde2d2", "#f7b29b", "#f59f88"),
        ("#dff0ea", "#a9d6c6", "#8cc5b3"),
        ("#e7e2f8", "#bdb2e8", "#a597dd"),
        ("#fdf0cf", "#f5d48a", "#efc46a"),
        ("#dcebfb", "#a8cdf2", "#8bbbe9"),
    )
    wall, shape, floor = (art.tone(c) for c in art.random.choice(palettes))
    if art.sky:
        wall, shape = art.tone(mix(art.sky, "#ffffff", 0.55)), art.tone(mix(art.sky, "#ffffff", 0.25))
    if art.ground:
        floor = art.tone(art.ground)
    ground = art.height * 0.82
    edge = ground - art.height * 0.14
    body = gradient("wall", [(0, mix(wall, "#ffffff", 0.25)), (1, wall)]) + gradient(
        "floor", [(0, floor), (1, mix(floor, "#2a1f4a", 0.14))]
    )
    body += rect(0, 0, art.period, edge + 1, "url(#wall)")
    r = art.unit * 36
    body += circle(art.width / 2, edge - r * 0.25, r, shape, 'opacity="0.55"')
    body += rect(0, edge, art.period, art.height - edge, "url(#floor)")
    body += glow("spot", [(0, "#ffffff", 0.4), (1, "#ffffff", 0)]) + ellipse(
        art.width / 2, ground, art.width * 0.45, art.height * 0.13, "url(#spot)"
    )
    return Backdrop(Pillow.new("RGBA", (art.width, art.height)), ground, edge, [art.band(body, 0.6)])


POSTERS = (
    ("#2b1a5e", "#6a2c91", "#e0529c", "#ffb05c"),
    ("#0b2a4a", "#135e7c", "#23a6a0", "#ffd166"),
    ("#3a1230", "#8f2d56", "#e4572e", "#ffc857"),
    ("#132a3a", "#1f5f5b", "#5fa777", "#f2e394"),
    ("#1a1f4d", "#3949ab", "#7e7be0", "#ff9ebb"),
)


def poster(art: Art) -> Backdrop:
    """A ground for type: a deep gradient with large soft shapes that wander past each other."""
    deep, middle, bright, spark = (art.tone(c, 0.5) for c in art.random.choice(POSTERS))
    w, h, u = art.width, art.height, art.unit
    base = f'<linearGradient id="base" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{deep}"/>'
    base += f'<stop offset="1" stop-color="{middle}"/></linearGradient>' + rect(0, 0, w, h, "url(#base)")
    place = Backdrop(rasterise(base, w, h, (0, 0, w, h)), h * 0.84, h, solid=False)
    for i, (tint, depth) in enumerate(((middle, 0.2), (bright, 0.4), (spark, 0.6))):
        body = glow("soft", [(0, tint, 0.85), (1, tint, 0)])
        for x in art.spread(2):
            r = u * art.random.uniform(45, 70) * (1 - 0.2 * i)
            y = art.random.choice((h * 0.02, h * 0.98))
            body += art.repeated(partial(_disc, y, r), x, r)
        place.bands.append(art.band(body, depth, drift=u * (4 + 4 * i) * (-1) ** i))
    rings = "".join(
        circle(
            x,
            art.random.uniform(0.1, 0.9) * h,
            u * art.random.uniform(2, 9),
            "none",
            f'stroke="{spark}" stroke-width="{u * 0.5:.2f}" opacity="0.55"',
        )
        for x in art.spread(6, 0.5)
    )
    place.front.append(art.band(rings, 0.8, drift=-u * 5, bob=u * 3, period=6))
    return place


def _disc(y: float, r: float, x: float) -> str:
    return circle(x, y, r, "url(#soft)")
