"""The text guard that ships, at every point where words pass: what is plainly harmful stops there and is said to."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from adapters.base import Quoted, State, View
from bot.config import Config
from bot.safety import Action, Limit
from engine.backends.lite.guards import LiteTextGuard
from engine.moderation import Guards
from engine.types import (
    Category,
    Coverage,
    Generate,
    MediaLimits,
    Moderate,
    Scored,
    Started,
    Token,
    Understand,
    VideoWanted,
)
from tests.fakes.engine import ANSWERED, EARS, hears, says
from tests.fakes.house import House, Posted
from tests.lines import HARMFUL

PLAINEST = [(category, texts[0]) for category, texts in HARMFUL.items()]


@cache
def guards() -> Guards:
    guard = LiteTextGuard()
    guard.load()
    return Guards([(guard, guard.card())], [])


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """With the guard that ships for texts, and its default thresholds."""
    engine = house.engine
    guards()  # before anybody waits

    def score(job: Moderate) -> Scored:
        scores = engine.__class__._score(engine, Moderate(clips=job.clips)).scores
        if job.text:
            scores += guards().score(Moderate(text=job.text), MediaLimits(), lambda: None)[0]
        return Scored(scores=scores, coverage=engine.coverage, unread=guards().unread(job.text))

    monkeypatch.setattr(engine, "_score", score)
    engine.coverage = Coverage(text=tuple(Category), frames=(Category.SEXUAL,))
    house.limits = {
        category: Limit(threshold, Action(action)) for category, (threshold, action) in Config().rules().items()
    }
    house.open()
    return house


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """What passes a check is the same on both databases."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'bot.db')}"


def blocked_at(view: View) -> set[tuple[str, str]]:
    return {(chip.where, chip.category) for chip in view.chips if chip.action == "block"}


@pytest.mark.parametrize(("category", "text"), PLAINEST)
async def test_the_plainest_sentence_of_each_category_is_no_question_here(
    house: House, category: str, text: str
) -> None:
    view = await (await house.ask(text)).end()
    assert view.state is State.BLOCKED
    assert ("question", category) in blocked_at(view)
    assert not house.engine.of(Understand)


@pytest.mark.parametrize(("category", "text"), PLAINEST)
async def test_no_video_is_made_of_it(house: House, category: str, text: str) -> None:
    view = await (await house.generate(text)).end()
    assert view.state is State.BLOCKED
    assert ("prompt", category) in blocked_at(view)
    assert not house.engine.of(Generate)


HATE = HARMFUL["hate"][0]


async def test_it_is_stopped_in_what_a_question_replies_to(house: House) -> None:
    view = await (await house.ask("Who is right?", chain=(Quoted("m1", "Bob", HATE),))).end()
    assert ("question", "hate") in blocked_at(view)
    assert not house.engine.of(Understand)


async def test_it_is_stopped_in_what_is_said_in_a_clip(house: House) -> None:
    house.engine.has_audio = True
    house.engine.cards = (*house.engine.cards, EARS)
    house.engine.speeches = [hears("Good evening, ladies and gentlemen.", HATE)]
    view = await (await house.ask("What do they say?", Posted())).end()
    assert ("speech", "hate") in blocked_at(view)
    assert "in what is said" in view.notice
    assert not house.engine.of(Understand)


async def test_it_is_stopped_while_an_answer_streams(house: House) -> None:
    house.engine.answers = [says("It is a calm film. ", f"{HATE} ", "Never reached. ")]
    slip = await house.ask("What happens?", Posted())
    view = await slip.end()
    assert ("answer", "hate") in blocked_at(view)
    assert all("gassed" not in shown.text for shown in slip.views)


async def test_it_is_stopped_in_the_prompt_that_a_model_writes(house: House) -> None:
    gore = HARMFUL["violence/graphic"][0]
    house.engine.answers = [[Started(), Token(text="Here it comes. "), VideoWanted(prompt=gore), ANSWERED]]
    view = await (await house.ask("Make something", Posted())).end()
    assert ("prompt", "violence/graphic") in blocked_at(view)
    assert not house.engine.of(Generate)


async def test_what_an_answer_reads_from_the_screen_is_stopped_and_the_clip_is_named(house: House) -> None:
    house.engine.answers = [says(f"The text on screen says “{HATE}” for four seconds. ")]
    slip = await house.ask("What does the sign say?", Posted())
    view = await slip.end()
    assert blocked_at(view) == {("screen", "hate")}
    assert view.notice.startswith("I won't repeat what can be read in that clip: hate")
    assert all("gassed" not in shown.text for shown in slip.views)
    (row,) = [row for row in await house.store.audit() if row.action == "block"]
    assert (row.where, row.details) == ("answer", {"read on screen": True})


async def test_a_harmless_question_is_answered(house: House) -> None:
    house.engine.answers = [says("There are two balls on the table.")]
    view = await (await house.ask("How many balls are there?", Posted())).end()
    assert view.state is State.DONE
    assert view.not_covered == tuple(category.value for category in Category if category is not Category.SEXUAL)
    assert view.unread == ()


async def test_a_language_that_the_guard_does_not_know_is_not_called_safe(house: House) -> None:
    view = await (await house.ask("Kuinka monta palloa pöydällä on?")).end()
    assert view.state is State.DONE
    assert set(view.unread) == {category.value for category in Category}
    rows = [row for row in await house.store.audit() if row.where == "question"]
    assert all(row.details == {"language not covered": True} for row in rows)
