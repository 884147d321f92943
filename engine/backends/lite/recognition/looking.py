"""From the networks' scores of some pictures to what may be said of the clip.

A word is believed by the sum of its classes, a person by face and shape, and nothing by one weak picture of a clip. The
numbers were found on 500 pictures and 25 clips that were looked at: `training/recognition/README.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .evidence import People, Seen, Thing
from .words import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .networks import Networks

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

PERHAPS = 0.85  # of what makes a word sure, for a group that is neither a single class nor a sum of too many
_GROUP = range(2, 21)
CAREFUL = 0.85  # of any word on what may be a drawing, which the networks never learned
_BEST = 3  # the best one in so many pictures has to show a thing: a single one misleads
FACE = 0.5
_FACE_ALONE = 0.7  # where no body is seen around it
_ANIMAL = 0.5  # of all animals together; then a face needs to be that sure
_BODY = 0.15  # of a body that a face may belong to
_BODY_DRAWN = 0.5
_PERSON = 0.8  # of a body without a face
_PERSON_SURE = 0.9
_CLIP = 4  # pictures; in so many somebody is seen well at least once
_MOST = 5  # things; what comes after them is hardly what the clip is about
_FLAT_SIDE = 320
_FLAT = 0.46  # from here on a picture may be drawn, or be a photograph of sky; less is said of it
_DRAWN = 0.8  # from here on it is drawn, or a screen


@dataclass(frozen=True)
class Picture:
    """What the networks said of one picture.

    `things` are the shares of the 1,000 classes; None where nobody asked. `person` is how surely somebody is seen by
    their shape, `faces` how surely each face is one, `flat` the share of it without any grain.
    """

    time_s: float
    things: Floats | None = None
    person: float = 0.0
    faces: tuple[float, ...] = ()
    flat: float = 0.0


def look_at(networks: Networks, time_s: float, image: Image, *, things: bool, people: bool) -> Picture:
    """Ask the networks about one (H, W, 3) RGB picture."""
    shares = networks.things(image) if things else None
    person, faces = 0.0, tuple[float, ...]()
    if people:
        person = networks.person(image)
        faces = tuple(face.score for face in networks.faces(image, FACE))
        if faces and min(faces) <= _FACE_ALONE:  # dogs have faces, too
            least = _FACE_ALONE if _shows_animal(shares if things else networks.things(image)) else FACE
            faces = tuple(score for score in faces if score > least)
    return Picture(time_s, shares, person, faces, flatness(image))


def evidence(pictures: Sequence[Picture]) -> Seen:
    """What may be said of the clip that these pictures are from, in the order of their times."""
    flat = float(np.median([picture.flat for picture in pictures])) if pictures else 0.0
    careful = flat > _FLAT
    return Seen(_things(pictures, careful=careful), _people(pictures, careful=careful), flat > _DRAWN)


def _shows_animal(shares: Floats | None) -> bool:
    return shares is not None and float(shares[_leaves("animal")].sum()) > _ANIMAL


def flatness(image: Image) -> float:
    """How much of a (H, W, 3) picture has exactly the colour of its neighbour: nearly all of a drawing or a screen."""
    scale = min(1.0, _FLAT_SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.int16)
    across = np.abs(np.diff(small, axis=1)).max(axis=2)[:-1]
    down = np.abs(np.diff(small, axis=0)).max(axis=2)[:, :-1]
    return float((np.maximum(across, down) <= 1).mean())


def _things(pictures: Sequence[Picture], *, careful: bool) -> tuple[Thing, ...]:
    seen = [(p.time_s, p.things) for p in pictures if p.things is not None]
    if not seen:
        return ()
    shares = np.stack([things for _, things in seen])
    best = -(-len(seen) // _BEST)
    found = []
    for word in vocabulary().values():
        scores = shares[:, _leaves(word.word)].sum(axis=1)
        score = float(np.sort(scores)[-best:].mean())
        sure = max(word.sure, CAREFUL) if careful else word.sure
        enough = sure * PERHAPS if len(word.leaves) in _GROUP and not careful else sure
        if score >= enough:
            times = tuple(time_s for (time_s, _), one in zip(seen, scores, strict=True) if one >= enough)
            found.append(Thing(word.word, score >= sure, min(1.0, score), times))
    found.sort(key=lambda thing: -len(thing.times_s) * thing.score)
    return tuple(_most_exact(found)[:_MOST])


def _most_exact(found: list[Thing]) -> list[Thing]:
    """Without what says less than another word, "animal" beside "dog", or less surely what a wider one says surely."""
    kept: list[Thing] = []
    for thing in found:
        leaves = set(_leaves(thing.word))
        others = [(other, set(_leaves(other.word))) for other in found if other is not thing]
        narrower = any(theirs < leaves and (other.sure or not thing.sure) for other, theirs in others)
        wider = any(leaves < theirs and other.sure and not thing.sure for other, theirs in others)
        if not narrower and not wider:
            kept.append(thing)
    return kept


def _people(pictures: Sequence[Picture], *, careful: bool) -> People | None:
    seen = [picture for picture in pictures if _has_person(picture, careful=careful)]
    if not seen:
        return None
    sure = any(_has_face(picture) or picture.person > _PERSON_SURE for picture in seen)
    if not sure and len(pictures) >= _CLIP:
        return None
    crowd = max(seen, key=lambda picture: len(picture.faces))
    return People(tuple(picture.time_s for picture in seen), len(crowd.faces), crowd.time_s, sure)


def _has_person(picture: Picture, *, careful: bool) -> bool:
    if careful:
        return _has_face(picture) and picture.person > _BODY_DRAWN
    return _has_face(picture) or picture.person > _PERSON


def _has_face(picture: Picture) -> bool:
    surest = max(picture.faces, default=0.0)
    return surest > _FACE_ALONE or (surest > FACE and picture.person > _BODY)


@cache
def _leaves(word: str) -> list[int]:
    return sorted(vocabulary()[word].leaves)
