"""The quotas of a workspace: what is limited for whom, and forms to set and remove limits."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.base import AdminDesk, Measure, Quota, Window
from adapters.shared.admin import sentences
from adapters.shared.admin.names import subject_name
from adapters.shared.admin.numbers import read_amount
from adapters.shared.admin.quotas import Held, amount, by_subject, clear, has_own, quota_lines, written
from adapters.slack.home import strings
from adapters.slack.home.dialect import PLAIN, HomeDialect
from adapters.slack.home.groups import Groups, choices
from adapters.slack.home.kit import (
    Block,
    Element,
    Filled,
    button,
    confirmation,
    divider,
    field,
    form,
    header,
    line,
    menu,
    person_menu,
    row,
    section,
    small,
)
from adapters.slack.home.paging import numbered, pager
from adapters.slack.home.visit import Answer, Stale, Visit, Wrong

PAGE = 20  # subjects; each takes at most three of the hundred blocks
_SUBJECT = 80  # characters of a subject that a button carries


class QuotasPage:
    """Paths: `quo` with the number of its first line, and under it `edit` and `drop` (their value is a subject), `new`
    with `role` or `user`."""

    admin = True

    def __init__(self, desk: AdminDesk, groups: Groups) -> None:
        self._desk = desk
        self._groups = groups

    async def draw(self, visit: Visit, steps: list[str]) -> list[Block]:
        """All limits, everyone's first, and whose to change."""
        subjects = by_subject(await self._desk.quotas(visit.scope))
        dialect = HomeDialect(await self._groups.names(visit.workspace))
        first = numbered(steps, len(subjects))
        blocks = [header(sentences.QUOTAS_TITLE), small(dialect.say(sentences.QUOTAS_HELP))]
        for subject, held in list(subjects.items())[first : first + PAGE]:
            blocks += [divider(), *_subject(subject, held, dialect)]
        new = row(button(strings.FOR_GROUP, "quo:new:role"), button(strings.FOR_PERSON, "quo:new:user"))
        return [*blocks, divider(), new, *pager("quo", first, PAGE, len(subjects))]

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Open a form, or remove the limits of somebody."""
        match steps:
            case ["edit"]:
                await visit.open(self._form(visit, visit.value.removeprefix("=")))
            case ["new", "role" | "user" as kind]:
                await visit.open(self._new(visit, kind))
            case ["drop"]:
                await clear(self._desk, visit.scope, visit.author, visit.value.removeprefix("="))
                await visit.draw(visit.page, sentences.QUOTA_CLEARED)
            case _:
                raise Stale

    async def _form(self, visit: Visit, subject: str) -> Element:
        """The limits of one subject, filled in."""
        held = by_subject(await self._desk.quotas(visit.scope)).get(subject, {})
        dialect = HomeDialect(await self._groups.names(visit.workspace))
        hint = sentences.QUOTA_HINT if subject else sentences.QUOTA_HINT_EVERYONE
        blocks = [section(f"*{subject_name(subject, dialect)}*"), *_lines(held, hint)]
        about = {"page": visit.page, "subject": subject}
        return form(sentences.QUOTAS_TITLE, "quo:set", blocks, about, submit=sentences.SAVE, close=strings.CANCEL)

    async def _new(self, visit: Visit, kind: str) -> Element:
        """Limits of somebody who is yet to be chosen. What is left empty stays as it is."""
        if kind == "user":
            whom = field("whom", strings.PERSON_LABEL, person_menu("whom"))
        else:
            offered = choices(await self._groups.names(visit.workspace))
            if not offered:
                raise ValueError(strings.NO_GROUPS)
            whom = field("whom", strings.GROUP_LABEL, menu("whom", offered))
        about = {"page": visit.page, "kind": kind}
        return form(
            sentences.QUOTAS_TITLE,
            "quo:add",
            [whom, *_lines({}, strings.QUOTA_HINT_NEW)],
            about,
            submit=sentences.SAVE,
            close=strings.CANCEL,
        )

    async def submit(self, visit: Visit, steps: list[str], filled: Filled) -> Answer:
        """Set and drop what a form changes. Everything is read before anything is changed."""
        wanted = _read(filled)
        match steps:
            case ["set"] if "subject" in filled.about:
                await self._save(visit, filled.about["subject"], wanted, drop=True)
            case ["add"] if filled.about.get("kind") in ("role", "user"):
                whom = filled.text("whom")
                if not whom:
                    raise Wrong("whom", strings.CHOOSE_SOMEONE)
                if not wanted:
                    raise Wrong(_id(Measure.ASKS, Window.HOUR), strings.QUOTA_WRITE)
                await self._save(visit, f"{filled.about['kind']}:{whom}", wanted, drop=False)
            case _:
                raise Stale
        return Answer(page=visit.page, said=sentences.SAVED)

    async def _save(
        self, visit: Visit, subject: str, wanted: Mapping[tuple[Measure, Window], float | None], *, drop: bool
    ) -> None:
        """What would change nothing is left alone, so that nothing is audited that did not happen."""
        held = by_subject(await self._desk.quotas(visit.scope)).get(subject, {})
        for measure in Measure:
            for window in Window:
                key = (measure, window)
                known = held.get(key)
                own = known if known is not None and known.origin == "community" else None
                try:
                    if key in wanted:
                        if own is None or own.amount != wanted[key]:
                            quota = Quota(subject, measure, window, wanted[key])
                            await self._desk.set_quota(visit.scope, visit.author, quota)
                    elif drop and own is not None:
                        await self._desk.reset_quota(visit.scope, visit.author, subject, measure, window)
                except ValueError as error:
                    raise Wrong(_id(measure, window), str(error)) from error


def _subject(subject: str, held: Held, dialect: HomeDialect) -> list[Block]:
    """One subject with its limits. A value may not be empty, so everyone's is `=`."""
    nothing = sentences.QUOTA_NONE_OWN if subject else sentences.QUOTA_NONE
    said = "\n".join([f"*{subject_name(subject, dialect)}*", *(quota_lines(held, dialect) or [nothing])])
    if len(subject) > _SUBJECT:
        return [section(said)]
    blocks = [section(said, button(strings.CHANGE, "quo:edit", f"={subject}"))]
    if has_own(held):
        asked = confirmation(strings.REMOVE_TITLE, strings.REMOVE_ASK, strings.REMOVE, strings.REMOVE_NO)
        blocks.append(row(button(strings.REMOVE, "quo:drop", f"={subject}", confirm=asked)))
    return blocks


def _lines(held: Held, hint: str) -> list[Block]:
    """A line for each thing that can be limited."""
    blocks = []
    for measure in Measure:
        for window in Window:
            quota = held.get((measure, window))
            inherited = quota is not None and quota.origin != "community"
            ghost = f"{sentences.DEFAULT}: {amount(quota)}" if quota is not None and inherited else ""
            label = f"{sentences.MEASURES[measure]} {sentences.WINDOWS[window]}"
            id = _id(measure, window)
            blocks.append(field(id, label, line(id, written(quota), ghost=ghost), hint=hint, optional=True))
            hint = ""  # once is enough
    return blocks


def _read(filled: Filled) -> dict[tuple[Measure, Window], float | None]:
    """What a form says; an empty line says nothing. Raises `Wrong`."""
    wanted: dict[tuple[Measure, Window], float | None] = {}
    for measure in Measure:
        for window in Window:
            text = filled.text(_id(measure, window))
            if not text:
                continue
            try:
                wanted[measure, window] = read_amount(text, PLAIN)
            except ValueError as error:
                raise Wrong(_id(measure, window), str(error)) from error
    return wanted


def _id(measure: Measure, window: Window) -> str:
    return f"{measure.value}.{window.value}"
