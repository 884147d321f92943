"""Things that carry people: on wheels, on water, in the air and in space. Knows no scene."""
# ruff: noqa: E501 - path data does not wrap

from __future__ import annotations

from math import cos, pi, sin

from engine.backends.lite.storyboard.colour import Ink, darker
from engine.backends.lite.storyboard.draw.kit import DARK, WHITE, Pose, wheel
from engine.backends.lite.storyboard.scene import Motion
from engine.backends.lite.storyboard.svg import circle, ellipse, group, limb, line, path, polygon, rect

GLASS = "#bfe6ff"


def _rattle(pose: Pose) -> float:
    return pose.stride(9) * 0.7


def _window(d: str) -> str:
    return path(d, GLASS) + path(d, "#ffffff", extra='opacity="0.18"')


def car(ink: Ink, pose: Pose) -> str:
    body = path("M-98 -30Q-99 -50 -80 -54L-58 -58Q-44 -88 -14 -90L18 -90Q44 -88 62 -58Q92 -54 97 -42L98 -26Q98 -20 90 -20L-90 -20Q-98 -20 -98 -30Z", ink.base)  # fmt: skip
    glass = _window("M-48 -58Q-36 -80 -14 -81L-4 -81L-4 -58Z") + _window("M4 -81L18 -81Q36 -80 50 -58L4 -58Z")
    low = path("M-98 -34L98 -34L98 -26Q98 -20 90 -20L-90 -20Q-98 -20 -98 -30Z", ink.dark)
    lamp = ellipse(93, -44, 5, 7, "#fff3b0") + rect(-98, -50, 7, 10, "#ff6b6b", 3)
    handle = rect(8, -50, 14, 3.5, ink.deep, 1.7)
    arches = circle(-56, -20, 23, ink.deep) + circle(58, -20, 23, ink.deep)
    wheels = wheel(-56, -18, 18, pose) + wheel(58, -18, 18, pose)
    return group(body, low, glass, handle, lamp, arches, y=_rattle(pose)) + wheels


def police_car(ink: Ink, pose: Pose) -> str:
    on = int(pose.t * 1.5) % 2
    lights = rect(-14, -99, 16, 10, "#e5383b" if on else "#8a2b3a", 3) + rect(
        4, -99, 16, 10, "#27407a" if on else "#2f6fed", 3
    )
    return lights + car(ink, pose) + rect(-40, -49, 80, 9, WHITE, 2)


def truck(ink: Ink, pose: Pose) -> str:
    cargo = rect(-110, -100, 128, 78, "#f1ede4", 7) + rect(-110, -44, 128, 10, ink.base)
    cab = path("M22 -82L62 -82Q78 -80 90 -54L104 -48Q108 -46 108 -40L108 -22L22 -22Z", ink.base) + _window(
        "M48 -74L62 -74Q72 -72 82 -52L48 -52Z"
    )
    lamp = circle(102, -36, 5, "#fff3b0") + rect(-112, -26, 222, 8, ink.deep, 3)
    wheels = "".join(wheel(x, -17, 17, pose) for x in (-78, -38, 72))
    return group(cargo, cab, lamp, y=_rattle(pose)) + wheels


def fire_truck(ink: Ink, pose: Pose) -> str:
    ladder = line(-104, -88, 30, -96, "#d5dae5", 4) + line(-104, -98, 30, -106, "#d5dae5", 4) + "".join(line(x, -90 - (x + 100) * 0.06, x, -98 - (x + 100) * 0.06, "#d5dae5", 3) for x in range(-96, 30, 14))  # fmt: skip
    body = (
        rect(-110, -84, 130, 62, ink.base, 6)
        + rect(-110, -48, 130, 8, WHITE)
        + "".join(rect(x, -76, 26, 22, ink.dark, 3) for x in (-100, -68, -36))
    )
    cab = path("M22 -90L74 -90Q96 -88 104 -56L108 -22L22 -22Z", ink.base) + _window(
        "M56 -82L74 -82Q88 -80 94 -56L56 -56Z"
    )
    light = rect(42, -100, 20, 10, "#4cc9f0" if int(pose.t * 1.5) % 2 else "#2a6f97", 4)
    wheels = "".join(wheel(x, -17, 17, pose) for x in (-78, 66))
    return group(ladder, body, cab, light, rect(-112, -26, 222, 8, ink.deep, 3), y=_rattle(pose)) + wheels


