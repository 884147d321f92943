"""Who is signed in: sessions that outlive a restart, kept as hashes, and seats that share the queue among windows."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.shared.state import StateFile

SESSION_S = 7 * 24 * 3600.0
MAX_SESSIONS = 1000

# Windows or sessions of one address that wait in the queue as people of their own; all its others share one more place.
SEATS = 8
SEAT_S = 600.0  # how long one stays taken after its last question
MAX_ADDRESSES = 4096


class Sessions:
    """Sessions by the hash of their cookie. Another token than that of the file ends all that it holds.

    Without `file` they end with the process. `clock` gives seconds since 1970.
    """

    def __init__(self, token: str, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._token = token
        self._file = StateFile(file) if file is not None else None
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()
        self._salt = secrets.token_bytes(16)
        self._sealed = ""

    async def load(self) -> None:
        """Read what an earlier run kept. What can't be read, or belongs to another token, is left out."""
        if self._file is None or not self._token:
            return
        kept = await self._file.load()
        if isinstance(kept, dict) and await self._belongs(kept):
            self._salt, self._sealed = bytes.fromhex(kept["salt"]), kept["token"]
            now = self._clock()
            rows = kept.get("sessions")
            for hashed, until in rows.items() if isinstance(rows, dict) else ():
                if isinstance(until, (int, float)) and now < until <= now + SESSION_S:
                    self._until[hashed] = float(until)
        else:
            self._sealed = await asyncio.to_thread(_seal, self._token, self._salt)
            if kept is not None:
                await self._save()

    async def begin(self) -> str:
        """A new session: what its cookie holds."""
        session = secrets.token_urlsafe(32)
        self._until[_hashed(session)] = self._clock() + SESSION_S
        while len(self._until) > MAX_SESSIONS:
            self._until.popitem(last=False)
        await self._save()
        return session

    def known(self, session: str) -> bool:
        """Whether a cookie holds a session that has not ended."""
        return self._until.get(_hashed(session), 0.0) > self._clock()

    async def end(self, session: str) -> None:
        """End a session. Harmless when it is none."""
        if self._until.pop(_hashed(session), None) is not None:
            await self._save()

    async def _belongs(self, kept: dict[str, Any]) -> bool:
        salt, sealed = kept.get("salt"), kept.get("token")
        if not isinstance(salt, str) or not isinstance(sealed, str):
            return False
        try:
            ours = await asyncio.to_thread(_seal, self._token, bytes.fromhex(salt))
        except ValueError:
            return False
        return hmac.compare_digest(ours, sealed)

    async def _save(self) -> None:
        if self._file is None:
            return
        now = self._clock()

        def state() -> dict[str, Any]:
            sessions = {hashed: until for hashed, until in self._until.items() if until > now}
            return {"salt": self._salt.hex(), "token": self._sealed, "sessions": sessions}

        await self._file.save(state)


class Seats:
    """Gives windows and sessions places in the queue, at most `SEATS` of one address at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._taken: OrderedDict[str, OrderedDict[str, float]] = OrderedDict()

    def seat(self, address: str, person: str) -> str:
        """The place of somebody who asks something from there; where all are taken, the one that the others share."""
        now = self._clock()
        taken = self._taken.pop(address, OrderedDict())
        self._taken[address] = taken
        if len(self._taken) > MAX_ADDRESSES:
            self._taken.popitem(last=False)
        while taken and next(iter(taken.values())) + SEAT_S <= now:
            taken.popitem(last=False)
        if person not in taken and len(taken) >= SEATS:
            return f"others {_hashed(address)[:16]}"
        taken[person] = now
        taken.move_to_end(person)
        return person


def _hashed(session: str) -> str:
    return hashlib.sha256(session.encode("utf-8", "replace")).hexdigest()


def _seal(token: str, salt: bytes) -> str:
    """What tells whether a file belongs to a token, and is of little help in guessing it. Takes 50 ms and 16 MiB."""
    return hashlib.scrypt(token.encode(), salt=salt, n=2**14, r=8, p=1).hex()
