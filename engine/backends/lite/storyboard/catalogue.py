"""The table of everything that can be drawn: names, words for it, size, colours, and where it is at home.

Knows the drawings; knows neither sentences nor scenes. Words are singular; plurals are formed by `words.plurals`.
"""
# ruff: noqa: E501 - tables read better in rows

from __future__ import annotations

from types import MappingProxyType

from engine.backends.lite.storyboard.draw import beasts, buildings, creatures, nature, people, things, vehicles
from engine.backends.lite.storyboard.draw.kit import Anchor, Box, Draw, Subject
from engine.backends.lite.storyboard.scene import Motion, Setting

AIR, WATER, AFLOAT, HEAVEN, SCENERY = Anchor.AIR, Anchor.WATER, Anchor.AFLOAT, Anchor.HEAVEN, Anchor.SCENERY
STUDIO, MEADOW, UNDERWATER = Setting.STUDIO, Setting.MEADOW, Setting.UNDERWATER


def _beast(
    name: str, draw: Draw, words: str, height: float, colours: str, seat: float = -60, home: Setting = MEADOW
) -> Subject:
    box = (-106.0, -172.0, 116.0, 12.0)
    return Subject(name, draw, _split(words), height, box, _split(colours), home=home, seat=(0, seat), animate=True)


def _flyer(name: str, draw: Draw, words: str, height: float, colours: str, box: Box = (-66, -112, 66, 6)) -> Subject:
    return Subject(name, draw, _split(words), height, box, _split(colours), AIR, Motion.FLY, Setting.SKY, animate=True)


def _swimmer(name: str, draw: Draw, words: str, height: float, colours: str, roams: Motion = Motion.SWIM) -> Subject:
    return Subject(
        name,
        draw,
        _split(words),
        height,
        (-112, -136, 100, 26),
        _split(colours),
        WATER,
        roams,
        UNDERWATER,
        animate=True,
    )


def _person(name: str, draw: Draw, words: str, height: float, colours: str, plurals: str = "") -> Subject:
    box = (-62.0, -140.0, 62.0, 6.0)
    return Subject(name, draw, _split(words), height, box, _split(colours), animate=True, plurals=_split(plurals))


def _wheeled(
    name: str,
    draw: Draw,
    words: str,
    height: float,
    colours: str,
    reach: float,
    seat: float,
    home: Setting = Setting.ROAD,
) -> Subject:
    box = (-reach, -156.0, reach, 6.0)
    return Subject(
        name, draw, _split(words), height, box, _split(colours), roams=Motion.DRIVE, home=home, seat=(0, seat)
    )


def _thing(
    name: str,
    draw: Draw,
    words: str,
    height: float,
    colours: str,
    anchor: Anchor = Anchor.GROUND,
    home: Setting = STUDIO,
    roams: Motion = Motion.IDLE,
    box: Box = (-100, -130, 100, 12),
    seat: tuple[float, float] | None = None,
) -> Subject:
    return Subject(name, draw, _split(words), height, box, _split(colours), anchor, roams, home, seat)


def _split(words: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in words.split(",") if part.strip())


