"""Which words mean which setting, hour, weather, motion, camera move, size or colour. Tables only."""
# ruff: noqa: E501 - tables read better in rows

from __future__ import annotations

from types import MappingProxyType
from typing import TypeVar

from engine.backends.lite.storyboard import catalogue, colour, words
from engine.backends.lite.storyboard.scene import Camera, Direction, Hour, Motion, Setting, Weather

Row = TypeVar("Row")


def _table(rows: dict[Row, str]) -> MappingProxyType[str, Row]:
    return MappingProxyType({word.strip(): value for value, line in rows.items() for word in line.split(",")})


def _verbs(rows: dict[Motion, tuple[str, str]]) -> MappingProxyType[str, Motion]:
    found: dict[str, Motion] = {}
    for motion, (regular, irregular) in rows.items():
        for verb in regular.split():
            found |= dict.fromkeys(words.verb_forms(verb), motion)
        found |= dict.fromkeys(irregular.split(), motion)
    return MappingProxyType(found)


SETTINGS = _table(
    {
        Setting.MEADOW: "grass, grassland, meadow, field, fields, park, garden, lawn, hill, hills, farm, countryside, pasture, valley, spring, summer, nature, outdoors, backyard",
        Setting.BEACH: "beach, shore, seaside, coast, island, sand beach, sandy beach, seashore, lagoon",
        Setting.SEA: "lake, river, pond, swimming pool, sea, ocean, waves, harbor, harbour, open sea, water, sea waves, ocean waves",
        Setting.UNDERWATER: "underwater, under water, under the sea, under the water, coral reef, reef, aquarium, ocean floor, seabed, fishbowl, fish tank",
        Setting.DESERT: "desert, dunes, dune, sahara, savanna, savannah, sand, canyon",
        Setting.FOREST: "forest, woods, jungle, woodland, rainforest, trees in the background",
        Setting.MOUNTAINS: "mountains, mountain, alps, mountain range, himalayas, highlands, cliffs",
        Setting.SNOW: "snow, winter, ice, arctic, snowy, tundra, north pole, antarctica, glacier, icy",
        Setting.CITY: "city, town, skyline, downtown, street, streets, village, buildings, skyscrapers, metropolis, neighborhood, alley, urban",
        Setting.ROAD: "road, highway, racetrack, race track, motorway, track, freeway",
        Setting.ROOM: "room, living room, kitchen, bedroom, indoors, house interior, office, library, classroom, inside, wall, floor, stage",
        Setting.SPACE: "space, outer space, galaxy, cosmos, universe, orbit, nebula, milky way, solar system, deep space",
        Setting.MOON: "on the moon, surface of the moon, moon surface, lunar, lunar surface, on mars",
        Setting.SKY: "sky, skies, air, heavens, in the clouds, above the clouds, blue sky",
    }
)  # fmt: skip
HOURS = _table(
    {
        Hour.NIGHT: "night, midnight, nighttime, moonlight, moonlit, at night, starry, dark night, evening sky",
        Hour.SUNSET: "sunset, dusk, evening, golden hour, sundown, twilight",
        Hour.DAWN: "dawn, sunrise, daybreak, early morning, morning",
        Hour.DAY: "day, daytime, noon, midday, sunny, afternoon, daylight",
    }
)
WEATHERS = _table(
    {
        Weather.RAIN: "rain, raining, rainy, rainfall, storm, stormy, thunderstorm, drizzle, rains, downpour",
        Weather.SNOWFALL: "snowfall, snowing, snowstorm, blizzard, falling snow, snow falling, snow falls, snow is falling, snows, snowflakes",
        Weather.FOG: "fog, foggy, mist, misty, haze, hazy",
        Weather.STARS: "stars, starry, starlight, starlit, starry sky, starry night",
        Weather.FIREWORKS: "fireworks, firework",
        Weather.CLOUDS: "clouds, cloudy, overcast",
        Weather.LEAVES: "falling leaves, autumn leaves, leaves falling, leaves",
        Weather.CONFETTI: "confetti, party, celebration, carnival",
        Weather.BUBBLES: "bubbles",
    }
)  # fmt: skip
AUTUMN = frozenset({"autumn", "autumnal"})
MOTIONS = _verbs(
    {
        Motion.BOUNCE: ("bounce", ""),
        Motion.ROLL: ("roll tumble", ""),
        Motion.FLY: ("fly soar glide flutter flap zoom", "flew flown"),
        Motion.DRIVE: ("drive ride race speed cruise travel pass move slide go pedal cycle skate sail row cross steer", "drove rode went driven"),
        Motion.FALL: ("fall drop descend sink land", "fell fallen set setting sets"),
        Motion.RISE: ("rise ascend launch climb lift", "rose risen"),
        Motion.SPIN: ("spin rotate turn twirl whirl revolve", "spun"),
        Motion.SWIM: ("swim dive paddle", "swam swum"),
        Motion.FLOAT: ("float drift hover levitate", ""),
        Motion.WALK: ("walk stroll march wander crawl explore hike", ""),
        Motion.RUN: ("run jog sprint gallop chase dash play hurry follow", "ran"),
        Motion.JUMP: ("jump hop leap skip", "leapt"),
        Motion.ORBIT: ("orbit circle", ""),
        Motion.WAVE: ("wave greet", ""),
        Motion.DANCE: ("dance celebrate cheer", ""),
        Motion.SWING: ("swing sway rock", "swung"),
        Motion.SHAKE: ("shake tremble wobble shiver wiggle", "shook"),
        Motion.GROW: ("grow expand inflate bloom appear", "grew"),
        Motion.SHRINK: ("shrink deflate disappear vanish", "shrank"),
        Motion.PULSE: ("pulse beat blink glow flash twinkle shine burn sparkle", ""),
        Motion.SLEEP: ("sleep nap snore doze rest", "slept asleep sleeping"),
        Motion.STILL: ("stand sit wait stay stop park", "stood sat standing sitting still motionless parked"),
    }
)  # fmt: skip
# Verbs whose object carries the subject: "an astronaut rides a horse".
RIDING = frozenset(form for verb in ("ride", "drive", "fly", "sail", "row", "steer", "pedal", "pilot") for form in words.verb_forms(verb)) | {"rode", "drove"}  # fmt: skip
CHASING = words.verb_forms("chase") | words.verb_forms("follow")
CAMERAS = _table(
    {
        Camera.ZOOM_IN: "zoom in, zooms in, zooming in, close-up, close up, dolly in, push in, camera zooms in",
        Camera.ZOOM_OUT: "zoom out, zooms out, zooming out, dolly out, pull back, pulls back",
        Camera.PAN_LEFT: "pan left, pans left, panning left, pan to the left, pans to the left, camera moves left",
        Camera.PAN_RIGHT: "pan right, pans right, panning right, pan to the right, pans to the right, camera moves right, panning shot, camera pan",
    }
)  # fmt: skip
# Where it was put, and where it goes. "From the left" goes right.
SIDES = _table({Direction.LEFT: "on the left, left side, at left, on the left side", Direction.RIGHT: "on the right, right side, at right, on the right side"})  # fmt: skip
DIRECTIONS = _table(
    {
        Direction.LEFT: "left, leftward, leftwards, to the left, from right to left, from the right, right to left, westward",
        Direction.RIGHT: "right, rightward, rightwards, to the right, from left to right, from the left, left to right, forward, forwards, eastward",
        Direction.UP: "up, upward, upwards, off",
        Direction.DOWN: "down, downward, downwards, to the ground",
    }
)  # fmt: skip
SIZES = MappingProxyType(
    {
        "tiny": 0.55, "little": 0.75, "small": 0.7, "miniature": 0.5, "big": 1.35, "large": 1.35, "huge": 1.65, "giant": 1.75,
        "enormous": 1.75, "gigantic": 1.8, "massive": 1.7, "tall": 1.25, "baby": 0.65, "young": 0.85, "towering": 1.6,
    }
)  # fmt: skip
SPEEDS = MappingProxyType(
    {
        "slowly": 0.55,
        "slow": 0.55,
        "gently": 0.65,
        "lazily": 0.55,
        "fast": 1.7,
        "quickly": 1.7,
        "rapidly": 1.8,
        "wildly": 1.6,
    }
)
COLOURS = MappingProxyType(
    {name: name for name in colour.NAMES}
    | {"grey": "gray", "golden": "gold", "violets": "violet", "rosy": "pink", "snow-white": "white", "aqua": "cyan"}
    | {
        "rainbow-colored": "red",
        "wooden": "brown",
        "tan": "beige",
        "ivory": "cream",
        "ruby": "crimson",
        "emerald": "green",
    }
)
TINTS = MappingProxyType(
    {"light": "light", "pale": "light", "bright": "", "pastel": "light", "dark": "dark", "deep": "dark"}
)
NEGATIONS = frozenset({"no", "not", "without", "never", "none", "except", "minus", "excluding", "don't", "doesn't", "isn't", "aren't", "nor", "avoid", "lacking"})  # fmt: skip
# Words that carry no picture of their own: a sentence made of these and known words is fully understood.
PLAIN = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "into",
        "onto",
        "from",
        "with",
        "and",
        "or",
        "is",
        "are",
        "was",
        "were",
        "be",
        "being",
        "it",
        "its",
        "it's",
        "his",
        "her",
        "their",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "by",
        "for",
        "as",
        "very",
        "really",
        "so",
        "then",
        "while",
        "when",
        "where",
        "who",
        "which",
        "across",
        "over",
        "under",
        "above",
        "below",
        "beside",
        "next",
        "near",
        "behind",
        "between",
        "around",
        "along",
        "through",
        "towards",
        "toward",
        "against",
        "out",
        "up",
        "down",
        "off",
        "one",
        "very",
        "beautiful",
        "nice",
        "lovely",
        "cute",
        "happy",
        "smiling",
        "friendly",
        "shiny",
        "colorful",
        "colourful",
        "pretty",
        "funny",
        "playful",
        "calm",
        "peaceful",
        "bright",
        "video",
        "clip",
        "scene",
        "animation",
        "movie",
        "show",
        "showing",
        "make",
        "create",
        "generate",
        "draw",
        "me",
        "please",
        "of",
        "some",
        "big",
        "scenic",
        "view",
        "background",
        "top",
        "side",
        "front",
        "day",
        "camera",
        "says",
        "saying",
        "reads",
        "reading",
        "written",
        "text",
        "word",
        "words",
        "title",
        "called",
        "i",
        "want",
        "can",
        "you",
        "would",
        "like",
        "we",
        "see",
        "let's",
        "old",
        "new",
        "wild",
        "tall",
        "long",
        "round",
        "fluffy",
        "magical",
        "majestic",
        "green",
        "cozy",
        "cosy",
        "quiet",
        "wide",
        "open",
        "slowly",
        "together",
        "again",
        "away",
        "back",
        "forth",
        "says",
        "titled",
        "saying",
        "labeled",
        "cartoon",
        "style",
        "illustration",
        "image",
        "picture",
        "fall",
        "falls",
        "time",
        "has",
        "have",
        "having",
        "wearing",
        "holding",
        "all",
        "everything",
        "everywhere",
        "gentle",
    ]
)


def _subjects() -> dict[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = {}
    for subject in catalogue.SUBJECTS.values():
        for word in (subject.name, *subject.words):
            found[word] = (subject.name, False)
            found |= dict.fromkeys(words.plurals(word) - {word}, (subject.name, True))
        found |= dict.fromkeys(subject.plurals, (subject.name, True))
    return found


# Word → (name in the catalogue, whether it is a plural).
SUBJECTS = MappingProxyType(_subjects())
LONGEST = 4  # words in the longest phrase of all tables
