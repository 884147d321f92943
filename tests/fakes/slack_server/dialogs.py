"""Modals and the App Home: the methods that show them, and what people do with them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from tests.fakes.slack_server import limits, wire
from tests.fakes.slack_server.calls import ApiError, Call
from tests.fakes.slack_server.door import Door, Method
from tests.fakes.slack_server.world import User, View, World

DEEPEST = 3  # modals in a stack


class Dialogs:
    """`triggers` are the trigger ids that are good for one view each, by the person who acted."""

    def __init__(self, world: World, door: Door, changed: Callable[[], None]) -> None:
        self.world, self.door, self._changed = world, door, changed
        self.triggers: dict[str, User] = {}
        self.used: set[str] = set()

    def methods(self) -> dict[str, Method]:
        return {
            "views.open": self.open,
            "views.push": self.push,
            "views.update": self.update,
            "views.publish": self.publish,
        }

    def trigger(self, user: User) -> str:
        trigger = f"{secrets.randbelow(10**9)}.{secrets.token_hex(6)}"
        self.triggers[trigger] = user
        return trigger

    # --- what the app does --------------------------------------------------------------------------------------------

    async def open(self, call: Call) -> dict[str, Any]:
        user = self._user(call)
        self._check(call, call["view"])
        view = self._new(user, call["view"])
        self.world.stacks[user.id] = [view]
        return {"view": wire.view(view)}

    async def push(self, call: Call) -> dict[str, Any]:
        user = self._user(call)
        self._check(call, call["view"])
        return {"view": wire.view(self.put_on_top(user, call["view"]))}

    async def update(self, call: Call) -> dict[str, Any]:
        view = self.world.views.get(str(call["view_id"])) or next(
            (
                each
                for each in self.world.views.values()
                if call["external_id"] and each.body.get("external_id") == call["external_id"]
            ),
            None,
        )
        if view is None or view.closed:
            raise ApiError("not_found")
        if call["hash"] and call["hash"] != view.hash:
            raise ApiError("hash_conflict")
        self._check(call, call["view"])
        self.change(view, call["view"])
        return {"view": wire.view(view)}

    async def publish(self, call: Call) -> dict[str, Any]:
        user = self.world.users.get(str(call["user_id"]))
        if user is None or user.team is not call.team:
            raise ApiError("user_not_found")
        self._check(call, call["view"])
        home = self.world.homes.get(user.id)
        if home is not None and call["hash"] and call["hash"] != home.hash:
            raise ApiError("hash_conflict")
        if home is None:
            home = self.world.homes[user.id] = self._new(user, call["view"])
        else:
            self.change(home, call["view"])
        return {"view": wire.view(home)}

    def put_on_top(self, user: User, body: dict[str, Any]) -> View:
        stack = self.world.stacks.setdefault(user.id, [])
        if len(stack) >= DEEPEST:
            raise ApiError("push_limit_reached")
        view = self._new(user, body, stack[-1] if stack else None)
        stack.append(view)
        return view

    def change(self, view: View, body: dict[str, Any]) -> None:
        view.history.append(view.body)
        view.body, view.hash, view.errors = self._named(body), self._hash(), {}
        self._changed()

    def close(self, user: User, *, everything: bool = False) -> list[View]:
        """Take the topmost modal away, or all of them. Returns those that went."""
        stack = self.world.stacks.get(user.id, [])
        gone = list(stack) if everything else stack[-1:]
        for view in gone:
            view.closed = True
            stack.remove(view)
        self._changed()
        return gone

    def answered(self, view: View, answer: dict[str, Any] | None) -> None:
        """Do what the acknowledgement of a submitted view says."""
        said = answer or {}
        action = said.get("response_action")
        if action == "errors":
            ids = {block.get("block_id") for block in view.blocks}
            wrong = [each for each in said["errors"] if each not in ids]
            if wrong:
                self.door.violations.append(f"view_submission: errors for blocks that are not there: {wrong}")
            view.errors = said["errors"]
        elif action == "update":
            self._check_answer(said["view"])
            self.change(view, said["view"])
        elif action == "push":
            self._check_answer(said["view"])
            self.put_on_top(view.user, said["view"])
        else:
            self.close(view.user, everything=action == "clear")
        self._changed()

    def _user(self, call: Call) -> User:
        trigger = str(call["trigger_id"] or "")
        if trigger in self.used:
            raise ApiError("exchanged_trigger_id")
        user = self.triggers.pop(trigger, None)
        if user is None:
            raise ApiError("expired_trigger_id")
        self.used.add(trigger)
        return user

    def _check(self, call: Call, body: Any) -> None:
        if not isinstance(body, dict):
            raise ApiError("invalid_arguments")
        found = list(limits.check_view(body))
        for each in found:
            self.door.blame(call, each)
        if [each for each in found if "bare" not in each and "pings" not in each]:
            raise ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {each}" for each in found]})

    def _check_answer(self, body: dict[str, Any]) -> None:
        self.door.violations += [f"view_submission: {each}" for each in limits.check_view(body)]

    def _new(self, user: User, body: dict[str, Any], parent: View | None = None) -> View:
        view = View(self.world.new_id("V"), user.team, user, self._named(body), self._hash(), parent)
        self.world.views[view.id] = view
        self._changed()
        return view

    def _named(self, body: dict[str, Any]) -> dict[str, Any]:
        """Blocks and elements without an id get one, as Slack gives them."""
        return {**body, "blocks": [name_parts(block, number) for number, block in enumerate(body["blocks"])]}

    @staticmethod
    def _hash() -> str:
        return f"1.{secrets.token_hex(4)}"


def name_parts(block: dict[str, Any], number: int) -> dict[str, Any]:
    named = {"block_id": f"b{number}", **block}
    if not named["block_id"]:
        named["block_id"] = f"b{number}"
    return named


def state(view: View, values: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The state of a view with `values` filled in, by action id or block id. Asserts what Slack's client would refuse.

    A select takes the value of an option, or the id of a channel, a person or a conversation.
    """
    left = dict(values)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for block in view.blocks:
        for element in limits.elements(block):
            if element["type"] in ("button", "overflow"):
                continue
            action, box = element.get("action_id", ""), block.get("block_id", "")
            key = next((name for name in (action, box) if name in left), None)
            filled = fill(element, left.pop(key)) if key is not None else initial(element)
            missing = block["type"] == "input" and not block.get("optional") and empty(filled)
            assert not missing, f"{box}/{action} must be filled in"
            found.setdefault(box, {})[action] = filled
    assert not left, f"the view has no {list(left)}: it has {found}"
    return found


