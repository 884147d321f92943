"""The walls around a decoding process: memory, files, network, other processes. Linux; elsewhere only what there is.

Nothing here imports a media library, so that `doctor` can say which walls this kernel gives. Raw system calls through
ctypes: the two structures and the filter are small, and a binding would be one more thing to trust in there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

MEMORY, FILES, CALLS = "memory limit", "file access (Landlock)", "system calls (seccomp)"

_MIB = 1 << 20
_LARGEST_RESULT = 1 << 30  # bytes
_MOST_FILES = 64

# include/uapi/linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_GET_SECCOMP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 21, 22, 38
_SIGKILL = 9

# include/uapi/linux/landlock.h; the numbers are the same on every architecture
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_READ = 1 << 2 | 1 << 3  # files, folders
_WRITE = 1 << 1 | 1 << 5 | 1 << 8 | 1 << 14  # write, remove a file, make a regular one, truncate
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights on files each version of the interface knows
_MOST_FS_BITS = 16
_TCP, _ABSTRACT_AND_SIGNALS = 0b11, 0b11

# include/uapi/linux/{filter,seccomp,audit}.h
_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x10000
_X32 = 0x40000000
# Sockets, other programs, other processes, and the kernel's wide doors. What is open stays usable.
_X86 = [41, 42, 43, 49, 50, 53, 288, 57, 58, 59, 322, 62, 200, 129, 297, 424, 434, 101, 310, 311, 272, 308, 165]
_X86 += [298, 321, 323, 425, 248, 249, 250, 302]
_ARM = [198, 199, 200, 201, 202, 203, 242, 221, 281, 129, 130, 138, 240, 424, 434, 117, 270, 271, 97, 268, 40]
_ARM += [241, 280, 282, 425, 217, 218, 219, 261]
_FORBIDDEN = {  # architecture → (its AUDIT_ARCH, what fails, and clone, clone3 and tgkill)
    "x86_64": (0xC000003E, _X86, (56, 435, 234)),
    "aarch64": (0xC00000B7, _ARM, (220, 435, 131)),
}


def available() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The walls that this kernel gives, and those that it lacks."""
    there = {MEMORY: used_bytes() > 0, FILES: _landlock_version() > 0, CALLS: _has_seccomp()}
    return tuple(wall for wall in there if there[wall]), tuple(wall for wall in there if not there[wall])


def confine(folder: Path, memory_mb: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Put the walls up around this process, for good; it has to have one thread and all its modules. It may write in
    `folder` alone. Returns the walls that stand and those that could not be put up."""
    _limits(memory_mb)
    stand = {MEMORY: used_bytes() > 0, FILES: False, CALLS: False}
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        stand[FILES] = _landlock(libc, folder)
        stand[CALLS] = _seccomp(libc)
    return tuple(wall for wall in stand if stand[wall]), tuple(wall for wall in stand if not stand[wall])


def leave_with_parent(parent: int) -> None:
    """Have the kernel end this process with its parent, for a C library in the middle of something hears nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def used_bytes() -> int:
    """The address space of this process; 0 where that cannot be told."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        return 0


def _limits(memory_mb: int) -> None:
    used = used_bytes()
    room = used + memory_mb * _MIB if used else resource.RLIM_INFINITY
    for kind, most in (
        (resource.RLIMIT_AS, room),
        (resource.RLIMIT_FSIZE, _LARGEST_RESULT),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
    ):
        hard = resource.getrlimit(kind)[1]
        if hard != resource.RLIM_INFINITY:
            most = hard if most == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


# --- Landlock ------------------------------------------------------------------------------------------------------


def _landlock_version() -> int:
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)))


def _landlock(libc: ctypes.CDLL, folder: Path) -> bool:
    version = _landlock_version()
    if version < 1:
        return False
    rights = (1 << _FS_BITS.get(version, _MOST_FS_BITS)) - 1
    attributes = struct.pack("<Q", rights)
    if version >= 4:
        attributes += struct.pack("<Q", _TCP)
    if version >= 6:
        attributes += struct.pack("<Q", _ABSTRACT_AND_SIGNALS)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    try:
        rules = [(path, _READ) for path in _libraries()] + [(folder, _READ | _WRITE)]
        for path, allowed in rules:
            if not _allow(libc, ruleset, path, allowed & rights) and path == folder:
                return False
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> bool:
    try:
        place = os.open(path, getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        rule = struct.pack("<Qi", rights, place)
        return bool(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0) == 0)
    finally:
        os.close(place)


def _libraries() -> Iterable[Path]:
    """Where modules and libraries may still be fetched from, as codecs and error messages are on their first use."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {Path(path) for name in names if (path := sysconfig.get_paths().get(name))}
    system = map(Path, ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64"))
    return (*found, Path(__file__).parents[1], *system)


# --- seccomp -------------------------------------------------------------------------------------------------------


def _has_seccomp() -> bool:
    if sys.platform != "linux" or platform.machine() not in _FORBIDDEN:
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)


def _seccomp(libc: ctypes.CDLL) -> bool:
    if not _has_seccomp():
        return False
    program = _filter(*_FORBIDDEN[platform.machine()])
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HxxxxxxP" if struct.calcsize("P") == 8 else "@HP", len(program) // 8, ctypes.addressof(code))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.c_char_p(header), 0, 0) == 0)


def _filter(architecture: int, forbidden: Iterable[int], judged: tuple[int, int, int]) -> bytes:
    """A classic BPF program over `struct seccomp_data`: the call's number at 0, the architecture at 4, the first
    argument at 16. New threads are fine, new processes are not; `clone3` hides its flags, so it is "not there". A
    process may signal its own threads, as it does to abort."""
    clone, clone3, tgkill = judged

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, value)

    refuse = step(_RETURN, _ERRNO | _EPERM)
    program = step(_LOAD, 4) + step(_EQUAL, architecture, 1, 0) + refuse
    program += step(_LOAD, 0) + step(_AT_LEAST, _X32, 0, 1) + refuse
    for number in forbidden:
        program += step(_EQUAL, number, 0, 1) + refuse
    program += step(_EQUAL, clone3, 0, 1) + step(_RETURN, _ERRNO | _ENOSYS)
    program += step(_EQUAL, tgkill, 0, 4) + step(_LOAD, 16) + step(_EQUAL, os.getpid(), 0, 1)
    program += step(_RETURN, _ALLOW) + refuse
    program += step(_EQUAL, clone, 0, 3) + step(_LOAD, 16) + step(_HAS_BIT, _CLONE_THREAD, 1, 0) + refuse
    return program + step(_RETURN, _ALLOW)
