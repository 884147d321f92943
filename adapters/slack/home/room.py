"""The App Home and the moderators' buttons: takes what people do there to the page that it belongs to.

Who somebody is, is asked again each time, whatever stood on the page that they pressed on. All that a press needs
stands in what was pressed, so pages and cards of an earlier process work like those of this one.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Protocol

from slack_bolt.async_app import AsyncApp

from adapters.base import AdminDesk, Handler, Refusal
from adapters.slack.home import strings
from adapters.slack.home.audit import AuditPage
from adapters.slack.home.cases import Cards, CasesPage
from adapters.slack.home.groups import Groups
from adapters.slack.home.kit import (
    PREFIX,
    Block,
    Element,
    Filled,
    button,
    divider,
    home,
    read_about,
    row,
    section,
    small,
)
from adapters.slack.home.mine import MinePage
from adapters.slack.home.quotas import QuotasPage
from adapters.slack.home.safety import SafetyPage
from adapters.slack.home.settings import SettingsPage
from adapters.slack.home.visit import Answer, Stale, Turns, Visit, Wrong, bared, inputs, message
from adapters.slack.listeners import team_of
from adapters.slack.markup import escape
from adapters.slack.people import People
from adapters.slack.tasks import Tasks
from adapters.slack.workspace import UNREACHED, Workspace, Workspaces, code_of

log = logging.getLogger(__name__)

ANSWER_S = 2.0  # Slack waits 3 s for what becomes of a form, the way there and back included
_LONGEST_PAGE = 2000  # characters of a page's path; Slack takes 3,000 with a view
_SAID = 2800  # characters above a page
_REMEMBERED = 500  # presses and forms, against those that Slack delivers twice


class Page(Protocol):
    """`admin` says whether an admin alone may see and use it. The steps are those of the path after the page's name."""

    admin: bool

    async def draw(self, visit: Visit, steps: list[str]) -> list[Block]: ...

    async def press(self, visit: Visit, steps: list[str]) -> None: ...


class FormPage(Page, Protocol):
    """A page that takes forms, too."""

    async def submit(self, visit: Visit, steps: list[str], filled: Filled) -> Answer: ...


