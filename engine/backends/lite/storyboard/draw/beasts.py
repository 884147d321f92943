"""Four-legged animals: one body plan with parameters, and heads that tell the kinds apart. Knows no scene."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.backends.lite.storyboard.colour import Ink, lighter
from engine.backends.lite.storyboard.draw.kit import DARK, WHITE, Draw, Pose, eye
from engine.backends.lite.storyboard.svg import circle, ellipse, group, limb, path, polygon, rect

Part = Callable[[Ink, Pose], str]
BLUSH = "#ff8fa3"


@dataclass(frozen=True)
class Beast:
    """Measures in drawing units; `neck` is where the head sits, seen from the shoulder."""

    head: Part
    tail: Part
    length: float = 74
    thick: float = 36
    leg: float = 30
    legw: float = 11
    neck: tuple[float, float] = (8, -24)
    neckw: float = 0
    stride: float = 70
    hoof: str = ""
    coat: Part | None = None
    belly: bool = True


def beast(plan: Beast) -> Draw:
    """Make the drawing of a four-legged animal."""

    def draw(ink: Ink, pose: Pose) -> str:
        hip, half = -plan.leg, plan.length / 2
        bob = -abs(pose.stride(plan.stride)) * 2.5
        # A trot: diagonal legs move together; the far pair is darker.
        far = _legs(plan, ink.dark, pose, hip, half, 0.5)
        near = _legs(plan, ink.base, pose, hip, half, 0.0)
        top = hip - plan.thick + 6
        body = rect(-half - 6, top, plan.length + 12, plan.thick, ink.base, plan.thick / 2)
        if plan.belly:
            body += ellipse(-2, top + plan.thick * 0.82, half * 0.8, plan.thick * 0.2, ink.light)
        if plan.coat:
            body += group(plan.coat(ink, pose), y=top + plan.thick / 2)
        shoulder = (half - 4, top + plan.thick * 0.4)
        nod = pose.sway(2, 0.5) + pose.stride(plan.stride, 0.2) * 3
        neck = ""
        if plan.neckw:
            nx, ny = shoulder[0] + plan.neck[0], shoulder[1] + plan.neck[1]
            neck = path(
                f"M{shoulder[0] - 8:.1f} {shoulder[1] + 6:.1f}L{nx:.1f} {ny:.1f}", stroke=ink.base, width=plan.neckw
            )
        head = group(plan.head(ink, pose), x=shoulder[0] + plan.neck[0], y=shoulder[1] + plan.neck[1], turn=nod)
        tail = group(plan.tail(ink, pose), x=-half - 2, y=top + plan.thick * 0.3, turn=pose.sway(12, 1.4))
        return far + group(tail, body, neck, head, y=bob) + near

    return draw


def _legs(plan: Beast, colour: str, pose: Pose, hip: float, half: float, phase: float) -> str:
    out = ""
    for x, shift in ((half - plan.legw * 0.6, phase), (-half + plan.legw * 0.6, phase + 0.5)):
        swing = pose.stride(plan.stride, shift) * 32
        bend = max(0.0, pose.stride(plan.stride, shift + 0.3)) * 46
        upper = lower = plan.leg * 0.5
        offset = 4 if phase else -2
        out += limb(x + offset, hip, upper, lower - plan.legw / 2, swing, bend, colour, plan.legw)
        if plan.hoof and not pose.gait:
            out += rect(x + offset - plan.legw / 2, -6, plan.legw, 6, plan.hoof, 2)
    return out


def _face(ink: Ink, pose: Pose, r: float, muzzle: str = "") -> str:
    pale = muzzle or ink.light
    return (
        circle(0, 0, r, ink.base)
        + ellipse(r * 0.42, r * 0.36, r * 0.52, r * 0.4, pale)
        + eye(-r * 0.02, -r * 0.12, r * 0.12, pose)
        + eye(r * 0.62, -r * 0.12, r * 0.12, pose)
        + ellipse(r * 0.46, r * 0.16, r * 0.15, r * 0.1, DARK)
        + path(f"M{r * 0.46:.1f} {r * 0.2:.1f}v{r * 0.16:.1f}m{-r * 0.2:.1f} {r * 0.06:.1f}q{r * 0.2:.1f} {r * 0.14:.1f} "
               f"{r * 0.4:.1f} 0", stroke=DARK, width=r * 0.07)
        + circle(-r * 0.3, r * 0.28, r * 0.15, BLUSH, 'opacity="0.45"')
    )  # fmt: skip


def _pointed_ears(ink: Ink, r: float, tall: float = 1.0) -> str:
    def ear(x: float, turn: float) -> str:
        shape = polygon([(-r * 0.36, 0), (0, -r * 0.8 * tall), (r * 0.36, 0)], ink.base)
        return group(
            shape, polygon([(-r * 0.18, 0), (0, -r * 0.5 * tall), (r * 0.18, 0)], BLUSH), x=x, y=-r * 0.66, turn=turn
        )

    return ear(-r * 0.5, -18) + ear(r * 0.5, 16)


def cat_head(ink: Ink, pose: Pose) -> str:
    whiskers = "".join(
        path(f"M{x:.1f} 6l{d:.1f} {dy:.1f}", stroke=WHITE, width=0.9, extra='opacity="0.8"')
        for x, d in ((16, 14), (-2, -14))
        for dy in (-2, 3)
    )
    return _pointed_ears(ink, 20) + _face(ink, pose, 20) + whiskers


def dog_head(ink: Ink, pose: Pose) -> str:
    flap = pose.sway(6, 1.4) + pose.stride(70) * 10
    near = group(ellipse(0, 11, 7, 15, ink.dark), x=-15, y=-12, turn=14 + flap)
    far = group(ellipse(0, 11, 7, 15, ink.dark), x=13, y=-15, turn=-24 - flap)
    tongue = rect(10, 13, 7, 9 + pose.sway(1, 2), BLUSH, 3.5)
    return far + tongue + _face(ink, pose, 20) + near


def fox_head(ink: Ink, pose: Pose) -> str:
    snout = polygon([(4, -4), (36, 8), (4, 17)], WHITE) + circle(35, 8, 3.4, DARK)
    face = circle(0, 0, 19, ink.base) + path("M-14 13Q2 20 18 9Q2 2 -14 13Z", WHITE)
    return _pointed_ears(ink, 19, 1.25) + face + snout + eye(2, -4, 2.6, pose)


def bear_head(ink: Ink, pose: Pose) -> str:
    ears = "".join(circle(x, -17, 8, ink.base) + circle(x, -17, 4.2, ink.light) for x in (-14, 13))
    return ears + _face(ink, pose, 21)


def lion_head(ink: Ink, pose: Pose) -> str:
    mane = "".join(group(ellipse(0, -23, 9, 13, "#a85a1c"), turn=a + pose.sway(2, 0.6)) for a in range(0, 360, 30))
    return mane + bear_head(ink, pose)


def rabbit_head(ink: Ink, pose: Pose) -> str:
    tilt = pose.sway(4, 0.8) + pose.stride(60) * 8
    ears = "".join(
        group(
            ellipse(0, -18, 6.5, 21, tone),
            ellipse(0, -17, 3, 15, BLUSH, extra='opacity="0.7"'),
            x=x,
            y=-13,
            turn=a + tilt,
        )
        for x, a, tone in ((6, 14, ink.dark), (-7, -14, ink.base))
    )
    return ears + _face(ink, pose, 18) + rect(5.5, 9.5, 5, 5, WHITE, 1)


def pig_head(ink: Ink, pose: Pose) -> str:
    snout = ellipse(13, 5, 10, 8, ink.dark) + ellipse(10, 5, 1.6, 2.6, ink.deep) + ellipse(16, 5, 1.6, 2.6, ink.deep)
    ears = polygon([(-16, -10), (-14, -27), (-2, -18)], ink.dark) + polygon([(16, -10), (17, -26), (5, -18)], ink.dark)
    return ears + circle(0, 0, 20, ink.base) + eye(-3, -5, 2.5, pose) + eye(15, -6, 2.5, pose) + snout


def horse_head(ink: Ink, pose: Pose) -> str:
    mane = path("M-10 34Q-22 6 -8 -17Q-2 -22 4 -16L-2 12Z", ink.deep)
    ear = polygon([(-3, -14), (0, -27), (6, -14)], ink.dark)
    face = path("M-6 8Q-8 -18 6 -17Q14 -16 31 4Q36 14 27 17Q20 18 10 10Q4 12 -6 8Z", ink.base)
    muzzle = path("M20 -4Q36 6 32 14Q29 18 23 16Q16 12 20 -4Z", ink.light)
    return ear + face + muzzle + mane + eye(8, -6, 2.6, pose) + circle(28, 9, 1.4, ink.deep)


def unicorn_head(ink: Ink, pose: Pose) -> str:
    horn = polygon([(2, -14), (17, -42), (10, -13)], "#ffd23f") + path(
        "M5 -20l6 2m0 -9l4 2", stroke="#e0a800", width=1.4
    )
    mane = path("M-10 34Q-24 6 -8 -17Q-2 -22 4 -16L-4 12Z", "#ff7eb6") + path("M-14 26Q-22 6 -11 -8L-9 14Z", "#9b8cff")
    return horn + horse_head(ink, pose) + mane


def giraffe_head(ink: Ink, pose: Pose) -> str:
    horns = "".join(path(f"M{x} -10v-11", stroke=ink.dark, width=3) + circle(x, -22, 3, ink.deep) for x in (-3, 5))
    ear = ellipse(-12, -9, 8, 4, ink.dark, -20)
    face = path("M-9 6Q-10 -14 4 -13Q14 -11 25 2Q28 10 20 12Q8 14 -9 6Z", ink.base)
    return horns + ear + face + ellipse(19, 5, 8, 6, ink.light, 20) + eye(4, -4, 2.4, pose)


def cow_head(ink: Ink, pose: Pose) -> str:
    horns = path("M-9 -15q-5 -8 1 -13M9 -15q6 -7 2 -13", stroke="#e8dcc0", width=4)
    ears = ellipse(-19, -8, 8, 4.5, ink.dark, 20) + ellipse(19, -9, 8, 4.5, ink.dark, -20)
    face = rect(-14, -18, 28, 34, ink.base, 13) + ellipse(3, 12, 16, 10, "#f7b9b9")
    dots = ellipse(-2, 12, 2, 2.8, "#b56576") + ellipse(9, 12, 2, 2.8, "#b56576")
    return horns + ears + face + dots + eye(-5, -4, 2.5, pose) + eye(9, -4, 2.5, pose)


def sheep_head(ink: Ink, pose: Pose) -> str:
    face = ellipse(4, 3, 12, 15, "#4a4058") + ellipse(-9, -2, 8, 4, "#4a4058", 30)
    curls = "".join(circle(x, y, 7, ink.base) for x, y in ((-6, -11), (3, -14), (11, -9)))
    return face + curls + eye(3, 0, 2.4, pose, "#15131f") + eye(11, 0, 2.4, pose, "#15131f")


def deer_head(ink: Ink, pose: Pose) -> str:
    antler = "M0 -14q-10 -10 -8 -26m3 14q-9 -2 -12 -9M6 -14q8 -10 10 -26m-4 15q9 -3 11 -10"
    ear = ellipse(-13, -10, 9, 4.5, ink.dark, 25)
    face = path("M-9 8Q-12 -16 3 -16Q14 -14 27 5Q28 13 18 13Q4 15 -9 8Z", ink.base)
    return path(antler, stroke="#8b6b4a", width=3) + ear + face + ellipse(20, 8, 7, 5, lighter(ink.base, 0.5), 20) + circle(26, 6, 2.6, DARK) + eye(5, -4, 2.6, pose)  # fmt: skip


def elephant_head(ink: Ink, pose: Pose) -> str:
    curl = pose.sway(8, 0.5)
    trunk = path(f"M12 4Q30 14 26 36Q24 52 {38 + curl:.1f} {50 + curl * 0.4:.1f}", stroke=ink.base, width=12)
    tusk = path("M14 18Q20 30 32 28", stroke="#fff6e0", width=4.5)
    ear = group(
        ellipse(-6, 4, 20, 25, ink.dark),
        ellipse(-6, 5, 14, 18, ink.light, extra='opacity="0.55"'),
        x=-12,
        turn=pose.sway(6, 0.7),
    )
    return circle(0, 0, 25, ink.base) + trunk + tusk + eye(9, -6, 2.8, pose) + ear


def curl_tail(ink: Ink, pose: Pose) -> str:
    return path("M2 2Q-22 4 -22 -14Q-22 -32 -30 -34", stroke=ink.base, width=8)


def bushy_tail(ink: Ink, pose: Pose) -> str:
    return path("M2 0Q-14 -14 -34 -4Q-44 4 -48 -2Q-44 18 -26 16Q-10 14 2 8Z", ink.base) + path("M-36 -3Q-44 4 -48 -2Q-46 12 -36 14Q-32 4 -36 -3Z", WHITE)  # fmt: skip


def wag_tail(ink: Ink, pose: Pose) -> str:
    return group(path("M2 2Q-12 -4 -18 -22", stroke=ink.base, width=8), turn=pose.sway(22, 2.6))


def puff_tail(ink: Ink, pose: Pose) -> str:
    return circle(-5, 0, 9, WHITE)


def rope_tail(ink: Ink, pose: Pose) -> str:
    return path("M2 0Q-12 4 -13 28", stroke=ink.dark, width=3.4) + ellipse(-13, 30, 4, 7, ink.deep)


def hair_tail(ink: Ink, pose: Pose) -> str:
    return path("M2 -3Q-26 -6 -26 34Q-14 28 -10 12Q-6 4 2 4Z", ink.deep)


def rainbow_tail(ink: Ink, pose: Pose) -> str:
    return path("M2 -3Q-30 -6 -28 36Q-14 28 -10 12Q-6 4 2 4Z", "#ff7eb6") + path(
        "M0 0Q-22 0 -22 30Q-14 22 -11 12Z", "#9b8cff"
    )


def stub_tail(ink: Ink, pose: Pose) -> str:
    return circle(-4, 0, 6, ink.dark)


def pig_tail(ink: Ink, pose: Pose) -> str:
    return path("M2 0q-8 -2 -8 -8q6 -2 4 4q-6 4 -12 -2", stroke=ink.dark, width=3)


def patches(ink: Ink, pose: Pose) -> str:
    return ellipse(-20, -4, 13, 11, "#4a4058", 10) + ellipse(14, 3, 12, 9, "#4a4058", -14)


def spots(ink: Ink, pose: Pose) -> str:
    return "".join(
        ellipse(x, y, 5.5, 4.5, ink.deep, x, 'opacity="0.75"')
        for x, y in ((-26, -6), (-12, 4), (-8, -11), (6, -4), (18, 7), (22, -9))
    )


def wool(ink: Ink, pose: Pose) -> str:
    bumps = [(-34, -4), (-28, -18), (-12, -23), (6, -23), (22, -18), (32, -5), (26, 10), (8, 15), (-10, 15), (-26, 10), (0, -4), (-16, -6), (16, -6)]  # fmt: skip
    return "".join(circle(x, y, 13, ink.base if i < 10 else ink.light) for i, (x, y) in enumerate(bumps))


def stripes(ink: Ink, pose: Pose) -> str:
    return "".join(path(f"M{x} -17q5 12 0 26", stroke=DARK, width=5) for x in (-28, -14, 0, 14, 27))


CAT = beast(Beast(cat_head, curl_tail, length=54, thick=32, leg=24, legw=10, neck=(10, -20), stride=55))
DOG = beast(Beast(dog_head, wag_tail, length=60, thick=33, leg=28, legw=11, neck=(12, -23), stride=62))
FOX = beast(Beast(fox_head, bushy_tail, length=58, thick=28, leg=26, legw=9, neck=(10, -18), stride=60))
BEAR = beast(Beast(bear_head, stub_tail, length=66, thick=46, leg=26, legw=17, neck=(14, -20), stride=60))
LION = beast(Beast(lion_head, rope_tail, length=70, thick=36, leg=30, legw=13, neck=(12, -20), stride=66))
TIGER = beast(
    Beast(bear_head, curl_tail, length=74, thick=36, leg=28, legw=13, neck=(12, -20), stride=66, coat=stripes)
)
ZEBRA = beast(
    Beast(horse_head, rope_tail, length=66, thick=34, leg=40, legw=9, neck=(16, -36), neckw=20, stride=80, coat=stripes, hoof=DARK, belly=False)
)  # fmt: skip
RABBIT = beast(Beast(rabbit_head, puff_tail, length=38, thick=32, leg=17, legw=10, neck=(9, -22), stride=50))
PIG = beast(Beast(pig_head, pig_tail, length=58, thick=42, leg=18, legw=11, neck=(12, -12), stride=46))
COW = beast(
    Beast(cow_head, rope_tail, length=74, thick=44, leg=28, legw=12, neck=(14, -16), stride=66, coat=patches, hoof=DARK)
)
SHEEP = beast(
    Beast(sheep_head, stub_tail, length=52, thick=38, leg=22, legw=8, neck=(15, -12), stride=50, coat=wool, belly=False)
)
HORSE = beast(
    Beast(horse_head, hair_tail, length=68, thick=35, leg=42, legw=10, neck=(17, -38), neckw=21, stride=92, hoof=DARK)
)
UNICORN = beast(
    Beast(unicorn_head, rainbow_tail, length=66, thick=35, leg=40, legw=10, neck=(17, -38), neckw=21, stride=92, hoof="#ffd23f")
)  # fmt: skip
DEER = beast(Beast(deer_head, stub_tail, length=56, thick=28, leg=40, legw=7, neck=(14, -36), neckw=14, stride=84))
GIRAFFE = beast(
    Beast(giraffe_head, rope_tail, length=50, thick=30, leg=46, legw=8, neck=(20, -74), neckw=13, stride=90, coat=spots, belly=False)
)  # fmt: skip
ELEPHANT = beast(
    Beast(elephant_head, rope_tail, length=84, thick=62, leg=30, legw=20, neck=(16, -12), stride=64, belly=False)
)  # fmt: skip
