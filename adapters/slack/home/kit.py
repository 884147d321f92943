"""The parts that pages and forms are made of: blocks, buttons, menus and inputs within Slack's limits.

Pure; knows no settings and no rules. Texts that come in are mrkdwn already, unless a docstring says plain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
Element = dict[str, Any]

PREFIX = "g4h:"
BLOCKS = 100  # of one view
OPTIONS = 100  # of one menu, and of one group of a grouped menu
_SECTION, _CONTEXT, _HEADER = 3000, 2000, 150
_LABEL, _BUTTON, _OPTION, _VALUE, _TITLE, _ERROR = 200, 75, 75, 150, 24, 150
_CONFIRM_TITLE, _CONFIRM_TEXT, _CONFIRM_BUTTON = 100, 300, 30
_BYTES = 240_000  # Slack takes 250 kB in one view


def cut(text: str, most: int) -> str:
    """At most `most` characters; what is cut off shows as dots, and no escaped character is cut in two."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    start = kept.rfind("&", max(0, len(kept) - 5))
    return (kept[:start] if start >= 0 and ";" not in kept[start:] else kept) + "…"


def plain(text: str, most: int) -> Element:
    """Plain text, where Slack takes no marks. Nothing has to be escaped there, and nothing may be empty."""
    return {"type": "plain_text", "text": cut(" ".join(text.split()) or "–", most), "emoji": True}


def section(text: str, accessory: Element | None = None, *, id: str = "") -> Block:
    made: Block = {"type": "section", "text": {"type": "mrkdwn", "text": cut(text or "–", _SECTION)}}
    if accessory is not None:
        made["accessory"] = accessory
    return {**made, "block_id": id} if id else made


def small(text: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text or "–", _CONTEXT)}]}


def header(text: str) -> Block:
    """A heading, of plain text."""
    return {"type": "header", "text": plain(text, _HEADER)}


def divider() -> Block:
    return {"type": "divider"}


def row(*elements: Element | None, id: str = "") -> Block:
    """Buttons and menus beside each other; None stands for one that is not offered."""
    made: Block = {"type": "actions", "elements": [element for element in elements if element is not None]}
    return {**made, "block_id": id} if id else made


def button(label: str, path: str, value: str = "", *, style: str = "", confirm: Element | None = None) -> Element:
    """A button; `label` is plain, `style` is "primary" or "danger". The path and the value say all that it does."""
    made: Element = {"type": "button", "action_id": PREFIX + path, "text": plain(label, _BUTTON)}
    if value:
        made["value"] = value
    if style:
        made["style"] = style
    return {**made, "confirm": confirm} if confirm is not None else made


def confirmation(title: str, text: str, yes: str, no: str) -> Element:
    """What Slack asks before it hands on a press. All plain."""
    return {
        "title": plain(title, _CONFIRM_TITLE),
        "text": plain(text, _CONFIRM_TEXT),
        "confirm": plain(yes, _CONFIRM_BUTTON),
        "deny": plain(no, _CONFIRM_BUTTON),
        "style": "danger",
    }


# --- menus and inputs -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One line of a menu, all plain. `value` comes back."""

    label: str
    value: str

    def drawn(self) -> Element:
        return {"text": plain(self.label, _OPTION), "value": self.value}

    @property
    def fits(self) -> bool:
        return 0 < len(self.value) <= _VALUE


def menu(
    path: str, choices: Sequence[Choice], chosen: Sequence[str] = (), *, hint: str = "", many: bool = False
) -> Element:
    """A menu of texts; with more than a hundred in groups, as Slack wants it."""
    shown = [choice for choice in choices if choice.fits][: OPTIONS * OPTIONS]
    options = [choice.drawn() for choice in shown]
    kind = "multi_static_select" if many else "static_select"
    made: Element = {"type": kind, "action_id": PREFIX + path}
    if hint:
        made["placeholder"] = plain(hint, _LABEL - 50)
    if len(options) <= OPTIONS:
        made["options"] = options
    else:
        parts = [options[at : at + OPTIONS] for at in range(0, len(options), OPTIONS)]
        made["option_groups"] = [
            {"label": plain(f"{part[0]['text']['text']} – {part[-1]['text']['text']}", _OPTION), "options": part}
            for part in parts
        ]
    initial = [option for option, choice in zip(options, shown, strict=True) if choice.value in chosen]
    if initial:
        made["initial_options" if many else "initial_option"] = initial if many else initial[0]
    return made