_BEASTS = (
    _beast("cat", beasts.CAT, "cat, kitten, kitty", 0.3, "#f2a65a, #8d99ae, #4a4058, #f5e6ca"),
    _beast("dog", beasts.DOG, "dog, puppy, hound, pup", 0.33, "#c98a4b, #e8c78d, #7a5a44, #f4ead7"),
    _beast("fox", beasts.FOX, "fox", 0.31, "#e76f3c", home=Setting.FOREST),
    _beast("bear", beasts.BEAR, "bear, brown bear, grizzly", 0.38, "#8b5e3c", home=Setting.FOREST),
    _beast("polar bear", beasts.BEAR, "polar bear", 0.38, "#f3f5f7", home=Setting.SNOW),
    _beast("lion", beasts.LION, "lion", 0.36, "#e0a94f", home=Setting.DESERT),
    _beast("tiger", beasts.TIGER, "tiger", 0.36, "#f08c2e", home=Setting.FOREST),
    _beast("zebra", beasts.ZEBRA, "zebra", 0.4, "#f6f4ee", -64),
    _beast("rabbit", beasts.RABBIT, "rabbit, bunny, hare", 0.26, "#d9c2a7, #b9a7a0, #f4efe8"),
    _beast("pig", beasts.PIG, "pig, piglet, hog", 0.3, "#f7a8b8"),
    _beast("cow", beasts.COW, "cow, bull, calf", 0.36, "#f7f3ea"),
    _beast("sheep", beasts.SHEEP, "sheep, lamb", 0.3, "#fbf7ee"),
    _beast("horse", beasts.HORSE, "horse, pony, stallion, mare, donkey", 0.42, "#9c6b43, #6b4a3a, #d8b48a", -66),
    _beast("unicorn", beasts.UNICORN, "unicorn", 0.42, "#fbf4ff", -66),
    _beast("deer", beasts.DEER, "deer, stag, reindeer, moose", 0.4, "#b9814f", -58, Setting.FOREST),
    _beast("giraffe", beasts.GIRAFFE, "giraffe", 0.44, "#f0c35e", -66),
    _beast("elephant", beasts.ELEPHANT, "elephant, mammoth", 0.42, "#93a1b5", -82),
)
_CREATURES = (
    _flyer(
        "bird", creatures.bird, "bird, sparrow, robin, parrot, eagle, seagull, dove", 0.2, "#e4572e, #2f8fd0, #f2b134"
    ),
    _flyer("owl", creatures.owl, "owl", 0.26, "#9a6b4b"),
    _flyer("butterfly", creatures.butterfly, "butterfly, moth", 0.2, "#ff8c42, #7d4fd3, #ff7eb6"),
    _flyer("bee", creatures.bee, "bee, bumblebee, wasp, honeybee", 0.16, "#ffcf3f"),
    _flyer("dragon", creatures.dragon, "dragon, wyvern", 0.34, "#4fae62, #b5446e", (-124, -122, 88, 24)),
    Subject(
        "ghost",
        creatures.ghost,
        ("ghost", "spirit"),
        0.32,
        (-62, -106, 62, 10),
        ("#f7f8ff",),
        AIR,
        Motion.FLOAT,
        animate=True,
    ),
    _beast("duck", creatures.duck, "duck, duckling, goose, swan", 0.22, "#ffd447, #f4f1ea"),
    _beast("chicken", creatures.chicken, "chicken, hen, rooster, turkey", 0.24, "#f7efe2, #c46a3d"),
    _beast("penguin", creatures.penguin, "penguin", 0.3, "#2f3652", home=Setting.SNOW),
    _beast("frog", creatures.frog, "frog, toad", 0.2, "#6bbf59"),
    _beast("snail", creatures.snail, "snail", 0.18, "#c2703d"),
    _beast("ladybug", creatures.ladybug, "ladybug, ladybird, beetle, bug", 0.15, "#e5383b"),
    _beast("turtle", creatures.turtle, "turtle, tortoise", 0.24, "#4f8f5b"),
    _beast("crab", creatures.crab, "crab, lobster", 0.2, "#e8553a", home=Setting.BEACH),
    _beast("dinosaur", creatures.dinosaur, "dinosaur, t-rex, dino", 0.44, "#6aa84f, #4f9d9d", -60, Setting.FOREST),
    _person("alien", creatures.alien, "alien, martian, extraterrestrial", 0.34, "#7bd88f"),
    _swimmer("fish", creatures.fish, "fish, goldfish, clownfish", 0.2, "#ff8c42, #4cc9f0, #ffd23f"),
    _swimmer("whale", creatures.whale, "whale", 0.42, "#4f7cac"),
    _swimmer("dolphin", creatures.dolphin, "dolphin, shark, porpoise", 0.32, "#6c8fb5"),
    _swimmer("octopus", creatures.octopus, "octopus, squid", 0.34, "#d16ba5, #8e6bd1", Motion.FLOAT),
    _swimmer("jellyfish", creatures.jellyfish, "jellyfish", 0.3, "#e0a3ff, #8fd3ff", Motion.FLOAT),
)
_CLOTHES = "#e5533d, #2f8f9d, #f2b134, #7d4fd3, #3f7fbf"
_PEOPLE = (
    _person(
        "person",
        people.PERSON,
        "person, human, somebody, someone, dancer, runner, teacher, friend, player, boy scout",
        0.44,
        _CLOTHES,
        "people, dancers, humans, crowd",
    ),
    _person("man", people.MAN, "man, guy, father, dad, grandfather, farmer", 0.46, _CLOTHES, "men"),
    _person(
        "woman", people.WOMAN, "woman, lady, mother, mom, mum, grandmother, ballerina, bride", 0.45, _CLOTHES, "women"
    ),
    _person("child", people.CHILD, "child, kid, boy, son", 0.34, _CLOTHES, "children"),
    _person("girl", people.GIRL, "girl, daughter", 0.35, _CLOTHES),
    _person("wizard", people.WIZARD, "wizard, witch, magician, sorcerer", 0.42, "#5b4fc7"),
    _person("queen", people.ROYAL, "queen, princess", 0.43, "#b5446e"),
    _person("king", people.ROYAL, "king, prince", 0.43, "#6b2f8f"),
    _person("pirate", people.PIRATE, "pirate, sailor, captain", 0.43, "#8f3b3b"),
    _person("chef", people.CHEF, "chef, cook, baker", 0.43, "#f7f7f7"),
    _person("worker", people.WORKER, "worker, builder, engineer, firefighter", 0.43, "#f77f00"),
    _person("hero", people.HERO, "superhero, hero", 0.45, "#2f6fed"),
    _person("astronaut", people.astronaut, "astronaut, cosmonaut, spaceman", 0.44, "#f4f6fb"),
    _person("robot", people.robot, "robot, android, droid", 0.42, "#9fb3c8, #ffb703, #5ec4b6"),
    _person("snowman", people.snowman, "snowman", 0.42, "#f8fbff", "snowmen"),
    _person("teddy bear", people.teddy, "teddy bear, teddy, stuffed bear", 0.34, "#b9814f"),
)
_ROADS = (
    _wheeled("car", vehicles.car, "car, automobile, sedan, race car, sports car, jeep", 0.2, "#e5383b, #2f6fed, #ffb703, #2a9d8f", 108, -62),
    _wheeled("taxi", vehicles.car, "taxi, cab", 0.2, "#ffc300", 108, -62),
    _wheeled("police car", vehicles.police_car, "police car", 0.2, "#1f3a7d", 108, -62),
    _wheeled("truck", vehicles.truck, "truck, lorry, van, pickup", 0.24, "#e5533d, #2f8f9d", 120, -70),
    _wheeled("fire truck", vehicles.fire_truck, "fire truck, fire engine", 0.24, "#d62828", 120, -70),
    _wheeled("bus", vehicles.bus, "bus, school bus, coach", 0.26, "#ffb703, #d62828", 130, -80),
    _wheeled("train", vehicles.train, "train, locomotive, steam train, tram", 0.24, "#2a6f5e, #b5303b", 170, -76, MEADOW),
    _wheeled("bicycle", vehicles.bicycle, "bicycle, bike", 0.24, "#e5383b, #2f8f9d", 84, -74),
    _wheeled("cyclist", vehicles.cyclist, "cyclist, biker, bicyclist", 0.28, "#e5533d, #2f8f9d, #7d4fd3", 84, -74),
    _wheeled("motorcycle", vehicles.motorcycle, "motorcycle, motorbike", 0.24, "#d62828, #2b2d42", 96, -58),
    _wheeled("scooter", vehicles.scooter, "scooter, skateboard", 0.2, "#2a9d8f", 70, -20),
)  # fmt: skip
_TALL: Box = (-100, -160, 100, 60)
_CRAFT = (
    _thing("boat", vehicles.sailboat, "boat, sailboat, yacht, canoe, sailing boat, raft", 0.36, "#d9482b, #2f6fed", AFLOAT, Setting.SEA, Motion.DRIVE, _TALL, (14, -26)),
    _thing("ship", vehicles.ship, "ship, cruise ship, ferry, steamboat", 0.32, "#c8352b, #27407a", AFLOAT, Setting.SEA, Motion.DRIVE, (-140, -160, 140, 20), (0, -60)),
    _thing("submarine", vehicles.submarine, "submarine", 0.26, "#ffb703", WATER, UNDERWATER, Motion.SWIM, (-100, -120, 100, 12)),
    _thing("plane", vehicles.plane, "plane, airplane, aeroplane, aircraft, jet", 0.22, "#2f6fed, #e5383b", AIR, Setting.SKY, Motion.FLY, (-112, -110, 112, 12), (0, -60)),
    _thing("helicopter", vehicles.helicopter, "helicopter, chopper, drone", 0.26, "#d62828, #2a9d8f", AIR, Setting.SKY, Motion.FLY, (-112, -112, 112, 10), (0, -60)),
    _thing("hot air balloon", vehicles.balloon_ride, "hot air balloon, hot-air balloon, airship", 0.44, "#e5533d, #7d4fd3, #f2b134", AIR, Setting.SKY, Motion.FLOAT, (-60, -136, 60, 8), (0, -16)),
    _thing("rocket", vehicles.rocket, "rocket, rocket ship, spaceship, spacecraft, shuttle, space shuttle", 0.42, "#e5383b, #2f6fed", Anchor.GROUND, Setting.SPACE, Motion.FLY, (-52, -124, 52, 52), (0, -70)),
    _thing("ufo", vehicles.ufo, "ufo, flying saucer, saucer", 0.3, "#9fb3c8", AIR, Setting.SPACE, Motion.FLY, (-90, -108, 90, 40), (0, -60)),
    _thing("satellite", vehicles.satellite, "satellite, space station", 0.3, "#d5dae5", AIR, Setting.SPACE, Motion.FLOAT, (-84, -112, 84, 6)),
)  # fmt: skip
_HALO: Box = (-130, -176, 130, 76)
_NATURE = (
    _thing("sun", nature.sun, "sun", 0.24, "#ffc93c", HEAVEN, Setting.SKY, box=_HALO),
    _thing("moon", nature.moon_face, "moon, full moon", 0.22, "#f4efd9", HEAVEN, Setting.SKY, box=_HALO),
    _thing("star", nature.star_shape, "star", 0.14, "#ffd95a", HEAVEN, Setting.SPACE, box=_HALO),
    _thing("comet", nature.comet, "comet, shooting star, meteor, asteroid", 0.14, "#ffe9a8", HEAVEN, Setting.SPACE, Motion.FLY, (-190, -110, 60, 10)),
    _thing("planet", nature.planet, "planet, saturn, jupiter, mars, neptune, venus", 0.36, "#e0a458, #c77dff, #5fa8d3", HEAVEN, Setting.SPACE, box=(-84, -116, 84, 16)),
    _thing("earth", nature.earth, "earth, globe, world", 0.4, "#3f88c5", HEAVEN, Setting.SPACE, box=(-84, -130, 84, 30)),
    _thing("cloud", nature.cloud, "cloud", 0.26, "#ffffff", HEAVEN, Setting.SKY, Motion.FLOAT),
    _thing("rainbow", nature.rainbow, "rainbow", 0.6, "#ff5d5d", HEAVEN, Setting.SKY),
    _thing("tree", nature.tree, "tree, oak, maple, apple tree, bush", 0.5, "#57a55a, #6cb36a", SCENERY, MEADOW),
    _thing("pine", nature.pine, "pine, pine tree, fir, spruce, evergreen", 0.5, "#2f7d5b", SCENERY, Setting.FOREST),
    _thing("christmas tree", nature.christmas_tree, "christmas tree", 0.56, "#2f7d5b", SCENERY, Setting.SNOW),
    _thing("palm", nature.palm, "palm, palm tree, coconut tree", 0.56, "#4fa35b", SCENERY, Setting.BEACH),
    _thing("cactus", nature.cactus, "cactus", 0.36, "#5a9e6f", SCENERY, Setting.DESERT),
    _thing("flower", nature.flower, "flower, daisy, sunflower, blossom", 0.3, "#ff7eb6, #ffd23f, #b388eb"),
    _thing("tulip", nature.tulip, "tulip, lily", 0.3, "#e5383b, #ff9f1c", home=MEADOW),
    _thing("rose", nature.rose, "rose", 0.3, "#d62839", home=MEADOW),
    _thing("mushroom", nature.mushroom, "mushroom, toadstool", 0.26, "#e5383b", home=Setting.FOREST),
    _thing("leaf", nature.leaf, "leaf", 0.18, "#e07a34, #6bb54c", AIR, Setting.FOREST, Motion.FALL),
    _thing("mountain", nature.mountain, "mountain peak, peak, iceberg", 0.6, "#6d7fa3", SCENERY, Setting.MOUNTAINS),
    _thing("volcano", nature.volcano, "volcano", 0.56, "#6b5563", SCENERY, Setting.MOUNTAINS, box=(-110, -150, 110, 10)),
    _thing("rock", nature.rock, "rock, stone, boulder", 0.24, "#98a1b3", home=MEADOW, seat=(0, -86)),
    _thing("snowflake", nature.snowflake, "snowflake", 0.14, "#e8f4ff", AIR, Setting.SNOW, Motion.FALL),
    _thing("raindrop", nature.raindrop, "raindrop, drop, droplet", 0.16, "#4cb3f0", AIR, STUDIO, Motion.FALL),
    _thing("campfire", nature.campfire, "campfire, bonfire, fire, flame, fireplace", 0.3, "#ff9f1c", home=Setting.FOREST, box=(-104, -150, 104, 60)),
)  # fmt: skip
_THINGS = (
    _thing("ball", things.ball, "ball, sphere, marble, bowling ball, beach ball, bubble, orb", 0.2, "#e5383b, #2f6fed, #ffb703, #2a9d8f", box=(-54, -106, 54, 6)),
    _thing("football", things.football, "football, soccer ball", 0.18, "#f8f9fb", home=MEADOW, box=(-54, -106, 54, 6)),
    _thing("basketball", things.basketball, "basketball", 0.18, "#f28c38", box=(-54, -106, 54, 6)),
    _thing("balloon", things.balloon, "balloon", 0.34, "#e5383b, #2f6fed, #ffb703, #8e44ad", AIR, Setting.SKY, Motion.FLOAT, (-40, -116, 40, 8)),
    _thing("cube", things.cube, "cube, box, block, dice, crate", 0.26, "#2a9d8f, #e76f51", seat=(0, -76)),
    _thing("pyramid", things.pyramid, "pyramid", 0.4, "#e9c46a", SCENERY, Setting.DESERT),
    _thing("triangle", things.triangle, "triangle", 0.3, "#ff7f66, #4cc9f0"),
    _thing("square", things.square, "square, rectangle", 0.28, "#4d96ff, #f2b134"),
    _thing("circle", things.disc, "circle, disc, dot", 0.28, "#9b5de5, #2ec4b6"),
    _thing("heart", things.heart, "heart", 0.26, "#e63956", AIR, STUDIO, Motion.PULSE),
    _thing("gift", things.gift, "gift, present, package, parcel", 0.26, "#8e44ad, #2a9d8f, #e5383b"),
    _thing("apple", things.apple, "apple, cherry, tomato", 0.22, "#e5383b"),
    _thing("orange", things.orange, "orange, peach fruit, tangerine, lemon", 0.2, "#ff9f1c"),
    _thing("banana", things.banana, "banana", 0.22, "#ffd93d"),
    _thing("cake", things.cake, "cake, birthday cake, cupcake, muffin", 0.36, "#ff9ebb"),
    _thing("ice cream", things.ice_cream, "ice cream, ice cream cone, icecream, gelato", 0.34, "#ff9ebb"),
    _thing("cup", things.cup, "cup, mug, coffee, tea, coffee cup, cup of coffee, cup of tea", 0.3, "#e76f51, #4d96ff"),
    _thing("pizza", things.pizza, "pizza, slice of pizza", 0.3, "#ffd166"),
    _thing("donut", things.donut, "donut, doughnut", 0.26, "#ff7eb6"),
    _thing("book", things.book, "book, novel, notebook, diary", 0.28, "#2f6fed, #b5303b", seat=(0, -70)),
    _thing("guitar", things.guitar, "guitar, violin, ukulele", 0.42, "#c9702f"),
    _thing("umbrella", things.umbrella, "umbrella, parasol", 0.36, "#e5383b, #4d96ff"),
    _thing("kite", things.kite, "kite", 0.3, "#e5383b, #7d4fd3", AIR, Setting.SKY, Motion.FLOAT, (-70, -124, 70, 70)),
    _thing("lamp", things.lamp, "lamp, lantern", 0.4, "#f2b134", home=Setting.ROOM),
    _thing("candle", things.candle, "candle", 0.28, "#f7efe2", box=(-70, -150, 70, 8)),
    _thing("clock", things.clock, "clock, watch, alarm clock", 0.3, "#e76f51, #2f6fed"),
    _thing("sign", buildings.sign, "sign, banner, board, billboard, poster, placard, signpost", 0.34, "#2f5d62, #27407a"),
    _thing("flag", buildings.flag, "flag", 0.4, "#e5383b, #2f6fed", home=MEADOW),
    _thing("house", buildings.house, "house, home, cottage, cabin, barn, hut, farmhouse", 0.46, "#f4d9b0, #e8b4a0", SCENERY, MEADOW, seat=(0, -98)),
    _thing("castle", buildings.castle, "castle, palace, fortress", 0.62, "#c9c2d6", SCENERY, MEADOW),
    _thing("lighthouse", buildings.lighthouse, "lighthouse", 0.6, "#e5383b", SCENERY, Setting.BEACH, box=(-170, -130, 170, 12)),
    _thing("windmill", buildings.windmill, "windmill, mill", 0.52, "#f1e6d0", SCENERY, MEADOW, box=(-64, -134, 64, 6)),
    _thing("tower", buildings.tower, "tower, skyscraper, building", 0.6, "#7d8fb3, #b08ea2", SCENERY, Setting.CITY),
    _thing("tent", buildings.tent, "tent", 0.3, "#f2b134, #e76f51", home=Setting.FOREST),
    _thing("bell", things.bell, "bell", 0.28, "#e6b422"),
    _thing("hat", things.hat, "hat, top hat", 0.22, "#2b2d42"),
    _thing("crown", things.crown, "crown", 0.2, "#f2c230"),
    _thing("key", things.key, "key", 0.2, "#e6b422"),
    _thing("chair", things.chair, "chair, sofa, armchair", 0.34, "#c9702f", home=Setting.ROOM, seat=(0, -48)),
    _thing("table", things.table, "table, desk", 0.3, "#a8733f", home=Setting.ROOM, seat=(0, -70)),
    _thing("computer", things.computer, "computer, laptop, screen", 0.28, "#8d99ae", home=Setting.ROOM),
    _thing("camera", things.camera, "camera", 0.22, "#3b3f5c"),
    _thing("note", things.note, "music note, musical note, music", 0.24, "#7d4fd3, #e5383b", AIR, STUDIO, Motion.FLOAT),
    _thing("fountain", buildings.fountain, "fountain", 0.36, "#b9c4d6", home=MEADOW),
)  # fmt: skip

SUBJECTS = MappingProxyType(
    {one.name: one for one in (*_BEASTS, *_CREATURES, *_PEOPLE, *_ROADS, *_CRAFT, *_NATURE, *_THINGS)}
)
