"""Neural guards in the places where they work: inside a generation, side by side, through a judging model, on the
command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.backends.base import JobContext
from engine.errors import BadRequest, GuardUnavailable
from engine.runtime import Runtime
from engine.types import (
    Category,
    Clip,
    Generate,
    ModelCard,
    ModelChoice,
    Moderate,
    Rendered,
    Role,
    RuntimeConfig,
    Scored,
)
from tests.harness import CONSOLE, environment
from tests.tiny import guards
from tests.tiny.mllm import make_qwen3_vl

VIOLENCE, SEXUAL = Category.VIOLENCE, Category.SEXUAL
STAB = "the cat saw stab on a mat"


class Drawing:
    """A video model that draws its noise step by step, as they all do, and writes down what it drew."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.GENERATION, backend="drawing", name="Drawing")

    def load(self) -> None:
        pass

    def render(self, job: Generate, context: JobContext) -> Rendered:
        torch.manual_seed(job.seed or 0)
        drawn = []
        for _ in range(3):
            drawn.append(torch.randn(2).tolist())
            context.checkpoint()
        Path(job.out).write_text(json.dumps(drawn))
        return Rendered(path=job.out, seed=0, width=2, height=2, frames=3, fps=1.0, model="drawing")


def choice(backend: str, model: Path | str = "", **options: str) -> ModelChoice:
    return ModelChoice(backend=backend, model=str(model), options={k.replace("__", "."): v for k, v in options.items()})


def runtime(**roles: tuple[ModelChoice, ...]) -> Runtime:
    given = {Role(role): choices for role, choices in roles.items()}
    made = Runtime(
        RuntimeConfig(
            models={role: choices[0] for role, choices in given.items()},
            more={role: choices[1:] for role, choices in given.items() if len(choices) > 1},
        )
    )
    made.load()
    return made


def score(made: Runtime, job: Moderate) -> Scored:
    scored = made.run(job, lambda event: None, lambda: None)
    assert isinstance(scored, Scored)
    return scored


@pytest.fixture
def red(tmp_path: Path) -> Clip:
    Image.fromarray(guards.colour_picture(True)).save(tmp_path / "red.png")
    return Clip(path=str(tmp_path / "red.png"))


def test_a_check_between_the_steps_of_a_video_scores_as_any_other_and_leaves_the_video_as_it_is(
    taught_qwen3guard: Path, image_classifier: Path, red: Clip, tmp_path: Path
) -> None:
    made = runtime(
        generation=(ModelChoice(backend=f"{__name__}:Drawing"),),
        text_guard=(choice("qwen3guard", taught_qwen3guard),),
        frame_guard=(choice("image-classifier", image_classifier, label__normal="", label__nsfw="sexual"),),
    )
    check = Moderate(text=STAB, clips=(red,))
    alone = score(made, check)
    between: list[Scored] = []
    for name, nested in (("still", False), ("checked", True)):
        made.run(
            Generate(prompt="x", out=str(tmp_path / name), seed=5),
            lambda event: None,
            (lambda: between.append(score(made, check))) if nested else (lambda: None),
        )
    assert (tmp_path / "still").read_text() == (tmp_path / "checked").read_text()
    assert [each.scores for each in between] == [alone.scores] * 3
    assert max(each.score for each in alone.scores if each.category is VIOLENCE) > 0.7


def test_guards_side_by_side_cover_together_what_each_can_score(
    taught_qwen3guard: Path, text_classifier: Path, shieldgemma: Path, image_classifier: Path, red: Clip
) -> None:
    made = runtime(
        text_guard=(
            choice("text-classifier", text_classifier, label__ok="", label__rude="harassment", label__lewd="sexual"),
            choice("qwen3guard", taught_qwen3guard),
        ),
        frame_guard=(
            choice("image-classifier", image_classifier, label__normal="", label__nsfw="sexual"),
            choice("shieldgemma", shieldgemma),
        ),
    )
    assert set(made.coverage.text) == set(Category) - {Category.SEXUAL_MINORS, Category.VIOLENCE_GRAPHIC}
    assert set(made.coverage.frames) == {SEXUAL, Category.ILLICIT, VIOLENCE, Category.VIOLENCE_GRAPHIC}
    found = {(each.source, each.category): each for each in score(made, Moderate(text=STAB, clips=(red,))).scores}
    assert (found["text", VIOLENCE].guard, found["text", VIOLENCE].score > 0.7) == ("qwen3guard", True)
    assert (found["frame", SEXUAL].guard, found["frame", SEXUAL].score > 0.8) == ("vit", True)
    assert (found["frame", VIOLENCE].guard, found["frame", VIOLENCE].score > 0.8) == ("shieldgemma", True)


