"""The safety rules of a workspace and of its channels, how to change one, and what a change would have done.

Slack has no age-restricted channels, so the profile for such places is neither offered nor shown here: no place of
Slack's has `Place.age_restricted`, and rules that nothing could ever fall under would only look like protection.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import AdminDesk, Rule, Scope
from adapters.shared.admin import sentences
from adapters.shared.admin.names import place_line
from adapters.shared.admin.numbers import limit, read_limit
from adapters.shared.admin.rules import draft_line, find_rule, rule_lines, saved_line, what_if_line
from adapters.shared.dialect import quoted
from adapters.slack.home import strings
from adapters.slack.home.dialect import PLAIN, HomeDialect
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
    line,
    menu,
    row,
    section,
    small,
)
from adapters.slack.home.paging import numbered, pager
from adapters.slack.home.visit import Answer, Stale, Visit, Wrong
from adapters.slack.workspace import PLATFORM

PAGE = 40  # rules; two blocks each
WORKSPACE = "w"  # the place's code; `c` with an id stands for a channel
_OWN_ORIGIN = {"w": "community", "c": "place"}
_LONGEST_CATEGORY = 60
_DIALECT = HomeDialect()


@dataclass(frozen=True)
class Draft:
    """A rule as a form has it: what is written there, and what it would become. None: that can't be read."""

    category: str
    text: str
    action: str
    threshold: float | None

    @property
    def key(self) -> str:
        """What a form remembers of the draft whose consequences it shows."""
        return "" if self.threshold is None else f"{limit(self.threshold)} {self.action}"


