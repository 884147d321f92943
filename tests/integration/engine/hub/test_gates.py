"""Models that are gated, unknown or private, and tokens that stay where they belong."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.errors import BadRequest, ModelGated, ModelNotFound
from engine.hub import Held, Source, pull
from engine.types import HubSettings
from tests.fakes.hub_server import HubServer

Fetch = Callable[..., Held]
TOKEN = "hf_secretsecretsecret"


@pytest.fixture
def gated(server: HubServer) -> HubServer:
    server.add("org/gated", {"config.json": b"{}", "model.safetensors": b"w"}, gated=True, readers=(TOKEN,))
    return server


def test_without_a_token_a_gated_model_is_explained(gated: HubServer, fetch: Fetch) -> None:
    with pytest.raises(ModelGated) as caught:
        fetch("org/gated")
    sentence = str(caught.value)
    assert f"Accept it at {gated.url}/org/gated" in sentence
    assert "HF_TOKEN" in sentence
    assert "models.hub_token_file" in sentence


def test_a_token_that_has_not_accepted_the_licence_is_told_so(
    gated: HubServer, source: Source, settings: HubSettings
) -> None:
    with pytest.raises(ModelGated, match="with the account that the token belongs to"):
        pull("org/gated", hub=settings, source=replace(source, token="hf_another"))


def test_the_right_token_opens_the_gate_and_is_not_shown_to_others(
    gated: HubServer, source: Source, settings: HubSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    allowed = replace(source, token=TOKEN)
    pull("org/gated", hub=settings, source=allowed)
    assert gated.asked("config.json")[0].token == TOKEN
    assert gated.asked("model.safetensors")[0].token == ""  # the weights come from another host
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(allowed)


def test_a_token_of_the_machine_is_not_used_unless_it_is_handed_over(
    gated: HubServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(ModelGated):
        fetch("org/gated")
    assert {request.token for request in gated.requests} == {""}


@pytest.mark.parametrize("token", ["", TOKEN])
def test_an_unknown_model_is_told_with_its_page(
    server: HubServer, source: Source, settings: HubSettings, token: str
) -> None:
    with pytest.raises(ModelNotFound) as caught:
        pull("org/missing", hub=settings, source=replace(source, token=token))
    assert f"{server.url}/org/missing" in str(caught.value) or "token" in str(caught.value)


def test_an_unknown_revision_is_told(fetch: Fetch) -> None:
    with pytest.raises(ModelNotFound, match="org/model has no revision v9"):
        fetch("org/model", "v9")


@pytest.mark.parametrize("name", ["model", "./folder", "/a/folder", "org/../other", "a/b/c"])
def test_what_is_no_name_of_a_model_is_refused_before_anybody_is_asked(
    fetch: Fetch, server: HubServer, name: str
) -> None:
    with pytest.raises(BadRequest, match="org/model"):
        fetch(name)
    assert server.requests == []
