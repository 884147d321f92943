"""Who may ask for what, where and how much: the community's settings over the operator's defaults, and the quotas.

It decides about people and places; what their words and clips may contain is `bot.safety`'s. It draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.base import Audience, Author, Measure, Place, Quota, Settings, Usage, Wants, Window
from bot.errors import NotPermitted, OverQuota
from bot.quotas import COUNTS, LONGEST, ceilings, holding, sentence, shortage, standing
from bot.settings import DIRECT, read_settings
from bot.store import NewUsage, QuotaRow, Store
from bot.store.store import utcnow

EVERYONE = Audience("everyone")


@dataclass(frozen=True)
class Defaults:
    """What the operator decides for every community until its admins decide otherwise, and for direct messages always.

    `retention_days` None: kept until forgotten. `model` is the `name` of a `ModelOption`, empty for the first one.
    """

    ask: Audience = EVERYONE
    generate: Audience = EVERYONE
    quotas: tuple[Quota, ...] = ()
    retention_days: int | None = None
    model: str = ""

    @property
    def settings(self) -> Settings:
        return Settings(ask=self.ask, generate=self.generate, model=self.model, retention_days=self.retention_days)


class Access:
    """Answers whether somebody may, and keeps count of what they used.

    To be allowed to ask is not to be allowed to have videos made.
    """

    def __init__(self, store: Store, defaults: Defaults, *, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._defaults = defaults
        self._clock = clock

    async def settings(self, platform: str, community: str) -> Settings:
        """What holds in a community."""
        if community == DIRECT:
            return self._defaults.settings
        return read_settings(self._defaults.settings, await self._store.settings(platform, community))

    async def quotas(self, platform: str, community: str) -> list[Quota]:
        """The operator's defaults and the community's own, everyone's first."""
        if community == DIRECT:
            return list(self._defaults.quotas)
        own = [_quota(row) for row in await self._store.quotas(platform, community)]
        return [*self._defaults.quotas, *sorted(own, key=lambda quota: quota.subject)]

    async def refusal(self, author: Author, place: Place, wants: Wants) -> str:
        """Why `author` may not ask for that here and now, as a sentence; empty when they may. Reserves nothing."""
        closed = await self._closed(author, place, wants)
        if closed:
            return closed
        limits = ceilings(await self._held(author, place), wants)
        if not limits:
            return ""
        now = self._clock()
        rows = await self._store.usage(place.platform, place.community, author.id, now - LONGEST)
        over = shortage(limits, rows, now)
        return sentence(over, now, who_can=_who_can(place)) if over is not None else ""

    async def admit(self, request_id: str, author: Author, place: Place, wants: Wants) -> None:
        """Let a request in and count it, once however often it is asked for (a resumed request asks again).

        Raises `NotPermitted` or `OverQuota`; nothing is counted then.
        """
        closed = await self._closed(author, place, wants)
        if closed:
            raise NotPermitted(closed)
        limits = ceilings(await self._held(author, place), wants)
        new = NewUsage(
            request=request_id,
            platform=place.platform,
            community=place.community,
            author=author.id,
            measure=COUNTS[wants].value,
        )
        over = await self._store.reserve(new, limits)
        if over is not None:
            raise OverQuota(sentence(over, self._clock(), who_can=_who_can(place)))

    async def charge(self, request_id: str, wants: Wants, gpu_seconds: float) -> None:
        """Write down how long the models worked for an admitted request."""
        await self._store.charge(request_id, COUNTS[wants].value, gpu_seconds)

    async def release(self, request_id: str, wants: Wants | None = None) -> None:
        """Give back what a request was counted for (all of it without `wants`): it brought its author nothing."""
        await self._store.release(request_id, COUNTS[wants].value if wants is not None else None)

    async def usage(self, author: Author, place: Place) -> list[Usage]:
        """What `author` has used here of their quotas; only quotas with a limit."""
        limits = [quota for quota in await self._held(author, place) if quota.amount is not None]
        if not limits:
            return []
        now = self._clock()
        rows = await self._store.usage(place.platform, place.community, author.id, now - LONGEST)
        return [standing(quota, rows, now) for quota in limits]

    async def _closed(self, author: Author, place: Place, wants: Wants) -> str:
        """Why the place or the audience stands against it; empty when neither does."""
        settings = self._defaults.settings
        if not place.private:
            settings = await self.settings(place.platform, place.community)
            if wrong := _wrong_room(settings, place):
                return wrong
        audience = settings.ask if wants is Wants.ASK else settings.generate
        return "" if allows(audience, author) else _not_among(audience, wants, place)

    async def _held(self, author: Author, place: Place) -> list[Quota]:
        known = self._defaults.quotas if place.private else await self.quotas(place.platform, place.community)
        return holding(known, author)


def allows(audience: Audience, author: Author) -> bool:
    """Whether `author` is among those. Admins belong to every audience but "nobody"."""
    match audience.who:
        case "everyone":
            return True
        case "admins":
            return author.is_admin
        case "roles":
            return author.is_admin or not set(audience.roles).isdisjoint(author.roles)
        case _:
            return False


def _wrong_room(settings: Settings, place: Place) -> str:
    """A thread belongs to its channel, and may be chosen by itself too."""
    chosen = not {place.channel, place.thread}.isdisjoint(settings.rooms.channels)
    match settings.rooms.mode:
        case "all":
            return ""
        case "except":
            return "The admins keep me out of this channel. Ask me in another one." if chosen else ""
        case _:
            return "" if chosen else "The admins let me answer in other channels only. Ask me in one of those."


def _not_among(audience: Audience, wants: Wants, place: Place) -> str:
    what = "Asking me" if wants is Wants.ASK else "Having videos made"
    match audience.who:
        case "admins":
            limited = "is for admins only here"
        case "roles":
            limited = "is for members with certain roles here"
        case _:
            limited = "is switched off here"
    return f"{what} {limited}. {_who_can(place)} can change that."


def _who_can(place: Place) -> str:
    return "The operator of this bot" if place.private else "An admin"


def _quota(row: QuotaRow) -> Quota:
    return Quota(row.subject, Measure(row.measure), Window(row.window), row.amount)