def empty(filled: dict[str, Any]) -> bool:
    return not any(value for key, value in filled.items() if key != "type")


def initial(element: dict[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    if kind.endswith(("_input",)):
        return {"type": kind, "value": element.get("initial_value")}
    key = KEYS.get(kind, "value")
    return {"type": kind, key: element.get(key.replace("selected", "initial")) or ([] if key.endswith("s") else None)}


KEYS = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
}


def fill(element: dict[str, Any], value: Any) -> dict[str, Any]:
    """An element as it comes back with `value` written or chosen."""
    kind = element["type"]
    if kind.endswith("_input"):
        if kind == "plain_text_input" and value is not None:
            most, least = element.get("max_length", 3000), element.get("min_length", 0)
            assert least <= len(value) <= most, f"{len(value)} characters in {element['action_id']}"
        return {"type": kind, "value": str(value) if value not in (None, "") else None}
    key = KEYS[kind]
    if key in ("selected_option", "selected_options"):
        offered = [*(element.get("options") or ())]
        for group in element.get("option_groups") or ():
            offered += group["options"]
        wanted = value if isinstance(value, (list, tuple)) else [value]
        chosen = [option for option in offered if option["value"] in wanted]
        assert len(chosen) == len(wanted), f"{wanted} are not all among {[option['value'] for option in offered]}"
        return {"type": kind, key: chosen if key == "selected_options" else (chosen[0] if chosen else None)}
    return {"type": kind, key: list(value) if key.endswith("s") else value}
