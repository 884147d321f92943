"""Videos that begin with a picture, and videos that are made longer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import media
from engine.errors import BadRequest, MediaError
from engine.types import MediaLimits

from .conftest import Job, Make
from .test_rendering import LTX_WARNS

IMAGE_TO_VIDEO = ("ltx", "ltx-condition", "wan-ti2v", "wan-i2v", "cogvideox-i2v")
RED, BLUE = (200, 30, 30), (20, 40, 190)


def pictures_of(path: str) -> list[np.ndarray]:
    with media.open_clip(path, MediaLimits()) as clip:
        return [frame.image for frame in clip.scan(max_fps=1000, max_side=1000)]


def clip(path: Path, *, frames: int, fps: float, width: int = 64, height: int = 48) -> str:
    """A smooth clip that grows brighter."""
    slope = np.linspace(0, 60, width, dtype=np.uint8)[None, :, None]
    with media.VideoWriter(path, width, height, fps) as video:
        for index in range(frames):
            video.write(np.broadcast_to(slope + 10 * index, (height, width, 3)).astype(np.uint8))
    return str(path)


@LTX_WARNS
@pytest.mark.parametrize("name", IMAGE_TO_VIDEO)
def test_a_video_follows_the_picture_it_begins_with(make: Make, wish, picture, name: str) -> None:
    backend = make(name)
    assert backend.card().animates
    jobs = [wish(seconds=0.2, image=picture(colour)) for colour in (RED, BLUE, RED)]
    red, blue, again = (Path(backend.render(job, Job()).path).read_bytes() for job in jobs)
    assert red == again
    assert red != blue


@LTX_WARNS
@pytest.mark.parametrize("name", ["ltx", "ltx-condition", "wan-ti2v"])
def test_one_checkpoint_makes_videos_from_words_and_from_pictures(make: Make, wish, picture, name: str) -> None:
    backend = make(name)
    words, animated = wish(seconds=0.2), wish(seconds=0.2, image=picture(RED))
    backend.render(words, Job())
    backend.render(animated, Job())
    assert Path(words.out).read_bytes() != Path(animated.out).read_bytes()


def test_beginning_with_a_clip_means_its_first_picture(make: Make, wish, tmp_path: Path) -> None:
    source = clip(tmp_path / "source.mp4", frames=6, fps=8)
    with media.open_clip(source, MediaLimits()) as opened:
        still = media.write_stills(opened.frames_at([0.0]), tmp_path)
    backend = make("ltx")
    by_clip, by_still = wish(image=source), wish(image=still[0].path)
    assert backend.render(by_clip, Job()).frames == backend.render(by_still, Job()).frames
    first, second = pictures_of(by_clip.out)[0], pictures_of(by_still.out)[0]
    assert np.abs(first.astype(int) - second).mean() < 3  # a JPEG apart


@LTX_WARNS
@pytest.mark.parametrize("name", ["ltx", "wan-ti2v"])
def test_a_longer_video_holds_the_old_pictures_and_then_new_ones(make: Make, wish, tmp_path: Path, name: str) -> None:
    old = clip(tmp_path / "old.mp4", frames=12, fps=24)
    job = wish(extends=old, seconds=0.5, width=640, height=360)
    rendered = make(name).render(job, Job())
    pictures = pictures_of(job.out)
    assert len(pictures) == rendered.frames == 12 + 12
    assert (rendered.width, rendered.height, rendered.fps) == (64, 48, 24.0)
    for kept, original in zip(pictures, pictures_of(old), strict=False):
        assert np.abs(kept.astype(int) - original).mean() < 4


def test_a_longer_video_keeps_the_rate_and_size_of_the_old_one(make: Make, wish, tmp_path: Path) -> None:
    old = clip(tmp_path / "old.mp4", frames=5, fps=10, width=96, height=40)
    job = wish(extends=old, seconds=0.5)
    rendered = make("ltx").render(job, Job())  # which makes 24 pictures a second
    assert rendered.frames == len(pictures_of(job.out)) == 5 + 5
    assert (rendered.width, rendered.height, rendered.fps) == (96, 40, 10.0)


def test_the_old_video_is_untouched_and_may_be_replaced(make: Make, wish, tmp_path: Path) -> None:
    old = clip(tmp_path / "old.mp4", frames=4, fps=24)
    before = Path(old).read_bytes()
    make("ltx").render(wish(extends=old, seconds=0.2), Job())
    assert Path(old).read_bytes() == before
    make("ltx").render(wish(extends=old, out=old, seconds=0.25), Job())
    assert len(pictures_of(old)) == 4 + 6


def test_a_picture_can_be_continued_as_a_clip_of_one_frame(make: Make, wish, picture) -> None:
    job = wish(extends=picture(RED))
    assert make("ltx").render(job, Job()).frames == len(pictures_of(job.out)) == 1 + 6


@pytest.mark.parametrize("how", ["image", "extends"])
def test_a_model_for_words_only_says_so(make: Make, wish, picture, how: str) -> None:
    backend = make("wan")
    assert not backend.card().animates
    with pytest.raises(BadRequest, match="from words only"):
        backend.render(wish(**{how: picture(RED)}), Job())


def test_a_model_for_pictures_only_asks_for_one(make: Make, wish) -> None:
    with pytest.raises(BadRequest, match="needs one to begin with"):
        make("wan-i2v").render(wish(), Job())


def test_a_picture_and_a_video_to_continue_do_not_go_together(make: Make, wish, picture) -> None:
    with pytest.raises(BadRequest, match="not both"):
        make("ltx").render(wish(image=picture(RED), extends=picture(RED)), Job())


def test_a_file_that_is_no_picture_is_refused_with_its_own_sentence(make: Make, wish, tmp_path: Path) -> None:
    text = tmp_path / "picture.png"
    text.write_text("no picture")
    with pytest.raises(MediaError):
        make("ltx").render(wish(image=str(text)), Job())
    assert list(tmp_path.glob("*.mp4*")) == []
