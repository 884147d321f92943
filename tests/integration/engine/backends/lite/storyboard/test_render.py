"""The storyboard as the runtime uses it: a real file, real steps, real cancelling."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256

import av
import numpy as np
import pytest

from engine.backends.lite.storyboard import Storyboard
from engine.errors import BadRequest, JobCancelled, MissingExtra
from engine.extras import install
from engine.media import VideoWriter
from engine.types import Generate, MediaLimits, Progress, Role


class Context:
    """Records events; cancels at the given number of finished steps."""

    def __init__(self, cancel_at=None):
        self.limits = MediaLimits()
        self.events, self.checkpoints, self.cancel_at = [], 0, cancel_at

    def emit(self, event):
        self.events.append(event)

    def checkpoint(self):
        self.checkpoints += 1
        if self.cancel_at is not None and len(self.events) >= self.cancel_at:
            raise JobCancelled("Cancelled.")


@pytest.fixture
def board():
    backend = Storyboard()
    backend.load()
    return backend


def job(tmp_path, name="clip.mp4", **changes):
    base = {
        "prompt": "a red ball bounces",
        "out": str(tmp_path / name),
        "seed": 4,
        "seconds": 1.0,
        "width": 160,
        "height": 96,
    }
    return Generate(**(base | changes))


def decoded(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_a_render_writes_the_clip_that_it_reports(board, tmp_path):
    done = board.render(job(tmp_path), Context())

    frames = decoded(done.path)
    assert frames.shape == (24, 96, 160, 3)
    assert (done.width, done.height, done.frames, done.fps, done.seed) == (160, 96, 24, 24, 4)
    assert done.seconds > 0
    with av.open(done.path) as container:
        assert float(container.streams.video[0].average_rate) == 24
        assert float(container.duration / av.time_base) == pytest.approx(1.0, abs=0.05)


def test_every_frame_is_a_step_with_a_checkpoint(board, tmp_path):
    context = Context()

    board.render(job(tmp_path), context)

    assert context.events == [Progress(step=step, total=24, label="frames") for step in range(1, 25)]
    assert context.checkpoints >= 24


@pytest.mark.parametrize("cancel_at", [0, 1, 13])
def test_a_cancelled_render_stops_at_once_and_leaves_nothing_behind(board, tmp_path, cancel_at):
    context = Context(cancel_at)

    with pytest.raises(JobCancelled):
        board.render(job(tmp_path), context)

    assert len(context.events) == cancel_at
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def drawn(board, tmp_path, monkeypatch):
    """Render, and return what came back with a hash of every frame that went to the encoder.

    The encoder's own bytes are not compared: how it spreads work over threads is no matter of the storyboard.
    """
    hashes = []
    write = VideoWriter.write

    def hashing(self, image):
        hashes.append(sha256(image.tobytes()).hexdigest())
        write(self, image)

    monkeypatch.setattr(VideoWriter, "write", hashing)

    def render(**changes):
        hashes.clear()
        return board.render(job(tmp_path, **changes), Context()), tuple(hashes)

    return render


def test_the_same_job_twice_gives_the_same_frames_byte_for_byte(drawn):
    (_, once), (_, again), (_, other) = drawn(seed=9), drawn(seed=9), drawn(seed=10)

    assert len(once) == 24
    assert once == again
    assert not set(once) & set(other)


def test_without_a_seed_one_is_chosen_and_reported_and_gives_the_frames_again(drawn):
    done, first = drawn(seed=None)
    _, again = drawn(seed=done.seed)

    assert 0 <= done.seed < 2**31
    assert first == again


@pytest.mark.parametrize(("width", "height"), [(101, 77), (64, 128), (90, 160)])
def test_odd_and_tall_sizes_are_encoded(board, tmp_path, width, height):
    done = board.render(job(tmp_path, width=width, height=height, seconds=0.5), Context())

    assert decoded(done.path).shape == (12, done.height, done.width, 3)
    assert (done.width, done.height) == (width - width % 2, height - height % 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 63},
        {"height": 1921},
        {"width": 0},
        {"height": -5},
        {"seconds": 0.4},
        {"seconds": 20.1},
        {"seconds": float("nan")},
        {"prompt": "  \n "},
    ],
)
def test_impossible_jobs_are_refused_in_a_sentence(board, tmp_path, changes):
    with pytest.raises(BadRequest) as refused:
        board.render(job(tmp_path, **changes), Context())

    assert refused.value.message.endswith(".")
    assert list(tmp_path.iterdir()) == []


def test_the_card_names_it_honestly_and_needs_no_download():
    card = Storyboard().card()

    assert (card.role, card.missing, card.download_bytes) == (Role.GENERATION, "", 0)
    assert "drawn" in card.name


def test_without_its_packages_it_says_how_to_install_them(monkeypatch):
    monkeypatch.setattr("engine.backends.lite.extra.find_spec", lambda name: None)

    assert install("lite") in Storyboard().card().missing
    with pytest.raises(MissingExtra):
        Storyboard().load()


def test_asking_for_the_card_imports_nothing_heavy():
    code = (
        "import sys; from engine.backends.lite.storyboard import Storyboard; Storyboard().card();"
        "print([m for m in ('numpy', 'PIL', 'resvg_py', 'av') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