def bus(ink: Ink, pose: Pose) -> str:
    body = (
        rect(-120, -106, 240, 88, ink.base, 14)
        + rect(-120, -46, 240, 10, ink.light)
        + rect(-120, -30, 240, 14, ink.dark, 6)
    )
    glass = "".join(rect(x, -94, 36, 34, GLASS, 6) for x in (-108, -66, -24, 18)) + path(
        "M66 -94h36q10 0 12 12v22h-48Z", GLASS
    )
    door = rect(62, -58, 24, 36, ink.dark, 3)
    lamps = circle(114, -36, 5, "#fff3b0") + rect(-120, -44, 6, 12, "#ff6b6b", 2)
    return group(body, glass, door, lamps, y=_rattle(pose)) + wheel(-74, -18, 18, pose) + wheel(78, -18, 18, pose)


def train(ink: Ink, pose: Pose) -> str:
    puffs = "".join(
        circle(72 - 46 * p - 4, -104 - 34 * p, 6 + 15 * p, "#f4f4f8", f'opacity="{0.85 * (1 - p):.2f}"')
        for p in (((pose.t * 0.7 + i / 4) % 1) for i in range(4))
    )
    wagon = (
        rect(-150, -74, 92, 54, ink.light, 6)
        + rect(-154, -80, 100, 9, ink.deep, 4)
        + "".join(rect(x, -64, 22, 20, GLASS, 3) for x in (-142, -115, -88))
    )
    cab = rect(-46, -96, 50, 76, ink.base, 5) + rect(-52, -103, 62, 10, ink.deep, 4) + rect(-38, -86, 32, 26, GLASS, 4)
    boiler = (
        rect(0, -72, 92, 46, ink.base, 12)
        + "".join(rect(x, -72, 5, 46, "#ffd23f") for x in (20, 52))
        + circle(92, -49, 21, ink.dark)
        + circle(94, -49, 9, "#ffd23f")
    )
    chimney = polygon([(60, -72), (64, -94), (58, -104), (86, -104), (80, -94), (84, -72)], DARK) + circle(
        34, -74, 9, "#ffd23f"
    )
    plough = polygon([(88, -24), (124, -4), (84, -4)], ink.deep) + rect(-154, -26, 250, 8, DARK, 3)
    small = "".join(wheel(x, -11, 11, pose) for x in (-132, -76, 30, 58, 82))
    big = wheel(-20, -18, 18, pose, "#e5383b")
    return puffs + group(wagon, cab, boiler, chimney, plough, y=_rattle(pose)) + small + big


def bicycle(ink: Ink, pose: Pose) -> str:
    turn = pose.travel / 28
    px, py = 9 * cos(turn), 9 * sin(turn)
    frame = "M-48 -28L-8 -30L34 -68M-48 -28L-20 -66L30 -66M-8 -30L-22 -72M46 -28L32 -78"
    tyres = "".join(circle(x, -28, 27, "none", f'stroke="{DARK}" stroke-width="5"') + group("".join(group(line(0, -26, 0, 26, "#9aa3b5", 1.2), turn=a) for a in range(0, 180, 30)), x=x, y=-28, turn=turn * 180 / pi) for x in (-48, 46))  # fmt: skip
    pedals = line(-8 - px, -30 - py, -8 + px, -30 + py, DARK, 4) + circle(-8, -30, 6, "#9aa3b5")
    return (
        tyres
        + path(frame, stroke=ink.base, width=6)
        + rect(-34, -77, 24, 6, DARK, 3)
        + path("M32 -78q4 -8 16 -6", stroke=DARK, width=5)
        + pedals
    )


