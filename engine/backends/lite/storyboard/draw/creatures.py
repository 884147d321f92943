"""Birds, fish, insects and the creatures of tales. Knows no scene."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from engine.backends.lite.storyboard.colour import Ink, lighter
from engine.backends.lite.storyboard.draw.kit import DARK, WHITE, Pose, eye
from engine.backends.lite.storyboard.scene import Motion
from engine.backends.lite.storyboard.svg import circle, ellipse, group, limb, line, path, polygon, rect

BEAK = "#f9a03f"


def _wing(ink: Ink, beat: float, x: float, y: float, size: float = 1.0) -> str:
    shape = path("M0 0Q-12 -34 -46 -40Q-40 -28 -44 -22Q-34 -20 -36 -12Q-24 -10 -24 -3Q-10 6 0 0Z", ink.dark)
    return group(shape, path("M-4 -4Q-14 -24 -32 -30Q-26 -12 -4 -4Z", ink.base), x=x, y=y, sx=size, sy=size * beat)


def bird(ink: Ink, pose: Pose) -> str:
    flying = pose.gesture in (Motion.FLY, Motion.RISE, Motion.FLOAT, Motion.ORBIT)
    beat = pose.sway(1.0, 2.6) if flying else 0.28 + pose.sway(0.05, 0.8)
    tail = polygon([(-30, -44), (-58, -54), (-54, -44), (-60, -36), (-30, -36)], ink.dark)
    body = path("M-34 -42Q-20 -66 10 -64Q34 -62 36 -44Q34 -20 2 -18Q-26 -20 -34 -42Z", ink.base)
    belly = path("M-16 -26Q8 -40 30 -34Q22 -18 2 -18Q-8 -19 -16 -26Z", ink.light)
    head = circle(28, -58, 16, ink.base) + polygon([(41, -64), (60, -56), (41, -52)], BEAK) + eye(33, -61, 3, pose)
    legs = "" if flying else "".join(path(f"M{x} -20v16l6 3", stroke=BEAK, width=3) for x in (-2, 8))
    far = _wing(ink, beat * 0.8, 10, -50, 0.9) if flying else ""
    lift = pose.sway(2.5, 2.6, 0.25) if flying else 0
    return group(far, legs, tail, body, belly, head, _wing(ink, beat, 0, -46), y=lift)


def duck(ink: Ink, pose: Pose) -> str:
    feet = limb(-6, -14, 6, 6, pose.stride(30) * 30, 0, BEAK, 5) + limb(
        6, -14, 6, 6, pose.stride(30, 0.5) * 30, 0, BEAK, 5
    )
    body = path("M-50 -46Q-40 -40 -30 -42Q-6 -52 26 -36Q34 -14 4 -12Q-34 -10 -42 -28Q-48 -34 -50 -46Z", ink.base)
    wing = group(path("M16 -4Q-10 -14 -26 2Q-12 14 16 -4Z", ink.dark), x=-2, y=-28, turn=pose.sway(5, 1.2))
    neck = path("M22 -34L26 -58", stroke=ink.base, width=18)
    bill = path("M38 -68Q58 -66 60 -58Q48 -54 38 -58Z", BEAK)
    return group(
        feet, body, neck, circle(29, -66, 18, ink.base), bill, eye(34, -70, 3, pose), wing, turn=pose.stride(30) * 3
    )


def chicken(ink: Ink, pose: Pose) -> str:
    comb = "".join(circle(x, -86, 6, "#e5383b") for x in (18, 26, 34)) + ellipse(40, -58, 4, 7, "#e5383b")
    tail = "".join(ellipse(-40, -58, 7, 20, tone, a) for a, tone in ((-60, ink.dark), (-35, ink.base), (-12, ink.dark)))
    legs = limb(-4, -22, 10, 12, pose.stride(34) * 30, 10, BEAK, 4) + limb(
        8, -22, 10, 12, pose.stride(34, 0.5) * 30, 10, BEAK, 4
    )
    body = path("M-40 -60Q-20 -50 8 -58Q16 -80 28 -82Q44 -78 40 -56Q40 -18 2 -18Q-36 -18 -40 -60Z", ink.base)
    wing = ellipse(-4, -38, 20, 13, ink.dark, 12 + pose.sway(6, 1.5))
    return legs + tail + comb + body + wing + polygon([(40, -72), (54, -66), (40, -61)], BEAK) + eye(31, -70, 3, pose)


def penguin(ink: Ink, pose: Pose) -> str:
    flap = pose.sway(8, 1.2) + (pose.sway(35, 2) if pose.gesture is Motion.WAVE else 0)
    feet = ellipse(-10, -3, 11, 5, BEAK) + ellipse(14, -3, 11, 5, BEAK)
    body = ellipse(0, -48, 31, 46, ink.base) + ellipse(6, -42, 22, 37, WHITE) + ellipse(4, -76, 20, 14, WHITE)
    face = polygon([(10, -74), (30, -69), (10, -64)], BEAK) + eye(-4, -79, 3, pose) + eye(15, -79, 3, pose)
    wings = group(ellipse(0, 20, 8, 24, ink.dark), x=-28, y=-66, turn=14 + flap) + group(
        ellipse(0, 20, 8, 24, ink.dark), x=29, y=-66, turn=-14 - flap
    )
    return group(feet, body, face, wings, turn=pose.stride(26) * 7)


def owl(ink: Ink, pose: Pose) -> str:
    flying = pose.gesture in (Motion.FLY, Motion.RISE)
    spread = 5.5 + pose.sway(4, 2.2) if flying else 1 + pose.sway(0.3, 0.6)
    tufts = polygon([(-28, -78), (-30, -102), (-10, -88)], ink.dark) + polygon(
        [(28, -78), (30, -102), (10, -88)], ink.dark
    )
    body = ellipse(0, -48, 34, 46, ink.base) + ellipse(0, -34, 22, 29, ink.light)
    rings = "".join(circle(x, -66, 15, WHITE) + circle(x, -66, 11, "#ffd23f") for x in (-14, 14))
    eyes = eye(-13, -66, 6, pose) + eye(15, -66, 6, pose)
    wings = "".join(
        group(ellipse(0, 18, 11, 26, ink.dark), x=x, y=-58, turn=a * spread) for x, a in ((-30, 10), (30, -10))
    )
    feet = "".join(rect(x, -6, 12, 6, BEAK, 3) for x in (-18, 6))
    return feet + tufts + body + wings + rings + eyes + polygon([(-6, -58), (6, -58), (0, -46)], BEAK)


def fish(ink: Ink, pose: Pose) -> str:
    swish = pose.sway(1, 2.2)
    tail = group(path("M4 0Q-14 -8 -30 -26Q-24 0 -30 26Q-14 8 4 0Z", ink.dark), x=-38, y=-50, sx=0.85 + 0.2 * swish)
    fin = path("M-14 -74Q-6 -98 20 -94Q16 -82 18 -76Z", ink.dark)
    body = path("M-44 -50Q-14 -88 30 -76Q56 -66 60 -50Q54 -32 30 -24Q-14 -12 -44 -50Z", ink.base)
    belly = path("M-26 -38Q10 -26 56 -42Q46 -28 28 -24Q-2 -18 -26 -38Z", ink.light)
    bands = path("M10 -77Q-2 -50 10 -24", stroke=ink.light, width=7)
    side = group(path("M0 0Q-18 -4 -24 14Q-8 16 0 0Z", ink.dark), x=16, y=-46, turn=swish * 18)
    mouth = path("M58 -46q-6 3 -9 1", stroke=ink.deep, width=2.4)
    return group(tail, fin, body, belly, bands, side, mouth, eye(38, -58, 5, pose), turn=swish * 2)


def whale(ink: Ink, pose: Pose) -> str:
    swish = pose.sway(10, 0.7)
    spout = path(f"M22 -88q-2 -14 -14 -18m14 18q2 -16 {16 + swish * 0.3:.1f} -18", stroke="#bfe6ff", width=5)
    tail = group(
        path("M6 4Q-22 2 -32 -22Q-44 -34 -58 -30Q-48 -18 -44 -8Q-30 18 6 18Z", ink.base), x=-48, y=-50, turn=swish
    )
    body = path("M-56 -42Q-34 -88 24 -84Q70 -78 74 -40Q66 -8 6 -8Q-42 -8 -56 -42Z", ink.base)
    belly = path("M-24 -14Q30 -34 73 -38Q64 -8 6 -8Q-12 -8 -24 -14Z", lighter(ink.base, 0.7))
    grooves = "".join(path(f"M{x} -10q10 -8 26 -12", stroke=ink.light, width=2) for x in (10, 24, 38))
    fin = group(path("M0 0Q-6 24 -24 28Q-20 6 -12 -2Z", ink.dark), x=22, y=-24, turn=swish)
    return spout + tail + body + belly + grooves + fin + eye(50, -46, 3.6, pose)


def dolphin(ink: Ink, pose: Pose) -> str:
    swish = pose.sway(12, 1.4)
    tail = group(path("M8 -4Q-16 -2 -26 -18Q-38 -22 -44 -16Q-34 -8 -32 2Q-36 12 -30 18Q-20 10 8 10Z", ink.base), x=-42, y=-44, turn=swish)  # fmt: skip
    fin = path("M-8 -62Q-18 -84 -30 -86Q-26 -70 -22 -58Z", ink.dark)
    body = path("M-50 -44Q-20 -74 24 -66Q44 -62 52 -50L72 -44Q74 -38 68 -37L50 -36Q10 -18 -50 -38Z", ink.base)
    belly = path("M-34 -36Q10 -40 60 -38L50 -36Q10 -18 -34 -36Z", lighter(ink.base, 0.7))
    flip = group(path("M0 0Q-4 20 -20 24Q-18 8 -12 0Z", ink.dark), x=16, y=-34, turn=swish)
    return tail + fin + body + belly + flip + eye(40, -50, 3, pose)


def octopus(ink: Ink, pose: Pose) -> str:
    arms = "".join(
        path(f"M{x} -36q{x * 0.5 + pose.sway(9, 0.9, x / 40):.1f} 16 {x * 0.6:.1f} 30q{pose.sway(10, 0.9, x / 30):.1f} 4 {x * 0.2:.1f} 6",
             stroke=ink.dark if i % 2 else ink.base, width=11)
        for i, x in enumerate((-26, -15, -4, 6, 17, 27))
    )  # fmt: skip
    head = path("M-36 -40Q-40 -98 0 -98Q40 -98 36 -40Q18 -28 0 -32Q-18 -28 -36 -40Z", ink.base)
    shine = ellipse(-16, -78, 7, 11, ink.light, 25)
    return (
        arms
        + head
        + shine
        + eye(-10, -54, 5, pose)
        + eye(14, -54, 5, pose)
        + path("M-4 -43q6 5 12 0", stroke=ink.deep, width=2.4)
    )


def jellyfish(ink: Ink, pose: Pose) -> str:
    squeeze = 1 + pose.sway(0.08, 0.9)
    arms = "".join(
        path(f"M{x} -54q{pose.sway(9, 0.8, x / 50):.1f} 16 0 28q{pose.sway(9, 0.8, 0.5 + x / 50):.1f} 14 0 24", stroke=ink.light, width=4.5, extra='opacity="0.8"')
        for x in (-22, -9, 4, 17)
    )  # fmt: skip
    bell = path(
        "M-36 -52Q-36 -98 0 -98Q36 -98 36 -52Q27 -60 18 -52Q9 -60 0 -52Q-9 -60 -18 -52Q-27 -60 -36 -52Z", ink.base
    )
    return group(arms, bell, ellipse(-12, -80, 8, 11, ink.light, 20), sx=squeeze)


def crab(ink: Ink, pose: Pose) -> str:
    snap = pose.sway(12, 1.5)
    legs = "".join(
        path(
            f"M{s * 26} -26q{s * 20} {-4 + pose.sway(4, 3, i / 3):.1f} {s * 24} {16 + i * 3}", stroke=ink.dark, width=6
        )
        for s in (-1, 1)
        for i in range(3)
    )
    claws = "".join(
        path(f"M{s * 28} -40Q{s * 48} -44 {s * 48} -64", stroke=ink.dark, width=8)
        + group(path("M0 8Q-20 -6 -10 -28L0 -10L10 -28Q20 -6 0 8Z", ink.base), x=s * 48, y=-68, turn=s * (8 + snap))
        for s in (-1, 1)
    )
    stalks = "".join(
        line(x, -46, x, -60, ink.dark, 4) + circle(x, -63, 7, WHITE) + eye(x + 1, -63, 4, pose) for x in (-12, 12)
    )
    body = ellipse(0, -34, 40, 23, ink.base) + ellipse(-8, -43, 20, 7, ink.light)
    return legs + claws + stalks + body + path("M-9 -26q9 7 18 0", stroke=ink.deep, width=2.6)


def turtle(ink: Ink, pose: Pose) -> str:
    skin = "#8bc27a"
    paddling = pose.gesture is Motion.SWIM
    legs = "".join(
        limb(x, -26, 12, 10, pose.stride(40, p) * 28 + (pose.sway(40, 0.8, p) if paddling else 0), 0, skin, 15)
        for x, p in ((-28, 0.0), (28, 0.5))
    )
    head = group(ellipse(14, -8, 20, 17, skin), eye(22, -12, 3.4, pose), path("M24 -2q5 2 8 -1", stroke=DARK, width=2), x=38, y=-34, turn=pose.sway(4, 0.6))  # fmt: skip
    tail = polygon([(-46, -28), (-62, -20), (-42, -20)], skin)
    shell = path("M-50 -24Q-44 -82 0 -82Q44 -82 50 -24Z", ink.base) + rect(-54, -32, 108, 12, ink.dark, 6)
    plates = "".join(polygon([(x - 9, -46), (x, -60), (x + 9, -46), (x + 5, -36), (x - 5, -36)], ink.light, 'opacity="0.75"') for x in (-24, 0, 24))  # fmt: skip
    return legs + head + tail + shell + plates


def frog(ink: Ink, pose: Pose) -> str:
    hop = pose.gait
    legs = path(f"M-24 -22Q-50 -{30 - 10 * hop:.1f} -40 -6L-18 -5", stroke=ink.dark, width=11)
    front = path("M18 -26L24 -5L34 -5", stroke=ink.dark, width=8)
    body = path("M-36 -18Q-34 -52 8 -54Q40 -50 38 -26Q34 -8 -4 -8Q-30 -8 -36 -18Z", ink.base)
    belly = ellipse(14, -20, 21, 11 + pose.sway(1.5, 1), lighter(ink.base, 0.6))
    eyes = "".join(
        circle(x, -58, 11, ink.base) + circle(x, -59, 7.5, WHITE) + eye(x + 1, -59, 4.4, pose) for x in (6, 29)
    )
    return legs + body + belly + front + eyes + path("M6 -37Q22 -30 36 -38", stroke=ink.deep, width=2.6)


def snail(ink: Ink, pose: Pose) -> str:
    flesh = "#e8c39e"
    stretch = 1 + pose.sway(0.05, 1)
    foot = path("M-50 -2Q-52 -14 -30 -14L30 -16Q34 -44 46 -46Q62 -42 58 -20Q54 -2 40 0Z", flesh)
    horns = "".join(
        line(46, -44, x, -68 + pose.sway(3, 0.8), flesh, 4) + circle(x, -69 + pose.sway(3, 0.8), 4, DARK)
        for x in (42, 58)
    )
    shell = circle(-4, -42, 36, ink.base) + path(
        "M-4 -42m-22 4a24 24 0 1 1 26 20a17 17 0 1 1 -14 -26a10 10 0 1 1 4 16", stroke=ink.dark, width=6
    )
    return group(horns, foot, shell, path("M50 -22q4 3 8 -1", stroke=DARK, width=2), sx=stretch)


def butterfly(ink: Ink, pose: Pose) -> str:
    flap = 0.65 + 0.35 * pose.sway(1, 2.2)

    def wing(side: int) -> str:
        upper = path("M0 -50Q14 -104 50 -96Q66 -80 46 -54Q24 -42 0 -46Z", ink.base)
        lower = path("M0 -46Q34 -46 42 -24Q38 -4 20 -8Q4 -18 0 -40Z", ink.dark)
        dots = circle(42, -82, 8, ink.light) + circle(28, -26, 6, ink.light) + circle(30, -66, 5, WHITE)
        return group(upper, lower, dots, sx=side * max(0.15, flap))

    body = ellipse(0, -46, 5, 26, DARK) + circle(0, -75, 7, DARK)
    feelers = path("M-2 -80q-8 -16 -16 -16M2 -80q8 -16 16 -16", stroke=DARK, width=2.4)
    return group(wing(-1), wing(1), feelers, body, turn=14)


def bee(ink: Ink, pose: Pose) -> str:
    flap = pose.sway(18, 9)
    wings = "".join(
        group(ellipse(0, -22, 12, 24, "#e8f6ff", extra='opacity="0.85"'), x=x, y=-64, turn=a + flap)
        for x, a in ((-10, -28), (6, 6))
    )
    clip = '<clipPath id="bee"><ellipse cx="0" cy="-44" rx="40" ry="27"/></clipPath>'
    bands = "".join(rect(x, -74, 12, 60, DARK) for x in (-26, -4))
    shade = rect(-42, -24, 84, 10, ink.dark, 0, 'opacity="0.4"')
    body = f'{clip}<g clip-path="url(#bee)">{rect(-42, -74, 84, 60, ink.base)}{bands}{shade}</g>'
    sting = polygon([(-38, -50), (-54, -44), (-38, -38)], DARK)
    feelers = path("M26 -66q6 -14 16 -14M20 -68q2 -16 10 -20", stroke=DARK, width=2.6)
    return group(
        sting,
        wings,
        feelers,
        body,
        eye(26, -50, 4.4, pose),
        path("M28 -38q5 3 8 -1", stroke=DARK, width=2.4),
        y=pose.sway(3, 1.5),
    )


def ladybug(ink: Ink, pose: Pose) -> str:
    legs = "".join(line(x, -14, x + pose.stride(30, i / 3) * 6, 0, DARK, 5) for i, x in enumerate((-22, 0, 22)))
    head = circle(36, -22, 16, DARK) + circle(42, -27, 5, WHITE) + eye(43, -27, 3, pose)
    shell = path("M-44 -10Q-44 -66 0 -66Q40 -62 40 -10Z", ink.base) + line(-4, -65, -4, -10, DARK, 3)
    dots = "".join(circle(x, y, 7, DARK) for x, y in ((-24, -28), (-20, -48), (18, -46), (22, -24)))
    return legs + head + shell + dots


def dinosaur(ink: Ink, pose: Pose) -> str:
    tail = group(path("M10 -16Q-30 -22 -62 6Q-34 16 10 14Z", ink.base), x=-14, y=-40, turn=pose.sway(7, 0.9))
    far = limb(-2, -34, 17, 17, pose.stride(70, 0.5) * 30, 10, ink.dark, 15)
    near = limb(4, -34, 17, 17, pose.stride(70) * 30, 10, ink.base, 17)
    body = path("M-26 -34Q-24 -62 4 -70L26 -66Q32 -34 16 -22Q-16 -14 -26 -34Z", ink.base)
    belly = path("M8 -24Q28 -34 26 -60Q12 -54 4 -32Z", ink.light)
    jaw = group(path("M-4 0L34 6Q32 16 20 16L-2 12Z", ink.dark), x=20, y=-80, turn=4 + pose.sway(4, 0.8))
    head = path("M-2 -62Q-2 -102 26 -102Q58 -102 60 -84Q58 -76 44 -76L26 -74L28 -60Z", ink.base)
    teeth = "".join(polygon([(x, -77), (x + 6, -77), (x + 3, -71)], WHITE) for x in (34, 42, 50))
    arm = limb(22, -56, 10, 9, 30 + pose.sway(8, 1.2), -50, ink.dark, 7)
    plates = "".join(group(polygon([(-7, 0), (0, -13), (7, 0)], ink.dark), x=x, y=y, turn=a) for x, y, a in ((2, -96, -50), (-5, -82, -70), (-12, -66, -60), (-24, -52, -50), (-38, -44, -25)))  # fmt: skip
    return (
        far
        + tail
        + plates
        + jaw
        + head
        + body
        + belly
        + teeth
        + near
        + arm
        + eye(28, -90, 4, pose)
        + circle(54, -90, 1.8, ink.deep)
    )


def dragon(ink: Ink, pose: Pose) -> str:
    beat = pose.sway(1, 1.5) if pose.gesture is not Motion.STILL else 0.6
    wing = path("M0 0Q-18 -44 -66 -48Q-54 -32 -58 -22Q-44 -24 -40 -8Q-26 -14 -18 4Z", ink.light) + path("M0 0Q-18 -44 -66 -48M-12 -20L-58 -22M-6 -8L-40 -8", stroke=ink.dark, width=3)  # fmt: skip
    tail = group(path("M8 -10Q-30 -14 -48 6Q-56 14 -68 8", stroke=ink.base, width=11), polygon([(-66, -2), (-84, 6), (-68, 18)], ink.dark), x=-20, y=-28, turn=pose.sway(8, 0.8))  # fmt: skip
    legs = limb(-14, -24, 10, 12, pose.stride(50) * 24, 10, ink.dark, 12) + limb(
        16, -24, 10, 12, pose.stride(50, 0.5) * 24, 10, ink.base, 12
    )
    body = ellipse(-2, -36, 32, 23, ink.base) + ellipse(6, -28, 21, 13, ink.light)
    neck = path("M18 -44Q36 -56 32 -76", stroke=ink.base, width=18)
    head = path("M18 -84Q20 -104 40 -102Q64 -98 70 -86Q68 -76 50 -74Q24 -70 18 -84Z", ink.base)
    horns = path("M26 -98q-8 -6 -8 -16M36 -101q-4 -8 0 -16", stroke="#fff1cf", width=4.5)
    spikes = "".join(
        polygon([(x - 6, y + 2), (x - 2, y - 10), (x + 5, y)], ink.dark) for x, y in ((-26, -50), (-12, -57), (4, -56))
    )
    far = group(wing, x=8, y=-52, sx=0.8, sy=0.8 * (0.35 + 0.65 * beat))
    near = group(wing, x=2, y=-48, sy=0.35 + 0.65 * beat)
    return (
        far
        + tail
        + spikes
        + legs
        + neck
        + body
        + horns
        + head
        + near
        + eye(42, -90, 4, pose)
        + circle(63, -88, 2, ink.deep)
    )


def ghost(ink: Ink, pose: Pose) -> str:
    hem = "".join(f"Q{38 - 19 * i - 5:.0f} {-2 + pose.sway(5, 1, i / 4):.1f} {38 - 19 * i - 10:.0f} {-12 + pose.sway(4, 1, i / 3):.1f} Q{38 - 19 * i - 14:.0f} -20 {38 - 19 * (i + 1):.0f} -8" for i in range(4))  # fmt: skip
    body = path(f"M-38 -8L-38 -58Q-36 -98 0 -98Q36 -98 38 -58L38 -8{hem}Z", ink.base, extra='opacity="0.94"')
    arm = pose.sway(30, 1.6) - 40 if pose.gesture is Motion.WAVE else pose.sway(8, 0.7)
    arms = group(ellipse(0, 12, 9, 16, ink.base), x=36, y=-56, turn=-40 + arm) + group(
        ellipse(0, 12, 9, 16, ink.base), x=-36, y=-56, turn=40
    )
    face = ellipse(-8, -62, 6, 9, DARK) + ellipse(15, -62, 6, 9, DARK) + ellipse(4, -42, 6, 7 + pose.sway(1.5, 1), DARK)
    cheeks = circle(-20, -50, 6, "#ff8fa3", 'opacity="0.5"') + circle(27, -50, 6, "#ff8fa3", 'opacity="0.5"')
    return group(arms, body, ellipse(-20, -78, 7, 12, WHITE, 25, 'opacity="0.6"'), face, cheeks, y=pose.sway(2, 0.7))


def alien(ink: Ink, pose: Pose) -> str:
    raised = pose.sway(22, 1.8) - 150 if pose.gesture is Motion.WAVE else 14 + pose.sway(6, 0.8)
    legs = limb(-9, -26, 12, 10, pose.stride(44) * 30, 10, ink.dark, 10) + limb(
        9, -26, 12, 10, pose.stride(44, 0.5) * 30, 10, ink.dark, 10
    )
    body = path("M-20 -22Q-18 -54 0 -54Q18 -54 20 -22Q0 -14 -20 -22Z", ink.base)
    arms = limb(-17, -44, 14, 12, -20 - pose.sway(6, 0.8), 0, ink.base, 7) + limb(
        17, -44, 14, 12, -raised, 0, ink.base, 7
    )
    stalks = "".join(
        line(x / 2, -92, x, -108 + pose.sway(2, 1.2), ink.dark, 3) + circle(x, -109 + pose.sway(2, 1.2), 5, ink.light)
        for x in (-16, 16)
    )
    head = path("M-34 -74Q-32 -100 0 -100Q32 -100 34 -74Q26 -48 0 -48Q-26 -48 -34 -74Z", ink.base)
    eyes = (
        ellipse(-13, -74, 9, 13, DARK, 20)
        + ellipse(15, -74, 9, 13, DARK, -20)
        + circle(-10, -79, 3, WHITE)
        + circle(17, -79, 3, WHITE)
    )
    return legs + arms + body + stalks + head + eyes + path("M-5 -57q6 4 12 0", stroke=ink.deep, width=2.4)
