"""Buttons: their ids are short, are found again, and never stand for something else."""

from __future__ import annotations

import pytest

from adapters.discord.buttons import ITEMS, ActionButton, DropButton, ForgetButton, Reach, action_buttons, drop_buttons
from adapters.shared.actions import Action

LONGEST = "r" * 64


def test_every_id_is_short_enough_and_belongs_to_one_kind_of_button() -> None:
    made = [
        *(ActionButton(action, LONGEST) for action in Action),
        DropButton(LONGEST),
        *(ForgetButton(reach) for reach in Reach),
    ]
    for button in made:
        name = button.item.custom_id or ""
        assert len(name) <= 100
        assert len(button.item.label or "") <= 80
        owners = [kind for kind in ITEMS if kind.__discord_ui_compiled_template__.fullmatch(name)]
        assert owners == [type(button)]


@pytest.mark.parametrize("action", list(Action))
async def test_a_button_is_made_again_from_its_id(action: Action) -> None:
    name = ActionButton(action, "7f3k").item.custom_id or ""
    match = ActionButton.__discord_ui_compiled_template__.fullmatch(name)
    assert match is not None
    found = await ActionButton.from_custom_id(None, None, match)  # type: ignore[arg-type]
    assert (found.action, found.request) == (action, "7f3k")


async def test_a_request_that_does_not_fit_into_an_id_has_no_buttons() -> None:
    assert action_buttons("r" * 65, [Action.CANCEL]) is None
    assert action_buttons("a:b", [Action.CANCEL]) is None
    assert action_buttons("r1", []) is None
    assert drop_buttons(["a:b"]) is None


async def test_numbers_on_a_list_follow_its_lines_although_one_has_no_button() -> None:
    view = drop_buttons(["w1", "a:b", "w3"])
    assert view is not None
    assert [button.item.label for button in view.children] == ["Cancel 1", "Cancel 3"]  # type: ignore[attr-defined]