def cyclist(ink: Ink, pose: Pose) -> str:
    """The bicycle with somebody on it: what "cycling" looks like."""
    turn = pose.travel / 28
    legs = ""
    for phase, tone in ((pi, "#28315a"), (0.0, "#34406b")):
        fx, fy = -8 + 9 * cos(turn + phase), -30 + 9 * sin(turn + phase)
        kx, ky = (-18 + fx) / 2 + 17, (-78 + fy) / 2 - 2
        legs += path(f"M-18 -80L{kx:.1f} {ky:.1f}L{fx:.1f} {fy:.1f}", stroke=tone, width=9)
    body = path("M-18 -82L0 -112", stroke=ink.light, width=20) + limb(4, -112, 20, 22, 38, -18, "#eab98d", 7)
    head = (
        circle(8, -134, 14, "#eab98d")
        + path("M-7 -134Q-6 -152 10 -150Q24 -148 23 -137Z", ink.dark)
        + circle(15, -134, 1.9, DARK)
    )
    return bicycle(ink, pose) + legs + body + head


def motorcycle(ink: Ink, pose: Pose) -> str:
    wheels = wheel(-56, -24, 24, pose) + wheel(58, -24, 24, pose)
    body = path("M-56 -26L-20 -34L20 -34L40 -66L58 -24", stroke="#6b7280", width=8) + rect(
        -26, -42, 44, 22, "#4a5068", 8
    )
    tank = path("M-12 -52Q0 -74 34 -66L30 -50Z", ink.base) + path("M-62 -58Q-40 -64 -10 -54L-16 -46L-58 -50Z", DARK)
    bars = (
        path("M38 -68L32 -84L20 -86", stroke=DARK, width=5)
        + circle(48, -62, 8, "#fff3b0")
        + path("M-70 -18L-10 -22", stroke="#c3cad6", width=7)
    )
    return wheels + group(body, tank, bars, y=_rattle(pose))


def scooter(ink: Ink, pose: Pose) -> str:
    return (
        path("M-40 -16L34 -16L48 -84", stroke=ink.base, width=8) + path("M34 -88L62 -84", stroke=DARK, width=7)
        + wheel(-44, -11, 11, pose) + wheel(38, -11, 11, pose)
    )  # fmt: skip


def sailboat(ink: Ink, pose: Pose) -> str:
    belly = pose.sway(3, 0.6)
    sail = path(f"M4 -104Q{46 + belly:.1f} -70 50 -34L4 -34Z", "#fffaf0") + path(
        f"M-4 -96Q{-36 - belly:.1f} -66 -38 -34L-4 -34Z", ink.light
    )
    flag = path(f"M0 -108q12 {-4 + pose.sway(3, 1.6):.1f} 20 2q-8 4 -20 6Z", ink.base)
    hull = path("M-62 -26L66 -26Q56 6 30 8L-34 8Q-54 4 -62 -26Z", ink.base) + path(
        "M-60 -18L63 -18L60 -11L-57 -11Z", WHITE
    )
    return group(rect(-2, -108, 4, 84, "#8b5a2b"), sail, flag, hull, turn=pose.sway(3, 0.45))


def ship(ink: Ink, pose: Pose) -> str:
    smoke = "".join(
        circle(-16 - 40 * p, -108 - 26 * p, 6 + 12 * p, "#eef1f6", f'opacity="{0.8 * (1 - p):.2f}"')
        for p in ((pose.t * 0.4 + i / 3) % 1 for i in range(3))
    )
    hull = path("M-106 -40L110 -40Q98 -4 84 8L-84 8Q-100 -8 -106 -40Z", ink.base) + path(
        "M-95 -10L92 -10L84 8L-84 8Z", ink.dark
    )
    decks = rect(-74, -60, 134, 21, WHITE, 4) + rect(-52, -78, 92, 19, "#eef1f6", 4)
    ports = "".join(circle(x, -49, 5, "#5aa9e6") for x in range(-60, 56, 19)) + "".join(
        circle(x, -26, 4.4, ink.light) for x in range(-80, 90, 24)
    )
    funnels = "".join(rect(x, -104, 20, 27, "#f77f00", 2) + rect(x, -104, 20, 8, DARK, 2) for x in (-32, 4))
    return smoke + group(funnels, decks, hull, ports, turn=pose.sway(1.6, 0.4))


