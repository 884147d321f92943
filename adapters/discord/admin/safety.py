"""`/safety`: the table of limits and actions for a place, how to change one, and what a change would have done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord

from adapters.base import AGE_RESTRICTED, AdminDesk, Rule, Scope
from adapters.discord.admin import strings
from adapters.discord.admin.controls import MENU_LIMIT, Control, Page, button, channel_menu, menu, option
from adapters.discord.admin.forms import Field, form
from adapters.discord.admin.texts import limit, place_line, read_number, rules_legend, rules_table, what_if_line
from adapters.discord.admin.visit import Stale, Visit
from adapters.discord.markup import plain

_STEPS = [step / 20 for step in range(1, 21)]  # 0.05 to 1.00
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
        lines = [f"**{place_line(scope)}**" + (f"\n{strings.PLACE_AGE_HELP}" if place == "a" else "")]
        lines += [rules_table(rules) + rules_legend(rules)] if rules else [strings.NO_RULES]
        lines += [said] if said else []
        rows: list[list[Control]] = []
        if rules:
            rows.append([menu(strings.SAFETY_MENU, f"saf:{place}:cat", _categories(rules))])
        rows.append([menu(strings.PLACE_MENU, f"saf:{place}:go", _places(visit, place))])
        rows.append([channel_menu(strings.CHANNEL_MENU, f"saf:{place}:channel")])
        count = f"{waiting}+" if waiting == _CASES_SHOWN else str(waiting)
        rows.append(
            [
                button(strings.MODERATORS, f"mod:{place}:home"),
                button(strings.OPEN_CASES.format(count=count), "cas:list", disabled=not waiting),
            ]
        )
        await visit.show(Page(discord.Embed(title=strings.SAFETY_TITLE, description="\n\n".join(lines)), rows))

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
        name = plain(draft.category)
        match then:
            case "limit":
                changed = _draft(draft.place, draft.category, visit.value, draft.action)
                await self._rule(visit, draft.place, draft.category, changed)
            case "action":
                changed = _draft(draft.place, draft.category, limit(draft.threshold), visit.value)
                await self._rule(visit, draft.place, draft.category, changed)
            case "save":
                await self._desk.set_rule(scope, visit.author, draft.category, draft.threshold, draft.action)
                said = strings.RULE_SAVED.format(category=name, limit=limit(draft.threshold), action=draft.action)
                await self.open(visit, draft.place, said)
            case "reset":
                await self._desk.reset_rule(scope, visit.author, draft.category)
                await self.open(visit, draft.place, strings.RULE_CLEARED.format(category=name))
            case _:
                raise Stale

    async def _rule(self, visit: Visit, place: str, category: str, draft: Draft | None = None) -> None:
        """One rule: what holds, what is drafted, and what the draft would have done to recent decisions."""
        scope = scope_of(visit, place)
        rule = await self._find(scope, category)
        now = Draft(place, category, rule.threshold, rule.action)
        draft = draft or now
        changed = (limit(draft.threshold), draft.action) != (limit(now.threshold), now.action)
        held = strings.RULE_NOW.format(
            limit=limit(rule.threshold),
            action=strings.ACTIONS.get(rule.action, rule.action),
            origin=strings.ORIGINS.get(rule.origin, plain(rule.origin)),
        )
        lines = [f"**{place_line(scope)}**", f"{strings.COVERS[rule.text, rule.frames]}\n{held}"]
        if changed:
            found = await self._desk.what_if(scope, category, draft.threshold, draft.action)
            action = strings.ACTIONS.get(draft.action, draft.action)
            lines.append(strings.RULE_DRAFT.format(limit=limit(draft.threshold), action=action))
            lines.append(what_if_line(found, draft.threshold))
        own = rule.origin == _OWN_ORIGIN[place[0]]
        rows = [
            [menu(strings.LIMIT_MENU, draft.path("limit"), _limits(draft, now))],
            [menu(strings.ACTION_MENU, draft.path("action"), _actions(draft))],
            [
                button(strings.SAVE, draft.path("save"), style=discord.ButtonStyle.success, disabled=not changed),
                button(strings.EXACT, draft.path("exact")),
                button(strings.WIDER, draft.path("reset"), disabled=not own),
                button(strings.BACK, f"saf:{place}:home"),
            ],
        ]
        await visit.show(Page(discord.Embed(title=plain(category), description="\n\n".join(lines)), rows))

    async def _ask_for_limit(self, visit: Visit, draft: Draft) -> None:
        line = Field("limit", strings.EXACT_LABEL, limit(draft.threshold), strings.EXACT_HINT, required=True)
        await visit.ask(form(draft.category, draft.path("exact"), [line]))

    async def submit(self, visit: Visit, steps: list[str], written: Mapping[str, str]) -> None:
        """Take the form with another limit: still a draft."""
        await visit.begin()
        match steps:
            case [place, "at", category, _, action, "exact"]:
                threshold = read_number(written.get("limit", ""))
            case _:
                raise Stale
        if not 0 <= threshold <= 1:
            raise ValueError(strings.NOT_A_LIMIT)
        await self._rule(visit, place, category, Draft(place, category, round(threshold, 3), action))

    async def _find(self, scope: Scope, category: str) -> Rule:
        rules = await self._desk.rules(scope)
        found = next((rule for rule in rules if rule.category == category), None)
        if found is None:
            known = ", ".join(plain(rule.category) for rule in rules) or "–"
            raise ValueError(strings.NO_CATEGORY.format(name=plain(category), known=known))
        return found


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
    values = sorted({limit(value) for value in (*_STEPS, draft.threshold, now.threshold)}, key=float)
    return [
        option(
            value,
            value,
            note=strings.HOLDS_NOW if value == limit(now.threshold) else "",
            chosen=value == limit(draft.threshold),
        )
        for value in values
    ]


def _actions(draft: Draft) -> list[discord.SelectOption]:
    return [option(key, key, note=note, chosen=key == draft.action) for key, note in strings.ACTIONS.items()]
