"""Every drawing of the catalogue: inside its box, in its colours, alive."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backends.lite.storyboard.catalogue import SUBJECTS
from engine.backends.lite.storyboard.colour import Ink
from engine.backends.lite.storyboard.draw.kit import Pose
from engine.backends.lite.storyboard.raster import rasterise
from engine.backends.lite.storyboard.scene import Motion

PAD = 60
POSES = (
    Pose(text="OPEN"),
    Pose(t=0.7, travel=31, gait=1, gesture=Motion.RUN, pick=2, text="OPEN"),
    Pose(t=1.3, gesture=Motion.DANCE, pick=3, text="OPEN"),
    Pose(t=1.9, gesture=Motion.WAVE, pick=5, text="OPEN"),
    Pose(t=2.6, travel=80, gait=1, gesture=Motion.FLY, pick=1, text="OPEN"),
)


def alpha(subject, pose, colour=None):
    left, top, right, bottom = subject.box
    view = (left - PAD, top - PAD, right - left + 2 * PAD, bottom - top + 2 * PAD)
    body = subject.draw(Ink.of(colour or subject.colours[0]), pose)
    return np.asarray(rasterise(body, round(view[2] / 3), round(view[3] / 3), view))


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_drawing_is_there_and_stays_inside_its_box_in_every_pose(name):
    subject = SUBJECTS[name]

    for pose in POSES:
        picture = alpha(subject, pose)[..., 3]
        edge = PAD // 3
        inside = picture[edge:-edge, edge:-edge]
        assert (inside > 128).sum() > 60
        outside = picture.copy()
        outside[edge - 1 : 1 - edge, edge - 1 : 1 - edge] = 0
        assert (outside > 40).sum() == 0


@pytest.mark.parametrize("name", sorted(set(SUBJECTS) - {"rainbow", "cyclist", "campfire"}))
def test_a_drawing_takes_on_the_colour_it_is_given(name):
    red, blue = (alpha(SUBJECTS[name], POSES[0], colour).astype(int) for colour in ("#d01020", "#1030d0"))

    assert ((red != blue).any(axis=2)).sum() > 30
    assert (red[..., 0] - red[..., 2])[red[..., 3] > 128].sum() > (blue[..., 0] - blue[..., 2])[
        blue[..., 3] > 128
    ].sum()


@pytest.mark.parametrize("name", [one.name for one in SUBJECTS.values() if one.animate])
def test_whoever_is_animate_moves_when_walking(name):
    subject = SUBJECTS[name]

    still, stride = alpha(subject, Pose(gait=1, travel=0)), alpha(subject, Pose(t=0.2, gait=1, travel=14))
    assert (still != stride).any()


def test_names_and_words_lead_to_one_subject_each():
    words = [word for subject in SUBJECTS.values() for word in subject.words]

    assert len(SUBJECTS) >= 45
    assert sorted(words) == sorted(set(words))
