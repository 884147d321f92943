"""Objects: toys, food, furniture, buildings. Knows no scene."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from math import cos, pi

from engine.backends.lite.storyboard.colour import Ink, lighter
from engine.backends.lite.storyboard.draw.kit import DARK, WHITE, Pose
from engine.backends.lite.storyboard.svg import circle, ellipse, glow, group, line, path, polygon, rect

RAINBOW = ("#ff5d5d", "#ff9f1c", "#ffe066", "#6bcb77", "#4d96ff", "#9b5de5")


def ball(ink: Ink, pose: Pose) -> str:
    """Shaded from the upper left; the stripe turns with the travel, the light does not."""
    turned = pose.travel / 50 * 180 / pi
    clip = '<clipPath id="ball"><circle cx="0" cy="0" r="50"/></clipPath>'
    stripe = group(path("M-52 -8Q0 14 52 -8L52 10Q0 32 -52 10Z", ink.light, extra='opacity="0.8"'), turn=turned)
    shade = path("M-46 20A50 50 0 0 0 46 -20Q48 34 0 38Q-30 38 -46 20Z", ink.deep, extra='opacity="0.28"')
    shine = ellipse(-18, -22, 12, 8, WHITE, -35, 'opacity="0.75"')
    return group(f'{clip}<g clip-path="url(#ball)">{circle(0, 0, 50, ink.base)}{stripe}{shade}{shine}</g>', y=-50)


def football(ink: Ink, pose: Pose) -> str:
    turned = pose.travel / 50 * 180 / pi
    clip = '<clipPath id="ball"><circle cx="0" cy="0" r="50"/></clipPath>'
    patch = [(0, -18), (17, -6), (11, 15), (-11, 15), (-17, -6)]
    marks = polygon(patch, DARK) + "".join(
        group(line(0, -18, 0, -36, DARK, 3), polygon([(-14, -38), (14, -38), (8, -54), (-8, -54)], DARK), turn=a)
        for a in range(0, 360, 72)
    )
    shade = path("M-46 20A50 50 0 0 0 46 -20Q48 34 0 38Q-30 38 -46 20Z", "#1d1b4c", extra='opacity="0.2"')
    return group(
        f'{clip}<g clip-path="url(#ball)">{circle(0, 0, 50, ink.base)}{group(marks, turn=turned)}{shade}</g>', y=-50
    )


def basketball(ink: Ink, pose: Pose) -> str:
    turned = pose.travel / 50 * 180 / pi
    seams = path("M-50 0H50M0 -50V50M-36 -36Q-8 0 -36 36M36 -36Q8 0 36 36", stroke=DARK, width=3.5)
    return group(
        circle(0, 0, 50, ink.base),
        group(seams, turn=turned),
        ellipse(-18, -24, 12, 8, WHITE, -35, 'opacity="0.5"'),
        y=-50,
    )


def balloon(ink: Ink, pose: Pose) -> str:
    string = path(f"M0 -34Q{pose.sway(9, 0.7):.1f} -18 {pose.sway(6, 0.7, 0.3):.1f} 2", stroke="#8b93a7", width=1.6)
    skin = path("M0 -36Q-32 -58 -30 -82Q-26 -110 0 -110Q26 -110 30 -82Q32 -58 0 -36Z", ink.base) + polygon(
        [(-5, -31), (0, -38), (5, -31)], ink.dark
    )
    shade = path("M8 -40Q34 -62 29 -86Q24 -62 8 -40Z", ink.dark)
    return group(string, skin, shade, ellipse(-12, -92, 6, 10, WHITE, 25, 'opacity="0.7"'), turn=pose.sway(3, 0.5))


def cube(ink: Ink, pose: Pose) -> str:
    top = polygon([(0, -100), (48, -76), (0, -52), (-48, -76)], ink.light)
    return (
        top
        + polygon([(-48, -76), (0, -52), (0, 0), (-48, -26)], ink.base)
        + polygon([(48, -76), (0, -52), (0, 0), (48, -26)], ink.dark)
    )


def pyramid(ink: Ink, pose: Pose) -> str:
    return polygon([(-66, 0), (0, -100), (14, 0)], ink.base) + polygon([(0, -100), (66, 0), (14, 0)], ink.dark)


def triangle(ink: Ink, pose: Pose) -> str:
    return path("M0 -96L56 -2L-56 -2Z", ink.base, ink.base, 6) + path(
        "M0 -96L56 -2L20 -2Z", ink.dark, extra='opacity="0.35"'
    )


def square(ink: Ink, pose: Pose) -> str:
    return rect(-48, -96, 96, 96, ink.base, 8) + path("M48 -88V-8Q48 0 40 0H-40Z", ink.dark, extra='opacity="0.3"')


def disc(ink: Ink, pose: Pose) -> str:
    return circle(0, -50, 50, ink.base) + path("M35 -85A50 50 0 0 1 -35 -15Z", ink.dark, extra='opacity="0.25"')


def heart(ink: Ink, pose: Pose) -> str:
    beat = 1 + 0.06 * max(0.0, pose.sway(1, 1.2))
    shape = path("M0 46Q-58 8 -52 -24Q-46 -50 -22 -46Q-6 -42 0 -26Q6 -42 22 -46Q46 -50 52 -24Q58 8 0 46Z", ink.base)
    return group(
        shape,
        ellipse(-28, -24, 9, 6, WHITE, -40, 'opacity="0.65"'),
        path("M0 46Q58 8 52 -24Q50 8 0 46Z", ink.dark),
        y=-48,
        sx=beat,
        sy=beat,
    )


def gift(ink: Ink, pose: Pose) -> str:
    ribbon = "#ffd23f" if ink.base != "#ffd23f" else "#e5383b"
    box = (
        rect(-42, -64, 84, 64, ink.base, 4) + rect(20, -64, 22, 64, ink.dark, 4) + rect(-48, -76, 96, 20, ink.light, 4)
    )
    bow = (
        ellipse(-17, -86, 18, 10, ribbon, 24)
        + ellipse(17, -86, 18, 10, ribbon, -24)
        + circle(0, -80, 8, lighter(ribbon, 0.3))
    )
    return group(box, rect(-9, -76, 18, 76, ribbon), bow, turn=pose.sway(1.2, 0.9))


def apple(ink: Ink, pose: Pose) -> str:
    fruit = path("M0 -74Q-20 -88 -40 -70Q-56 -40 -34 -8Q-18 6 0 -3Q18 6 34 -8Q56 -40 40 -70Q20 -88 0 -74Z", ink.base)
    return fruit + path("M0 -3Q18 6 34 -8Q56 -40 40 -70Q46 -28 0 -3Z", ink.dark) + path("M0 -72Q-2 -88 6 -98", stroke="#7a4a2b", width=5) + path("M4 -86Q22 -104 38 -92Q24 -80 4 -86Z", "#6bb54c") + ellipse(-24, -54, 7, 12, WHITE, 20, 'opacity="0.6"')  # fmt: skip


def orange(ink: Ink, pose: Pose) -> str:
    return (
        circle(0, -44, 44, ink.base)
        + path("M30 -76A44 44 0 0 1 -30 -12Q40 -10 30 -76Z", ink.dark, extra='opacity="0.5"')
        + path("M0 -86Q16 -104 34 -96Q22 -82 0 -86Z", "#6bb54c")
        + ellipse(-16, -62, 10, 6, WHITE, -35, 'opacity="0.5"')
    )


def banana(ink: Ink, pose: Pose) -> str:
    return (
        path("M-46 -66Q-40 0 30 -14Q50 -22 52 -34Q10 -22 -26 -74Q-36 -84 -46 -66Z", ink.base)
        + path("M-40 -52Q-22 -6 34 -18", stroke=ink.dark, width=5)
        + circle(-36, -75, 6, "#6b4423")
        + circle(51, -31, 5, "#6b4423")
    )


def cake(ink: Ink, pose: Pose) -> str:
    plate = ellipse(0, -3, 66, 8, "#e4e9f2")
    base = rect(-48, -44, 96, 40, "#c98a5e", 8) + rect(-48, -30, 96, 8, ink.light)
    top = rect(-36, -70, 72, 30, "#d69d6e", 8)
    icing = path(
        "M-48 -44Q-48 -52 -36 -50H36Q48 -52 48 -44Q44 -28 36 -38Q28 -24 18 -38Q8 -26 0 -38Q-10 -26 -18 -38Q-28 -24 -36 -38Q-46 -28 -48 -44Z",
        ink.base,
    )
    icing += path(
        "M-36 -70Q-36 -78 -26 -76H26Q36 -78 36 -70Q30 -58 24 -66Q14 -54 6 -66Q-4 -56 -12 -66Q-22 -54 -28 -64Q-34 -58 -36 -70Z",
        ink.light,
    )
    candles = "".join(rect(x - 2.5, -94, 5, 20, tone, 2) + ellipse(x + pose.sway(0.8, 3, x), -100, 3.2, 6 + pose.sway(1, 4, x), "#ffb703") for x, tone in ((-18, "#4d96ff"), (0, "#ff7eb6"), (18, "#6bcb77")))  # fmt: skip
    return plate + base + top + icing + candles


def ice_cream(ink: Ink, pose: Pose) -> str:
    cone = polygon([(-24, -50), (24, -50), (0, 0)], "#d9a05b") + path(
        "M-14 -46L6 -14M14 -46L-6 -14M0 -48L10 -24M0 -48L-10 -24", stroke="#b97f3d", width=2
    )
    return (
        cone
        + circle(-13, -60, 18, ink.base)
        + circle(14, -60, 18, ink.light)
        + circle(0, -80, 19, "#fff1d6")
        + circle(3, -101, 6, "#e5383b")
    )


def cup(ink: Ink, pose: Pose) -> str:
    steam = "".join(
        path(
            f"M{x} -84q{pose.sway(7, 0.6, x / 30):.1f} -10 0 -20q{pose.sway(-7, 0.6, x / 30):.1f} -9 0 -16",
            stroke=WHITE,
            width=4,
            extra='opacity="0.7"',
        )
        for x in (-14, 2, 18)
    )
    handle = path("M34 -58Q64 -60 58 -36Q52 -20 30 -24", stroke=ink.dark, width=9)
    mug = path("M-38 -72H38L34 -12Q32 0 22 0H-22Q-32 0 -34 -12Z", ink.base) + path(
        "M14 -72H38L34 -12Q32 0 22 0H10Q18 -30 14 -72Z", ink.dark, extra='opacity="0.5"'
    )
    return steam + handle + mug + ellipse(0, -72, 38, 8, ink.light) + ellipse(0, -71, 33, 6, "#5b3a29")


def pizza(ink: Ink, pose: Pose) -> str:
    slice_ = polygon([(-46, -84), (46, -84), (0, 0)], ink.base) + path(
        "M-48 -84Q0 -104 48 -84", stroke="#c98a3f", width=15
    )
    return (
        slice_
        + "".join(circle(x, y, r, "#d1495b") for x, y, r in ((-16, -66, 9), (17, -62, 8), (0, -38, 8)))
        + ellipse(2, -72, 5, 3, "#4fa35b", 30)
    )


def donut(ink: Ink, pose: Pose) -> str:
    sprinkles = "".join(
        group(
            rect(-1.6, -5, 3.2, 10, RAINBOW[i % 6], 1.6),
            x=32 * cos(i * 0.7),
            y=-50 + 32 * cos(i * 0.7 - pi / 2),
            turn=i * 50,
        )
        for i in range(9)
    )
    ring = f'stroke-width="32" stroke="{ink.base}"'
    return (
        circle(0, -46, 33, "none", 'stroke-width="34" stroke="#d69d5b"') + circle(0, -50, 32, "none", ring) + sprinkles
    )


def book(ink: Ink, pose: Pose) -> str:
    flip = (pose.t * 0.35 + pose.pick * 0.2) % 1
    cover = path("M-72 -12L0 0L72 -12V-82L0 -70L-72 -82Z", ink.base)
    pages = path("M-66 -20Q-30 -22 0 -8Q30 -22 66 -20V-88Q30 -90 0 -76Q-30 -90 -66 -88Z", "#fffaf0")
    lines_ = "".join(
        path(f"M{s * 56} {y}Q{s * 30} {y - 1} {s * 10} {y + 7}", stroke="#c9c2b4", width=2.4)
        for s in (-1, 1)
        for y in (-74, -62, -50, -38)
    )
    turning = path(
        f"M0 -8Q{30 * cos(pi * flip):.1f} {-26 - 18 * (1 - abs(1 - 2 * flip)):.1f} {62 * cos(pi * flip):.1f} -20V-88Q{30 * cos(pi * flip):.1f} {-96 - 14 * (1 - abs(1 - 2 * flip)):.1f} 0 -76Z",
        "#f3ead9",
    )
    return cover + pages + lines_ + turning + line(0, -76, 0, -6, "#d8cfbf", 2)


def guitar(ink: Ink, pose: Pose) -> str:
    neck = rect(-4.5, -100, 9, 62, "#5b3a29", 2) + rect(-8, -112, 16, 16, "#3b2a25", 4)
    body = (
        circle(0, -22, 25, ink.base)
        + circle(0, -48, 18, ink.base)
        + circle(0, -22, 20, ink.light, 'opacity="0.5"')
        + circle(0, -36, 8, DARK)
        + rect(-11, -14, 22, 5, DARK, 2)
    )
    strings = "".join(line(x + pose.sway(0.5, 8, x), -96, x, -12, "#f4f1ea", 0.8) for x in (-3, -1, 1, 3))
    return group(body, neck, strings, turn=24 + pose.sway(2, 0.8))


def umbrella(ink: Ink, pose: Pose) -> str:
    dome = path(
        "M-60 -50Q-52 -100 0 -100Q52 -100 60 -50Q50 -60 40 -50Q30 -60 20 -50Q10 -60 0 -50Q-10 -60 -20 -50Q-30 -60 -40 -50Q-50 -60 -60 -50Z",
        ink.base,
    )
    ribs = path("M0 -100Q-22 -80 -20 -50Q-10 -60 0 -50Q10 -60 20 -50Q22 -80 0 -100Z", ink.light)
    return group(
        path("M0 -100V-8Q0 2 -9 0Q-14 -2 -13 -8", stroke="#6b4423", width=4), dome, ribs, turn=pose.sway(3, 0.5)
    )


def kite(ink: Ink, pose: Pose) -> str:
    tail = path(
        f"M0 -20Q{pose.sway(16, 0.8):.1f} -4 {pose.sway(12, 0.8, 0.3):.1f} 18T{pose.sway(14, 0.8, 0.6):.1f} 54",
        stroke=ink.dark,
        width=3,
    )
    return group(tail, polygon([(0, -110), (38, -70), (0, -20), (-38, -70)], ink.base), polygon([(0, -110), (38, -70), (0, -70)], ink.light), polygon([(0, -20), (-38, -70), (0, -70)], ink.dark), turn=14 + pose.sway(8, 0.6))  # fmt: skip


def lamp(ink: Ink, pose: Pose) -> str:
    light = glow("halo", [(0, "#fff0b3", 0.8), (1, "#fff0b3", 0.0)]) + circle(0, -60, 70, "url(#halo)")
    return (
        light
        + rect(-4, -60, 8, 58, "#8b93a7")
        + rect(-24, -6, 48, 6, "#6b7280", 3)
        + polygon([(-22, -98), (22, -98), (38, -54), (-38, -54)], ink.base)
    )


def candle(ink: Ink, pose: Pose) -> str:
    light = glow("halo", [(0, "#ffd27a", 0.7), (1, "#ffd27a", 0.0)]) + circle(
        0, -84, 60 + pose.sway(3, 3), "url(#halo)"
    )
    flame = path(f"M-8 -74Q-10 -92 {pose.sway(3, 2.3):.1f} -106Q10 -92 8 -74Z", "#ff9f1c") + ellipse(
        0, -80, 4, 8, "#ffe066"
    )
    return (
        light
        + rect(-15, -66, 30, 66, ink.base, 4)
        + ellipse(0, -66, 15, 4, ink.light)
        + line(0, -66, 0, -74, DARK, 2.4)
        + flame
    )


def clock(ink: Ink, pose: Pose) -> str:
    ticks = "".join(group(rect(-1.5, -38, 3, 7, DARK), turn=a) for a in range(0, 360, 30))
    hands = group(rect(-2.5, -24, 5, 26, DARK, 2), turn=pose.t * 5 + pose.pick * 70) + group(
        rect(-1.8, -34, 3.6, 38, DARK, 2), turn=pose.t * 60 + pose.pick * 40
    )
    return group(
        circle(0, 0, 49, ink.base), circle(0, 0, 41, "#fffaf0"), ticks, hands, circle(0, 0, 4, "#e5383b"), y=-50
    )


def bell(ink: Ink, pose: Pose) -> str:
    return group(circle(0, 82, 9, ink.deep), path("M-44 74Q-34 62 -32 34Q-28 2 0 2Q28 2 32 34Q34 62 44 74Z", ink.base), path("M12 4Q28 10 32 34Q34 62 44 74H20Q26 40 12 4Z", ink.dark), rect(-46, 72, 92, 8, ink.dark, 4), y=-96, turn=pose.sway(12, 1.1))  # fmt: skip


def hat(ink: Ink, pose: Pose) -> str:
    return (
        rect(-34, -84, 68, 74, ink.base, 4)
        + rect(-34, -30, 68, 14, "#e5383b" if ink.base != "#e5383b" else WHITE)
        + rect(-60, -12, 120, 12, ink.dark, 6)
    )


def crown(ink: Ink, pose: Pose) -> str:
    gems = "".join(circle(x, -13, 6, tone) for x, tone in ((-30, "#e5383b"), (0, "#2f6fed"), (30, "#3fa34d")))
    return (
        polygon([(-54, 0), (-60, -64), (-28, -38), (0, -80), (28, -38), (60, -64), (54, 0)], ink.base)
        + rect(-54, -24, 108, 24, ink.dark)
        + gems
        + "".join(circle(x, y, 6, ink.light) for x, y in ((-60, -66), (0, -82), (60, -66)))
    )


def key(ink: Ink, pose: Pose) -> str:
    return (
        circle(-28, -50, 21, "none", f'stroke="{ink.base}" stroke-width="12"')
        + rect(-8, -56, 70, 12, ink.base, 3)
        + rect(38, -48, 10, 22, ink.base, 2)
        + rect(54, -48, 8, 16, ink.base, 2)
    )


def chair(ink: Ink, pose: Pose) -> str:
    legs = "".join(rect(x, -40, 7, 40, ink.dark, 3) for x in (-30, 23))
    return (
        legs
        + rect(-30, -100, 8, 62, ink.base, 3)
        + rect(-28, -94, 44, 30, ink.light, 6)
        + rect(-34, -48, 68, 11, ink.base, 5)
    )


def table(ink: Ink, pose: Pose) -> str:
    return (
        "".join(rect(x, -62, 9, 62, ink.dark, 3) for x in (-70, 61))
        + rect(-86, -72, 172, 14, ink.base, 6)
        + rect(-86, -64, 172, 6, ink.dark, 3)
    )


def computer(ink: Ink, pose: Pose) -> str:
    rows = "".join(
        rect(
            -36,
            -82 + 10 * i,
            18 + ((i * 23 + int(pose.t * 4) * 7) % 50),
            5,
            ("#63f0ff", "#ffd23f", "#ff7eb6", "#6bcb77")[i],
            2.5,
        )
        for i in range(4)
    )
    return (
        rect(-50, -96, 100, 66, ink.base, 7)
        + rect(-43, -89, 86, 52, "#1e2747", 3)
        + rows
        + polygon([(-62, 0), (-50, -24), (50, -24), (62, 0)], ink.light)
        + rect(-62, -4, 124, 5, ink.dark, 2)
    )


def camera(ink: Ink, pose: Pose) -> str:
    return (
        rect(-20, -84, 40, 18, ink.dark, 6)
        + rect(-58, -74, 116, 74, ink.base, 10)
        + circle(0, -36, 28, DARK)
        + circle(0, -36, 20, "#3f6fb5")
        + circle(-6, -43, 6, WHITE, 'opacity="0.7"')
        + circle(42, -60, 6, "#ff5d5d")
    )


def note(ink: Ink, pose: Pose) -> str:
    return group(
        ellipse(-22, -12, 17, 12, ink.base, -20),
        ellipse(34, -20, 17, 12, ink.base, -20),
        path("M-8 -16V-84L48 -94V-24", stroke=ink.base, width=7),
        path("M-8 -78L48 -88", stroke=ink.base, width=12),
        turn=pose.sway(7, 0.9),
    )