def test_a_second_guard_that_breaks_makes_the_whole_check_fail(
    taught_qwen3guard: Path, text_classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = runtime(
        text_guard=(
            choice("qwen3guard", taught_qwen3guard),
            choice("text-classifier", text_classifier, label__ok="", label__rude="harassment", label__lewd="sexual"),
        )
    )
    assert score(made, Moderate(text="the cat")).scores
    broken = made._models[Role.TEXT_GUARD]["bert"].backend
    monkeypatch.setattr(broken._model, "forward", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(GuardUnavailable, match="failed at the text"):
        score(made, Moderate(text="the cat"))


def test_the_model_for_questions_judges_frames(tmp_path: Path, red: Clip) -> None:
    model = make_qwen3_vl(tmp_path / "eyes")
    made = runtime(understanding=(choice("transformers", model),), frame_guard=(choice("judge"),))
    assert made.coverage.frames == (VIOLENCE, Category.VIOLENCE_GRAPHIC, Category.SELF_HARM)
    scored = score(made, Moderate(clips=(red,)))
    assert {each.guard for each in scored.scores} == {"eyes as judge"}
    assert all(0 <= each.score <= 1 for each in scored.scores)


def test_a_judge_over_a_model_that_cannot_judge_does_not_start() -> None:
    lite = ModelChoice(backend="tests.fakes.engine_backends:Answers")
    with pytest.raises(BadRequest, match="cannot say how sure it is"):
        runtime(understanding=(lite,), frame_guard=(choice("judge"),))


CONFIG = """
bot.log_level = "ERROR"

[[models.text_guard]]
backend = "qwen3guard"
model = "{folder}/qwen3guard"

[[models.text_guard]]
backend = "text-classifier"
model = "{folder}/bert"
options = {{ "label.ok" = "", "label.rude" = "harassment", "label.lewd" = "sexual" }}

[[models.frame_guard]]
backend = "shieldgemma"
model = "{folder}/shieldgemma"

[safety.rules.violence]
threshold = 0.7
share = 0.4
"""

Command = Callable[..., Any]


@pytest.fixture
def gpt4video(tmp_path: Path, checkpoints: Path) -> Command:
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=checkpoints))

    def call(*arguments: str | Path) -> tuple[int, Any]:
        done = subprocess.run(
            [CONSOLE, "moderate", "--json", *arguments],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            env=environment(tmp_path / "data"),
            cwd=tmp_path,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return call


def test_the_command_line_judges_a_text_and_a_clip_with_them(
    gpt4video: Command, taught_qwen3guard: Path, text_classifier: Path, shieldgemma: Path, tmp_path: Path
) -> None:
    frames = [guards.colour_picture(at in (3, 4, 5), 60) for at in range(10)]  # three of ten are violent
    pictures = [Image.fromarray(np.asarray(frame)) for frame in frames]
    clip = tmp_path / "clip.gif"
    pictures[0].save(clip, save_all=True, append_images=pictures[1:], duration=200, optimize=False)
    code, report = gpt4video(STAB, "--file", clip)
    assert code == 3
    assert report["allowed"] is False
    violence = {each["where"]: each for each in report["verdicts"] if each["category"] == "violence"}
    assert (violence["question"]["action"], violence["question"]["score"] > 0.7) == ("block", True)
    assert (violence["clip"]["action"], violence["clip"]["score"] < 0.3) == ("allow", True)  # by the share of frames
    assert set(report["coverage"]["frames"]) == {"sexual", "illicit", "violence", "violence/graphic"}
