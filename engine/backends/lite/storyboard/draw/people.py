"""People and the upright figures of tales, on one skeleton. Knows no scene."""

from __future__ import annotations

from dataclasses import dataclass

from engine.backends.lite.storyboard.colour import Ink, darker
from engine.backends.lite.storyboard.draw.kit import DARK, WHITE, Draw, Pose, eye
from engine.backends.lite.storyboard.scene import Motion
from engine.backends.lite.storyboard.svg import circle, ellipse, group, limb, line, path, polygon, rect

SKINS = ("#f6cfb0", "#c98a5e", "#8d5a3b", "#eab98d", "#5e3b28", "#ffdcc2")
HAIRS = ("#3b2a25", "#1f1b2e", "#8a4b24", "#d9a441", "#5b4b8a", "#b5532c")
TROUSERS = ("#34406b", "#4a5568", "#5a3d5c", "#2f5d62")


@dataclass(frozen=True)
class Figure:
    """`hair` is "short", "long", "bun" or "" and `dress` widens the clothes below the waist."""

    hair: str = "short"
    dress: bool = False
    hat: str = ""
    beard: bool = False
    child: bool = False
    cape: bool = False


@dataclass(frozen=True)
class _Joints:
    far_arm: tuple[float, float]
    near_arm: tuple[float, float]
    far_leg: tuple[float, float]
    near_leg: tuple[float, float]


def _joints(pose: Pose) -> _Joints:
    """Swing and bend of arms and legs for what the figure is doing."""
    step = 62.0
    reach = 40 if pose.gesture is Motion.RUN else 26
    bend = 55 if pose.gesture is Motion.RUN else 22

    def leg(phase: float) -> tuple[float, float]:
        return pose.stride(step, phase) * reach, max(0.0, pose.stride(step, phase + 0.3)) * bend

    def arm(phase: float) -> tuple[float, float]:
        base = pose.sway(3, 0.5)
        return base + pose.stride(step, phase) * reach, -20 - pose.gait * (bend * 0.8)

    near_arm, far_arm = arm(0.5), arm(0.0)
    if pose.gesture is Motion.WAVE:
        near_arm = (150 + pose.sway(6, 1.8), -20 + pose.sway(28, 1.8))
    elif pose.gesture is Motion.DANCE:
        near_arm, far_arm = (120 + pose.sway(40, 1.1), -30), (-120 + pose.sway(40, 1.1), 30)
        kick = pose.sway(22, 1.1)
        return _Joints(far_arm, near_arm, (kick - 6, max(0.0, kick)), (-kick + 6, max(0.0, -kick)))
    elif pose.gesture in (Motion.JUMP, Motion.FLY):
        near_arm, far_arm = (140 + pose.sway(8, 1), -10), (-140 + pose.sway(8, 1), 10)
    elif pose.gesture is Motion.STILL and pose.text == "ride":
        return _Joints((46, -30), (40, -26), (52, 62), (58, 62))
    return _Joints(far_arm, near_arm, leg(0.5), leg(0.0))


def _hair(style: str, colour: str) -> str:
    cap = path("M-14 0Q-17 -17 0 -17Q16 -17 14 -3Q8 -9 -3 -9Q-9 -8 -9 0Z", colour)
    if style == "long":
        return path("M-13 -4Q-20 14 -15 24Q-6 22 -8 4Z", colour) + cap
    return circle(-9, -18, 7, colour) + cap if style == "bun" else cap


def _hat(kind: str, ink: Ink) -> str:
    if kind == "wizard":
        return (
            polygon([(-15, -10), (4, -48), (16, -10)], ink.dark)
            + rect(-20, -13, 41, 6, ink.deep, 3)
            + circle(2, -24, 2.4, "#ffd23f")
        )
    if kind == "crown":
        return polygon([(-12, -10), (-13, -26), (-5, -18), (1, -28), (7, -18), (14, -26), (13, -10)], "#ffd23f")
    if kind == "pirate":
        return path("M-20 -10Q-14 -30 0 -24Q14 -30 20 -10Q0 -16 -20 -10Z", DARK) + circle(0, -18, 3, WHITE)
    if kind == "chef":
        return rect(-12, -22, 25, 13, WHITE, 2) + "".join(circle(x, -26, 9, WHITE) for x in (-8, 1, 10))
    if kind == "helmet":
        return path("M-15 -4Q-16 -21 0 -21Q16 -21 16 -4Z", "#f2b705") + rect(-17, -7, 38, 5, "#d99e00", 2.5)
    return ""


