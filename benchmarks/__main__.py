"""`make bench`: measure everything, print it, and write docs/benchmarks.md.

`python -m benchmarks discord` measures one section (or several), and renews it on the page.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import decoding, discord, engine, generation, sampling, start, store, understanding
from benchmarks.report import number, table, with_section

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


SECTIONS: dict[str, Callable[[], str]] = {
    "start": lambda: table("Starting", start.rows()),
    "sampling": _sampling,
    "decoding": lambda: table("Reading posted files apart", decoding.rows()),
    "engine": lambda: table("The engine", engine.rows()),
    "understanding": lambda: table("Answering with transformers", understanding.rows()),
    "generation": lambda: table("Making videos with diffusers", generation.rows()),
    "store": lambda: table("The store", store.rows()),
    "discord": discord.section,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print and write. Exit code 1, with a sentence, when something to compare with is not installed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"what to measure: {', '.join(SECTIONS)} (default: everything)")
    chosen: list[str] = parser.parse_args(argv).sections
    if unknown := [name for name in chosen if name not in SECTIONS]:
        parser.error(f"there is no section {unknown[0]!r}; known are {', '.join(SECTIONS)}")
    try:
        if not chosen or "sampling" in chosen:
            sampling.require()
    except sampling.NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    day = datetime.now(UTC).date()
    page = PAGE.read_text() if chosen else _head(day)
    for name in chosen or SECTIONS:
        section = SECTIONS[name]()
        if chosen:
            section = section.replace("\n\n", f"\n\nMeasured alone on {day}.\n\n", 1)
        page = with_section(page, section)
        print(section, flush=True)
    PAGE.write_text(page)
    print(f"written to {PAGE.relative_to(Path.cwd())}")
    return 0


def _head(day: date) -> str:
    return HEAD.format(
        day=day,
        cores=os.cpu_count(),
        python=platform.python_version(),
        av=version("av"),
        transformers=version("transformers"),
    )


if __name__ == "__main__":
    sys.exit(main())
