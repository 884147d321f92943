"""What can go wrong with the database, as one small hierarchy, and the translation from driver errors into it.

A sentence made here never holds an address, a password, a statement or a parameter.
"""

from __future__ import annotations

import errno

from sqlalchemy import exc


class StoreError(Exception):
    """Base of everything the store raises. `str(error)` is a sentence for the operator, `code` is stable."""

    code = "store"
    passing = False  # whether the same call may get through later


class StorageFull(StoreError):
    """The disk that holds the database is full; nothing of the transaction was written."""

    passing = True


class StoreUnavailable(StoreError):
    """The database is locked, restarting, unreachable or refuses the login. Trying again later may help."""

    passing = True


class StoreRefused(StoreUnavailable):
    """The database is there and does not let us in: a wrong password, a name that does not exist, a closed folder."""


class AnotherBot(StoreError):
    """A bot serves this database already. The sentence says which."""

    code = "another_bot"


class StoreClosed(StoreUnavailable):
    """The store was closed by this process: nobody opens it again."""

    passing = False


class SchemaOutdated(StoreError):
    """The tables are older than this version of the code; the sentence names the command that mends it."""


class SchemaTooNew(StoreError):
    """The tables were made by a newer version of the code."""


class RequestGone(StoreError):
    """What a case should be about was forgotten in the meantime."""


class RecordRefused(StoreError):
    """A record breaks a rule of the tables: a threshold over 1, a value that is no JSON. A bug of the caller."""


FULL = "The disk that holds the database is full. Free some space; nothing is lost but the last step."
LOCKED = "The database is busy: another program holds it locked. Stop that program, or try again in a moment."
LOST = "The connection to the database was lost. It is tried again with the next request."
REFUSED = "The database refused the login. Check the user name and the password in its URL."
NO_DATABASE = "The database that the URL names does not exist. Create it, or correct the URL."
CANNOT_OPEN = "The database file cannot be opened or written. Check that its folder exists and who may write there."
DAMAGED = "The database file is damaged or is not a database. Restore it from a backup, or move it away."
REFUSED_RECORD = "A record breaks a rule of the database's tables and was not stored."
GONE = "That request was deleted in the meantime, so no case can be opened about it."
CLOSED = "The bot is stopping, so the database is closed already."
NO_ANSWER = "The database did not answer in time. Check that it is running."
OUTDATED = "The database's tables are older than this version. Run: gpt4video migrate"
TOO_NEW = "The database's tables were made by a newer version. Update gpt4video-bot."

_BY_SQLITE_NAME: dict[str, tuple[type[StoreError], str]] = {
    "SQLITE_FULL": (StorageFull, FULL),
    # What SQLite reports when the system refuses to let a file grow for another reason than ENOSPC (quota, rlimit).
    "SQLITE_IOERR_WRITE": (StorageFull, FULL),
    "SQLITE_IOERR_SHMSIZE": (StorageFull, FULL),
    "SQLITE_BUSY": (StoreUnavailable, LOCKED),
    "SQLITE_LOCKED": (StoreUnavailable, LOCKED),
    "SQLITE_CANTOPEN": (StoreRefused, CANNOT_OPEN),
    "SQLITE_READONLY": (StoreRefused, CANNOT_OPEN),
    "SQLITE_PERM": (StoreRefused, CANNOT_OPEN),
    "SQLITE_CORRUPT": (StoreError, DAMAGED),
    "SQLITE_NOTADB": (StoreError, DAMAGED),
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html; the longest prefix that fits wins.
_BY_SQLSTATE: dict[str, tuple[type[StoreError], str]] = {
    "53100": (StorageFull, FULL),
    "53": (StoreUnavailable, "The database has no room for another connection. Try again in a moment."),
    "08": (StoreUnavailable, LOST),
    "57P": (StoreUnavailable, LOST),
    "28": (StoreRefused, REFUSED),
    "3D000": (StoreRefused, NO_DATABASE),
    "55P03": (StoreUnavailable, LOCKED),
    "57014": (StoreUnavailable, NO_ANSWER),
    "40": (StoreUnavailable, "The database could not decide between two writers. Try again."),
    "42P01": (SchemaOutdated, OUTDATED),
    "42703": (SchemaOutdated, OUTDATED),
}

# A new connection, or a second try, may well succeed: lost connections, a restarting server, a lost deadlock.
_TRANSIENT = ("08", "57P", "40")


def _root(error: BaseException) -> BaseException:
    """The driver's own error below SQLAlchemy's and the adapter's wrapping."""
    original = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    return original.__cause__ or original


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def is_transient(error: BaseException) -> bool:
    """Whether doing the same thing again at once, on a fresh connection, can succeed."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    root = _root(error)
    return isinstance(root, ConnectionError) or _sqlstate(root).startswith(_TRANSIENT)


def translate(error: BaseException) -> StoreError | None:
    """The typed error for what a driver raised; None for what does not concern the database."""
    if isinstance(error, StoreError):
        return error
    root = _root(error)
    if name := getattr(root, "sqlite_errorname", None):
        return _from_sqlite(str(name), str(root))
    state = _sqlstate(root)
    for length in (5, 3, 2):
        if found := _BY_SQLSTATE.get(state[:length]):
            return found[0](found[1])
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return StoreUnavailable(LOST)
    if isinstance(root, TimeoutError) or isinstance(error, exc.TimeoutError):
        return StoreUnavailable(NO_ANSWER)
    if isinstance(root, OSError):
        full = root.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        if root.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            return StoreRefused(CANNOT_OPEN)
        return StorageFull(FULL) if full else StoreUnavailable("The database cannot be reached. Check that it runs.")
    if isinstance(error, exc.IntegrityError | exc.DataError):
        return RecordRefused(REFUSED_RECORD)
    if isinstance(error, exc.DBAPIError):
        return StoreError(f"The database refused a statement ({type(root).__name__}).")
    return RecordRefused(REFUSED_RECORD) if isinstance(error, exc.StatementError) else None


def _from_sqlite(name: str, text: str) -> StoreError:
    for known, (kind, sentence) in _BY_SQLITE_NAME.items():
        if name == known or name.startswith(known + "_"):
            return kind(sentence)
    if text.startswith(("no such table", "no such column")) or "has no column named" in text:
        return SchemaOutdated(OUTDATED)
    if name.startswith("SQLITE_CONSTRAINT"):
        return RecordRefused(REFUSED_RECORD)
    return StoreError(f"The database file could not be used ({name}).")
