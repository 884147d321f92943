"""Which pins of `constraints.txt` are two major versions behind, and which have known advisories.

    python -m tools.pins              every pin
    python -m tools.pins pillow av    these only

Asks the package index for the versions that installers see, and for what it says of the pinned one: advisories.
Ends with 0 when there is nothing to do, 1 when there is, and 3 when the index said too little about some pins: then
nothing is known of those, which is not the same as nothing to do.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
INDEX = "https://pypi.org"
NOTHING, FOUND, UNKNOWN = 0, 1, 3

_AT_ONCE = 6
_TIMEOUT_S = 20.0
_LARGEST_BYTES = 64 << 20  # the list of a package with ten thousand files has 20 MB
_TOO_FAR = 2  # majors
_PIN = re.compile(r"^(?P<name>[\w.-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;#]+)")
_FINAL = re.compile(r"(?:\d+!)?\d+(?:\.\d+)*(?:\.post\d+)?")


@dataclass(frozen=True)
class Pin:
    name: str
    version: str


@dataclass(frozen=True)
class Advisory:
    """`fixed_in` are the versions without it; empty when there is none yet."""

    id: str
    fixed_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What the index says of a pin. `latest` is empty and `advisories` None where it says nothing."""

    pin: Pin
    latest: str = ""
    advisories: tuple[Advisory, ...] | None = None

    @property
    def behind(self) -> int:
        return majors_behind(self.pin.version, self.latest) if self.latest else 0

    @property
    def status(self) -> int:
        if self.advisories or self.behind >= _TOO_FAR:
            return FOUND
        return UNKNOWN if self.advisories is None or not self.latest else NOTHING


def pins(constraints: str) -> list[Pin]:
    """The exact pins of a constraints file, in its order."""
    found = (_PIN.match(line.strip()) for line in constraints.splitlines())
    return [Pin(each["name"], each["version"]) for each in found if each]


def majors_behind(version: str, latest: str) -> int:
    """How many major versions lie between them; before 1.0 the second number counts as one, as its authors mean it."""
    (epoch, major, minor), (last_epoch, last_major, last_minor) = _numbers(version)[:3], _numbers(latest)[:3]
    if epoch != last_epoch or (major and last_major):
        return max(0, last_major - major) if epoch == last_epoch else _TOO_FAR
    return last_major if last_major > major else max(0, last_minor - minor)


def latest_of(listed: Any) -> str:
    """The newest version that installers take by themselves, of an index's list of files; empty when there is none."""
    taken = {
        _version_of(str(file.get("filename", ""))): None for file in listed.get("files", []) if not file.get("yanked")
    }
    versions = [version for version in listed.get("versions", []) if _FINAL.fullmatch(version)]
    offered = [version for version in versions if version in taken] or versions
    return max(offered, key=_numbers, default="")


def look_up(pin: Pin, index: str = INDEX) -> Finding:
    """Ask the index about a pin. What it does not answer stays unknown."""
    listed = _get(f"{index}/simple/{quote(pin.name)}/", "application/vnd.pypi.simple.v1+json")
    told = _get(f"{index}/pypi/{quote(pin.name)}/{quote(pin.version)}/json", "application/json")
    return Finding(
        pin,
        latest=latest_of(listed) if isinstance(listed, dict) else "",
        advisories=_advisories(told) if isinstance(told, dict) else None,
    )


def report(findings: Iterable[Finding]) -> str:
    """What there is to do, a line for each pin that is not as it should be, and a last line that adds up."""
    findings = list(findings)
    lines = [line for finding in findings for line in _lines(finding)]
    known = sum(finding.status != UNKNOWN for finding in findings)
    unknown = len(findings) - known
    lines.append(f"{known} of {len(findings)} pins looked up" + (f", {unknown} unknown" if unknown else ""))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.pins", description="Old pins, and known advisories.")
    parser.add_argument("names", nargs="*", help="only these packages")
    parser.add_argument("--constraints", type=Path, default=ROOT / "constraints.txt")
    parser.add_argument("--index", default=INDEX)
    asked = parser.parse_args(arguments)
    known = pins(asked.constraints.read_text())
    chosen = [pin for pin in known if not asked.names or _plain(pin.name) in set(map(_plain, asked.names))]
    if strange := set(map(_plain, asked.names)) - {_plain(pin.name) for pin in known}:
        parser.error(f"not pinned: {', '.join(sorted(strange))}")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        findings = list(pool.map(lambda pin: look_up(pin, asked.index.rstrip("/")), chosen))
    print(report(findings))
    statuses = {finding.status for finding in findings}
    return FOUND if FOUND in statuses else UNKNOWN if UNKNOWN in statuses else NOTHING


def _lines(finding: Finding) -> list[str]:
    pin = finding.pin
    told = f"{pin.name} {pin.version}"
    lines = [f"{told}: {_advised(advisory)}" for advisory in finding.advisories or ()]
    if finding.behind >= _TOO_FAR:
        lines.append(f"{told}: {finding.behind} major versions behind {finding.latest}")
    missing = [] if finding.latest else ["versions"]
    if finding.advisories is None:
        missing.append("advisories")
    if missing:
        lines.append(f"{told}: the index says nothing of its {' and '.join(missing)}")
    return lines


def _advised(advisory: Advisory) -> str:
    fixed = f"fixed in {', '.join(advisory.fixed_in)}" if advisory.fixed_in else "not fixed yet"
    return f"{advisory.id}, {fixed}"


def _advisories(told: Any) -> tuple[Advisory, ...]:
    """Those that stand: what was withdrawn is none. A CVE's number is what people look for, so it comes first."""
    found = []
    for each in told.get("vulnerabilities") or ():
        if each.get("withdrawn"):
            continue
        names = [*(alias for alias in each.get("aliases") or () if str(alias).startswith("CVE-")), each.get("id")]
        found.append(Advisory(str(names[0]), tuple(map(str, each.get("fixed_in") or ()))))
    return tuple(dict.fromkeys(found))


def _get(url: str, accept: str) -> Any | None:
    request = Request(url, headers={"Accept": accept, "User-Agent": "gpt4video-bot pins"})  # noqa: S310 - see below
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the operator's index, by default PyPI
            return json.loads(answer.read(_LARGEST_BYTES))
    except (HTTPError, URLError, OSError, ValueError):
        return None


def _version_of(filename: str) -> str:
    stem = re.sub(r"\.(?:tar\.gz|tar\.bz2|zip|whl|egg)$", "", filename)
    parts = stem.split("-")
    return parts[1] if filename.endswith(".whl") and len(parts) > 1 else parts[-1]


def _numbers(version: str) -> list[int]:
    """Epoch, major, minor and the rest as numbers; what is no number counts as none."""
    epoch, _, rest = version.rpartition("!")
    return [int(epoch or 0), *(int(number) for number in re.findall(r"\d+", rest)), 0, 0]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