class SafetyPage:
    """Paths: `saf` with a place (`w`, or `c` and a channel's id) and the number of its first line; under it `place`
    (the channel that was chosen), `edit` (its value is a category), `try` and `wider` (in the form)."""

    admin = True

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def draw(self, visit: Visit, steps: list[str]) -> list[Block]:
        """The rules of a place, and where else to look."""
        place = steps[0] if steps else WORKSPACE
        scope = scope_of(visit, place)
        rules = await self._desk.rules(scope)
        first = numbered(steps[1:], len(rules))
        chosen = [place[1:]] if place != WORKSPACE else []
        elsewhere = row(
            button(strings.WHOLE_WORKSPACE, "go:saf", "saf") if chosen else None,
            channel_menu("saf:place", chosen, hint=strings.LOOK_ELSEWHERE),
            id=f"place:{place}",
        )
        title = f"*{place_line(scope, _DIALECT)}*\n{strings.SAFETY_HELP}"
        blocks = [header(sentences.SAFETY_TITLE), section(title), elsewhere]
        for rule in rules[first : first + PAGE]:
            blocks += [divider(), _row(rule)]
        if not rules:
            blocks.append(section(sentences.NO_RULES))
        bare = [_DIALECT.plain(rule.category) for rule in rules if not (rule.text or rule.frames)]
        if bare:
            blocks.append(small(_DIALECT.say(sentences.NOT_COVERED_LINE, names=", ".join(bare))))
        return [*blocks, *pager(f"saf:{place}", first, PAGE, len(rules))]

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Look elsewhere, or open and use the form of a rule."""
        match steps:
            case ["place"] if visit.value:
                await visit.draw(f"saf:c{visit.value}")
            case ["edit"]:
                place = visit.page.split(":")[1:2]
                await visit.open(self._open(visit, place[0] if place else WORKSPACE, visit.value))
            case ["try", *_] if visit.in_a_form:
                await self._try(visit, Filled.of(visit.view))
            case ["wider"] if visit.in_a_form:
                await self._reset(visit, Filled.of(visit.view))
            case _:
                raise Stale

    # --- the form -------------------------------------------------------------------------------------------------

    async def _open(self, visit: Visit, place: str, category: str) -> Element:
        scope = scope_of(visit, place)
        rule = find_rule(await self._desk.rules(scope), category, PLAIN)
        return await self._form(visit, place, rule, draft_of(rule))

    async def _form(self, visit: Visit, place: str, rule: Rule, draft: Draft, said: str = "") -> Element:
        """What holds, what is drafted, and what the draft would have done to recent decisions."""
        scope = scope_of(visit, place)
        lines = [f"*{place_line(scope, _DIALECT)}*", rule_lines(rule, _DIALECT), *([said] if said else [])]
        is_changed = draft.threshold is not None and draft.key != draft_of(rule).key
        blocks = [
            section("\n".join(lines)),
            field(
                "limit",
                sentences.EXACT_LABEL,
                line("saf:try:limit", draft.text),
                hint=sentences.EXACT_HINT,
                tell=True,
            ),
            field("action", strings.ACTION_LABEL, menu("saf:try:action", _actions(), [draft.action]), tell=True),
        ]
        if is_changed and draft.threshold is not None:
            found = await self._desk.what_if(scope, rule.category, draft.threshold, draft.action)
            drafted = draft_line(draft.threshold, draft.action, _DIALECT)
            blocks.append(section(f"{drafted}\n{what_if_line(found, draft.threshold)}", id="what-if"))
        own = rule.origin == _OWN_ORIGIN[place[0]]
        wider = button(sentences.WIDER, "saf:wider") if own else None
        blocks.append(row(button(strings.SEE, "saf:try:see"), wider, id="do"))
        return form(
            rule.category,
            "saf:rule",
            blocks,
            {
                "page": visit.page,
                "place": place,
                "category": rule.category,
                "shown": draft.key if is_changed else "",
            },
            submit=sentences.SAVE if is_changed else strings.SEE,
            close=strings.CANCEL,
        )

    async def _try(self, visit: Visit, filled: Filled) -> None:
        """Show what the draft would have done, in the form itself."""
        place, rule = await self._about(visit, filled)
        draft = read_draft(filled)
        said = "" if draft.threshold is not None else _DIALECT.plain(_mistake(draft.text))
        await visit.redo(await self._form(visit, place, rule, draft, said))

    async def _reset(self, visit: Visit, filled: Filled) -> None:
        place, rule = await self._about(visit, filled)
        scope = scope_of(visit, place)
        rules = await self._desk.reset_rule(scope, visit.author, rule.category)
        said = _DIALECT.say(sentences.RULE_CLEARED, category=_DIALECT.plain(rule.category))
        held = find_rule(rules, rule.category, PLAIN)
        await visit.redo(await self._form(visit, place, held, draft_of(held), said))
        await visit.draw(visit.page, said)

    async def submit(self, visit: Visit, steps: list[str], filled: Filled) -> Answer:
        """Save a rule; one whose consequences the form did not show yet is shown with them first."""
        if steps != ["rule"]:
            raise Stale
        place, rule = await self._about(visit, filled)
        draft = read_draft(filled)
        if draft.threshold is None:
            raise Wrong("limit", _mistake(draft.text))
        if draft.action not in sentences.ACTIONS:
            raise Stale
        if draft.key == draft_of(rule).key:
            raise Wrong("limit", strings.RULE_SAME)
        if draft.key != filled.about.get("shown"):
            return Answer(view=await self._form(visit, place, rule, draft))
        scope = scope_of(visit, place)
        try:
            await self._desk.set_rule(scope, visit.author, rule.category, draft.threshold, draft.action)
        except ValueError as error:
            raise Wrong("limit", str(error)) from error
        return Answer(page=visit.page, said=saved_line(rule.category, draft.threshold, draft.action, _DIALECT))

    async def _about(self, visit: Visit, filled: Filled) -> tuple[str, Rule]:
        """The place and the rule of a form, as they are now."""
        place, category = filled.about.get("place", ""), filled.about.get("category", "")
        return place, find_rule(await self._desk.rules(scope_of(visit, place)), category, PLAIN)


def scope_of(visit: Visit, place: str) -> Scope:
    """The scope of a place's code. Raises `Stale` for codes of another version."""
    if place == WORKSPACE:
        return visit.scope
    if place[:1] == "c" and place[1:].isalnum() and place[1:].isascii():
        return Scope(PLATFORM, visit.workspace.team, place[1:])
    raise Stale


def draft_of(rule: Rule) -> Draft:
    return Draft(rule.category, limit(rule.threshold), rule.action, rule.threshold)


def read_draft(filled: Filled) -> Draft:
    """What stands in the form."""
    text = filled.text("limit")
    try:
        threshold: float | None = read_limit(text, PLAIN)
    except ValueError:
        threshold = None
    return Draft(filled.about.get("category", ""), text, filled.text("action"), threshold)


def _mistake(text: str) -> str:
    """What is wrong with a limit, as a plain sentence."""
    try:
        read_limit(text, PLAIN)
    except ValueError as error:
        return str(error)
    return ""


def _row(rule: Rule) -> Block:
    """One rule of the table; a longer name would not fit into a form."""
    said = f"*{quoted(rule.category, 150, _DIALECT)}*\n{rule_lines(rule, _DIALECT)}"
    if len(rule.category) > _LONGEST_CATEGORY:
        return section(said)
    return section(said, button(strings.CHANGE, "saf:edit", rule.category))


def _actions() -> list[Choice]:
    return [Choice(label, key) for key, label in sentences.ACTIONS.items()]
