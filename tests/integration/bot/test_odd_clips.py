"""Odd clips: of a file that ended early every answer says how much arrived, and a name need not be text."""

from __future__ import annotations

import pytest

from engine.types import Understand
from tests.fakes.house import House, Posted


@pytest.fixture
def house(house: House) -> House:
    house.engine.declared_s = 30.0
    return house


async def test_an_answer_says_how_much_of_the_clip_arrived(house: House) -> None:
    view = await (await house.ask("What happens?", Posted())).end()
    assert "only 0:10 of 0:30 arrived" in view.footer


async def test_so_does_a_later_answer_about_it(house: House) -> None:
    await (await house.ask("What happens?", Posted())).end()
    view = await (await house.ask("And then?")).end()
    assert len(house.engine.of(Understand)) == 2
    assert "only 0:10 of 0:30 arrived" in view.footer


async def test_a_whole_clip_needs_no_such_word(house: House) -> None:
    house.engine.declared_s = 0.0
    view = await (await house.ask("What happens?", Posted())).end()
    assert "arrived" not in view.footer


async def test_a_name_that_is_no_text_is_the_name_of_a_clip_all_the_same(house: House) -> None:
    view = await (await house.ask("What happens?", Posted(name="caf\udce9 \ud83d.mp4"))).end()
    assert view.text == "All is well."
    assert house.job(Understand, -1).turns[-1].clips[0].name == "caf? ?.mp4"