class Home:
    """Everything on the bot's Home, and the buttons of cards."""

    def __init__(
        self,
        *,
        desk: AdminDesk,
        handler: Handler,
        workspaces: Workspaces,
        people: People,
        cards: Cards,
        tasks: Tasks,
        haste_s: float = ANSWER_S,
        hint: Callable[[], str] = str,
    ) -> None:
        """`haste_s`: how long what becomes of a form is waited for. `hint` is a sentence for admins, or empty."""
        self._workspaces = workspaces
        self._people = people
        self._desk = desk
        self._tasks = tasks
        self.haste_s = haste_s
        self._hint = hint
        self._turns = Turns()
        self._groups = Groups()
        settings, quotas = SettingsPage(desk, self._groups), QuotasPage(desk, self._groups)
        safety, audit = SafetyPage(desk), AuditPage(desk, self._groups)
        self._forms: dict[str, FormPage] = {"set": settings, "quo": quotas, "saf": safety, "aud": audit}
        self._pages: dict[str, Page] = {
            "me": MinePage(handler),
            **self._forms,
            "cas": CasesPage(desk, cards),
        }

    def forget_team(self, team: str) -> None:
        """Nothing of a workspace that removed the app is remembered."""
        self._groups.forget(team)

    # --- what people do -------------------------------------------------------------------------------------------

    async def opened(self, team: str, event: Mapping[str, Any]) -> None:
        """Somebody opens the Home: the page that they left, as it is now."""
        turn = self._turns.take()
        workspace = await self._workspaces.get(team)
        user = str(event.get("user") or "")
        if workspace is None or not user:
            return
        page = str((event.get("view") or {}).get("private_metadata") or "me")
        author = await self._people.author(workspace, user)
        visit = Visit(workspace, author, self._draw, page=page, turn=turn)
        await self._guard(visit, lambda: visit.draw(page))

    async def pressed(self, body: Mapping[str, Any]) -> None:
        """Somebody presses a button or chooses in a menu: on the Home, in a form, or on a card."""
        action: Mapping[str, Any] = next(iter(body.get("actions") or ()), {})
        visit = await self._visit(body, action)
        if visit is None:
            return
        name, *steps = str(action.get("action_id", "")).removeprefix(PREFIX).split(":")
        if visit.channel:
            await self._guard(visit, lambda: self._press_on_a_card(visit, name, steps))
        elif name == "go":
            await self._guard(visit, lambda: visit.draw(visit.value or "me"))
        else:
            await self._guard(visit, lambda: self._press(visit, name, steps))

    async def sent(self, body: Mapping[str, Any]) -> Answer:
        """Somebody sends a form. Whatever goes wrong is shown in it."""
        view: Mapping[str, Any] = body.get("view") or {}
        visit = await self._visit(body, {})
        if visit is None:
            return Answer(view=message(strings.BROKEN))
        name, *steps = str(view.get("callback_id", "")).removeprefix(PREFIX).split(":")
        try:
            page = self._forms.get(name)
            if page is None:
                raise Stale
            self._check(visit, page)
            return await page.submit(visit, steps, Filled.of(view))
        except Wrong as error:
            return _at_field(view, error.field_id, str(error))
        except (Refusal, ValueError) as error:
            return _at_field(view, "", str(error))
        except Stale:
            return Answer(view=message(strings.STALE))
        except Exception:
            log.exception("a form broke")
            return Answer(view=message(strings.BROKEN))

    async def settle(self, body: Mapping[str, Any], answer: Answer, *, late: bool) -> None:
        """Show on the Home what came of a form; `late` says that the form itself could not be told any more."""
        mistakes = [*answer.errors.values()] if late else []
        if late and answer.view is not None:
            mistakes.append(strings.TOO_LATE)
        if not (answer.page or mistakes):
            return
        visit = await self._visit(body, {})
        if visit is not None:
            page, said = (visit.page, escape(mistakes[0])) if mistakes else (answer.page, answer.said)
            await self._guard(visit, lambda: visit.draw(page, said))

    # --- who acts -------------------------------------------------------------------------------------------------

    async def _visit(self, body: Mapping[str, Any], action: Mapping[str, Any]) -> Visit | None:
        turn = self._turns.take()
        workspace = await self._workspace(body)
        user = str((body.get("user") or {}).get("id") or "")
        if workspace is None or not user:
            log.info("somebody acted in a workspace that is not known")
            return None
        view: Mapping[str, Any] = body.get("view") or {}
        container: Mapping[str, Any] = body.get("container") or {}
        on_a_card = container.get("type") == "message"
        channel = str(container.get("channel_id") or "") if on_a_card else ""
        is_form = view.get("type") == "modal"
        page = read_about(view).get("page", "") if is_form else str(view.get("private_metadata") or "")
        return Visit(
            workspace=workspace,
            author=await self._people.author(workspace, user),
            draws=self._draw,
            page=page or "me",
            trigger=str(body.get("trigger_id") or ""),
            view=view,
            action=action,
            channel=channel,
            ts=str(container.get("message_ts") or "") if on_a_card else "",
            turn=turn,
        )

    async def _workspace(self, body: Mapping[str, Any]) -> Workspace | None:
        """The workspace in which the app was installed; in shared channels not always the one of the person."""
        installed = str((body.get("view") or {}).get("app_installed_team_id") or "")
        teams = [installed, str((body.get("team") or {}).get("id") or ""), str(body.get("team_id") or "")]
        for team in dict.fromkeys(each for each in teams if each):
            workspace = await self._workspaces.get(team)
            if workspace is not None:
                return workspace
        return None

    # --- pages ----------------------------------------------------------------------------------------------------

    def _check(self, visit: Visit, page: Page) -> None:
        """Raises `Refusal` for who may not."""
        if page.admin and not visit.author.is_admin:
            raise Refusal(strings.NEEDS_ADMIN)

    async def _press(self, visit: Visit, name: str, steps: list[str]) -> None:
        page = self._pages.get(name)
        if page is None:
            raise Stale
        self._check(visit, page)
        await page.press(visit, steps)

    async def _press_on_a_card(self, visit: Visit, name: str, steps: list[str]) -> None:
        """Only rulings stand there; for admins, and for members of the moderator channel who act inside it."""
        if name != "cas":
            raise Stale
        if not visit.author.is_admin:
            if not await self._moderates(visit):
                raise Refusal(strings.NEEDS_MODERATOR)
            visit = replace(visit, author=replace(visit.author, is_moderator=True))
        await self._pages["cas"].press(visit, steps)

    async def _moderates(self, visit: Visit) -> bool:
        """What Slack or the store does not tell is no."""
        settings = await self._desk.settings(visit.scope)
        if not visit.channel or settings.moderator_channel != visit.channel:
            return False
        cursor = ""
        try:
            while True:
                answer = await visit.workspace.client.conversations_members(
                    channel=visit.channel, limit=500, cursor=cursor
                )
                if visit.author.id in (answer.get("members") or ()):
                    return True
                cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
                if not cursor:
                    return False
        except UNREACHED as error:
            log.warning("who is in the moderator channel was not told: %s", code_of(error) or error)
            return False

    async def _draw(self, visit: Visit, page: str, said: str = "") -> None:
        """Build a page and publish it. Who may not see it gets their own."""
        name, *steps = page.split(":")
        found = self._pages.get(name)
        if found is None or len(page) > _LONGEST_PAGE:
            name, steps, page, found = "me", [], "me", self._pages["me"]
        if found.admin and not visit.author.is_admin:
            said = said or strings.NEEDS_ADMIN
            name, steps, page, found = "me", [], "me", self._pages["me"]
        try:
            blocks = await found.draw(visit, steps)
        except Stale:
            said, page = said or strings.STALE, name
            blocks = await found.draw(visit, [])
        shown = [*_navigation(name, is_admin=visit.author.is_admin)]
        shown += [section(said[:_SAID]), divider()] if said else []
        if name == "me" and visit.author.is_admin and (hint := self._hint()):
            shown.append(small(hint))
        await self._publish(visit, home([*shown, *blocks], page, strings.TOO_MUCH))

    async def _publish(self, visit: Visit, view: Element) -> None:
        async def publish() -> None:
            # Without the hash of the page that they acted on: that may be an old one, and what is drawn is of now.
            client = visit.workspace.client
            try:
                await client.views_publish(user_id=visit.author.id, view=view)
            except UNREACHED as error:
                bare = bared(view, error)
                if bare is None:
                    raise
                await client.views_publish(user_id=visit.author.id, view=bare)

        if not await self._turns.show((visit.workspace.team, visit.author.id), visit.turn, publish):
            log.info("a page was not shown, because something later is shown already")

    async def _guard(self, visit: Visit, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Whatever goes wrong is said to the one who acted, and to nobody else."""
        try:
            await work()
        except Stale:
            await self._say(visit, strings.STALE)
        except (Refusal, ValueError) as error:  # a sentence for them
            await self._say(visit, str(error))
        except UNREACHED as error:
            log.warning("what somebody did was not answered: %s", code_of(error) or error)
            await self._say(visit, strings.BROKEN)
        except Exception:
            log.exception("what somebody did broke")
            await self._say(visit, strings.BROKEN)

    async def _say(self, visit: Visit, sentence: str) -> None:
        """Say it where they look; where that page can't be drawn, on one with nothing else on it."""
        try:
            await visit.say(sentence)
        except Exception:
            log.exception("a page could not be drawn, not even to say what went wrong")
            bare = [*_navigation("", is_admin=visit.author.is_admin), section(escape(sentence))]
            try:
                await self._publish(visit, home(bare, "me", strings.TOO_MUCH))
            except UNREACHED as error:
                log.warning("user %s got no word: %s", visit.author.id, code_of(error) or error)


def _navigation(here: str, *, is_admin: bool) -> list[Block]:
    """Buttons to the other pages; one's own page is the only one for who is no admin."""
    if not is_admin:
        return []
    return [
        row(
            *(
                button(label, f"go:{name}", name, style="primary" if name == here else "")
                for name, label in strings.PAGES.items()
            ),
            id="pages",
        )
    ]


def _at_field(view: Mapping[str, Any], wanted: str, sentence: str) -> Answer:
    """A sentence at a field of the form, or at the first one; instead of the form, when it has none."""
    fields = inputs(view)
    if not fields:
        return Answer(view=message(sentence))
    return Answer(errors={wanted if wanted in fields else fields[0]: sentence})


def _key(body: Mapping[str, Any]) -> str:
    """What is the same for every delivery of one press or form, and for no other one."""
    acted = [f"{each.get('action_id')}/{each.get('action_ts')}" for each in body.get("actions") or ()]
    who = (body.get("user") or {}).get("id")
    return f"{body.get('trigger_id')}/{who}/{','.join(acted)}"


def register_home(app: AsyncApp, home: Home, tasks: Tasks) -> None:
    """Listen to the opening of the Home, to what is pressed there and on cards, and to the forms."""

    async def on_opened(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab", "home") == "home":
            tasks.start(home.opened(team_of(body), event), "slack home opened")

    begun: OrderedDict[str, asyncio.Task[Any]] = OrderedDict()

    def begin(body: Mapping[str, Any], work: Callable[[], Coroutine[Any, Any, Any]], what: str) -> asyncio.Task[Any]:
        """Do something once, however often Slack delivers it."""
        key = _key(body)
        if key not in begun:
            begun[key] = tasks.start(work(), what)
            while len(begun) > _REMEMBERED:
                begun.popitem(last=False)
        return begun[key]

    async def on_press(ack: Callable[..., Any], body: dict[str, Any]) -> None:
        await ack()
        begin(body, lambda: home.pressed(body), "slack home pressed")

    async def on_form(ack: Callable[..., Any], body: dict[str, Any]) -> None:
        work = begin(body, lambda: home.sent(body), "slack home form")
        done, _ = await asyncio.wait([work], timeout=home.haste_s)
        if done:
            await ack(**work.result().acknowledgement())
        else:
            await ack()

        async def settle() -> None:
            await home.settle(body, await work, late=not done)

        tasks.start(settle(), "slack home after a form")

    mine = re.compile(f"^{re.escape(PREFIX)}")
    app.event("app_home_opened")(on_opened)
    app.action(mine)(on_press)
    app.view(mine)(on_form)
