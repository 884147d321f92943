"""Dialogs of requests: what they carry, and what is read out of them."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import ModelOption
from adapters.slack.dialogs import METADATA, Kind, Origin, generate_dialog, submission, words_dialog
from adapters.slack.visit import key_of
from tests.fakes.slack_server.limits import check_view


def sent(view: dict[str, Any], **written: str) -> dict[str, Any]:
    """The view as it comes back with these words in it."""
    return {**view, "state": {"values": {name: {name: {"value": value}} for name, value in written.items()}}}


def test_a_dialog_carries_where_it_was_opened_and_what_it_is_about() -> None:
    origin = Origin("C1", "1.2", "r1", ("F1", "F2"))
    read = submission(sent(words_dialog(Kind.ASK, origin), words=" who? "), ())
    assert read is not None
    assert (read.kind, read.about, read.words, dict(read.errors)) == (Kind.ASK, origin, "who?", {})


@pytest.mark.parametrize("metadata", ["", "nonsense", "[]", "7", '{"files": 3}', '{"channel": null, "files": null}'])
def test_what_cannot_be_read_is_empty_and_breaks_nothing(metadata: str) -> None:
    assert Origin.load(metadata).files == ()


def test_however_many_files_a_message_has_the_dialog_fits() -> None:
    origin = Origin("C1", "1.2", files=tuple(f"F0123456{number:03}" for number in range(500)))
    assert len(origin.dump()) <= METADATA
    assert len(Origin.load(origin.dump()).files) > 100


def test_long_words_and_many_models_fit_into_the_dialogs() -> None:
    models = [ModelOption(f"m{number}", "A model with a long label & <marks> " * 5) for number in range(120)]
    views = [generate_dialog(Origin("C1"), models, "ball " * 1000)]
    views += [words_dialog(kind, Origin("C1"), "ball " * 1000, file_names=["x" * 300] * 9) for kind in list(Kind)[1:]]
    assert [problem for view in views for problem in check_view(view)] == []


def test_another_dialog_is_none_of_these() -> None:
    assert submission({"callback_id": "g4h:set:edit"}, ()) is None
    assert submission({"callback_id": "g4v:notice"}, ()) is None


@pytest.mark.parametrize(("written", "seconds"), [("3", 3.0), ("2,5", 2.5), ("0.5", 0.5), ("60", 60.0), ("", None)])
def test_lengths_are_read_as_people_write_them(written: str, seconds: float | None) -> None:
    read = submission(sent(generate_dialog(Origin("C1"), ()), prompt="a ball", length=written), ())
    assert read is not None
    assert (read.wish.seconds, dict(read.errors)) == (seconds, {})


def test_one_interaction_has_one_key_and_another_one_another() -> None:
    command = {"command": "/queue", "trigger_id": "1.2"}
    assert key_of(command) == key_of(dict(command)) != key_of({**command, "trigger_id": "1.3"})
    dialog = {"type": "view_submission", "view": {"id": "V1"}, "trigger_id": "1.4"}
    assert key_of(dialog) == key_of({**dialog, "trigger_id": "1.5"}) != key_of({**dialog, "view": {"id": "V2"}})
    press = {"type": "block_actions", "actions": [{"action_id": "g4v:again", "action_ts": "1.2"}]}
    assert key_of(press) != key_of({**press, "actions": [{"action_id": "g4v:again", "action_ts": "1.3"}]})
