"""Views become messages: what everyone reads, what the author alone reads, and what stands at the bottom."""

from __future__ import annotations

from adapters.base import Bar, Chip, MadeVideo, QueueSpot, State, Still, View
from adapters.discord.drafts import draft, private_notice
from adapters.discord.splitting import LIMIT
from adapters.shared.actions import Action, is_private
from adapters.shared.splitting import units

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


def test_a_view_without_a_request_has_no_buttons() -> None:
    assert actions(View("", State.DONE, text="A dog.", videos=(VIDEO,))) == ()
    assert actions(View("", State.BLOCKED, notice="no", can_appeal=True), public=False) == ()


def test_no_row_of_buttons_is_longer_than_discord_takes() -> None:
    view = View("r", State.DONE, videos=(VIDEO,), stills=(Still("/nowhere.jpg", 1.0),))
    assert actions(view)[:5] == (Action.AGAIN, Action.VARY, Action.LONGER, Action.DELETE, Action.REPORT)
    assert actions(view)[5:] == (Action.FRAMES,)


def test_what_concerns_the_author_alone_is_one_more_step_away_where_others_read_along() -> None:
    view = View("r", State.BLOCKED, notice="no", can_appeal=True, chips=(chip("video", "block"),))
    assert actions(view) == (Action.WHY,)
    assert actions(view, public=False) == (Action.OTHER_SEED, Action.APPEAL)
    assert actions(View("r", State.FAILED, notice="no"), public=False) == ()
    assert actions(View("r", State.CANCELLED, notice="Cancelled.")) == ()


def test_the_buttons_stand_under_the_video_or_else_at_the_end() -> None:
    long = "word " * 700
    assert draft(View("r", State.DONE, text=long), public=True).seat == 1
    assert draft(View("r", State.DONE, text=long, videos=(VIDEO,)), public=True).seat == 0
    assert draft(View("r", State.WORKING, text=long, can_cancel=True), public=True).seat == 0


# --- warnings


def chip(where: str, action: str = "warn", score: float = 0.62, time_s: float | None = None) -> Chip:
    return Chip("violence", score, 0.6, action, where, time_s)


def test_a_warning_is_one_calm_line_above_the_footer() -> None:
    view = View("r", State.DONE, text="A fight.", footer="lite", chips=(chip("video", time_s=7.2),))
    assert page(view) == (
        "A fight.\n-# ⚠ Sensitive: violence 0.62 in the video at 0:07. Report it if it should not be here.\n-# lite"
    )


def test_several_warnings_are_one_line_with_the_strongest_first() -> None:
    chips = (chip("clip", score=0.61), chip("question", score=0.7), chip("prompt"), chip("video", score=0.65))
    line = page(View("r", State.DONE, text="A.", chips=chips)).splitlines()[1]
    assert "0.70 in the question, violence 0.65 in the video and violence 0.62 in the prompt." in line
    assert "0.61" not in line


def test_what_is_allowed_or_blocked_is_no_warning() -> None:
    assert page(View("r", State.DONE, text="A.", chips=(chip("answer", "allow"),))) == "A."
    assert not draft(View("r", State.DONE, videos=(VIDEO,), chips=(chip("video", "allow"),)), public=True).spoiler


def test_a_warning_is_not_said_before_the_end() -> None:
    assert page(View("r", State.WORKING, text="A.", chips=(chip("clip"),))) == "A."


def test_a_video_with_a_warning_is_a_spoiler() -> None:
    assert draft(View("r", State.DONE, videos=(VIDEO,), chips=(chip("video"),)), public=True).spoiler
    assert not draft(View("r", State.DONE, videos=(VIDEO,), chips=(chip("clip"),)), public=True).spoiler


def test_an_answer_with_a_warning_is_behind_a_spoiler_also_while_it_grows() -> None:
    assert page(View("r", State.WORKING, text="A fight", chips=(chip("answer"),))) == "||A fight||"
    first = page(View("r", State.DONE, text="A fight.", footer="lite", chips=(chip("answer"),))).splitlines()[0]
    assert first == "||A fight.||"


def test_bars_in_an_answer_do_not_end_its_spoiler() -> None:
    for text in ("a || b", "a ||| b", "a |", "||"):
        shown = page(View("r", State.WORKING, text=text, chips=(chip("answer"),)))
        assert shown.startswith("||")
        assert shown.endswith("||")
        assert "||" not in shown[2:-2] + "x"
        assert not shown[:-2].endswith("|")


def test_every_page_of_a_long_answer_with_a_warning_is_a_spoiler_of_its_own() -> None:
    pages = draft(View("r", State.DONE, text="a||b " * 900, chips=(chip("answer"),)), public=True).pages
    assert len(pages) > 2
    assert all(units(text) <= LIMIT for text in pages)
    assert all(text.startswith("||") and "||" in text[2:] for text in pages)


def test_a_prompt_with_a_warning_is_behind_a_spoiler() -> None:
    view = View("r", State.DONE, videos=(VIDEO,), chips=(chip("prompt"),))
    assert page(view).splitlines()[0] == "||a red \\*ball\\*||"


# --- what a video was made from


def test_beside_an_answer_the_wish_behind_its_video_is_small_print() -> None:
    view = View("r", State.DONE, text="Here it is.", videos=(VIDEO,), footer="seed 7")
    assert page(view) == "Here it is.\n-# Made from: a red \\*ball\\*\n-# seed 7"


def test_a_very_long_wish_is_cut() -> None:
    video = MadeVideo("/nowhere/ball.mp4", "ball " * 400, 7, 640, 360, 3.0)
    assert len(page(View("r", State.DONE, videos=(video,)))) == 500
    assert page(View("r", State.DONE, text="A.", videos=(video,))).endswith("…")


def test_videos_of_one_wish_name_it_once() -> None:
    assert page(View("r", State.DONE, videos=(VIDEO, VIDEO))) == "a red \\*ball\\*"


def test_a_footer_that_no_longer_fits_gets_a_message_of_its_own() -> None:
    made = draft(View("r", State.DONE, text="x" * 1990, footer="lite · 8 frames"), public=True)
    assert made.pages[-1] == "-# lite · 8 frames"
    assert all(units(text) <= LIMIT for text in made.pages)


def test_an_end_without_a_word_still_says_something() -> None:
    assert page(View("r", State.DONE)).startswith("I have no answer")
    assert page(View("r", State.FAILED)) == "This one did not work.\n-# request r"
    assert page(View("r", State.CANCELLED, text="Two people")) == "Two people\nCancelled."
    assert page(View("r", State.DONE, text="A dog.")) == "A dog."
