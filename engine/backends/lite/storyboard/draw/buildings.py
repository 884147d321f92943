"""What people build and put up: houses, towers, signs, flags. Knows no scene."""

from __future__ import annotations

from engine.backends.lite.storyboard.colour import Ink, channels
from engine.backends.lite.storyboard.draw.kit import DARK, WHITE, Pose
from engine.backends.lite.storyboard.svg import circle, ellipse, group, line, path, polygon, rect, words


def sign(ink: Ink, pose: Pose) -> str:
    text = pose.text or "…"
    size = min(30.0, 150 / max(3, len(text)) * 1.5)
    board = rect(-82, -98, 164, 54, ink.base, 8) + rect(
        -77, -93, 154, 44, "none", 6, f'stroke="{ink.light}" stroke-width="2.5"'
    )
    tone = DARK if sum(channels(ink.base)) > 430 else WHITE
    return (
        rect(-56, -46, 9, 46, "#7a5230")
        + rect(47, -46, 9, 46, "#7a5230")
        + board
        + words(text, 0, -71 + size * 0.35, size, tone)
    )


def flag(ink: Ink, pose: Pose) -> str:
    a, b = pose.sway(7, 1.1), pose.sway(7, 1.1, 0.35)
    cloth = path(
        f"M-34 -98Q-10 {-104 + a:.1f} 12 -96T58 {-96 + b:.1f}V{-46 + b:.1f}Q34 {-54 + b:.1f} 12 -46T-34 -48Z", ink.base
    )
    return rect(-39, -104, 6, 104, "#a8733f", 3) + circle(-36, -105, 5, "#ffd23f") + cloth


def house(ink: Ink, pose: Pose) -> str:
    smoke = "".join(
        circle(30 + 10 * p, -100 - 26 * p, 4 + 7 * p, WHITE, f'opacity="{0.7 * (1 - p):.2f}"')
        for p in ((pose.t * 0.35 + i / 3) % 1 for i in range(3))
    )
    walls = rect(-50, -58, 100, 58, ink.base) + rect(18, -58, 32, 58, ink.dark, 0, 'opacity="0.35"')
    roof = rect(24, -94, 13, 30, "#8d5a4a") + polygon(
        [(-62, -56), (0, -100), (62, -56)], "#b5523b" if ink.base != "#b5523b" else "#5a4a6b"
    )
    panes = "".join(
        rect(x, -46, 20, 20, "#ffeaa7", 2)
        + line(x + 10, -46, x + 10, -26, WHITE, 2)
        + line(x, -36, x + 20, -36, WHITE, 2)
        for x in (-40, 22)
    )
    return smoke + walls + roof + panes + rect(-10, -34, 21, 34, "#6b4423", 3) + circle(6, -16, 2, "#ffd23f")


def castle(ink: Ink, pose: Pose) -> str:
    def tower(x: float, w: float, h: float) -> str:
        crenel = "".join(rect(x + i * w / 5, -h - 7, w / 5 - 1, 8, ink.base) for i in (0, 2, 4))
        return rect(x, -h, w, h, ink.base) + rect(x + w * 0.65, -h, w * 0.35, h, ink.dark, 0, 'opacity="0.4"') + crenel

    pennants = "".join(
        line(x, -y, x, -y - 22, "#6b4423", 2)
        + path(f"M{x} {-y - 22}q9 {-2 + pose.sway(2, 1.2, x):.1f} 17 3q-8 4 -17 6Z", "#e5383b")
        for x, y in ((-53, 104), (53, 104))
    )
    roofs = polygon([(-72, -84), (-53, -112), (-34, -84)], "#5b5fc7") + polygon(
        [(34, -84), (53, -112), (72, -84)], "#5b5fc7"
    )
    gate = path("M-13 0V-24A13 13 0 0 1 13 -24V0Z", "#5b3a29")
    slits = "".join(rect(x, -66, 6, 14, ink.deep, 3) for x in (-56, 50)) + rect(-4, -70, 8, 15, ink.deep, 4)
    return (
        pennants
        + tower(-36, 72, 54)
        + tower(-16, 32, 86)
        + tower(-68, 30, 84)
        + tower(38, 30, 84)
        + roofs
        + gate
        + slits
    )


def lighthouse(ink: Ink, pose: Pose) -> str:
    sweep = pose.sway(1, 0.25)
    beam = (
        group(polygon([(0, -3), (160, -26), (160, 26), (0, 3)], "#fff3b0", 'opacity="0.4"'), y=-96, sx=sweep)
        if abs(sweep) > 0.05
        else ""
    )
    body = polygon([(-15, -84), (15, -84), (22, 0), (-22, 0)], WHITE)
    bands = "".join(
        polygon(
            [
                (-15 - 0.083 * a, -84 + a),
                (15 + 0.083 * a, -84 + a),
                (15 + 0.083 * (a + 17), -67 + a),
                (-15 - 0.083 * (a + 17), -67 + a),
            ],
            ink.base,
        )
        for a in (8, 42)
    )
    top = (
        rect(-19, -88, 38, 6, DARK, 2)
        + rect(-11, -104, 22, 17, "#fff3b0", 3)
        + path("M-15 -103Q0 -122 15 -103Z", ink.base)
    )
    return rock_base() + beam + body + bands + top + rect(-6, -18, 12, 18, "#5b3a29", 5)


def rock_base() -> str:
    return path("M-46 4Q-40 -14 -20 -10Q0 -16 22 -10Q42 -12 48 4Z", "#7b8296")


def windmill(ink: Ink, pose: Pose) -> str:
    sail = polygon([(-3, 0), (3, 0), (5, -54), (-5, -54)], "#8b5a2b") + rect(2, -52, 13, 40, "#fffaf0", 1)
    tower = polygon([(-18, -72), (18, -72), (27, 0), (-27, 0)], ink.base) + path("M-21 -70Q0 -104 21 -70Z", "#b5523b")
    return (
        tower
        + rect(-8, -24, 16, 24, "#6b4423", 7)
        + group("".join(group(sail, turn=a) for a in range(0, 360, 90)), circle(0, 0, 5, DARK), y=-74, turn=pose.t * 50)
    )


def tower(ink: Ink, pose: Pose) -> str:
    panes = "".join(
        rect(x, y, 9, 10, "#ffeaa7" if (x * 7 + y * 3 + pose.pick) % 5 else ink.deep, 1)
        for x in (-20, -5, 10)
        for y in range(-92, -8, 17)
    )
    return rect(-28, -100, 56, 100, ink.base, 2) + rect(12, -100, 16, 100, ink.dark, 0, 'opacity="0.4"') + panes


def tent(ink: Ink, pose: Pose) -> str:
    return (
        polygon([(-66, 0), (0, -88), (66, 0)], ink.base)
        + polygon([(0, -88), (66, 0), (24, 0)], ink.dark)
        + polygon([(-16, 0), (0, -62), (24, 0)], ink.deep)
        + line(0, -88, 0, -98, "#7a5230", 3)
    )


def fountain(ink: Ink, pose: Pose) -> str:
    jets = "".join(
        path(
            f"M0 -62Q{s * 16} {-104 + pose.sway(4, 2, s):.1f} {s * 34} -40",
            stroke="#9fdcff",
            width=5,
            extra='opacity="0.85"',
        )
        for s in (-1.2, -0.5, 0.5, 1.2)
    )
    return (
        jets
        + rect(-8, -62, 16, 48, ink.base)
        + ellipse(0, -56, 26, 7, ink.light)
        + path("M-64 -22H64L52 0H-52Z", ink.base)
        + ellipse(0, -22, 64, 9, "#7cc6f2")
    )
