"""What the bot asks of the system that it runs on: enough descriptors, files that nobody but their owner reads, and a
place for what is needed for a moment."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.http import Limits
    from bot.config.parts import Door

log = logging.getLogger(__name__)

OWNER_ONLY = 0o077  # the umask of everything that the bot writes
SCRATCH = "tmp"
OURS = (
    "bot.db*",
    "clips",
    "videos",
    "inbox",
    "state",
    "models",
    "bot.sock",
    SCRATCH,
)  # in a data folder that others use as well
DESCRIPTORS = 65_536  # as many as the bot asks for; some systems would give a thousand times that


def raise_descriptor_limit(wanted: int = DESCRIPTORS) -> int:
    """Raise the soft limit of open descriptors to `wanted`, or to what the hard one allows. Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return wanted if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError) as error:  # macOS has a further limit of its own
        log.warning("the limit of open descriptors stays at %d: %s", soft, error)
        return soft
    return most


def door_limits(door: Door, *, rate: float | None = None) -> Limits:
    """What a server that strangers can reach allows, with `rate` requests a second of one address and ten times that
    at once."""
    from adapters.http import Limits

    limits = Limits(connections=door.max_connections, per_address=door.max_connections_per_address)
    return limits if rate is None else replace(limits, rate=rate, burst=int(10 * rate))


def tighten(data_dir: Path) -> int:
    """Take the data folder and all that lies in it from everybody but their owner.

    Earlier versions wrote with the umask of whoever started them. Links are not followed, and what another user owns
    stays as it is. Returns how many files and folders were changed. Blocks; never raises.
    """
    ours = [found for name in OURS for found in data_dir.glob(name)] if _shared(data_dir) else [data_dir]
    changed = sum(_narrow(path) for path in ours)
    for top in ours:
        for folder, folders, files in os.walk(top):
            changed += sum(_narrow(Path(folder, name)) for name in (*folders, *files))
    if changed:
        log.info("%s: tightened for its owner alone: %d files and folders", data_dir, changed)
    return changed


def settle_scratch(data_dir: Path) -> None:
    """Give libraries a folder for what they need for a moment, here and in the processes that are started: in the data
    folder where none of the usual ones can be written, as in a container with a read-only disk."""
    with suppress(FileNotFoundError):
        tempfile.gettempdir()  # tries them all
        return
    folder = data_dir / SCRATCH
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    log.info("no temporary folder can be written, so %s is used", folder)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)


def copy_out(source: Path | str, target: Path, umask: int) -> None:
    """Copy a file that the bot made to where a person wants it, readable as that person's `umask` says."""
    fresh = not target.exists()
    try:
        shutil.copyfile(source, target)
    except OSError:
        if fresh:  # half a video is worse than none
            target.unlink(missing_ok=True)
        raise
    if fresh:
        target.chmod(0o666 & ~umask)


def _shared(folder: Path) -> bool:
    """Whether a folder is everybody's by intention, as /tmp is, or somebody's home."""
    try:
        return bool(folder.stat().st_mode & stat.S_ISVTX) or folder.resolve() in (Path.home(), Path("/"))
    except (OSError, RuntimeError):
        return True


def _narrow(path: Path) -> int:
    with suppress(OSError):
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        ours = found.st_uid == os.geteuid() and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))
        if ours and mode & OWNER_ONLY:
            path.chmod(mode & ~OWNER_ONLY)
            return 1
    return 0