def figure(plan: Figure) -> Draw:
    """Make the drawing of a person."""

    def draw(ink: Ink, pose: Pose) -> str:
        skin, hair = SKINS[pose.pick % len(SKINS)], HAIRS[(pose.pick * 5 + 1) % len(HAIRS)]
        cloth = TROUSERS[(pose.pick * 3) % len(TROUSERS)]
        joints = _joints(pose)
        bob = -abs(pose.stride(62)) * 2.5 + (pose.sway(3, 2.2) if pose.gesture is Motion.DANCE else 0)
        leg = ink.deep if plan.dress else cloth

        def lower(side: float, joint: tuple[float, float], colour: str) -> str:
            return limb(side, -38, 18, 18, *joint, colour, 9)

        def upper(side: float, joint: tuple[float, float], colour: str) -> str:
            swing, bend = joint
            return limb(side, -66, 14, 13, swing, bend, skin, 7) + limb(side, -66, 12, 0.1, swing, 0, colour, 9)

        torso = path("M-12 -70Q0 -76 12 -70L13 -38Q0 -34 -13 -38Z", ink.base)
        skirt = path(
            f"M-12 -48L12 -48Q{20 + pose.stride(62) * 3:.1f} -30 22 -20Q0 -14 -22 -20Q-18 -34 -12 -48Z", ink.base
        )
        beard = path("M-8 4Q2 26 13 4Q4 10 -8 4Z", "#e9e4dc" if plan.hat == "wizard" else hair) if plan.beard else ""
        face = (
            circle(0, 0, 14, skin) + eye(3, -1, 1.9, pose) + eye(10, -1, 1.9, pose)
            + circle(1, 5, 2.6, "#ff8fa3", 'opacity="0.5"') + path("M4 6q4 3 7 0", stroke=darker(skin, 0.5), width=1.5)
        )  # fmt: skip
        grow = 1.28 if plan.child else 1.0
        head = group(
            face,
            beard,
            _hair(plan.hair, hair) if plan.hair else "",
            _hat(plan.hat, ink),
            y=-86,
            sx=grow,
            sy=grow,
            turn=pose.sway(2, 0.5),
        )
        cape = (
            path(
                f"M-8 -70Q{-30 - pose.gait * 14:.1f} -50 {-30 - pose.gait * 20 + pose.sway(5, 1.6):.1f} -22L-8 -30Z",
                "#e5383b",
            )
            if plan.cape
            else ""
        )
        shoes = lower(-3, joints.far_leg, darker(leg, 0.25)) + lower(4, joints.near_leg, leg)
        neck = rect(-4, -76, 9, 9, darker(skin, 0.12))
        body = group(
            cape, upper(-9, joints.far_arm, ink.dark), neck, torso, skirt if plan.dress else "", head,
            upper(9, joints.near_arm, ink.light if plan.dress else ink.base), y=bob,
        )  # fmt: skip
        return shoes + body

    return draw


def astronaut(ink: Ink, pose: Pose) -> str:
    joints = _joints(pose)
    pack = rect(-26, -74, 18, 36, ink.dark, 6)
    legs = limb(-6, -36, 17, 15, *joints.far_leg, ink.dark, 13) + limb(6, -36, 17, 15, *joints.near_leg, ink.base, 13)
    far = limb(-10, -64, 14, 13, *joints.far_arm, ink.dark, 11)
    near = limb(11, -64, 14, 13, *joints.near_arm, ink.base, 11)
    torso = (
        rect(-18, -74, 36, 42, ink.base, 13)
        + rect(-8, -58, 17, 11, "#d5dae5", 3)
        + circle(-3, -52, 2, "#e5383b")
        + circle(4, -52, 2, "#2f6fed")
    )
    stripe = rect(-18, -42, 36, 5, "#f77f00")
    visor = rect(-10, -96, 30, 23, "#27345f", 11) + path("M-4 -90q6 -5 14 -4", stroke="#8fd0ff", width=3)
    helmet = circle(2, -84, 21, ink.base) + visor
    return pack + legs + group(far, torso, stripe, helmet, near, y=-abs(pose.stride(62)) * 2, turn=pose.sway(1.5, 0.4))


