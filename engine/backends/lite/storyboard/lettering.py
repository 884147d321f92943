"""Words as pictures: captions over a scene, and whole prompts as moving typography. Knows text and time only."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from engine.backends.lite.storyboard.motion import ease
from engine.backends.lite.storyboard.raster import faded, font_path, lay

RISE_S = 0.45  # of each word; the first stands already in the first frame, which is what previews show
MAX_WORDS = 42  # more would be too small to read in the time of a clip
LONGEST = 28  # letters of one word
SMALLEST = 6  # pixels
WHITE, SHADOW = "#ffffff", "#0d1030"


def writable(text: str) -> str:
    """The part of `text` that the font has letters for; emoji and other scripts are left out."""
    font = ImageFont.truetype(font_path(), 24)
    unknown = bytes(font.getmask("\U0010fffe"))
    known: dict[str, bool] = {}

    def has(character: str) -> bool:
        if character not in known:
            known[character] = character.isprintable() and bytes(font.getmask(character)) != unknown
        return known[character]

    kept = "".join(c if c.isspace() or has(c) else " " for c in text[:2000])
    return " ".join(kept.split())


@dataclass(frozen=True)
class _Word:
    picture: Pillow.Image
    x: int
    y: int
    starts: float


class Lettering:
    """Text that comes in word by word, rising and fading in; an empty text draws nothing.

    `box` is (left, top, right, bottom) in pixels; the words are as large as fits and centred in it.
    """

    def __init__(
        self,
        text: str,
        box: tuple[int, int, int, int],
        seconds: float,
        *,
        accent: str = "",
        largest: float = 0.3,
        shadow: bool = True,
    ) -> None:
        words = [word if len(word) <= LONGEST else word[:LONGEST] + "…" for word in writable(text).split()]
        if len(words) > MAX_WORDS:
            words = [*words[:MAX_WORDS], "…"]
        self._rise = (box[3] - box[1]) * 0.08
        self._words = self._set(words, box, seconds, accent, largest, shadow) if words else []

    def lay(self, canvas: Pillow.Image, t: float) -> None:
        """Lay the words as they stand at `t` seconds over the RGBA `canvas`."""
        for word in self._words:
            u = ease((t - word.starts) / RISE_S)
            if u > 0:
                lay(canvas, faded(word.picture, u), word.x, word.y + round((1 - u) * self._rise))

    def _set(
        self,
        words: list[str],
        box: tuple[int, int, int, int],
        seconds: float,
        accent: str,
        largest: float,
        shadow: bool,
    ) -> list[_Word]:
        left, top, right, bottom = box
        size, lines = _fit(words, right - left, bottom - top, largest)
        font = ImageFont.truetype(font_path("Bold"), size)
        gap, leading = font.getlength(" "), size * 1.14
        longest = max(words, key=len)
        y = (top + bottom) / 2 - leading * len(lines) / 2
        # Everything has come in after 45 % of the clip, and never later than 3 s.
        pause = min(3.0, seconds * 0.45) / max(1, len(words))
        placed: list[_Word] = []
        for row in lines:
            x = (left + right) / 2 - (sum(font.getlength(w) for w in row) + gap * (len(row) - 1)) / 2
            for word in row:
                fill = accent if accent and word == longest and len(words) > 1 else WHITE
                picture = _picture(word, font, size, fill, shadow)
                margin = (picture.width - round(font.getlength(word))) // 2
                placed.append(_Word(picture, round(x) - margin, round(y) - margin, len(placed) * pause - RISE_S))
                x += font.getlength(word) + gap
            y += leading
        return placed


def _picture(word: str, font: ImageFont.FreeTypeFont, size: int, fill: str, shadow: bool) -> Pillow.Image:
    margin = max(2, size // 8)
    picture = Pillow.new("RGBA", (round(font.getlength(word)) + 2 * margin, round(size * 1.3) + 2 * margin))
    pen = ImageDraw.Draw(picture)
    if shadow:
        outline = max(1, size // 16)
        pen.text(
            (margin, margin + outline),
            word,
            font=font,
            fill=SHADOW + "70",
            stroke_width=outline,
            stroke_fill=SHADOW + "70",
        )
    pen.text((margin, margin), word, font=font, fill=fill)
    return picture


def _fit(words: list[str], width: int, height: int, largest: float) -> tuple[int, list[list[str]]]:
    """The largest size at which the words fit into the box, and the lines they make."""
    size = max(SMALLEST, round(height * largest))
    while True:
        font = ImageFont.truetype(font_path("Bold"), size)
        lines = _wrap(words, font, width)
        widest = max(font.getlength(" ".join(row)) for row in lines)
        if size <= SMALLEST or (widest <= width and len(lines) * size * 1.14 <= height):
            return size, lines
        size = max(SMALLEST, min(size - 1, round(size * 0.93)))


def _wrap(words: list[str], font: ImageFont.FreeTypeFont, width: int) -> list[list[str]]:
    lines: list[list[str]] = [[]]
    for word in words:
        if lines[-1] and font.getlength(" ".join([*lines[-1], word])) > width:
            lines.append([])
        lines[-1].append(word)
    return lines


def accent_of(random: Random) -> str:
    return random.choice(("#ffd23f", "#ff9ebb", "#7fe7dc", "#ffb28a"))