def channel_menu(path: str, chosen: Sequence[str] = (), *, hint: str = "", many: bool = False) -> Element:
    """A menu of channels, without direct messages."""
    made: Element = {
        "type": "multi_conversations_select" if many else "conversations_select",
        "action_id": PREFIX + path,
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if hint:
        made["placeholder"] = plain(hint, _LABEL - 50)
    if chosen:
        made["initial_conversations" if many else "initial_conversation"] = list(chosen) if many else chosen[0]
    return made


def person_menu(path: str, chosen: str = "", *, hint: str = "") -> Element:
    made: Element = {"type": "users_select", "action_id": PREFIX + path}
    if hint:
        made["placeholder"] = plain(hint, _LABEL - 50)
    return {**made, "initial_user": chosen} if chosen else made


def line(path: str, value: str = "", *, ghost: str = "", most: int = 20) -> Element:
    """One line to write in; `ghost` stands in the empty one."""
    made: Element = {"type": "plain_text_input", "action_id": PREFIX + path, "max_length": most}
    if value:
        made["initial_value"] = value[:most]
    return {**made, "placeholder": plain(ghost, _LABEL - 50)} if ghost else made


def field(
    id: str, label: str, element: Element, *, hint: str = "", optional: bool = False, tell: bool = False
) -> Block:
    """An input of a form with its label, both plain. With `tell` the bot hears of each change, not only of the end."""
    made: Block = {
        "type": "input",
        "block_id": id,
        "label": plain(label, _LABEL),
        "element": element,
        "optional": optional,
    }
    if hint:
        made["hint"] = plain(hint, _LABEL)
    return {**made, "dispatch_action": True} if tell else made


# --- views ------------------------------------------------------------------------------------------------------------


def home(blocks: Sequence[Block], where: str, more: str) -> Element:
    """The Home as it is published. `where` comes back with every press; `more` says in the last block that there would
    be more than Slack shows."""
    shown = list(blocks)
    if len(shown) > BLOCKS or _size(shown) > _BYTES:
        shown = shown[: BLOCKS - 1]
        while shown and _size(shown) > _BYTES:
            shown.pop()
        shown.append(small(more))
    return {"type": "home", "private_metadata": where, "blocks": shown}


def form(
    title: str, path: str, blocks: Sequence[Block], about: Mapping[str, str], *, submit: str = "", close: str
) -> Element:
    """A modal; all its words are plain. `about` comes back with it."""
    made: Element = {
        "type": "modal",
        "callback_id": PREFIX + path,
        "title": plain(title, _TITLE),
        "close": plain(close, _TITLE),
        "private_metadata": json.dumps(dict(about), separators=(",", ":")),
        "blocks": list(blocks)[:BLOCKS],
    }
    return {**made, "submit": plain(submit, _TITLE)} if submit else made


def without_choices(view: Any) -> Any:
    """A view in which no channel or person is chosen beforehand: Slack refuses those that are gone or hidden."""
    gone = ("initial_conversation", "initial_conversations", "initial_user")
    if isinstance(view, dict):
        return {key: without_choices(value) for key, value in view.items() if key not in gone}
    return [without_choices(value) for value in view] if isinstance(view, list) else view


def _size(blocks: Sequence[Block]) -> int:
    return len(json.dumps(list(blocks)).encode())


# --- what comes back --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filled:
    """What stands in a form, by the ids of its fields, and what the form is about."""

    state: Mapping[str, Mapping[str, Any]]
    about: Mapping[str, str]

    @classmethod
    def of(cls, view: Mapping[str, Any]) -> Filled:
        values = (view.get("state") or {}).get("values") or {}
        return cls({id: next(iter(inner.values()), {}) for id, inner in values.items()}, read_about(view))

    def text(self, id: str) -> str:
        """What was written or chosen there; empty for nothing."""
        return chosen(self.state.get(id, {}))[0]

    def texts(self, id: str) -> tuple[str, ...]:
        """Everything that was chosen in a menu of many."""
        return tuple(each for each in chosen(self.state.get(id, {})) if each)


def read_about(view: Mapping[str, Any]) -> dict[str, str]:
    """What a form is about; empty when that can't be read."""
    try:
        read = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in read.items()} if isinstance(read, dict) else {}


def chosen(element: Mapping[str, Any]) -> list[str]:
    """What was written or chosen in an element of any kind; one empty string for nothing."""
    many = element.get("selected_options")
    if many is not None:
        return [str(option.get("value", "")) for option in many] or [""]
    for key in ("selected_conversations", "selected_channels", "selected_users"):
        if element.get(key) is not None:
            return [str(each) for each in element[key]] or [""]
    option = element.get("selected_option")
    if option is not None:
        return [str(option.get("value", ""))]
    for key in ("selected_conversation", "selected_channel", "selected_user", "value"):
        if element.get(key) is not None:
            return [str(element[key]).strip()]
    return [""]
