"""The audit: what was decided lately and who changed what, with filters that live in the page's path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import parse_qsl, urlencode

from adapters.base import AdminDesk, AuditQuery, Scope
from adapters.shared.admin import paging, sentences
from adapters.shared.admin.entries import audit_entry
from adapters.slack.home import strings
from adapters.slack.home.dialect import HomeDialect
from adapters.slack.home.groups import Groups
from adapters.slack.home.kit import (
    Block,
    Choice,
    Element,
    Filled,
    button,
    channel_menu,
    divider,
    field,
    form,
    header,
    menu,
    person_menu,
    row,
    section,
)
from adapters.slack.home.visit import Answer, Stale, Visit

PAGE = 10  # entries
_LONGEST = 100  # characters of one filter


@dataclass(frozen=True)
class Filters:
    """What somebody looks for; empty means any. `author` and `channel` are ids."""

    category: str = ""
    action: str = ""
    where: str = ""
    author: str = ""
    kind: str = ""
    channel: str = ""

    def path(self, turn: str = "", cursor: int = 0) -> str:
        """The path of a page: `o` the entries older than the cursor, `n` the newer ones, empty the newest."""
        given = {name: value for name, value in asdict(self).items() if value}
        return f"aud:{turn}{cursor if turn else ''}:{urlencode(given)}"

    @classmethod
    def load(cls, query: str) -> Filters:
        """The filters of a path. Raises `Stale` for those of another version."""
        given = {name: value for name, value in parse_qsl(query) if len(value) <= _LONGEST}
        try:
            return cls(**given)
        except TypeError as error:
            raise Stale from error

    def query(self, scope: Scope) -> AuditQuery:
        return AuditQuery(
            platform=scope.platform,
            community=scope.community,
            channel=self.channel,
            category=self.category,
            action=self.action,
            where=self.where,
            author=self.author,
            kind=self.kind,
        )

    @property
    def is_any(self) -> bool:
        return self == Filters()


class AuditPage:
    """Paths: `aud` with a turn (`o12`, `n12` or nothing) and the filters; under it `filter`."""

    admin = True

    def __init__(self, desk: AdminDesk, groups: Groups) -> None:
        self._desk = desk
        self._groups = groups

    async def draw(self, visit: Visit, steps: list[str]) -> list[Block]:
        """Some entries, and buttons to the others."""
        turn, filters = _read(steps)
        query = filters.query(visit.scope)
        cursor = int(turn[1:] or 0)
        if turn[:1] == "n":
            page = await paging.newer(self._desk, query, cursor, PAGE)
        else:
            page = await paging.older(self._desk, query, cursor if turn else None, PAGE)
        dialect = HomeDialect(await self._groups.names(visit.workspace))
        blocks = [
            header(sentences.AUDIT_TITLE),
            section(_heading(filters, dialect)),
            row(
                button(strings.FILTER, "aud:filter"),
                button(strings.NO_FILTER, "go:aud", "aud") if not filters.is_any else None,
            ),
        ]
        for entry in page.entries:
            blocks += [divider(), section(audit_entry(entry, dialect))]
        if not page.entries:
            return [*blocks, section(sentences.AUDIT_EMPTY)]
        first, last = page.entries[0].id, page.entries[-1].id
        newer = button(sentences.NEWER, "go:newer", filters.path("n", first)) if page.newer else None
        older = button(sentences.OLDER, "go:older", filters.path("o", last)) if page.older else None
        return [*blocks, row(newer, older)] if newer is not None or older is not None else blocks

    async def press(self, visit: Visit, steps: list[str]) -> None:
        if steps != ["filter"]:
            raise Stale
        await visit.open(self._form(visit))

    async def _form(self, visit: Visit) -> Element:
        """All filters at once, those that hold filled in."""
        _, filters = _read(visit.page.split(":")[1:])
        rules = await self._desk.rules(visit.scope)
        categories = [Choice(rule.category, rule.category) for rule in rules if len(rule.category) <= _LONGEST]
        fields = [
            _menu("category", strings.CATEGORY_LABEL, categories, filters.category),
            _menu("action", strings.ACTED_LABEL, _choices(sentences.ACTED), filters.action),
            _menu("where", strings.WHERE_LABEL, _choices(sentences.WHERE), filters.where),
            field(
                "author",
                strings.PERSON_FILTER_LABEL,
                person_menu("author", filters.author),
                optional=True,
            ),
            field(
                "channel",
                strings.CHANNEL_LABEL,
                channel_menu("channel", [filters.channel] if filters.channel else []),
                optional=True,
            ),
            _menu("kind", strings.KIND_LABEL, _choices(sentences.KINDS), filters.kind),
        ]
        return form(
            strings.FILTER_TITLE,
            "aud:filters",
            [each for each in fields if each is not None],
            {"page": visit.page},
            submit=strings.SHOW_THEM,
            close=strings.CANCEL,
        )

    async def submit(self, visit: Visit, steps: list[str], filled: Filled) -> Answer:
        if steps != ["filters"]:
            raise Stale
        return Answer(page=Filters(**{name: filled.text(name)[:_LONGEST] for name in asdict(Filters())}).path())


def _read(steps: Sequence[str]) -> tuple[str, Filters]:
    """The turn and the filters of a path."""
    turn, query = [*steps, "", ""][:2]
    if turn and not (turn[0] in "on" and turn[1:].isascii() and turn[1:].isdecimal() and len(turn) < 20):
        raise Stale
    return turn, Filters.load(query)


def _menu(id: str, label: str, choices: Sequence[Choice], held: str) -> Block | None:
    """A menu of a filter; None when there is nothing to choose."""
    return field(id, label, menu(id, choices, [held]), optional=True) if choices else None


def _choices(labels: dict[str, str]) -> list[Choice]:
    return [Choice(label, value) for value, label in labels.items()]


def _heading(filters: Filters, dialect: HomeDialect) -> str:
    parts = [
        dialect.plain(filters.category),
        sentences.ACTED.get(filters.action, ""),
        sentences.WHERE.get(filters.where, ""),
        (dialect.person(filters.author) or dialect.plain(filters.author)) if filters.author else "",
        sentences.KINDS.get(filters.kind, ""),
        dialect.channel(filters.channel) if filters.channel else "",
    ]
    return f"{sentences.AUDIT_NEWEST} {' · '.join(part for part in parts if part)}".strip()
