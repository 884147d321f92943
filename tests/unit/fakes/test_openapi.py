"""The validator refuses what Discord would refuse, so that a wire test without violations means something."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.discord_server.limits import check_message
from tests.fakes.openapi import DISCORD, OpenApi, discord_api

MESSAGES = "/channels/11/messages"
CALLBACK = "/interactions/11/a-token/callback"
COMMANDS = "/applications/11/commands"


@pytest.fixture
def api() -> OpenApi:
    api = discord_api()
    if api is None:
        pytest.skip(f"no copy of Discord's OpenAPI document at {DISCORD}")
    return api


def said(api: OpenApi, method: str, path: str, body: Any = None, **more: Any) -> str:
    return "\n".join(map(str, api.check(method, path, body, **more)))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", MESSAGES, {"content": "Watching …", "tts": False, "nonce": "1", "enforce_nonce": True}),
        ("PATCH", f"{MESSAGES}/12", {"content": "A boat.", "components": []}),
        ("DELETE", f"{MESSAGES}/12", None),
        ("POST", "/channels/11/typing", None),
        ("PUT", COMMANDS, [{"name": "ask", "description": "Ask", "type": 1, "contexts": [0, 1]}]),
        ("POST", CALLBACK, {"type": 5, "data": {"flags": 64}}),
        ("PATCH", "/webhooks/11/a-token/messages/@original", {"content": "Done."}),
        ("GET", "/users/@me", None),
        ("GET", "/gateway/bot", None),
    ],
)
def test_what_a_bot_sends_every_day_is_allowed(api: OpenApi, method: str, path: str, body: Any) -> None:
    assert said(api, method, path, body) == ""


def test_content_that_is_too_long_is_refused(api: OpenApi) -> None:
    assert "at $.content" in said(api, "POST", MESSAGES, {"content": "x" * 4001})
    assert list(check_message({"content": "x" * 2001})) == ["content has 2001 characters, 2000 are allowed"]
    assert list(check_message({"content": "x" * 2000})) == []


def test_embeds_that_are_too_long_together_are_refused() -> None:
    parts = [{"description": "x" * 3000}, {"title": "y" * 200, "fields": [{"name": "n" * 900, "value": "v" * 1901}]}]
    assert list(check_message({"embeds": parts})) == ["the embeds have 6001 characters, 6000 are allowed"]


def test_two_buttons_with_one_custom_id_are_refused() -> None:
    row = {"type": 1, "components": [{"type": 2, "custom_id": "again"}, {"type": 2, "custom_id": "again"}]}
    assert list(check_message({"components": [row]})) == ["two components share a custom_id"]


def test_an_unknown_type_of_answer_to_an_interaction_is_refused(api: OpenApi) -> None:
    assert said(api, "POST", CALLBACK, {"type": 4, "data": {"content": "Hello"}}) == ""
    assert said(api, "POST", CALLBACK, {"type": 77, "data": {"content": "Hello"}}) != ""


def test_an_unknown_type_of_component_is_refused(api: OpenApi) -> None:
    button = {"type": 2, "style": 1, "label": "Again", "custom_id": "again"}
    assert said(api, "POST", MESSAGES, {"components": [{"type": 1, "components": [button]}]}) == ""
    assert "$.components" in said(
        api, "POST", MESSAGES, {"components": [{"type": 1, "components": [{**button, "type": 99}]}]}
    )


def test_a_missing_required_field_is_named(api: OpenApi) -> None:
    assert "'name' is a required property" in said(api, "PUT", COMMANDS, [{"description": "nameless"}])
    assert "'message_id' is a required property" in said(
        api, "POST", MESSAGES, {"content": "a", "message_reference": {"channel_id": "11"}}
    )


def test_a_body_of_the_wrong_shape_is_refused(api: OpenApi) -> None:
    assert "is not of type 'object'" in said(api, "POST", MESSAGES, ["content"])
    assert "is not of type" in said(api, "POST", MESSAGES, {"content": 7})


def test_a_body_that_is_needed_or_not_wanted_is_said(api: OpenApi) -> None:
    assert "needs a body" in said(api, "POST", MESSAGES)
    assert "takes no body" in said(api, "DELETE", f"{MESSAGES}/12", {"content": "a"})


def test_a_route_or_a_method_that_does_not_exist_is_refused(api: OpenApi) -> None:
    assert "no such route" in said(api, "POST", "/channels/11/messages/12/applause")
    assert "no such route" in said(api, "PUT", MESSAGES, {"content": "a"})


def test_an_id_in_the_path_has_to_be_an_id(api: OpenApi) -> None:
    assert "path parameter channel_id" in said(api, "POST", "/channels/None/messages", {"content": "a"})


def test_an_unknown_name_in_the_query_is_refused(api: OpenApi) -> None:
    assert said(api, "POST", CALLBACK, {"type": 1}, query=["with_response"]) == ""
    assert "no query parameter is called with_applause" in said(
        api, "POST", CALLBACK, {"type": 1}, query=["with_applause"]
    )


def test_a_literal_path_wins_over_a_parameter(api: OpenApi) -> None:
    assert api.template("/webhooks/1/t/messages/@original") == (
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    )
    assert api.template("/users/@me") == "/users/@me"
    assert api.template("/users/12") == "/users/{user_id}"


def test_a_form_is_checked_by_its_payload_and_its_file_fields(api: OpenApi) -> None:
    body = {"content": "Here it is.", "attachments": [{"id": "0", "filename": "boat.mp4"}]}
    assert said(api, "POST", MESSAGES, body, files=["files[0]"], form=True) == ""
    assert "not a file field" in said(api, "POST", MESSAGES, body, files=["file"], form=True)
    assert "$.content" in said(api, "POST", MESSAGES, {"content": "x" * 4001}, files=["files[0]"], form=True)
    assert "does not take multipart/form-data" in said(api, "PUT", COMMANDS, [], form=True)


def test_ids_may_be_integers_as_discord_takes_them_but_not_nonsense(api: OpenApi) -> None:
    def attached(file_id: object) -> str:
        return said(api, "POST", MESSAGES, {"attachments": [{"id": file_id, "filename": "boat.mp4"}]})

    assert attached("0") == attached(0) == ""
    assert attached(-1) != ""
    assert attached("first") != ""
    assert attached(None) != ""
