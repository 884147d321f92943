"""Views become messages: what everyone reads, what the author alone reads, and what stands at the bottom."""

from __future__ import annotations

from adapters.base import Bar, MadeVideo, QueueSpot, State, View
from adapters.discord.actions import Action, is_private
from adapters.discord.drafts import draft, private_notice
from adapters.discord.splitting import LIMIT, units

VIDEO = MadeVideo("/nowhere/ball.mp4", "a red *ball*", 7, 640, 360, 3.0)


def page(view: View, *, public: bool = True, told: bool = False) -> str:
    (only,) = draft(view, public=public, told=told).pages
    return only


def test_an_empty_view_is_the_placeholder() -> None:
    assert page(View("r", State.WORKING)) == "One moment …"


def test_a_status_stands_below_the_text_so_far() -> None:
    assert (
        page(View("r", State.WORKING, text="Two people", status="Watching a.mp4 …")) == "Two people\nWatching a.mp4 …"
    )


def test_waiting_shows_the_place_in_the_queue() -> None:
    assert page(View("r", State.WAITING, queue=QueueSpot(2, 40))) == "2nd in line · about 40 s"


def test_rendering_shows_the_bar() -> None:
    assert page(View("r", State.WORKING, bar=Bar(1, 2))).startswith("▰▰▰▰▰▱▱▱▱▱")


def test_a_final_view_ends_with_the_footer_and_what_nobody_checked() -> None:
    view = View("r", State.DONE, text="A dog.", footer="lite · 8 frames", not_covered=("hate",), status="left over")
    assert page(view) == "A dog.\n-# lite · 8 frames · not checked for hate"


def test_a_video_without_words_is_captioned_with_its_prompt() -> None:
    made = draft(View("r", State.DONE, videos=(VIDEO,), footer="seed 7"), public=True)
    assert made.pages == ("a red \\*ball\\*\n-# seed 7",)
    assert made.videos == (VIDEO,)


def test_videos_of_a_blocked_view_are_not_uploaded() -> None:
    assert draft(View("r", State.BLOCKED, videos=(VIDEO,), notice="no"), public=True).videos == ()


def test_others_never_read_the_scores_of_a_blocked_question() -> None:
    view = View("7f3k", State.BLOCKED, notice="violence 0.83 is over this channel's limit of 0.70")
    assert is_private(view)
    assert page(view) == "I can't answer this one here.\n-# request 7f3k"
    assert page(view, told=True) == "I can't answer this one here. I wrote you why.\n-# request 7f3k"
    assert private_notice(view) == "violence 0.83 is over this channel's limit of 0.70\n-# request 7f3k"


def test_a_direct_message_shows_the_notice_itself() -> None:
    view = View("7f3k", State.FAILED, notice="That file ends after 2 of its 14 MB. Upload it again?")
    assert page(view, public=False).startswith("That file ends after 2 of its 14 MB.")


def actions(view: View, *, public: bool = True) -> tuple[Action, ...]:
    return draft(view, public=public).actions


def test_cancel_is_offered_only_while_there_is_something_to_cancel() -> None:
    assert actions(View("r", State.WORKING, can_cancel=True)) == (Action.CANCEL,)
    assert Action.CANCEL not in actions(View("r", State.DONE, text="A dog.", can_cancel=True))
    assert actions(View("", State.WORKING, can_cancel=True)) == ()


def test_a_footer_that_no_longer_fits_gets_a_message_of_its_own() -> None:
    made = draft(View("r", State.DONE, text="x" * 1990, footer="lite · 8 frames"), public=True)
    assert made.pages[-1] == "-# lite · 8 frames"
    assert all(units(text) <= LIMIT for text in made.pages)


def test_an_end_without_a_word_still_says_something() -> None:
    assert page(View("r", State.DONE)).startswith("I have no answer")
    assert page(View("r", State.FAILED)) == "This one did not work.\n-# request r"
    assert page(View("r", State.CANCELLED, text="Two people")) == "Two people\nCancelled."
    assert page(View("r", State.DONE, text="A dog.")) == "A dog."
