"""Dialogs: their ids say what they are about, and what was written is read from what Discord sends."""

from __future__ import annotations

import pytest

from adapters.discord.dialogs import Kind, Submission, dialog, submission


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_dialog_keeps_to_what_discord_takes(kind: Kind) -> None:
    sent = dialog(kind, "r" * 64).to_dict()
    (label,) = sent["components"]
    field = label["component"]
    assert len(sent["custom_id"]) <= 100
    assert len(sent["title"]) <= 45
    assert len(label["label"]) <= 45
    assert len(field.get("placeholder") or "") <= 100


@pytest.mark.parametrize("kind", list(Kind))
async def test_what_was_written_is_read_with_what_the_dialog_was_about(kind: Kind) -> None:
    sent = dialog(kind, "r1").to_dict()
    (label,) = sent["components"]
    answer = {"type": 18, "component": {"type": 4, "custom_id": label["component"]["custom_id"], "value": " ball "}}
    assert submission({"custom_id": sent["custom_id"], "components": [answer]}) == Submission(kind, "r1", "ball")


async def test_nothing_waits_for_a_dialog_that_may_never_be_sent() -> None:
    assert dialog(Kind.VARY, "r1").is_finished()


def test_a_field_in_a_row_is_read_as_well() -> None:
    row = {"type": 1, "components": [{"type": 4, "custom_id": "words", "value": "ball"}]}
    sent = submission({"custom_id": "g4v:dialog:vary:r1", "components": [row]})
    assert sent == Submission(Kind.VARY, "r1", "ball")


def test_nothing_written_is_no_words() -> None:
    assert submission({"custom_id": "g4v:dialog:appeal:r1", "components": []}) == Submission(Kind.APPEAL, "r1", "")


@pytest.mark.parametrize("name", ["", "g4v:vary:r1", "g4v:dialog:rule:r1", "g4v:dialog:vary:", "g4v:dialog:vary:a b"])
def test_a_foreign_dialog_is_none_of_ours(name: str) -> None:
    assert submission({"custom_id": name, "components": []}) is None
