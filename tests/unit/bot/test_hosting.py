"""Descriptors and file modes: raised as far as the system lets, and taken from everybody but the owner."""

from __future__ import annotations

import os
import resource
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import cli
from bot.hosting import copy_out, raise_descriptor_limit, settle_scratch, tighten

Limits = Callable[[], tuple[int, int]]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def limits() -> Iterator[Limits]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda: resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_of_descriptors_is_raised_to_what_the_system_allows(limits: Limits) -> None:
    _, hard = limits()
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    assert raise_descriptor_limit(1_000_000_000) == limits()[0] > 256


def test_the_limit_of_descriptors_is_never_lowered(limits: Limits) -> None:
    soft, _ = limits()
    assert raise_descriptor_limit(64) == soft
    assert limits()[0] == soft


def test_a_data_folder_of_an_earlier_version_is_taken_from_everybody_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "clips" / "r1").mkdir(parents=True)
    files = [data / "bot.db", data / "bot.db-wal", data / "clips" / "r1" / "0-clip.mp4"]
    for file in files:
        file.touch()
        file.chmod(0o644)
    files[1].chmod(0o600)
    (data / "clips").chmod(0o777)
    assert tighten(data) >= 4
    assert [mode(path) for path in (data, data / "clips", data / "clips" / "r1")] == [0o700] * 3
    assert [mode(file) for file in files] == [0o600] * 3
    assert tighten(data) == 0


def test_a_link_in_the_data_folder_changes_nothing_where_it_leads(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "outside"
    data.mkdir()
    outside.mkdir()
    (outside / "notes").touch()
    for path, wanted in ((outside, 0o755), (outside / "notes", 0o644)):
        path.chmod(wanted)
    (data / "link").symlink_to(outside)
    (data / "file").symlink_to(outside / "notes")
    tighten(data)
    assert (mode(outside), mode(outside / "notes")) == (0o755, 0o644)


def test_a_folder_that_is_everybodys_stays_everybodys(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    for name in ("bot.db", "somebody's"):
        (shared / name).touch()
        (shared / name).chmod(0o644)
    tighten(shared)
    assert mode(shared) == 0o1777
    assert [mode(shared / name) for name in ("bot.db", "somebody's")] == [0o600, 0o644]


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    assert tighten(tmp_path / "nowhere") == 0


def test_what_a_person_asked_for_is_readable_as_that_person_wants(tmp_path: Path) -> None:
    made, out = tmp_path / "made.mp4", tmp_path / "ball.mp4"
    made.write_bytes(b"video")
    made.chmod(0o600)
    copy_out(made, out, 0o022)
    assert (mode(out), out.read_bytes()) == (0o644, b"video")
    out.chmod(0o640)
    copy_out(made, out, 0o022)  # a file that was there keeps its mode
    assert mode(out) == 0o640


def test_every_command_writes_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o022)
    try:
        monkeypatch.setenv("GPT4VIDEO_BOT__DATA_DIR", str(tmp_path / "data"))
        assert CliRunner().invoke(cli, ["migrate"]).exit_code == 0
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    written = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert written[1:]
    assert [path for path in written if mode(path) & 0o077] == []


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No usual folder for temporary files can be written."""
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/nowhere"])
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", "/proc/nowhere")


@pytest.mark.usefixtures("nowhere")
def test_what_is_needed_for_a_moment_goes_to_the_data_folder_where_no_other_can_be_written(tmp_path: Path) -> None:
    settle_scratch(tmp_path / "data")
    folder = tmp_path / "data" / "tmp"
    assert (tempfile.gettempdir(), os.environ["TMPDIR"]) == (str(folder), str(folder))
    assert mode(folder) == 0o700
    with tempfile.TemporaryFile() as file:
        assert file.write(b"x") == 1


def test_where_the_usual_folder_can_be_written_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "usual"))
    settle_scratch(tmp_path / "data")
    assert tempfile.gettempdir() == str(tmp_path / "usual")
    assert not (tmp_path / "data").exists()
