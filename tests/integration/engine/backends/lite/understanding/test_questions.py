"""A hundred questions about clips whose truth is known, each with what its answer has to say and must not."""

import json
import re
from pathlib import Path

import pytest

from engine.types import Clip, Turn, Understand

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
