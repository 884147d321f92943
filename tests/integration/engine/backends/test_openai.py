"""The backend for model servers, against a server on loopback that is as good or as bad as they get."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.backends.openai import OpenAiUnderstanding, asking, wire
from engine.errors import BadRequest, EngineError, JobFailed, MissingExtra, Overloaded, ServerFailed, ServerTimeout
from engine.registry import create_backend
from engine.runtime import Runtime
from engine.types import (
    Answered,
    Clip,
    Event,
    FramesSeen,
    MediaLimits,
    ModelChoice,
    Role,
    RuntimeConfig,
    Token,
    Turn,
    Understand,
    VideoWanted,
)
from tests.fakes.openai_server import OpenAiServer, Wire, answer, broken, chunk, raw, refusal
from tests.harness import lettered, real_clip

KEY = "sk-a-secret-that-nobody-may-see"


class Stopped(Exception):
    """What the fake checkpoint raises."""


@dataclass
class Context:
    """A job context that keeps what is emitted and when it was asked; `stop` cancels."""

    limits: MediaLimits = field(default_factory=MediaLimits)
    events: list[Event] = field(default_factory=list)
    checkpoints: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def say(self, piece: str) -> None:
        self.checkpoint()

    def checkpoint(self) -> None:
        self.checkpoints.append(time.monotonic())
        if self.stop.is_set():
            raise Stopped


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAiServer]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(asking, "_BACKOFF_S", 0.01)
    with OpenAiServer() as running:
        yield running


@pytest.fixture
def context() -> Context:
    return Context()


def backend_of(server: OpenAiServer, model: str = "", **options: Any) -> OpenAiUnderstanding:
    choice = ModelChoice(backend="openai", model=model, options={"base_url": server.url, **options})
    backend: OpenAiUnderstanding = create_backend(Role.UNDERSTANDING, choice)
    return backend


def question(text: str = "Hello?", *clips: Path, **job: Any) -> Understand:
    posted = tuple(Clip(path=str(path), name=path.name) for path in clips)
    return Understand(turns=(Turn(role="user", text=text, clips=posted),), **job)


def ask(backend: OpenAiUnderstanding, context: Context, job: Understand | None = None) -> list[str]:
    return list(backend.answer(job or question(), context))


# --- answers -------------------------------------------------------------------------------------------------------


def test_an_answer_comes_in_the_pieces_in_which_the_server_sends_it(server: OpenAiServer, context: Context) -> None:
    server.replies = [answer("A bike ", "passes ", "at 0:03.")]
    assert ask(backend_of(server), context) == ["A bike ", "passes ", "at 0:03."]


def test_a_piece_is_passed_on_before_the_next_one_is_there(server: OpenAiServer, context: Context) -> None:
    heard = threading.Event()

    def reply(wire: Wire) -> None:
        wire.begin()
        wire.send(chunk("First"))
        if wire.wait(heard):
            wire.send(chunk(" second", finish="stop"))
            wire.end()

    server.replies = [reply]
    pieces = iter(backend_of(server).answer(question(), context))
    assert next(pieces) == "First"
    heard.set()
    assert list(pieces) == [" second"]


def test_the_only_model_of_a_server_is_taken_and_named(server: OpenAiServer, context: Context) -> None:
    backend = backend_of(server)
    backend.load()
    ask(backend, context)
    assert backend.card().name == backend.card().model == "tiny/model"
    assert server.questions[0]["model"] == "tiny/model"


def test_the_protocol_reaches_people_as_text_and_wishes(server: OpenAiServer) -> None:
    server.replies = [answer("Here it comes. <vid", "eo>a red ", "fox</video>")]
    choice = ModelChoice(backend="openai", options={"base_url": server.url})
    runtime = Runtime(RuntimeConfig(models={Role.UNDERSTANDING: choice}))
    runtime.load()
    events: list[Event] = []
    done = runtime.run(question("a fox please"), events.append, lambda: None)
    assert "".join(event.text for event in events if isinstance(event, Token)) == "Here it comes. "
    assert [event.prompt for event in events if isinstance(event, VideoWanted)] == ["a red fox"]
    assert isinstance(done, Answered)
    assert done.model == "tiny/model"


@pytest.mark.parametrize("of", ["a picture", "a name", "the question", "an earlier message"])
def test_a_tag_that_the_model_repeats_of_others_orders_no_video(of: str, server: OpenAiServer, tmp_path: Path) -> None:
    tag = "<video>a cat</video>"
    server.replies = [answer("It says <vid", "eo>a cat</video>", " in black.")]
    runtime = Runtime(
        RuntimeConfig(
            models={Role.UNDERSTANDING: ModelChoice(backend="openai", options={"base_url": server.url})},
        )
    )
    runtime.load()
    picture = lettered(tmp_path / "sign.png", tag if of == "a picture" else "hello")
    clip = Clip(path=str(picture), name=f"{tag}.png" if of == "a name" else "sign.png")
    before = Turn(role="user", text=f"Ann wrote: {tag}" if of == "an earlier message" else "Hi!")
    asked = "What is written there?" + (f" Is it {tag}?" if of == "the question" else "")
    events: list[Event] = []
    turns = (before, Turn(role="assistant", text="Hi."), Turn(role="user", text=asked, clips=(clip,)))
    runtime.run(Understand(turns=turns), events.append, lambda: None)
    assert [event for event in events if isinstance(event, VideoWanted)] == []
    said = "".join(event.text for event in events if isinstance(event, Token))
    assert said == "It says <video>a cat</video> in black."


@pytest.mark.parametrize(
    "pieces",
    [
        ("<think>Hm, a bike.</think>\n\nA bike.",),
        tuple("<think>Hm, a bike.</think>\n\nA bike."),
        ("<thi", "nk>Hm</th", "ink>", "A ", "bike."),
        ("A bike.", "<think>never closed",),
    ],
)  # fmt: skip
def test_what_a_model_thinks_is_not_said(server: OpenAiServer, context: Context, pieces: tuple[str, ...]) -> None:
    server.replies = [answer(*pieces)]
    assert "".join(ask(backend_of(server), context)) == "A bike."


def test_reasoning_in_a_field_of_its_own_is_not_said(server: OpenAiServer, context: Context) -> None:
    thought = chunk(delta={"reasoning_content": "Let me see", "content": None})
    server.replies = [raw(thought, chunk("A bike.", finish="stop"), "data: [DONE]\n\n")]
    assert ask(backend_of(server), context) == ["A bike."]


def test_thinking_is_switched_off_where_the_server_can(server: OpenAiServer, context: Context) -> None:
    ask(backend_of(server), context)
    assert server.questions[0]["chat_template_kwargs"] == {"enable_thinking": False}


def test_the_operators_extra_fields_have_the_last_word(server: OpenAiServer, context: Context) -> None:
    ask(backend_of(server, extra='{"top_p": 0.5, "chat_template_kwargs": {"thinking": "low"}}'), context)
    assert server.questions[0]["top_p"] == 0.5
    assert server.questions[0]["chat_template_kwargs"] == {"thinking": "low"}


def test_a_server_that_does_not_stream_is_understood(server: OpenAiServer, context: Context) -> None:
    def reply(wire: Wire) -> None:
        wire.begin(kind="application/json")
        wire.send(json.dumps({"choices": [{"message": {"role": "assistant", "content": "All at once."}}]}))
        wire.end()

    server.replies = [reply]
    assert ask(backend_of(server), context) == ["All at once."]


def test_malformed_events_are_passed_over(server: OpenAiServer, context: Context) -> None:
    odd = ["data: {not json\n\n", "data: [1]\n\n", 'data: {"choices": 7}\n\n', 'data: {"choices": [{"delta": 3}]}\n\n']
    server.replies = [raw(chunk("A "), *odd, ": a comment\n\n", chunk("bike.", finish="stop"), "data: [DONE]\n\n")]
    assert ask(backend_of(server), context) == ["A ", "bike."]


def test_an_answer_of_nothing_readable_is_an_error(server: OpenAiServer, context: Context) -> None:
    server.replies = [raw("data: <html>\n\n")]
    with pytest.raises(ServerFailed, match="could not be read"):
        ask(backend_of(server), context)


def test_a_web_page_in_place_of_an_answer_is_an_error_without_the_page(server: OpenAiServer, context: Context) -> None:
    def page(wire: Wire) -> None:
        wire.begin(kind="text/html")
        wire.send("<html><body>Sign in to the portal</body></html>")
        wire.end()

    server.replies = [page]
    with pytest.raises(ServerFailed, match="could not be read") as caught:
        ask(backend_of(server), context)
    assert "portal" not in str(caught.value)


def test_a_model_that_only_thinks_is_an_error_that_says_so(server: OpenAiServer, context: Context) -> None:
    server.replies = [answer("<think>and on, and on", finish="length")]
    with pytest.raises(JobFailed, match="thinking"):
        ask(backend_of(server), context)


# --- what is asked -------------------------------------------------------------------------------------------------


def parts_of(server: OpenAiServer) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = server.questions[-1]["messages"][-1]["content"]
    return parts


def test_frames_arrive_as_jpegs_each_after_its_time(server: OpenAiServer, context: Context) -> None:
    ask(backend_of(server, max_side=160), context, question("What happens?", real_clip("bikes.mp4"), frames=4))
    parts = parts_of(server)
    pictures = [index for index, part in enumerate(parts) if part["type"] == "image_url"]
    assert len(pictures) == 4
    times = []
    for index in pictures:
        head, _, content = parts[index]["image_url"]["url"].partition(",")
        assert head == "data:image/jpeg;base64"
        picture = Image.open(io.BytesIO(base64.b64decode(content)))
        assert (picture.format, max(picture.size)) == ("JPEG", 160)
        assert re.fullmatch(r"0:0\d(\.\d)?", parts[index - 1]["text"])
        times.append(float(parts[index - 1]["text"].removeprefix("0:")))
    assert times == sorted(set(times))
    assert parts[-1] == {"type": "text", "text": "What happens?"}


def test_people_see_the_frames_that_the_model_saw(server: OpenAiServer, context: Context, tmp_path: Path) -> None:
    ask(backend_of(server), context, question("What?", real_clip("bikes.mp4"), frames=4, stills_dir=str(tmp_path)))
    [seen] = [event for event in context.events if isinstance(event, FramesSeen)]
    assert len(seen.frames) == 4
    assert all(Path(frame.path).is_file() for frame in seen.frames)


def test_clips_can_go_out_whole(server: OpenAiServer, context: Context) -> None:
    clip = real_clip("bikes.mp4")
    ask(backend_of(server, video="url", context_tokens=65536), context, question("What?", clip))
    [url] = [part["video_url"]["url"] for part in parts_of(server) if part["type"] == "video_url"]
    head, _, content = url.partition(",")
    assert head == "data:video/mp4;base64"
    assert base64.b64decode(content) == clip.read_bytes()


def test_clips_over_the_cap_go_out_as_frames(server: OpenAiServer, context: Context) -> None:
    backend = backend_of(server, video="url", max_video_mb=0.01, context_tokens=65536)
    ask(backend, context, question("What?", real_clip("bikes.mp4"), frames=3))
    assert [part["type"] for part in parts_of(server)].count("image_url") == 3


def test_a_question_is_made_to_fit_into_the_context_that_the_server_names(context: Context) -> None:
    with OpenAiServer(models=({"id": "small", "max_model_len": 4096},)) as server:
        ask(backend_of(server), context, question("What?", real_clip("bikes.mp4"), frames=32))
        assert 1 <= [part["type"] for part in parts_of(server)].count("image_url") < 16


def test_a_follow_up_begins_with_the_messages_of_the_question_before(server: OpenAiServer, context: Context) -> None:
    backend = backend_of(server, context_tokens=65536)
    first = question("What is this?", real_clip("bikes.mp4"))
    said = "".join(ask(backend, context, first))
    then = (*first.turns, Turn(role="assistant", text=said), Turn(role="user", text="And at 0:04?"))
    ask(backend, context, Understand(turns=then))
    before, after = (body["messages"] for body in server.questions)
    assert after[: len(before)] == before


def test_what_the_server_counts_corrects_our_own_count(server: OpenAiServer, context: Context) -> None:
    server.replies = [answer("A bike.", prompt_tokens=40_000)]
    backend = backend_of(server, context_tokens=16_384)
    for _ in range(2):
        ask(backend, context, question("What?", real_clip("bikes.mp4"), frames=16))
    first, second = (str(body["messages"]).count("image_url") for body in server.questions)
    assert 1 <= second < first


def test_a_context_that_is_too_small_is_learnt_from_the_refusal(server: OpenAiServer, context: Context) -> None:
    too_long = refusal(400, "This model's maximum context length is 4096 tokens, your request has 9000.")
    server.replies = [too_long, answer("A bike.")]
    backend = backend_of(server, context_tokens=9000)
    assert ask(backend, context, question("What?", real_clip("bikes.mp4"), frames=32)) == ["A bike."]
    first, second = (str(body["messages"]).count("image_url") for body in server.questions)
    assert second < first


@pytest.mark.parametrize(
    ("message", "missing", "there"),
    [
        ("Unrecognized request argument supplied: chat_template_kwargs", "chat_template_kwargs", "stream_options"),
        ("stream_options: extra fields not permitted", "stream_options", "chat_template_kwargs"),
        ("'max_tokens' is not supported, use 'max_completion_tokens'", "max_tokens", "max_completion_tokens"),
        ("no idea", "chat_template_kwargs", "max_tokens"),
    ],
)
def test_what_a_server_does_not_take_is_left_out_from_then_on(
    server: OpenAiServer, context: Context, message: str, missing: str, there: str
) -> None:
    server.replies = [refusal(400, message), answer("Fine.")]
    backend = backend_of(server)
    assert ask(backend, context) == ["Fine."]
    ask(backend, context)
    assert [missing in body for body in server.questions] == [True, False, False]
    assert there in server.questions[-1]


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_a_connection_that_breaks_in_the_middle_is_an_error(server: OpenAiServer, context: Context) -> None:
    server.replies = [raw(chunk("A bike "), end=False), answer("never asked for")]
    pieces = iter(backend_of(server).answer(question(), context))
    assert next(pieces) == "A bike "
    with pytest.raises(ServerFailed, match="in the middle"):
        next(pieces)
    assert len(server.questions) == 1


def test_a_stream_that_just_ends_is_an_error_too(server: OpenAiServer, context: Context) -> None:
    server.replies = [raw(chunk("A bike "))]
    with pytest.raises(ServerFailed, match="in the middle"):
        ask(backend_of(server), context)


@pytest.mark.parametrize(
    "error",
    [
        {"error": {"message": "worker died", "code": 500}},
        {"error": "worker died"},
        {"object": "error", "message": "worker died", "code": 500},
    ],
)
def test_an_error_in_the_stream_is_an_error(server: OpenAiServer, context: Context, error: dict[str, Any]) -> None:
    server.replies = [raw(chunk("A bike "), f"data: {json.dumps(error)}\n\n")]
    with pytest.raises(ServerFailed, match="in the middle"):
        ask(backend_of(server), context)


@pytest.mark.parametrize(
    "trouble",
    [
        broken,
        raw(end=False),
        refusal(500),
        refusal(503, "warming up"),
        refusal(429, "slow down", Retry_After="0"),
        raw('data: {"error": {"message": "overloaded", "code": 503}}\n\n'),
    ],
)
def test_trouble_before_the_first_word_is_tried_again(
    server: OpenAiServer, context: Context, trouble: Callable[[Wire], None]
) -> None:
    server.replies = [trouble, trouble, answer("A bike.")]
    assert ask(backend_of(server), context) == ["A bike."]
    assert len(server.questions) == 3


def test_a_wait_that_the_server_asks_for_is_kept_with_checkpoints(server: OpenAiServer, context: Context) -> None:
    server.replies = [refusal(429, Retry_After="0.4"), answer("A bike.")]
    backend = backend_of(server)
    backend.load()
    began = time.monotonic()
    assert ask(backend, context) == ["A bike."]
    assert time.monotonic() - began >= 0.4
    assert len(context.checkpoints) >= 4


def test_who_is_told_to_wait_long_tells_people_when_to_come_back(server: OpenAiServer, context: Context) -> None:
    server.replies = [refusal(429, "quota", Retry_After="90")]
    with pytest.raises(Overloaded, match="90 seconds") as caught:
        ask(backend_of(server), context)
    assert caught.value.details["retry_after_s"] == 90
    assert len(server.questions) == 1


def test_lasting_trouble_ends_in_one_sentence(server: OpenAiServer, context: Context) -> None:
    server.replies = [refusal(502, "<html>Bad gateway</html>")]
    with pytest.raises(ServerFailed, match=r"^The model server has trouble \(HTTP 502\)\. Please try again"):
        ask(backend_of(server), context)
    assert len(server.questions) == 4


def test_a_server_that_went_away_is_said(server: OpenAiServer, context: Context) -> None:
    backend = backend_of(server)
    backend.load()
    server._server.shutdown()
    server._server.server_close()
    with pytest.raises(ServerFailed, match="cannot be reached"):
        ask(backend, context)


@pytest.mark.parametrize(
    ("status", "message", "sentence"),
    [
        (400, "At most 1 image(s) may be provided", r"does not take this question \(HTTP 400: At most 1 image"),
        (404, "model not found", "does not know the model “tiny/model”"),
        (401, "bad key", "wants a key, and the bot has none.*OPENAI_API_KEY"),
        (301, "", "HTTP 301"),
    ],
)
def test_refusals_are_sentences_for_the_operator(
    server: OpenAiServer, context: Context, status: int, message: str, sentence: str
) -> None:
    server.replies = [refusal(status, message)]
    with pytest.raises(ServerFailed, match=sentence):
        ask(backend_of(server), context)


# --- waiting -------------------------------------------------------------------------------------------------------


def silence(wire: Wire) -> None:
    wire.wait(threading.Event())


def silence_after_a_piece(wire: Wire) -> None:
    wire.begin()
    wire.send(chunk("A bike "))
    wire.wait(threading.Event())


@pytest.mark.parametrize("reply", [silence, silence_after_a_piece])
def test_a_silent_server_can_be_left_at_once(
    server: OpenAiServer, context: Context, reply: Callable[[Wire], None]
) -> None:
    server.replies = [reply]
    backend = backend_of(server)
    backend.load()
    stopped_at: list[float] = []

    def stop() -> None:
        stopped_at.append(time.monotonic())
        context.stop.set()

    threading.Timer(0.4, stop).start()
    with pytest.raises(Stopped):
        ask(backend, context)
    assert time.monotonic() - stopped_at[0] < 0.4  # a tenth of a second; the rest is for busy machines
    assert server.hung_up.wait(5)
    gaps = sorted(after - before for before, after in zip(context.checkpoints, context.checkpoints[1:], strict=False))
    assert gaps[len(gaps) // 2] < 0.1


def test_an_answer_nobody_reads_on_closes_the_connection(server: OpenAiServer, context: Context) -> None:
    server.replies = [silence_after_a_piece]
    pieces = backend_of(server).answer(question(), context)
    assert next(iter(pieces)) == "A bike "
    pieces.close()  # type: ignore[attr-defined]
    assert server.hung_up.wait(5)


def test_a_first_token_that_does_not_come_is_a_time_out(server: OpenAiServer, context: Context) -> None:
    server.replies = [silence]
    with pytest.raises(ServerTimeout, match=r"did not begin to answer within 0\.2 seconds"):
        ask(backend_of(server, first_token_timeout_s=0.2), context)
    assert server.hung_up.wait(5)


def test_a_server_that_falls_silent_is_a_time_out(server: OpenAiServer, context: Context) -> None:
    server.replies = [silence_after_a_piece]
    with pytest.raises(ServerTimeout, match="fell silent in the middle"):
        ask(backend_of(server, first_token_timeout_s=0.3), context)


def test_an_answer_that_goes_on_for_ever_is_a_time_out(server: OpenAiServer, context: Context) -> None:
    def reply(wire: Wire) -> None:
        wire.begin()
        pause = threading.Event()
        while not pause.wait(0.01):
            wire.send(chunk("again "))

    server.replies = [reply]
    with pytest.raises(ServerTimeout, match="took too long"):
        ask(backend_of(server, timeout_s=0.5), context)
    assert server.hung_up.wait(5)


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
@pytest.mark.parametrize("piece", ["data: " + "x" * 4000 + "\n\n", "x" * 4000])
def test_a_flood_is_cut_off_long_before_its_end(
    server: OpenAiServer, context: Context, monkeypatch: pytest.MonkeyPatch, kind: str, piece: str
) -> None:
    monkeypatch.setattr(wire, "_LONGEST_ANSWER", 2_000_000)
    sent = 0

    def flood(reply: Wire) -> None:
        nonlocal sent
        reply.begin(kind=kind)
        with suppress(OSError):
            for _ in range(10_000):
                reply.send(piece)
                sent += len(piece)
        reply.abort()

    server.replies = [flood]
    monkeypatch.setattr(asking, "_TRIES", 1)
    with pytest.raises(EngineError):
        ask(backend_of(server), context)
    assert sent < 20_000_000


def test_a_list_of_models_without_end_is_not_read_to_it(server: OpenAiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_LONGEST_ANSWER", 100_000)

    def flood(reply: Wire) -> None:
        reply.begin(kind="application/json")
        with suppress(OSError):
            while True:
                reply.send("x" * 10_000)
        reply.abort()

    server.listing = flood
    with pytest.raises(ServerFailed, match=r"does not answer .*without end"):
        backend_of(server).load()


# --- keys ----------------------------------------------------------------------------------------------------------


def test_a_password_in_the_address_is_never_shown(
    server: OpenAiServer, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    options = {"base_url": server.url.replace("://", "://me:hunter2@")}
    backend = create_backend(Role.UNDERSTANDING, ModelChoice(backend="openai", options=options))
    assert ask(backend, context) == ["Hello."]
    login = base64.b64encode(b"me:hunter2").decode()
    assert {asked.headers["Authorization"] for asked in server.asked} == {f"Basic {login}"}
    server.replies = [broken]
    with pytest.raises(ServerFailed) as caught:
        ask(backend, context)
    for told in (caplog.text, repr(backend), repr(backend._options), str(backend.card()), str(caught.value)):
        assert "hunter2" not in told


def test_the_key_is_sent_and_never_shown(
    server: OpenAiServer, context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SERVER_KEY", KEY)
    server.key = KEY
    backend = backend_of(server, api_key_env="SERVER_KEY")
    assert ask(backend, context) == ["Hello."]
    assert all(asked.headers["Authorization"] == f"Bearer {KEY}" for asked in server.asked)
    server.key = "another"
    with pytest.raises(ServerFailed, match="refuses the bot's key") as caught:
        ask(backend, context)
    server.key = ""
    server.replies = [refusal(400, f"the key {KEY} has no credit")]
    with pytest.raises(ServerFailed) as other:
        ask(backend, context)
    assert "credit" in str(other.value)
    for told in (caplog.text, repr(backend), str(backend.card()), str(caught.value), str(other.value)):
        assert KEY not in told


# --- the start -----------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_said_at_the_start() -> None:
    with OpenAiServer() as server:
        url = server.url
    backend = create_backend(Role.UNDERSTANDING, ModelChoice(backend="openai", options={"base_url": url}))
    with pytest.raises(ServerFailed, match=re.escape(url)):
        backend.load()


@pytest.mark.parametrize(
    ("models", "model", "sentence"),
    [
        (("a", "b"), "", "has several models: a, b"),
        (("qwen-vl", "llava"), "qwen-lv", "nearest name is “qwen-vl”"),
        ((), "", "does not list its models"),
    ],
)
def test_which_model_is_meant_has_to_be_clear(models: tuple[str, ...], model: str, sentence: str) -> None:
    with OpenAiServer(models=models) as server, pytest.raises(BadRequest, match=sentence):
        backend_of(server, model).load()


def test_a_server_without_a_list_of_models_is_taken_at_its_word(server: OpenAiServer, context: Context) -> None:
    server.listing = refusal(404)
    assert ask(backend_of(server, "mine"), context) == ["Hello."]
    assert server.questions[0]["model"] == "mine"


def test_a_tag_of_a_model_may_be_left_out(context: Context) -> None:
    with OpenAiServer(models=("qwen-vl:latest",)) as server:
        ask(backend_of(server, "qwen-vl"), context)
        assert server.questions[0]["model"] == "qwen-vl:latest"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"base_uri": "http://x/v1"}, "no option “base_uri”"),
        ({"base_url": "localhost:8000"}, "must be like http://"),
        ({"timeout_s": 0}, "more than 0"),
        ({"max_side": "large"}, "must be a number"),
        ({"video": "mp4"}, "“frames” or “url”"),
        ({"extra": "{"}, "must be JSON"),
        ({"extra": "[]"}, "JSON object"),
    ],
)
def test_options_that_make_no_sense_are_named(options: dict[str, str | int], sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        create_backend(Role.UNDERSTANDING, ModelChoice(backend="openai", options=options))


def test_an_adapter_belongs_to_the_server() -> None:
    with pytest.raises(BadRequest, match="loads its adapters itself"):
        create_backend(Role.UNDERSTANDING, ModelChoice(backend="openai", lora="mine"))


def test_a_missing_address_is_on_the_card() -> None:
    backend = create_backend(Role.UNDERSTANDING, ModelChoice(backend="openai"))
    assert "base_url" in backend.card().missing
    with pytest.raises(MissingExtra, match="base_url"):
        backend.load()


def test_no_model_library_is_needed() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, engine.backends.openai.asking, engine.backends.openai.backend\n"
            "print(sorted({'torch', 'transformers'} & set(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert told.stdout.strip() == "[]"


def test_its_errors_arrive_in_the_bot_as_what_they_are() -> None:
    from engine.errors import from_event

    for error in (ServerFailed("x"), ServerTimeout("x")):
        assert type(from_event(error.to_event())) is type(error)
    assert issubclass(ServerTimeout, EngineError)


# --- models that cannot see ------------------------------------------------------------------------------------------


REFUSALS = [
    (
        500,
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
    ),  # llama.cpp
    (400, "tiny/model is not a multimodal model"),  # vLLM
    (400, "At most 0 image(s) may be provided in one prompt; this model does not support images"),
    (400, "Invalid content type. image_url is only supported by certain models."),  # OpenAI
    (400, "this model is missing data required for image input: it does not support vision"),  # Ollama
    (422, "messages.1.content: Input should be a valid string"),  # llama-cpp-python
    (400, "At most 0 image(s) may be provided in one prompt."),
    (400, "This model doesn't accept images."),
    (501, "Vision is not enabled on this server."),
    (400, "Unsupported content type: image_url"),
    (404, "No endpoints found that support image input: text-only model"),  # OpenRouter
]


@pytest.mark.parametrize(("status", "message"), REFUSALS)
def test_a_server_that_takes_no_pictures_is_told_what_was_recognised_at_once(
    server: OpenAiServer, context: Context, status: int, message: str
) -> None:
    server.replies = [refusal(status, message), answer("A bird.")]
    backend = backend_of(server)
    assert ask(backend, context, question("What?", real_clip("bikes.mp4"))) == ["A bird."]
    first, second = (json.dumps(body["messages"]) for body in server.questions)
    assert "image_url" in first
    assert "image_url" not in second
    assert "Recognised in clip 1 (10.0 seconds long" in second
    assert "cannot see" in second
    assert backend.remark() == "from recognised text, not from pictures"
    ask(backend, context, question("And then?", real_clip("bikes.mp4")))
    assert len(server.questions) == 3  # it remembers
    ask(backend, context)
    assert not backend.remark()  # without a clip there is nothing to say of it


def test_a_server_that_breaks_off_at_pictures_is_asked_without(server: OpenAiServer, context: Context) -> None:
    def picky(wire: Wire) -> None:
        (broken if "image_url" in json.dumps(server.questions[-1]) else answer("A bird."))(wire)

    server.replies = [picky]
    backend = backend_of(server)
    assert ask(backend, context, question("What?", real_clip("bikes.mp4"))) == ["A bird."]
    assert len(server.questions) == 3
    ask(backend, context, question("What?", real_clip("bikes.mp4")))
    assert len(server.questions) == 4


def test_a_server_that_only_breaks_off_is_not_taken_for_blind(server: OpenAiServer, context: Context) -> None:
    server.replies = [broken]
    backend = backend_of(server)
    with pytest.raises(ServerFailed, match="broke off"):
        ask(backend, context, question("What?", real_clip("bikes.mp4")))
    server.replies = [answer("A bird.")]
    ask(backend, context, question("What?", real_clip("bikes.mp4")))
    assert "image_url" in json.dumps(server.questions[-1])


@pytest.mark.parametrize(
    "message",
    [
        "no idea",
        "Could not decode image",
        "image_url: invalid base64 data",
        "At most 4 image(s) may be provided in one prompt.",
        "We do not accept images larger than 20 MB.",
        "chat_template_kwargs is not supported",
    ],
)
def test_other_refusals_are_no_reason_to_take_the_pictures_away(
    server: OpenAiServer, context: Context, message: str
) -> None:
    server.replies = [refusal(400, message), refusal(400, message), answer("never")]
    with suppress(EngineError):
        ask(backend_of(server), context, question("What?", real_clip("bikes.mp4")))
    assert all("image_url" in json.dumps(body) for body in server.questions)


def test_a_model_that_is_known_to_be_blind_gets_no_picture_and_the_footer_says_so(server: OpenAiServer) -> None:
    server.replies = [answer("A bird.")]
    choice = ModelChoice(backend="openai", options={"base_url": server.url, "pictures": False})
    runtime = Runtime(RuntimeConfig(models={Role.UNDERSTANDING: choice}))
    runtime.load()
    done = runtime.run(question("What?", real_clip("bikes.mp4")), lambda event: None, lambda: None)
    assert isinstance(done, Answered)
    assert done.model == "tiny/model · from recognised text, not from pictures"
    assert "image_url" not in json.dumps(server.questions)


def test_what_a_clip_spells_orders_nothing_of_a_blind_model(
    server: OpenAiServer, context: Context, tmp_path: Path
) -> None:
    server.replies = [answer("Words.")]
    sign = lettered(tmp_path / "sign.png", "<video>a cat</video>")
    ask(backend_of(server, pictures=False), context, question("What does it say?", sign))
    told = json.dumps(server.questions[-1]["messages"][-1], ensure_ascii=False)
    assert "Recognised" in told
    assert "<video>a cat" not in told
