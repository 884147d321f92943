"""`make bench`: measure everything, print it, and write docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import engine, sampling, start, store
from benchmarks.report import number, table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` on {day}: {cores} cores, Python {python}, no GPU, av {av}, transformers {transformers}. Goals
come from the plan; ratios are taken in one run, the ways taking turns.
"""


def _sampling() -> str:
    lines = [
        f"### Reading {sampling.FRAMES} frames of a clip",
        "",
        "Times in milliseconds. The ratios say how many times faster seeking is than transformers' `load_video` (its"
        " quicker backend) and than decoding everything.",
        "",
        "| clip | ours | `load_video` | everything | over `load_video` | over everything |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for row in sampling.rows():
        theirs = [value for value in (row.load_video_pyav_s, row.load_video_opencv_s) if value is not None]
        quickest = number(min(theirs) * 1000) if theirs else "–"
        ratio = "–" if row.over_load_video is None else f"{number(row.over_load_video)}×"
        lines.append(
            f"| {row.clip} | {number(row.ours_s * 1000)} | {quickest} | {number(row.everything_s * 1000)} "
            f"| {ratio} | {number(row.over_everything)}× |"
        )
    return "\n".join([*lines, ""])


def main() -> int:
    """Measure, print and write. Exit code 1, with a sentence, when something to compare with is not installed."""
    try:
        sampling.require()
    except sampling.NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    head = HEAD.format(
        day=datetime.now(UTC).date(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        av=version("av"),
        transformers=version("transformers"),
    )
    parts = [head]
    for measure in (
        lambda: table("Starting", start.rows()),
        _sampling,
        lambda: table("The engine", engine.rows()),
        lambda: table("The store", store.rows()),
    ):
        parts.append(measure())
        print(parts[-1], flush=True)
    PAGE.write_text("\n".join(parts))
    print(f"written to {PAGE.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
