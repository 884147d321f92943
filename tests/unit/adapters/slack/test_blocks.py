"""Views as Slack's blocks: what stands where, and that nothing of it goes beyond what Slack takes."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Bar, Chip, MadeVideo, QueueSpot, State, Still, View
from adapters.shared.actions import Action
from adapters.slack.blocks import Layout, Page, layout, private_layout
from tests.fakes.slack_server.limits import check_message, elements
from tests.fakes.slack_server.world import words

VIDEO = MadeVideo("/a.mp4", "a red ball & a <blue> one", 7, 640, 360, 3.0)
BLOCK = Chip("violence", 0.83, 0.7, "block", "clip", 7.0)
HOSTILE = "<!channel> <@U0BOSS> <https://evil.example|bank> & *bold* `code` " + "&<>" * 50


def shown(page: Page) -> str:
    return "\n".join(words(list(page.blocks)))


def buttons(page: Page) -> list[tuple[str, str]]:
    return [(each["action_id"], each["value"]) for block in page.blocks for each in elements(block)]


def wrong(page: Page) -> list[str]:
    return list(check_message({"text": page.text, "blocks": list(page.blocks)}))


def lay(view: View, *, public: bool = True, **more: Any) -> Layout:
    made = layout(view, public=public, **more)
    assert [problem for page in made.pages for problem in wrong(page)] == []
    assert made.pages[-1].blocks[len(made.pages[-1].blocks) - len(made.closing) :] == made.closing
    return made


# --- while it goes on -------------------------------------------------------------------------------------------------


def test_who_waits_sees_the_place_in_the_queue_and_can_cancel() -> None:
    made = lay(View("r1", State.WAITING, queue=QueueSpot(2, 40), can_cancel=True))
    assert "2nd in line · about 40 s" in made.text
    assert buttons(made.pages[0]) == [("g4v:cancel", "r1")]


def test_progress_is_a_bar_under_the_words_so_far() -> None:
    made = lay(View("r1", State.WORKING, text="A start", bar=Bar(12, 30, "a <b>", 25), can_cancel=True))
    assert shown(made.pages[0]).index("A start") < shown(made.pages[0]).index("12/30")
    assert "a &lt;b&gt;" in shown(made.pages[0])


def test_what_has_nothing_to_say_yet_asks_for_a_moment() -> None:
    made = lay(View("r1", State.WORKING))
    assert shown(made.pages[0]) == "One moment …" == made.text


# --- results ----------------------------------------------------------------------------------------------------------


def test_an_answer_has_its_words_then_its_footer_then_its_buttons() -> None:
    still = Still("/f.jpg", 1.0)
    made = lay(View("r1", State.DONE, text="It is a **ball**.", stills=(still,), footer="lite <2> · 2 s"))
    page = made.pages[0]
    assert [block["type"] for block in page.blocks] == ["section", "context", "actions"]
    assert page.blocks[0]["text"]["text"] == "It is a *ball*."
    assert "lite &lt;2&gt; · 2 s" in shown(page)
    assert [action for action, _ in buttons(page)] == ["g4v:frames", "g4v:delete", "g4v:report"]


def test_a_video_has_its_wish_as_its_words_and_all_it_offers() -> None:
    made = lay(View("r1", State.DONE, videos=(VIDEO,), stills=(Still("/f.jpg", 0.0),), footer="Wan"))
    assert made.videos == (VIDEO,)
    assert "a red ball &amp; a &lt;blue&gt; one" in made.text
    assert made.actions == (
        Action.AGAIN,
        Action.VARY,
        Action.LONGER,
        Action.DELETE,
        Action.REPORT,
        Action.FRAMES,
    )
    rows = [block for block in made.blocks if block["type"] == "actions"]
    assert [len(row["elements"]) for row in rows] == [5, 1]
    assert {value for _, value in buttons(made.pages[0])} == {"r1"}


def test_a_warning_says_of_what_and_where() -> None:
    warning = Chip("violence", 0.5, 0.4, "warn", "answer")
    made = lay(View("r1", State.DONE, text="Well.", chips=(warning,), not_covered=("weapons",)))
    assert "violence 0.50 in the answer" in shown(made.pages[0])
    assert "not checked for weapons" in shown(made.pages[0])


def test_only_deleting_asks_whether_that_is_meant() -> None:
    made = lay(View("r1", State.DONE, text="Well."))
    asked = {each["action_id"] for block in made.blocks for each in elements(block) if "confirm" in each}
    assert asked == {"g4v:delete"}


# --- what concerns one person -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.BLOCKED, State.FAILED])
def test_where_others_read_along_the_notice_is_behind_a_button(state: State) -> None:
    view = View("r1", state, notice="violence 0.83 is over 0.70", chips=(BLOCK,), can_appeal=True)
    made = lay(view, told=True)
    assert "0.83" not in shown(made.pages[0])
    assert "I wrote you why" in shown(made.pages[0])
    assert buttons(made.pages[0]) == [("g4v:why", "r1")]


def test_in_private_the_notice_stands_there_with_what_can_be_done() -> None:
    chip = Chip("violence", 0.83, 0.7, "block", "video", 7.0)
    view = View("r1", State.BLOCKED, notice="violence 0.83 is over 0.70", chips=(chip,), can_appeal=True)
    for page in (lay(view, public=False).pages[0], private_layout(view)):
        assert wrong(page) == []
        assert "0.83" in page.text
        assert "request r1" in shown(page)
        assert buttons(page) == [("g4v:seed", "r1"), ("g4v:appeal", "r1")]


def test_a_request_that_never_came_to_be_has_no_buttons() -> None:
    assert buttons(lay(View("", State.FAILED, notice="No."), public=False).pages[0]) == []


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_long_answer_becomes_several_messages_and_loses_nothing() -> None:
    text = "\n\n".join(f"Paragraph {number}: " + "word " * 120 for number in range(80))
    made = lay(View("r1", State.DONE, text=text, footer="lite"))
    assert len(made.pages) > 3
    assert all(f"Paragraph {number}:" in "\n".join(map(shown, made.pages)) for number in range(80))
    assert [bool(buttons(page)) for page in made.pages] == [False] * (len(made.pages) - 1) + [True]


def test_earlier_messages_of_a_growing_answer_stay_as_they_are() -> None:
    text = "\n\n".join(f"Paragraph {number}: " + "word " * 120 for number in range(60))
    before, after = (lay(View("r1", State.WORKING, text=part)) for part in (text[:20_000], text))
    assert before.pages[0] == after.pages[0]


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("public", [True, False])
def test_nothing_that_people_or_models_write_breaks_out(state: State, public: bool) -> None:
    video = MadeVideo("/a.mp4", HOSTILE * 20, 7, 640, 360, 3.0)
    chip = Chip(HOSTILE[:100], 0.5, 0.4, "warn", "video")
    view = View(
        "r1",
        state,
        text=HOSTILE * 30,
        status=HOSTILE * 5,
        notice=HOSTILE * 30,
        videos=(video,) if state is State.DONE else (),
        chips=(chip,) * 5,
        not_covered=(HOSTILE[:60],),
        footer=HOSTILE,
        can_cancel=True,
        can_appeal=True,
    )
    made = lay(view, public=public)
    told = private_layout(view)
    assert wrong(told) == []
    for page in (*made.pages, told):
        assert "<!channel>" not in shown(page)
        assert "<@U0BOSS>" not in shown(page)


def test_block_ids_are_unique_within_a_message() -> None:
    made = lay(View("r1", State.DONE, videos=(VIDEO,), stills=(Still("/f.jpg", 0.0),)))
    ids = [block["block_id"] for block in made.blocks if "block_id" in block]
    assert len(ids) == len(set(ids)) == 2
