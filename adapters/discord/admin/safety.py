"""`/safety`: the table of limits and actions for a place, how to change one, and what a change would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord

from adapters.base import AGE_RESTRICTED, AdminDesk, Rule, Scope
from adapters.discord.admin import strings
from adapters.discord.admin.controls import MENU_LIMIT, Control, Page, button, channel_menu, menu, option
from adapters.discord.admin.forms import Field, form
from adapters.discord.admin.visit import Stale, Visit
from adapters.discord.dialect import DISCORD
from adapters.discord.markup import plain
from adapters.shared.admin import sentences
from adapters.shared.admin.names import place_line
from adapters.shared.admin.numbers import limit, read_limit
from adapters.shared.admin.rules import (
    STEPS,
    draft_line,
    find_rule,
    rule_lines,
    rules_legend,
    rules_table,
    saved_line,
    what_if_line,
)

_OWN_ORIGIN = {"s": "community", "a": "age-restricted", "c": "place"}
_CASES_SHOWN = 25
_LONGEST_CATEGORY = 24


@dataclass(frozen=True)
class Draft:
    """A rule as it might become: where (`s`, `a` or `c` with a channel's id), and what is not saved yet."""

    place: str
    category: str
    threshold: float
    action: str

    def path(self, then: str) -> str:
        return f"saf:{self.place}:at:{self.category}:{limit(self.threshold)}:{self.action}:{then}"


class SafetyPanel:
    """Paths: a place, and under it `home`, `cat`, `go`, `channel` and the draft of a rule (`at`) with what to do."""

    admin = True

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def open(self, visit: Visit, place: str = "s", said: str = "") -> None:
        """The table of a place, and menus to change a rule and to look elsewhere."""
        scope = scope_of(visit, place)
        rules = await self._desk.rules(scope)
        waiting = len(await self._desk.cases(visit.scope, limit=_CASES_SHOWN))
        lines = [_title(scope) + (f"\n{strings.PLACE_AGE_HELP}" if place == "a" else "")]
        lines += [rules_table(rules, DISCORD) + rules_legend(rules, DISCORD)] if rules else [sentences.NO_RULES]
        lines += [said] if said else []
        rows: list[list[Control]] = []
        if rules:
            rows.append([menu(sentences.SAFETY_MENU, f"saf:{place}:cat", _categories(rules))])
        rows.append([menu(sentences.PLACE_MENU, f"saf:{place}:go", _places(visit, place))])
        rows.append([channel_menu(sentences.CHANNEL_MENU, f"saf:{place}:channel")])
        count = f"{waiting}+" if waiting == _CASES_SHOWN else str(waiting)
        rows.append(
            [
                button(sentences.MODERATORS, f"mod:{place}:home"),
                button(sentences.OPEN_CASES.format(count=count), "cas:list", disabled=not waiting),
            ]
        )
        await visit.show(Page(discord.Embed(title=sentences.SAFETY_TITLE, description="\n\n".join(lines)), rows))

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Do what a control of the panel says, and show what comes of it."""
        place, *rest = steps
        scope_of(visit, place)
        if rest[-1:] != ["exact"]:
            await visit.begin()
        match rest:
            case ["home"]:
                await self.open(visit, place)
            case ["go"]:
                await self.open(visit, f"c{visit.channel}" if visit.value == "h" else visit.value)
            case ["channel"]:
                await self.open(visit, f"c{visit.value}")
            case ["cat"]:
                await self._rule(visit, place, visit.value)
            case ["at", category, threshold, action, "exact"]:
                await self._ask_for_limit(visit, _draft(place, category, threshold, action))
            case ["at", category, threshold, action, then]:
                await self._at(visit, _draft(place, category, threshold, action), then)
            case _:
                raise Stale

    async def _at(self, visit: Visit, draft: Draft, then: str) -> None:
        scope = scope_of(visit, draft.place)
        match then:
            case "limit":
                changed = _draft(draft.place, draft.category, visit.value, draft.action)
                await self._rule(visit, draft.place, draft.category, changed)
            case "action":
                changed = _draft(draft.place, draft.category, limit(draft.threshold), visit.value)
                await self._rule(visit, draft.place, draft.category, changed)
            case "save":
                await self._desk.set_rule(scope, visit.author, draft.category, draft.threshold, draft.action)
                said = saved_line(draft.category, draft.threshold, draft.action, DISCORD)
                await self.open(visit, draft.place, said)
            case "reset":
                await self._desk.reset_rule(scope, visit.author, draft.category)
                await self.open(visit, draft.place, sentences.RULE_CLEARED.format(category=plain(draft.category)))
            case _:
                raise Stale

    async def _rule(self, visit: Visit, place: str, category: str, draft: Draft | None = None) -> None:
        """One rule: what holds, what is drafted, and what the draft would have done to recent decisions."""
        scope = scope_of(visit, place)
        rule = await self._find(scope, category)
        now = Draft(place, category, rule.threshold, rule.action)
        draft = draft or now
        changed = (limit(draft.threshold), draft.action) != (limit(now.threshold), now.action)
        lines = [_title(scope), rule_lines(rule, DISCORD)]
        if changed:
            found = await self._desk.what_if(scope, category, draft.threshold, draft.action)
            lines.append(draft_line(draft.threshold, draft.action, DISCORD))
            lines.append(what_if_line(found, draft.threshold))
        own = rule.origin == _OWN_ORIGIN[place[0]]
        rows = [
            [menu(sentences.LIMIT_MENU, draft.path("limit"), _limits(draft, now))],
            [menu(sentences.ACTION_MENU, draft.path("action"), _actions(draft))],
            [
                button(sentences.SAVE, draft.path("save"), style=discord.ButtonStyle.success, disabled=not changed),
                button(sentences.EXACT, draft.path("exact")),
                button(sentences.WIDER, draft.path("reset"), disabled=not own),
                button(sentences.BACK, f"saf:{place}:home"),
            ],
        ]
        await visit.show(Page(discord.Embed(title=plain(category), description="\n\n".join(lines)), rows))

    async def _ask_for_limit(self, visit: Visit, draft: Draft) -> None:
        line = Field("limit", sentences.EXACT_LABEL, limit(draft.threshold), sentences.EXACT_HINT, required=True)
        await visit.ask(form(draft.category, draft.path("exact"), [line]))

    async def submit(self, visit: Visit, steps: list[str], written: Mapping[str, str]) -> None:
        """Take the form with another limit: still a draft."""
        await visit.begin()
        match steps:
            case [place, "at", category, _, action, "exact"]:
                threshold = read_limit(written.get("limit", ""), DISCORD)
            case _:
                raise Stale
        await self._rule(visit, place, category, Draft(place, category, threshold, action))

    async def _find(self, scope: Scope, category: str) -> Rule:
        return find_rule(await self._desk.rules(scope), category, DISCORD)


def _title(scope: Scope) -> str:
    return DISCORD.say(sentences.TITLED, name=place_line(scope, DISCORD))


def scope_of(visit: Visit, place: str) -> Scope:
    """The scope of a place's code. Raises `Stale` for codes of another version."""
    platform, community = visit.scope.platform, visit.scope.community
    if place == "s":
        return visit.scope
    if place == "a":
        return Scope(platform, community, AGE_RESTRICTED)
    if place[:1] == "c" and place[1:].isdigit():
        return Scope(platform, community, place[1:], visit.age_restricted(place[1:]))
    raise Stale


def _draft(place: str, category: str, threshold: str, action: str) -> Draft:
    try:
        return Draft(place, category, float(threshold), action)
    except ValueError as error:
        raise Stale from error


def _categories(rules: Sequence[Rule]) -> list[discord.SelectOption]:
    """A line per rule; a longer name would not fit into the ids of the next page's controls."""
    return [
        option(rule.category, rule.category, note=f"{limit(rule.threshold)} · {rule.action}")
        for rule in rules
        if len(rule.category) <= _LONGEST_CATEGORY
    ][:MENU_LIMIT]


def _places(visit: Visit, place: str) -> list[discord.SelectOption]:
    here = "h" if place == f"c{visit.channel}" else place
    return [option(label, code, chosen=code == here) for code, label in strings.PLACE_OPTIONS.items()]


def _limits(draft: Draft, now: Draft) -> list[discord.SelectOption]:
    values = sorted({limit(value) for value in (*STEPS, draft.threshold, now.threshold)}, key=float)
    return [
        option(
            value,
            value,
            note=sentences.HOLDS_NOW if value == limit(now.threshold) else "",
            chosen=value == limit(draft.threshold),
        )
        for value in values
    ]


def _actions(draft: Draft) -> list[discord.SelectOption]:
    return [option(key, key, note=note, chosen=key == draft.action) for key, note in sentences.ACTIONS.items()]
