"""People, places and lists of them, as admins and moderators read them. Pure text in any dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapters.base import AGE_RESTRICTED, Scope
from adapters.shared.admin import sentences
from adapters.shared.dialect import Dialect, quoted

MENTIONS = 30  # shown in one line
_ID = 64  # characters of an id that is none of the platform's


def mentions(ids: Sequence[str], write: Callable[[str], str], most: int = MENTIONS) -> str:
    """Channels (`dialect.channel`) or roles (`dialect.role`) in one line; long lists are cut short."""
    shown = [written for each in ids[:most] if (written := write(each))]
    if len(ids) > most:
        shown.append(sentences.MORE.format(count=len(ids) - most))
    return ", ".join(shown)


def person(id: str, dialect: Dialect) -> str:
    """Somebody as the platform shows them, or that they are not known any more."""
    return dialect.person(id) or quoted(id, _ID, dialect) or sentences.SOMEONE


def subject_name(subject: str, dialect: Dialect) -> str:
    """Whose quota: `Everyone`, a role or a member. Those that the platform does not know are named as they are."""
    kind, _, id = subject.partition(":")
    if kind not in ("role", "user"):
        return sentences.EVERYONE
    written = dialect.role(id) if kind == "role" else dialect.person(id)
    return written or quoted(id, _ID, dialect) or sentences.SOMEONE


def audit_place(place: str, dialect: Dialect) -> str:
    """`discord/GUILD/CHANNEL`, as the desk writes it, for people."""
    community, channel = [*place.split("/"), "", "", ""][1:3]
    if community == "dm":
        return sentences.DIRECT
    if not channel:
        return dialect.say(sentences.WHOLE_COMMUNITY)
    if channel == AGE_RESTRICTED:
        return sentences.AGE_PLACE
    return dialect.channel(channel) or quoted(channel, _ID, dialect)


def place_line(scope: Scope, dialect: Dialect) -> str:
    """Whose rules a safety page shows."""
    if not scope.channel:
        return dialect.say(sentences.PLACE_SERVER)
    if scope.channel == AGE_RESTRICTED:
        return sentences.PLACE_AGE
    line = sentences.PLACE_AGE_CHANNEL if scope.age_restricted else sentences.PLACE_CHANNEL
    return dialect.say(line, channel=dialect.channel(scope.channel))
