"""The networks themselves: arrays in, scores out. Each is a file in `models/`, opened when it is first asked.

Where they come from and under which licences is in `models/NOTICE`; `training/recognition` builds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]  # (H, W, 3) RGB
    Floats = NDArray[np.float32]

_THINGS_SIDE = 224
_PEOPLE_SIDE = 300
_FACES_SIDE = 320  # the longer one; a face of a twentieth of it is found
_CELL = 4  # pixels of the picture for one cell of the grid of faces
_STRIDE = 32  # the sides of the picture that is searched for faces are multiples of this
_OVERLAP = 0.3  # two faces that share more than this of their area are one


@dataclass(frozen=True)
class Face:
    """One face: how surely it is one, and its box (left, top, right, bottom) in shares of the picture."""

    score: float
    box: tuple[float, float, float, float]


class Networks:
    """Five small networks. A question about people opens no network for sounds."""

    def things(self, image: Image) -> Floats:
        """The shares, (1000,), of the ImageNet classes in a picture: the mean of its middle and its squashed whole."""
        scores: Floats = self._things.run(None, {"pictures": np.stack([_middle(image), _whole(image)])})[0]
        return np.asarray(scores.mean(axis=0))

    def person(self, image: Image) -> float:
        """How surely there is at least one person in a picture, 0 to 1, by shape rather than face."""
        squashed = cv2.resize(image, (_PEOPLE_SIDE, _PEOPLE_SIDE), interpolation=cv2.INTER_AREA)
        return float(self._people.run(None, {"pictures": squashed[None]})[0][0])

    def faces(self, image: Image, least: float) -> list[Face]:
        """The faces in a picture that are at least this sure, the surest first, none twice."""
        height, width = image.shape[:2]
        scale = _FACES_SIDE / max(height, width)
        size = [max(_STRIDE, round(side * scale / _STRIDE) * _STRIDE) for side in (width, height)]
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        heat, sizes, offsets = (value[0] for value in self._faces.run(None, {"pictures": small[None]}))
        return _distinct(
            [
                _face(float(heat[0, y, x]), sizes[:, y, x], offsets[:, y, x], int(x), int(y), size)
                for y, x in np.argwhere(heat[0] >= least)
            ]
        )

    def speech(self, pieces: Floats, state: tuple[Floats, Floats] | None) -> tuple[Floats, tuple[Floats, Floats]]:
        """How surely somebody speaks in each of N pieces, (N, 576): 64 samples of the piece before and 512 of its own.

        Pieces follow each other; `state` is what the call before returned, None at the beginning.
        """
        h, c = state if state is not None else (np.zeros((1, 1, 128), np.float32),) * 2
        scores, h, c = self._speech.run(None, {"input": pieces, "h": h, "c": c})
        return scores, (h, c)

    def music(self, bands: Floats) -> Floats:
        """How surely there is music in each of T frames, a hundred a second; `bands` are their (T, 80) energies."""
        scores: Floats = self._music.run(None, {"bands": bands})[0]
        return scores[:, 2]

    @cached_property
    def _things(self) -> Any:
        return _open("things")

    @cached_property
    def _people(self) -> Any:
        return _open("people")

    @cached_property
    def _faces(self) -> Any:
        return _open("faces")

    @cached_property
    def _speech(self) -> Any:
        return _open("speech")

    @cached_property
    def _music(self) -> Any:
        return _open("music")


def _open(name: str) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would keep what the largest picture took
    options.log_severity_level = 3  # it warns of devices that a processor does not have
    content = resources.files(__package__).joinpath("models", f"{name}.onnx").read_bytes()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _middle(image: Image) -> Image:
    """The largest square in the middle."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _whole(image[top : top + side, left : left + side])


def _whole(image: Image) -> Image:
    return np.asarray(cv2.resize(image, (_THINGS_SIDE, _THINGS_SIDE), interpolation=cv2.INTER_AREA))


def _face(score: float, size: Floats, offset: Floats, x: int, y: int, picture: list[int]) -> Face:
    """A cell of the grid as a face: its centre lies in the cell, its size is a logarithm."""
    height, width = (float(side) * _CELL for side in np.exp(size))
    centre_x, centre_y = (x + float(offset[1]) + 0.5) * _CELL, (y + float(offset[0]) + 0.5) * _CELL
    left, top = centre_x - width / 2, centre_y - height / 2
    across, down = picture
    return Face(score, (left / across, top / down, (left + width) / across, (top + height) / down))


def _distinct(faces: list[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_shared(face.box, other.box) < _OVERLAP for other in kept):
            kept.append(face)
    return kept


def _shared(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """The area that two boxes share, of the area that they cover together."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)