def robot(ink: Ink, pose: Pose) -> str:
    joints = _joints(pose)
    legs = limb(-10, -30, 13, 12, *joints.far_leg, ink.deep, 8) + limb(10, -30, 13, 12, *joints.near_leg, ink.dark, 8)
    far = limb(-22, -58, 14, 13, *joints.far_arm, ink.deep, 7)
    near = limb(22, -58, 14, 13, *joints.near_arm, ink.dark, 7)
    torso = rect(-22, -66, 44, 38, ink.base, 8) + rect(-13, -58, 26, 16, ink.deep, 4)
    lamps = "".join(
        circle(-7 + 7 * i, -50, 2.6, ("#ff5d5d", "#ffd23f", "#58e07e")[(i + int(pose.t * 3)) % 3]) for i in range(3)
    )
    antenna = line(0, -98, 0, -108, ink.deep, 3) + circle(0, -110, 4.5, "#ff5d5d" if int(pose.t * 2) % 2 else "#ffb3b3")
    screen = (
        rect(-17, -92, 34, 20, "#1e2747", 7)
        + ellipse(-6, -82, 3.4, 1 if pose.blinks else 4.4, "#63f0ff")
        + ellipse(8, -82, 3.4, 1 if pose.blinks else 4.4, "#63f0ff")
    )
    head = (
        rect(-24, -99, 48, 32, ink.base, 9)
        + screen
        + rect(-28, -88, 5, 11, ink.dark, 2)
        + rect(23, -88, 5, 11, ink.dark, 2)
    )
    bolts = "".join(circle(x, -33, 2, ink.light) for x in (-16, 16))
    return legs + group(
        far, torso, lamps, bolts, group(antenna, head, turn=pose.sway(2, 0.6)), near, y=-abs(pose.stride(62)) * 2
    )


def snowman(ink: Ink, pose: Pose) -> str:
    raised = pose.sway(16, 1.6) - 30 if pose.gesture is Motion.WAVE else 0
    arms = path("M-24 -52L-46 -66m12 6l-2 -10", stroke="#7a5230", width=3.5) + group(
        path("M0 0L24 -14m-13 6l2 -10", stroke="#7a5230", width=3.5), x=22, y=-50, turn=raised
    )
    body = circle(0, -24, 28, ink.base) + circle(0, -56, 21, ink.base) + circle(0, -82, 16, ink.base)
    shade = path("M-26 -16A28 28 0 0 0 26 -14A30 22 0 0 1 -26 -16Z", "#b9cbe6", extra='opacity="0.6"')
    coal = "".join(circle(x, y, 2.2, DARK) for x, y in ((-5, -86), (7, -86), (2, -60), (2, -50), (2, -30)))
    scarf = rect(-16, -72, 33, 8, "#e5383b", 4) + group(
        rect(-4, 0, 9, 20, "#e5383b", 3), x=10, y=-68, turn=-8 + pose.sway(6, 0.8)
    )
    hat = rect(-17, -97, 35, 5, DARK, 2) + rect(-11, -113, 23, 18, DARK, 2) + rect(-11, -101, 23, 5, "#e5383b")
    return arms + body + shade + scarf + coal + polygon([(2, -83), (22, -79), (2, -77)], "#f77f00") + hat


def teddy(ink: Ink, pose: Pose) -> str:
    raised = 150 + pose.sway(18, 1.6) if pose.gesture is Motion.WAVE else 30
    legs = "".join(ellipse(x, -12, 15, 12, ink.base) + ellipse(x, -10, 8, 7, ink.light) for x in (-20, 20))
    arms = limb(-22, -52, 12, 8, -30, 0, ink.dark, 15) + limb(22, -52, 12, 8, raised, 0, ink.dark, 15)
    body = ellipse(0, -36, 28, 29, ink.base) + ellipse(0, -32, 17, 19, ink.light)
    ears = "".join(circle(x, -95, 10, ink.dark) + circle(x, -95, 5, ink.light) for x in (-20, 20))
    head = circle(0, -76, 27, ink.base) + ellipse(0, -67, 13, 10, ink.light) + ellipse(0, -71, 5, 3.6, DARK)
    face = eye(-10, -80, 3.2, pose) + eye(10, -80, 3.2, pose) + path("M-5 -64q5 4 10 0", stroke=DARK, width=2)
    return group(arms, legs, body, ears, head, face, turn=pose.stride(30) * 6)


PERSON = figure(Figure())
MAN = figure(Figure(beard=True))
WOMAN = figure(Figure(hair="long", dress=True))
CHILD = figure(Figure(child=True))
GIRL = figure(Figure(hair="bun", dress=True, child=True))
WIZARD = figure(Figure(hair="", dress=True, hat="wizard", beard=True))
ROYAL = figure(Figure(hair="long", dress=True, hat="crown"))
PIRATE = figure(Figure(hat="pirate", beard=True))
CHEF = figure(Figure(hat="chef"))
WORKER = figure(Figure(hat="helmet"))
HERO = figure(Figure(cape=True))
