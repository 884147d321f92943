"""Old pins and known advisories are told, and an index that cannot be asked is not taken for a clean bill."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.pins import FOUND, NOTHING, UNKNOWN, Pin, latest_of, main, majors_behind, pins


class Index:
    """A package index on the loopback: versions and advisories by name; what it does not know is a 404."""

    def __init__(self) -> None:
        self.versions: dict[str, list[str]] = {}
        self.advisories: dict[str, list[dict[str, Any]]] = {}
        self.yanked: set[str] = set()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = index.answer(self.path.strip("/").split("/"))
                body = json.dumps(found).encode()
                self.send_response(200 if found is not None else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, path: list[str]) -> dict[str, Any] | None:
        match path:
            case ["simple", name] if name in self.versions:
                files = [
                    {"filename": f"{name}-{version}.tar.gz", "yanked": version in self.yanked}
                    for version in self.versions[name]
                ]
                return {"versions": self.versions[name], "files": files}
            case ["pypi", name, _, "json"] if name in self.advisories:
                return {"vulnerabilities": self.advisories[name]}
        return None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def index() -> Iterator[Index]:
    running = Index()
    running.versions = {"calm": ["1.0", "2.4"], "old": ["1.0", "2.0", "3.1"], "torn": ["5.0"]}
    running.advisories = {"calm": [], "old": [], "torn": []}
    yield running
    running.close()


@pytest.fixture
def constraints(tmp_path: Path) -> Path:
    path = tmp_path / "constraints.txt"
    path.write_text("# pins\ncalm==1.0\n")
    return path


def ask(index: str, constraints: Path, *names: str) -> int:
    return main([*names, "--index", index, "--constraints", str(constraints)])


def test_nothing_to_do_is_said_and_ends_with_zero(index: Index, constraints: Path, capsys: Any) -> None:
    assert ask(index.url, constraints) == NOTHING
    assert capsys.readouterr().out == "1 of 1 pins looked up\n"


def test_a_pin_two_majors_behind_is_told(index: Index, constraints: Path, capsys: Any) -> None:
    constraints.write_text("calm==1.0\nold==1.0\n")
    assert ask(index.url, constraints) == FOUND
    assert "old 1.0: 2 major versions behind 3.1" in capsys.readouterr().out


def test_an_advisory_is_told_with_its_cve_and_what_mends_it(index: Index, constraints: Path, capsys: Any) -> None:
    index.advisories["calm"] = [
        {"id": "GHSA-1", "aliases": ["CVE-2026-1"], "fixed_in": ["2.4"], "withdrawn": None},
        {"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fixed_in": ["2.4"], "withdrawn": None},
        {"id": "GHSA-2", "aliases": [], "fixed_in": [], "withdrawn": None},
        {"id": "GHSA-3", "aliases": [], "fixed_in": [], "withdrawn": "2026-01-01"},
    ]
    assert ask(index.url, constraints) == FOUND
    assert capsys.readouterr().out.splitlines() == [
        "calm 1.0: CVE-2026-1, fixed in 2.4",
        "calm 1.0: GHSA-2, not fixed yet",
        "1 of 1 pins looked up",
    ]


def test_without_an_index_nothing_is_known_and_that_is_said(index: Index, constraints: Path, capsys: Any) -> None:
    index.close()
    assert ask(index.url, constraints) == UNKNOWN
    assert "0 of 1 pins looked up, 1 unknown" in capsys.readouterr().out


@pytest.mark.parametrize("gone", ["versions", "advisories"])
def test_an_index_that_knows_half_leaves_the_pin_unknown(
    gone: str, index: Index, constraints: Path, capsys: Any
) -> None:
    del getattr(index, gone)["calm"]
    assert ask(index.url, constraints) == UNKNOWN
    assert f"the index says nothing of its {gone}" in capsys.readouterr().out


def test_what_was_found_counts_though_something_is_unknown(index: Index, constraints: Path) -> None:
    constraints.write_text("nowhere==1.0\nold==1.0\n")
    assert ask(index.url, constraints) == FOUND


def test_only_the_packages_that_are_named_are_looked_up(index: Index, constraints: Path, capsys: Any) -> None:
    constraints.write_text("calm==1.0\nold==1.0\n")
    assert ask(index.url, constraints, "Calm") == NOTHING
    assert "1 of 1" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        ask(index.url, constraints, "unpinned")


def test_a_constraints_file_is_read_as_pip_reads_it() -> None:
    text = '# a comment\n\na==1.0\nb[x]==2.0 ; python_version < "3.13"\nc==3.0  # why\nd>=4\n'
    assert pins(text) == [Pin("a", "1.0"), Pin("b", "2.0"), Pin("c", "3.0")]


@pytest.mark.parametrize(
    ("version", "latest", "behind"),
    [
        ("1.0", "1.9", 0), ("1.0", "3.1", 2), ("11.3.0", "13.0.0", 2), ("0.22", "0.24", 2), ("0.22.1", "0.22.9", 0),
        ("0.9", "1.0", 1), ("0.9", "2.0", 2), ("2025.1", "2026.1", 1), ("3.0", "2.0", 0), ("1.0", "1!1.0", 2),
        ("2.0.0+cpu", "2.1", 0),
    ],
)  # fmt: skip
def test_majors_are_counted(version: str, latest: str, behind: int) -> None:
    assert majors_behind(version, latest) == behind


def test_previews_and_yanked_versions_are_not_what_one_is_behind(index: Index) -> None:
    index.versions["calm"] = ["1.0", "1.10", "1.9", "2.0rc1", "3.0", "4.0.dev1"]
    index.yanked = {"3.0"}
    assert latest_of(index.answer(["simple", "calm"])) == "1.10"
