"""A hundred questions about clips whose truth is known, each with what its answer has to say and must not."""

import json
import re
from pathlib import Path

import pytest

from engine.types import Clip, Turn, Understand
from tests.harness import real_clip

CLIPS = Path(__file__).parents[5] / "clips"
ASKED = [json.loads(line) for line in (CLIPS / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("asked", ASKED, ids=[f"{each['clip']}: {each['ask']}" for each in ASKED])
def test_the_answer_is_right(asked, backend, context):
    turn = Turn(role="user", text=asked["ask"], clips=(Clip(path=str(CLIPS / asked["clip"]), name=asked["clip"]),))
    said = "".join(backend.answer(Understand(turns=(turn,)), context))
    assert all(re.search(pattern, said) for pattern in asked["must"]), said
    assert not any(re.search(pattern, said) for pattern in asked["never"]), said
    assert not re.search(r"\b(None|nan|inf)\b|  |\.\.|,,|\{", said), said
    assert said.rstrip()[-1] in ".!?:", said


@pytest.mark.parametrize("asked", ["What is this?", "What does the rabbit do?", "Was macht der Hase?"])
def test_an_animal_that_gets_up_is_not_said_to_stay_as_it_is(asked, backend, context):
    clip = real_clip("bigbuckbunny.mp4")
    turn = Turn(role="user", text=asked, clips=(Clip(path=str(clip), name=clip.name),))
    said = "".join(backend.answer(Understand(turns=(turn,)), context))
    assert re.search("moves to and fro|bewegt sich hin und her", said), said
    assert not re.search("nothing move|nichts, was sich", said), said
