"""What a community's admins may decide: how it is stored, read back, and which values make sense.

Pure functions. A stored value that cannot be read any more counts as the strictest one, never as none.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import msgspec

from adapters.base import Audience, Measure, ModelOption, Quota, Rooms, Settings, Window
from bot.words import listing

log = logging.getLogger(__name__)

DIRECT = "dm"  # the community of direct messages, which belongs to nobody: only the operator's defaults hold there
NAMES = tuple(field.name for field in fields(Settings) if field.name != "own")
MOST_CHOSEN = 200  # channels or roles in one setting; a longer list is a mistake, or better turned round
LONGEST_ID = 64
LONGEST_RETENTION = 3650  # days
LARGEST_AMOUNT = 1_000_000

Value = Rooms | Audience | str | int | None

_READ_AS: dict[str, Any] = {
    "rooms": Rooms,
    "ask": Audience,
    "generate": Audience,
    "model": str,
    "retention_days": int | None,
    "moderator_channel": str,
}
_CLOSED: dict[str, Value] = {"rooms": Rooms("only"), "ask": Audience("nobody"), "generate": Audience("nobody")}


def read_settings(defaults: Settings, stored: Mapping[str, Any]) -> Settings:
    """Lay what a community has set over the operator's defaults."""
    own: dict[str, Any] = {
        name: _read(name, value, getattr(defaults, name)) for name, value in stored.items() if name in NAMES
    }
    return replace(defaults, **own, own=frozenset(own))


def written(value: Value) -> Any:
    """A checked value as JSON values, for the store."""
    return msgspec.to_builtins(value)


def known(name: str) -> str:
    """The name of a setting. Raises `ValueError` with a sentence when there is none of that name."""
    if name not in NAMES:
        raise ValueError(f"There is no setting {name!r}. There are: {listing(list(NAMES))}.")
    return name


def checked(name: str, value: Value, models: Sequence[ModelOption]) -> Value:
    """The value as it is to be stored. Raises `ValueError` with a sentence for what cannot be meant."""
    known(name)
    if name == "rooms" and isinstance(value, Rooms):
        return _rooms(value)
    if name in ("ask", "generate") and isinstance(value, Audience):
        return _audience(value)
    if name == "model" and isinstance(value, str):
        return _model(value, models)
    if name == "retention_days" and (value is None or (isinstance(value, int) and not isinstance(value, bool))):
        return _days(value)
    if name == "moderator_channel" and isinstance(value, str):
        return _channel(value)
    raise ValueError(f"That is no value for {name.replace('_', ' ')}. Choose another one.")


def checked_quota(quota: Quota) -> Quota:
    """A quota as it is to be stored. Raises `ValueError` with a sentence for what cannot be meant."""
    check_quota_key(quota.subject, quota.measure, quota.window)
    quota, amount = replace(quota, measure=Measure(quota.measure), window=Window(quota.window)), quota.amount
    if amount is None:
        return quota
    if isinstance(amount, bool) or not math.isfinite(amount) or not 0 <= amount <= LARGEST_AMOUNT:
        raise ValueError(f"A limit is a number from 0 to {LARGEST_AMOUNT:,}. Leave it empty for no limit.")
    if quota.measure is not Measure.GPU_SECONDS and amount != int(amount):
        raise ValueError(f"There are no parts of {quota.measure}: give a whole number, or leave it empty for no limit.")
    return replace(quota, amount=float(amount))


def check_quota_key(subject: str, measure: str, window: str) -> None:
    """Raises `ValueError` with a sentence when a quota cannot be about that."""
    kind, _, id = subject.partition(":")
    if subject and (kind not in ("role", "user") or not 0 < len(id) <= LONGEST_ID):
        raise ValueError("A quota is for everyone, for a role or for one person. Choose one of these.")
    if measure not in set(Measure):
        raise ValueError(f"I count {listing([one.value for one in Measure])}, not {measure!r}.")
    if window not in set(Window):
        raise ValueError(f"A quota is for an hour or a day, not for {window!r}.")


def _read(name: str, value: Any, default: Value) -> Value:
    try:
        found: Value = msgspec.convert(value, _READ_AS[name])
    except msgspec.ValidationError as error:
        log.error("the stored setting %s cannot be read (%s); until it is set again, it is closed", name, error)
        return _CLOSED.get(name, default)
    return found


def _rooms(rooms: Rooms) -> Rooms:
    if rooms.mode not in ("all", "only", "except"):
        raise ValueError("I answer everywhere, only in some channels, or everywhere but in some. Choose one of these.")
    if rooms.mode == "all":
        return Rooms()
    return Rooms(rooms.mode, _chosen(rooms.channels, "channel", "let me answer everywhere"))


def _audience(audience: Audience) -> Audience:
    if audience.who not in ("everyone", "admins", "nobody", "roles"):
        raise ValueError("It can be for everyone, for some roles, for admins or for nobody. Choose one of these.")
    if audience.who != "roles":
        return Audience(audience.who)
    return Audience("roles", _chosen(audience.roles, "role", "choose everyone, admins or nobody"))


def _chosen(ids: Sequence[str], what: str, otherwise: str) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(ids))
    if not unique:
        raise ValueError(f"Choose at least one {what}, or {otherwise}.")
    if len(unique) > MOST_CHOSEN:
        raise ValueError(f"I keep lists of up to {MOST_CHOSEN} {what}s, not {len(unique)}. Choose fewer.")
    if not all(isinstance(id, str) and 0 < len(id) <= LONGEST_ID for id in unique):
        raise ValueError(f"One of these is no {what}. Choose them from the list.")
    return unique


def _model(name: str, models: Sequence[ModelOption]) -> str:
    if name and name not in {option.name for option in models}:
        offered = listing([option.name for option in models])
        raise ValueError(f"There is no video model {name!r} here. " + (f"There are: {offered}." if offered else ""))
    return name


def _days(days: int | None) -> int | None:
    if days is not None and not 1 <= days <= LONGEST_RETENTION:
        raise ValueError(f"Things are kept from 1 to {LONGEST_RETENTION} days, or until somebody makes me forget them.")
    return days


def _channel(channel: str) -> str:
    if len(channel) > LONGEST_ID:
        raise ValueError("That is no channel. Choose one from the list.")
    return channel
