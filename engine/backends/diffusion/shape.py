"""From what somebody wishes for to what a family can do: frame counts, sizes, and which pictures are shown. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.backends.diffusion.families import Family, Size
from engine.errors import BadRequest

MIN_SIDE, MAX_SIDE = 16, 4096
MAX_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Shape:
    """What the model is asked for: sides in pixels, a number of frames. `keep` of these are shown."""

    width: int
    height: int
    frames: int
    keep: int

    @property
    def volume(self) -> int:
        """Pixels of all frames."""
        return self.width * self.height * self.frames


def check(width: int, height: int, seconds: float) -> None:
    """Raise `BadRequest` for what no model can make."""
    if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
        raise BadRequest(
            f"A video of {width}×{height} pixels can't be made. Choose sides from {MIN_SIDE} to {MAX_SIDE} pixels."
        )
    if not 0 < seconds <= MAX_SECONDS:  # written so that NaN fails, too
        raise BadRequest(f"A video of {seconds:g} seconds can't be made. Choose a length of some seconds.")


def shape_for(family: Family, sizes: tuple[Size, ...], width: int, height: int, wanted: int) -> Shape:
    """The nearest to `wanted` frames of `width` × `height` that the family can make, given its `sizes`."""
    frames = family.frames_for(wanted)
    wide, high = size_for(family, sizes, width, height)
    return Shape(wide, high, frames, min(wanted, frames))


def size_for(family: Family, sizes: tuple[Size, ...], width: int, height: int) -> Size:
    """Where only some sizes are possible, the one whose sides are nearest in proportion; else the wished proportions at
    an area that the model knows: not above its largest size, and not below half its smallest, for there pictures fall
    apart (a judgement). Sides are rounded up to the family's multiple: cropping needs something to crop."""
    if family.exact:
        return min(sizes, key=lambda size: abs(math.log((size[0] / size[1]) / (width / height))))
    areas = [wide * high for wide, high in sizes]
    area = min(max(width * height, min(areas) / 2), max(areas))
    scale = math.sqrt(area / (width * height))
    return _up(width * scale, family.multiple), _up(height * scale, family.multiple)


def _up(side: float, multiple: int) -> int:
    return max(1, math.ceil(round(side / multiple, 6))) * multiple


def parse_size(text: str) -> Size:
    """`options.size` as the operator wrote it: "832x480". Raises `BadRequest`."""
    wide, _, high = text.lower().replace("×", "x").partition("x")
    if not (wide.strip().isdecimal() and high.strip().isdecimal()):
        raise BadRequest(f"The model's option “size” is {text!r}. Write it as width x height in pixels: 832x480.")
    return int(wide), int(high)


def picks(shape: Shape, made_fps: float, shown_fps: float, *, continues: bool) -> list[int]:
    """Which of the model's frames are shown, in order, when they are played at `shown_fps`.

    At the rate they were made for these are the first `keep`. A clip that `continues` another begins with that one's
    last picture, which is left out; and it follows the other's rate, so pictures are repeated or dropped to keep time.
    """
    if not continues:
        return list(range(shape.keep))
    count = max(1, int((shape.keep - 1) / made_fps * shown_fps + 1e-6))
    return [min(shape.frames - 1, max(1, round((index + 1) / shown_fps * made_fps))) for index in range(count)]