def submarine(ink: Ink, pose: Pose) -> str:
    screw = group(ellipse(0, 0, 4, 22, "#c3cad6"), x=-82, y=-40, sy=0.3 + abs(pose.sway(0.7, 3)))
    tower = rect(-14, -90, 40, 32, ink.dark, 8) + path("M16 -90v-18h14", stroke=ink.dark, width=6)
    hull = rect(-76, -70, 152, 60, ink.base, 30) + path(
        "M-70 -26Q0 -6 70 -26Q56 -10 40 -10L-40 -10Q-58 -10 -70 -26Z", ink.dark
    )
    ports = "".join(circle(x, -42, 12, "#ffd23f") + circle(x, -42, 8.5, GLASS) for x in (-28, 6, 40))
    return screw + tower + hull + ports


def plane(ink: Ink, pose: Pose) -> str:
    fin = path("M-84 -52L-102 -98L-82 -98L-54 -58Z", ink.base)
    far = path("M10 -56L-18 -92L-2 -92L40 -58Z", darker("#e8ecf4", 0.15))
    body = path("M-98 -52Q-88 -64 -60 -66L58 -66Q92 -62 98 -46Q92 -34 58 -32L-40 -32Q-82 -36 -98 -52Z", "#f4f6fb")
    stripe = path("M-96 -50L97 -50Q97 -44 94 -42L-78 -42Q-90 -46 -96 -50Z", ink.base)
    panes = "".join(circle(x, -57, 3.6, "#5aa9e6") for x in range(-44, 52, 13)) + path(
        "M66 -62Q82 -60 90 -52L68 -52Z", GLASS
    )
    near = path("M20 -44L-34 -4L-14 -4L52 -40Z", ink.base) + path("M-70 -48L-92 -30L-78 -30L-52 -46Z", ink.dark)
    engine = rect(-6, -26, 30, 12, "#c3cad6", 6)
    return group(fin, far, body, stripe, panes, engine, near, turn=pose.sway(1.5, 0.5), y=pose.sway(1.5, 0.7))


def helicopter(ink: Ink, pose: Pose) -> str:
    spin = abs(cos(pose.t * 26))
    rotor = ellipse(4, -96, 30 + 64 * spin, 3, DARK, 0, 'opacity="0.75"') + rect(1, -96, 6, 14, DARK)
    boom = path("M-20 -62L-92 -66L-96 -58L-20 -38Z", ink.dark) + group(
        rect(-2, -16, 4, 32, DARK, 2), x=-94, y=-62, turn=pose.t * 900
    )
    body = path("M-34 -56Q-30 -82 10 -82Q52 -80 58 -46Q50 -22 10 -22Q-30 -22 -34 -56Z", ink.base)
    glass = path("M14 -74Q44 -70 50 -46L14 -46Z", GLASS) + rect(-20, -72, 24, 22, GLASS, 5)
    skids = path("M-30 -6L46 -6q8 0 10 -6M-14 -22L-18 -6M28 -22L32 -6", stroke="#4a5068", width=4)
    return group(boom, body, glass, skids, rotor, turn=4 + pose.sway(2, 0.7), y=pose.sway(2, 0.6))


