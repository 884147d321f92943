"""Writes the lines that the guard is trained on beside the labelled texts of others, from the files in `lines/`.

    python -m training.guard.build OUT.jsonl

Notation of a file: `$slot = this | that` names alternatives; `# family: labels` opens a family (labels are categories
or `none`; a family whose name ends in `!` is held out and only ever measured); every other line is templates, parted by
` | `. A `$slot` is filled with one of its alternatives. All lines of one template share a `group`, so that a fold can
leave a whole template out.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINES = Path(__file__).parent / "lines"
SLOT = re.compile(r"\$([a-z]+)")
MOST = {0: 1, 1: 7, 2: 12}  # lines of a template by its slots
MOST_SLOTS = 14
MIXED = 700  # longer texts, in which one line stands among others


@dataclass(frozen=True)
class Family:
    language: str
    name: str
    labels: tuple[str, ...]
    held_out: bool
    templates: tuple[str, ...]
    slots: dict[str, list[str]]


def families() -> Iterator[Family]:
    """All families of all files."""
    for file in sorted(LINES.glob("*.txt")):
        slots: dict[str, list[str]] = {}
        head: tuple[str, tuple[str, ...]] | None = None
        templates: list[str] = []
        for line in [*file.read_text("utf-8").splitlines(), "# end: none"]:
            if found := re.fullmatch(r"\$(\w+) = (.*)", line):
                slots[found[1]] = [each.strip() if each.strip() != "," else "" for each in found[2].split("|")]
            elif found := re.fullmatch(r"# ([\w !-]+): ([\w/, -]+)", line):
                if head is not None:
                    name, labels = head
                    yield Family(
                        file.stem.partition("-")[0],
                        name.rstrip("!"),
                        labels,
                        name.endswith("!"),
                        tuple(templates),
                        slots,
                    )
                labels = () if found[2] == "none" else tuple(found[2].split(", "))
                head, templates = (found[1], labels), []
            elif head is not None and line.strip():
                templates += [each.strip() for each in line.split(" | ") if each.strip()]


def fill(template: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    """One line of a template."""
    while SLOT.search(template):
        template = SLOT.sub(lambda found: rng.choice(slots[found[1]]), template)
    return " ".join(template.replace(" ,", ",").split())


def spelled(line: str, rng: random.Random) -> str:
    """A line as somebody might type it."""
    kind = rng.random()
    if kind < 0.45:
        return line[:1].upper() + line[1:] + rng.choice(["", ".", "!", "?", ""])
    return line + rng.choice(["?", ".", "!", " please"]) if kind > 0.85 else line


def rows(seed: int = 7) -> Iterator[dict[str, object]]:
    """The lines with their labels: {text, labels, language, family, group, held_out}."""
    rng = random.Random(seed)
    plain: list[tuple[str, Family, str]] = []
    for family in families():
        for number, template in enumerate(family.templates):
            most = MOST.get(len(SLOT.findall(template)), MOST_SLOTS)
            lines = dict.fromkeys(fill(template, family.slots, rng) for _ in range(most * 2))
            group = f"{family.language}/{family.name}/{number}"
            plain += [(line, family, group) for line in list(lines)[:most]]
            for line in list(lines)[:most]:
                for text in dict.fromkeys([spelled(line, rng), line] if len(lines) == 1 else [spelled(line, rng)]):
                    yield _row(text, family, group)
    yield from _mixed(plain, rng)


def _mixed(plain: list[tuple[str, Family, str]], rng: random.Random) -> Iterator[dict[str, object]]:
    """Lines among harmless ones, and as many texts of harmless ones alone."""
    chat = [line for line, family, _ in plain if family.name == "harmless-chat"]
    open_ = [each for each in plain if not each[1].held_out and each[1].language == "en"]
    for _ in range(MIXED):
        line, family, group = rng.choice([each for each in open_ if each[1].labels or rng.random() < 0.2])
        around = [rng.choice(chat) for _ in range(rng.randint(2, 7))]
        around.insert(rng.randrange(len(around) + 1), line)
        yield _row(". ".join(each[:1].upper() + each[1:] for each in around) + ".", family, group)
        line, family, group = rng.choice([each for each in open_ if not each[1].labels])
        around = [line, *(rng.choice(chat) for _ in range(rng.randint(2, 7)))]
        yield _row(". ".join(each[:1].upper() + each[1:] for each in around) + ".", family, group)


def _row(text: str, family: Family, group: str) -> dict[str, object]:
    return {
        "text": text,
        "labels": list(family.labels),
        "language": family.language,
        "family": family.name,
        "group": group,
        "held_out": family.held_out,
    }


if __name__ == "__main__":
    with Path(sys.argv[1]).open("w") as out:
        for row in rows():
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
