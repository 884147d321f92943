"""Plants, sky and weather as things: trees, flowers, sun, clouds, hearts of the landscape. Knows no scene."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from engine.backends.lite.storyboard.colour import Ink, lighter
from engine.backends.lite.storyboard.draw.kit import WHITE, Pose
from engine.backends.lite.storyboard.svg import circle, ellipse, glow, group, path, polygon, rect, star

BARK = "#80563a"
LEAF = "#4fa35b"


def tree(ink: Ink, pose: Pose) -> str:
    trunk = path("M-7 0Q-5 -28 -7 -46L7 -46Q5 -28 8 0Z", BARK) + path(
        "M0 -34L16 -52M0 -28L-16 -46", stroke=BARK, width=5
    )
    crown = "".join(circle(x, y, r, ink.dark) for x, y, r in ((-22, -52, 19), (22, -52, 19), (0, -44, 18)))
    crown += "".join(
        circle(x, y, r, ink.base) for x, y, r in ((-16, -68, 20), (18, -66, 20), (0, -80, 19), (0, -60, 20))
    )
    crown += "".join(
        circle(x, y, r, ink.light, 'opacity="0.55"') for x, y, r in ((-14, -78, 8), (6, -86, 7), (16, -72, 6))
    )
    return trunk + group(crown, turn=pose.sway(1.4, 0.35))


def pine(ink: Ink, pose: Pose) -> str:
    tiers = "".join(
        polygon([(-w, y), (0, y - h), (w, y)], ink.base) + polygon([(0, y - h), (w, y), (w * 0.2, y)], ink.dark)
        for w, y, h in ((34, -14, 40), (27, -38, 36), (19, -62, 38))
    )
    return rect(-6, -16, 12, 16, BARK, 2) + group(tiers, turn=pose.sway(0.8, 0.35))


def christmas_tree(ink: Ink, pose: Pose) -> str:
    spots = ((-16, -24), (12, -28), (0, -46), (-11, -52), (10, -66), (-4, -76))
    lights = "".join(
        circle(x, y, 3.6, ("#ff5d5d", "#ffd23f", "#63b3ff")[(i + int(pose.t * 2)) % 3])
        for i, (x, y) in enumerate(spots)
    )
    return pine(ink, pose) + lights + star(0, -101, 9, 4, 5, "#ffd23f")


def palm(ink: Ink, pose: Pose) -> str:
    trunk = path("M-8 0Q-2 -44 12 -74L19 -72Q10 -40 8 0Z", "#a8733f") + "".join(
        path(f"M{-6 + i * 3.4:.1f} {-10 - i * 12}l10 -2", stroke="#8a5a30", width=2) for i in range(5)
    )
    fronds = "".join(
        group(path("M0 0Q22 -18 46 4Q24 -4 0 4Z", tone), x=15, y=-74, turn=a + pose.sway(4, 0.45, a / 300))
        for a, tone in (
            (-150, ink.dark),
            (-200, ink.base),
            (-100, ink.dark),
            (-60, ink.base),
            (-15, ink.dark),
            (25, ink.base),
        )
    )
    nuts = circle(12, -70, 4.5, "#6b4423") + circle(20, -69, 4.5, "#7a5230")
    return trunk + nuts + fronds


def cactus(ink: Ink, pose: Pose) -> str:
    arms = path("M-10 -40L-28 -40L-28 -62M10 -30L28 -30L28 -54", stroke=ink.dark, width=13)
    ribs = "".join(path(f"M{x} -10v-76", stroke=ink.dark, width=2) for x in (-5, 5))
    return arms + rect(-13, -98, 26, 98, ink.base, 13) + ribs + star(0, -99, 8, 4, 6, "#ff7eb6")


def flower(ink: Ink, pose: Pose) -> str:
    stem = (
        path("M0 0Q-5 -34 0 -64", stroke=LEAF, width=6)
        + path("M-1 -24Q-26 -30 -30 -46Q-8 -44 -1 -24Z", LEAF)
        + path("M-2 -14Q22 -18 28 -34Q6 -34 -2 -14Z", "#3f8f4c")
    )
    petals = "".join(group(ellipse(0, -17, 11, 17, ink.base if i % 2 else ink.light), turn=i * 45) for i in range(8))
    bloom = group(
        petals, circle(0, 0, 11, "#ffcf3f" if ink.base != "#ffd23f" else "#8b5a2b"), x=0, y=-68, turn=pose.sway(6, 0.4)
    )
    return group(stem, bloom, turn=pose.sway(4, 0.4))


def tulip(ink: Ink, pose: Pose) -> str:
    stem = (
        path("M0 0Q3 -36 0 -60", stroke=LEAF, width=6)
        + path("M0 -4Q-26 -20 -22 -52Q-4 -36 0 -4Z", LEAF)
        + path("M0 -4Q24 -16 24 -42Q6 -30 0 -4Z", "#3f8f4c")
    )
    cup = path("M-21 -92Q-24 -56 0 -54Q24 -56 21 -92L10 -76L0 -96L-10 -76Z", ink.base) + path(
        "M-10 -76L0 -96L10 -76Q8 -58 0 -54Q-8 -58 -10 -76Z", ink.light
    )
    return group(stem, cup, turn=pose.sway(4, 0.45))


def rose(ink: Ink, pose: Pose) -> str:
    stem = (
        path("M0 0Q4 -34 0 -60", stroke=LEAF, width=5)
        + ellipse(-13, -26, 14, 6, LEAF, 30)
        + ellipse(13, -38, 13, 6, "#3f8f4c", -30)
    )
    bloom = circle(0, -74, 24, ink.base) + path("M-20 -68Q-14 -44 6 -52Q24 -56 22 -78Q10 -58 -20 -68Z", ink.dark)
    swirl = path("M-12 -80Q-8 -96 8 -92Q18 -84 8 -74Q-4 -70 -2 -80Q2 -86 6 -81", stroke=ink.deep, width=3)
    return group(stem, bloom, swirl, turn=pose.sway(3, 0.4))


def mushroom(ink: Ink, pose: Pose) -> str:
    stalk = path("M-15 0Q-20 -30 -13 -52L13 -52Q20 -30 15 0Q0 5 -15 0Z", "#fbeedb")
    cap = path("M-48 -44Q-44 -96 0 -98Q44 -96 48 -44Q24 -36 0 -38Q-24 -36 -48 -44Z", ink.base)
    dots = (
        circle(-20, -66, 8, WHITE) + circle(12, -78, 9, WHITE) + circle(28, -55, 6, WHITE) + circle(-2, -52, 5, WHITE)
    )
    return group(stalk, cap, dots, sx=1 + pose.sway(0.015, 0.6))


def leaf(ink: Ink, pose: Pose) -> str:
    return path("M0 0Q-42 -34 -26 -74Q-14 -92 0 -98Q14 -92 26 -74Q42 -34 0 0Z", ink.base) + path(
        "M0 0V-84M0 -26L-18 -44M0 -26L18 -44M0 -50L-14 -66M0 -50L14 -66", stroke=ink.dark, width=3
    )


def mountain(ink: Ink, pose: Pose) -> str:
    back = polygon([(-92, 0), (-34, -70), (10, 0)], ink.dark) + polygon(
        [(-46, -56), (-34, -70), (-24, -54), (-32, -58), (-38, -52)], "#e4ecf7"
    )
    front = polygon([(-46, 0), (22, -100), (96, 0)], ink.base) + polygon(
        [(22, -100), (96, 0), (34, 0), (12, -40), (28, -58)], ink.dark
    )
    snow = polygon([(0, -68), (22, -100), (46, -68), (36, -74), (28, -60), (18, -72), (10, -62)], WHITE)
    return back + front + snow


def volcano(ink: Ink, pose: Pose) -> str:
    puffs = "".join(
        circle(6 * i - 6 + p * 10, -92 - 34 * p, 9 + 13 * p, "#cfc7d6", f'opacity="{0.8 * (1 - p):.2f}"')
        for i, p in enumerate((pose.t * 0.4 + k / 3) % 1 for k in range(3))
    )
    cone = path("M-92 0Q-36 -20 -20 -84L22 -84Q38 -20 94 0Z", ink.base) + path(
        "M22 -84Q38 -20 94 0L30 0Q30 -50 8 -84Z", ink.dark
    )
    return puffs + cone + path("M-20 -84Q0 -76 22 -84L16 -64L8 -74L2 -50L-6 -70L-14 -62Z", "#ff7b2e")


def rock(ink: Ink, pose: Pose) -> str:
    return (
        path("M-60 0L-52 -44L-20 -84L22 -90L52 -52L62 0Z", ink.base)
        + path("M-20 -84L22 -90L8 -50L-28 -48Z", ink.light)
        + path("M22 -90L52 -52L62 0L14 0L8 -50Z", ink.dark)
    )


def sun(ink: Ink, pose: Pose) -> str:
    halo = glow("halo", [(0.3, ink.light, 0.75), (1, ink.light, 0.0)]) + circle(0, -50, 118, "url(#halo)")
    rays = "".join(group(rect(-3.5, -76, 7, 17, ink.base, 3.5), turn=i * 30) for i in range(12))
    disc = circle(0, 0, 48, ink.base) + circle(0, 0, 40, ink.light, 'opacity="0.45"')
    return halo + group(rays, x=0, y=-50, turn=pose.t * 9) + group(disc, y=-50)


def moon_face(ink: Ink, pose: Pose) -> str:
    halo = glow("halo", [(0.5, ink.light, 0.55), (1, ink.light, 0.0)]) + circle(0, -50, 92, "url(#halo)")
    craters = "".join(
        circle(x, y, r, ink.dark, 'opacity="0.35"')
        for x, y, r in ((-16, -66, 10), (18, -42, 13), (-8, -26, 6), (16, -76, 6))
    )
    return halo + circle(0, -50, 48, ink.base) + craters


def star_shape(ink: Ink, pose: Pose) -> str:
    twinkle = 1 + pose.sway(0.06, 0.9)
    halo = glow("halo", [(0.2, ink.light, 0.5), (1, ink.light, 0.0)]) + circle(0, -50, 70, "url(#halo)")
    shape = star(0, 0, 46, 21, 5, ink.base) + star(-4, -4, 28, 13, 5, ink.light)
    return halo + group(shape, y=-50, sx=twinkle, sy=twinkle, turn=pose.sway(4, 0.4))


def comet(ink: Ink, pose: Pose) -> str:
    tail = "".join(
        path(f"M0 {-50 + y}L{-170 + abs(y) * 2} {-50 + y * 1.4:.1f}", stroke=ink.light, width=w, extra=f'opacity="{o}"')
        for y, w, o in ((0, 16, 0.5), (-10, 7, 0.35), (10, 7, 0.35))
    )
    return tail + star(0, -50, 34, 16, 5, ink.base, pose.t * 60)


def planet(ink: Ink, pose: Pose) -> str:
    clip = '<clipPath id="ball"><circle cx="0" cy="0" r="42"/></clipPath>'
    drift = (pose.t * 6) % 40
    bands = "".join(
        ellipse(x - drift, y, 26, 5.5, tone)
        for x, y, tone in (
            (-10, -20, ink.light),
            (30, -4, ink.dark),
            (-16, 10, ink.light),
            (26, 24, ink.dark),
            (70, -18, ink.light),
        )
    )
    shade = path("M10 -41A42 42 0 0 1 10 41Q40 10 10 -41Z", ink.deep, extra='opacity="0.35"')
    ball = f'{clip}<g clip-path="url(#ball)">{circle(0, 0, 42, ink.base)}{bands}{shade}</g>'
    ring = "M-66 8Q0 40 66 -12"
    back = path("M-66 8Q-74 -14 -30 -18M66 -12Q60 -28 30 -22", stroke=lighter(ink.base, 0.6), width=7)
    return group(back, ball, path(ring, stroke=lighter(ink.base, 0.6), width=7), y=-50, turn=-8)


def earth(ink: Ink, pose: Pose) -> str:
    clip = '<clipPath id="ball"><circle cx="0" cy="0" r="48"/></clipPath>'
    drift = (pose.t * 9) % 130
    land = "".join(path(f"M{x + drift - 130:.1f} {y}q14 -18 32 -8q18 8 8 22q-4 18 -22 14q-22 -2 -18 -28Z", LEAF) for x in (-40, 90, 220) for y in (-18, 26)) + "".join(ellipse(x + drift - 100, -34, 22, 8, LEAF) for x in (0, 130))  # fmt: skip
    shade = path("M14 -47A48 48 0 0 1 14 47Q46 10 14 -47Z", "#0b1d51", extra='opacity="0.3"')
    halo = glow("halo", [(0.75, "#9fd8ff", 0.5), (1, "#9fd8ff", 0.0)]) + circle(0, 0, 66, "url(#halo)")
    return group(halo, f'{clip}<g clip-path="url(#ball)">{circle(0, 0, 48, ink.base)}{land}{shade}</g>', y=-50)


def cloud(ink: Ink, pose: Pose) -> str:
    puff = ((-44, -26, 24), (-14, -44, 34), (26, -38, 28), (54, -24, 20))
    return (
        "".join(circle(x, y + 4, r, ink.dark, 'opacity="0.5"') for x, y, r in puff)
        + "".join(circle(x, y, r, ink.base) for x, y, r in puff)
        + rect(-66, -30, 138, 28, ink.base, 14)
    )  # fmt: skip


def rainbow(ink: Ink, pose: Pose) -> str:
    tones = ("#ff5d5d", "#ff9f1c", "#ffe066", "#6bcb77", "#4d96ff", "#9b5de5")
    return "".join(
        path(
            f"M{-94 + i * 9} 0A{94 - i * 9} {94 - i * 9} 0 0 1 {94 - i * 9} 0",
            stroke=c,
            width=9.4,
            extra='opacity="0.85"',
        )
        for i, c in enumerate(tones)
    )


def snowflake(ink: Ink, pose: Pose) -> str:
    arm = path("M0 0V-46M0 -24L-13 -36M0 -24L13 -36", stroke=ink.base, width=6)
    return group("".join(group(arm, turn=a) for a in range(0, 360, 60)), y=-50, turn=pose.t * 30)


def raindrop(ink: Ink, pose: Pose) -> str:
    return path("M0 -98Q36 -46 30 -26Q22 0 0 0Q-22 0 -30 -26Q-36 -46 0 -98Z", ink.base) + path(
        "M-14 -30q2 14 12 18", stroke=WHITE, width=5, extra='opacity="0.7"'
    )


def campfire(ink: Ink, pose: Pose) -> str:
    halo = glow("halo", [(0, "#ffb347", 0.55), (1, "#ffb347", 0.0)]) + circle(
        0, -40, 92 + pose.sway(5, 3), "url(#halo)"
    )

    def tongue(size: float, tone: str, phase: float) -> str:
        lean, tall = pose.sway(8, 1.9, phase), 78 * size + pose.sway(8 * size, 3.1, phase)
        w = 30 * size
        return path(
            f"M{-w:.1f} -14Q{-w * 1.2:.1f} {-tall * 0.5:.1f} {lean - 4:.1f} {-tall - 12:.1f}Q{w * 0.5 + lean:.1f} {-tall * 0.6:.1f} {w:.1f} -14Q0 2 {-w:.1f} -14Z",
            tone,
        )

    logs = group(rect(-42, -8, 84, 14, "#7a4a2b", 7), y=-6, turn=10) + group(
        rect(-42, -8, 84, 14, "#8f5a35", 7), y=-6, turn=-10
    )
    sparks = "".join(
        circle(pose.sway(14, 0.7, i / 5) + i * 6 - 12, -50 - 56 * p, 2.4 * (1 - p) + 0.6, "#ffd27a")
        for i, p in enumerate((pose.t * 0.6 + k / 5) % 1 for k in range(5))
    )
    return halo + tongue(1, "#ff6b35", 0) + tongue(0.72, "#ff9f1c", 0.3) + tongue(0.42, "#ffe066", 0.6) + logs + sparks