def balloon_ride(ink: Ink, pose: Pose) -> str:
    bag = path("M0 -30Q-44 -58 -42 -88Q-38 -126 0 -126Q38 -126 42 -88Q44 -58 0 -30Z", ink.base)
    strips = path("M0 -30Q-20 -58 -18 -88Q-14 -124 0 -126Q14 -124 18 -88Q20 -58 0 -30Z", ink.light) + path(
        "M0 -30Q-6 -60 -5 -90Q-4 -122 0 -126Q4 -122 5 -90Q6 -60 0 -30Z", ink.base
    )
    ropes = path("M-11 -42L-8 -18M11 -42L8 -18", stroke="#8b5a2b", width=1.6)
    basket = rect(-11, -19, 22, 18, "#a8733f", 3) + rect(-12, -20, 24, 5, "#7a5230", 2)
    flame = ellipse(0, -28, 2.6, 5 + pose.sway(1.6, 5), "#ffb703")
    return group(ropes, flame, bag, strips, basket, turn=pose.sway(2.5, 0.35))


def rocket(ink: Ink, pose: Pose) -> str:
    lit = pose.gesture in (Motion.RISE, Motion.FLY, Motion.ORBIT)
    length = (30 + pose.sway(7, 7)) if lit else 0
    flame = path(f"M-11 -10Q-15 {length * 0.5:.1f} 0 {length:.1f}Q15 {length * 0.5:.1f} 11 -10Z", "#ff9f1c") + path(f"M-6 -10Q-8 {length * 0.3:.1f} 0 {length * 0.6:.1f}Q8 {length * 0.3:.1f} 6 -10Z", "#ffe066")  # fmt: skip
    fins = path("M-19 -44Q-40 -30 -36 -4L-16 -16Z", ink.base) + path("M19 -44Q40 -30 36 -4L16 -16Z", ink.dark)
    body = path("M0 -112Q24 -84 21 -40L15 -14L-15 -14L-21 -40Q-24 -84 0 -112Z", "#f4f6fb") + path(
        "M0 -112Q24 -84 21 -40L15 -14L4 -14Q16 -66 0 -112Z", "#d5dae5"
    )
    nose = path("M0 -112Q14 -97 18 -80L-18 -80Q-14 -97 0 -112Z", ink.base)
    port = circle(0, -62, 11, ink.dark) + circle(0, -62, 8, GLASS) + path("M-4 -66q4 -3 7 -1", stroke=WHITE, width=2)
    band = rect(-19, -32, 38, 7, ink.base) + rect(-12, -15, 24, 7, "#4a5068", 2)
    return (flame if lit else "") + fins + body + nose + port + band


def ufo(ink: Ink, pose: Pose) -> str:
    beam = polygon([(-24, -30), (24, -30), (46, 26), (-46, 26)], "#baffdf", 'opacity="0.22"')
    dome = (
        path("M-28 -52Q-26 -92 0 -92Q26 -92 28 -52Z", GLASS)
        + circle(0, -62, 11, "#7bd88f")
        + circle(-4, -64, 2.4, DARK)
        + circle(4, -64, 2.4, DARK)
    )
    disc = ellipse(0, -44, 74, 20, ink.base) + ellipse(0, -50, 62, 12, ink.light) + ellipse(0, -33, 34, 8, ink.dark)
    lamps = "".join(
        circle(-54 + 27 * i, -40 + abs(i - 2) * -1.5, 5, ("#ffd23f", "#ff7eb6", "#63f0ff")[(i + int(pose.t * 4)) % 3])
        for i in range(5)
    )
    return group(beam, dome, disc, lamps, turn=pose.sway(5, 0.7), y=pose.sway(3, 0.8))


def satellite(ink: Ink, pose: Pose) -> str:
    panels = "".join(
        rect(x, -66, 46, 30, "#2f6fed", 3)
        + line(x + 23, -66, x + 23, -36, "#9cc3ff", 2)
        + line(x, -51, x + 46, -51, "#9cc3ff", 2)
        for x in (-74, 28)
    )
    dish = (
        path("M-14 -74Q0 -96 18 -78Z", "#d5dae5") + line(2, -82, 8, -100, "#8b93a7", 3) + circle(8, -102, 4, "#ff5d5d")
    )
    return (
        line(-30, -51, 30, -51, "#8b93a7", 5)
        + panels
        + dish
        + rect(-19, -72, 38, 42, ink.base, 5)
        + rect(-19, -48, 38, 7, "#e6b422")
    )
