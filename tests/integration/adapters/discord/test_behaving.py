"""What becomes of a question afterwards: refused, edited, deleted, replied to; and where the bot may not write."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from adapters.base import Author, DeliveryError, Exchange, MadeVideo, Place, Quoted, State, View, Wants
from adapters.discord import questions
from tests.fakes.handler import NOON

CLIP = ("bikes.mp4", b"\0\0\0\x18ftypmp42")
LONG = "word " * 700


def keep(world: Any, request: str = "r1", text: str = "what happens here?") -> None:
    """Have the application remember a request, as it does over restarts."""
    reply = world.handler.replies[int(request[1:]) - 1]
    author = Author(world.handler.askers[request], "ann")
    view = View(request, State.DONE, text="A dog.")
    place = Place("discord", str(world.guild.id), str(world.channel.id))
    world.handler.exchanges[request] = Exchange(request, author, text, (), NOON, view, place=place, ref=reply.ref)


async def restarted(world: Any) -> Any:
    """A new process with the same application behind it."""
    fresh = world.new_client()
    fresh.handler = world.handler
    await world.env.restart_bot(fresh)
    return fresh


def written(world: Any) -> list[str]:
    return [answer.content for answer in world.answers()]


def private(world: Any) -> list[str]:
    return [answer.content for answer in world.answers(world.ann.user.dm_channel)]


# --- refused ------------------------------------------------------------------------------------------------------


async def test_who_may_not_ask_is_told_alone_and_nothing_is_posted(world) -> None:
    world.handler.refused[Wants.ASK] = "Only riders may ask me here. Ask an admin for that role."
    await world.ask()
    assert private(world) == ["Only riders may ask me here. Ask an admin for that role."]
    assert written(world) == []
    assert world.handler.messages == []


async def test_a_refusal_is_said_once_in_ten_minutes_to_a_person_in_a_place(world) -> None:
    world.handler.refused[Wants.ASK] = "Not here."
    elsewhere = world.guild.create_text_channel("elsewhere")
    for _ in range(3):
        await world.ask()
    assert len(private(world)) == 1
    await world.ann.send(elsewhere, f"{world.at_bot} and here?")
    assert len(private(world)) == 2
    world.clock.time += 601
    await world.ask()
    assert len(private(world)) == 3


async def test_an_application_that_can_not_say_whether_one_may_ask_is_asked_all_the_same(world, monkeypatch) -> None:
    async def broken(*_: object) -> str:
        raise RuntimeError("scripted")

    monkeypatch.setattr(world.handler, "refusal", broken)
    await world.ask()
    assert len(world.handler.messages) == 1


async def test_what_an_author_may_do_in_the_channel_is_told_to_the_application(world) -> None:
    cleaner = world.moderator_with_messages()
    await cleaner.send(world.channel, f"{world.at_bot} hello")
    await world.moderator().send(world.channel, f"{world.at_bot} hello")
    await world.ask()
    first, second, third = (asked.author for asked in world.handler.messages)
    assert (first.is_moderator, first.is_admin) == (True, False)
    assert (second.is_moderator, second.is_admin) == (True, True)
    assert (third.is_moderator, third.is_admin, third.roles) == (False, False, ())
    assert len(first.roles) == 1
    assert str(world.guild.id) not in first.roles


# --- edited -------------------------------------------------------------------------------------------------------


async def test_an_edit_within_a_minute_asks_again_in_the_same_message(world) -> None:
    sent = await world.ask("what hapens?")
    await world.show(View("r1", State.WORKING, text=LONG))
    assert len(world.answers()) == 2
    first = world.handler.reply
    await world.ann.edit(sent, f"{world.at_bot} what happens?")

    again = world.handler.messages[-1]
    assert (again.text, again.event_id, again.replaces) == ("what happens?", f"{sent.id}:1", str(sent.id))
    assert written(world) == ["One moment …"]
    await first.show(View("r1", State.CANCELLED, notice="Cancelled."))
    await world.show(View("r2", State.DONE, text="Two dogs."))
    assert written(world) == ["Two dogs."]
    assert world.answer().id == first.anchor.messages[0]


async def test_an_answered_question_can_be_edited_too_and_its_video_goes(world) -> None:
    sent = await world.ask("what hapens?", attachments=[CLIP])
    await world.show(View("r1", State.DONE, text="A dog."))
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    cleared = [entry.json for entry in world.env.http_requests if entry.method == "PATCH"][-1]
    assert (cleared["content"], cleared["attachments"], cleared["components"]) == ("One moment …", [], [])
    assert [item.name for item in world.handler.messages[-1].attachments] == ["bikes.mp4"]


async def test_a_long_answer_to_a_new_wording_has_nonces_of_its_own(world) -> None:
    sent = await world.ask("what hapens?")
    await world.show(View("r1", State.WORKING, text=LONG))
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    await world.show(View("r2", State.DONE, text=LONG))
    nonces = [entry.json["nonce"] for entry in world.env.http_requests if (entry.json or {}).get("nonce")]
    assert len(nonces) == len(set(nonces)) == 3
    assert all(len(nonce) <= 25 for nonce in nonces)
    assert len(world.answers()) == 2


async def test_a_second_edit_replaces_the_first(world) -> None:
    sent = await world.ask("one")
    await world.ann.edit(sent, f"{world.at_bot} two")
    await world.ann.edit(sent, f"{world.at_bot} three")
    assert [(asked.text, asked.replaces) for asked in world.handler.messages] == [
        ("one", ""),
        ("two", str(sent.id)),
        ("three", f"{sent.id}:1"),
    ]
    assert len(world.answers()) == 1


async def test_an_edit_after_a_minute_changes_nothing(world) -> None:
    sent = await world.ask("what hapens?")
    await world.env.advance_time(61)
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    assert len(world.handler.messages) == 1


async def test_a_message_whose_links_were_looked_up_is_no_edit(world) -> None:
    sent = await world.ask("what is https://example.org/?")
    fields = {"embeds": [{"type": "link", "url": "https://example.org/"}]}
    world.env.backend.edit_message(world.channel.id, sent.id, fields)
    await world.env.settle()
    assert len(world.handler.messages) == 1


async def test_a_mention_that_comes_with_an_edit_is_a_question(world) -> None:
    sent = await world.ann.send(world.channel, "what is this?")
    await world.ann.edit(sent, f"{world.at_bot} what is this?")
    assert [(asked.event_id, asked.replaces) for asked in world.handler.messages] == [(str(sent.id), "")]
    assert len(world.answers()) == 1


async def test_an_edited_question_whose_answer_was_deleted_gets_another_one(world) -> None:
    sent = await world.ask("what hapens?")
    await world.moderator_with_messages().delete(world.answer())
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    assert written(world) == ["One moment …"]
    assert [asked.text for asked in world.handler.messages] == ["what hapens?", "what happens?"]


async def test_who_may_no_longer_ask_keeps_the_answer_to_the_first_wording(world) -> None:
    sent = await world.ask("what hapens?")
    await world.show(View("r1", State.DONE, text="A dog."))
    world.handler.refused[Wants.ASK] = "You have used your 10 questions of today."
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    assert written(world) == ["A dog."]
    assert private(world) == ["You have used your 10 questions of today."]


async def test_an_edit_right_after_a_restart_still_replaces_the_answer(world) -> None:
    sent = await world.ask("what hapens?")
    await world.show(View("r1", State.WORKING, text=LONG))
    keep(world, text="what hapens?")
    await restarted(world)
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    assert (world.handler.messages[-1].event_id, world.handler.messages[-1].replaces) == (f"{sent.id}:1", str(sent.id))
    assert written(world) == ["One moment …"]


async def test_an_edit_to_what_was_asked_already_changes_nothing_after_a_restart(world) -> None:
    sent = await world.ask("what happens?")
    keep(world, text="what happens?")
    await restarted(world)
    await world.ann.edit(sent, f"{world.at_bot}  what happens?")
    assert len(world.handler.messages) == 1


# --- deleted ------------------------------------------------------------------------------------------------------


async def test_deleting_a_question_drops_the_request_and_takes_the_answer_away(world) -> None:
    sent = await world.ask()
    await world.show(View("r1", State.WORKING, text=LONG))
    await world.ann.delete(sent)
    ((request, author, _),) = world.handler.erased
    assert (request, author.id) == ("r1", str(world.ann.id))
    assert written(world) == []
    await world.handler.reply.show(View("r1", State.CANCELLED, notice="Cancelled."))
    assert written(world) == []


async def test_a_question_that_is_deleted_while_it_is_being_taken_is_dropped_once_it_has_a_number(world) -> None:
    async def delete() -> None:
        asked = int(world.handler.messages[-1].event_id)
        await world.client.on_raw_message_delete(SimpleNamespace(message_id=asked, channel_id=world.channel.id))
        assert world.handler.erased == []

    world.handler.meanwhile = delete
    await world.ask()
    assert [request for request, _, _ in world.handler.erased] == ["r1"]
    assert written(world) == []


async def test_a_question_that_is_deleted_before_its_placeholder_stands_is_never_asked(world, monkeypatch) -> None:
    async def gone_meanwhile(author: Author, place: Place, wants: Wants) -> str:
        (message,) = world.client._questions._known
        await world.client.on_raw_message_delete(SimpleNamespace(message_id=message, channel_id=world.channel.id))
        return ""

    monkeypatch.setattr(world.handler, "refusal", gone_meanwhile)
    await world.ask()
    assert world.handler.messages == []
    assert written(world) == []


async def test_deleting_an_answered_question_takes_the_answer_away_even_after_a_restart(world) -> None:
    sent = await world.ask()
    await world.show(View("r1", State.DONE, text=LONG))
    keep(world)
    await restarted(world)
    await world.ann.delete(sent)
    assert [(request, author.id) for request, author, _ in world.handler.erased] == [("r1", str(world.ann.id))]
    assert written(world) == []


async def test_deleting_an_edited_question_finds_the_answer_to_its_last_wording_after_a_restart(world) -> None:
    sent = await world.ask("what hapens?")
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    await world.show(View("r2", State.DONE, text="A dog."))
    keep(world, "r2")  # the first wording is forgotten
    await restarted(world)
    await world.ann.delete(sent)
    assert [request for request, _, _ in world.handler.erased] == ["r2"]
    assert written(world) == []


async def test_a_question_that_was_deleted_while_the_bot_was_away_is_not_answered_any_more(world) -> None:
    sent = await world.ask()
    ref = world.handler.reply.ref
    world.env.backend.delete_message(world.channel.id, sent.id)
    fresh = world.new_client()
    await world.env.restart_bot(fresh)
    assert await fresh.restore(ref) is None
    assert written(world) == []


async def test_a_purge_of_a_channel_takes_every_answer_along_and_asks_discord_nothing_about_the_rest(world) -> None:
    sent = await world.ask()
    await world.show(View("r1", State.DONE, text="A dog."))
    keep(world)
    looked_up = []
    find = world.handler.find

    async def counting(platform: str, event_id: str) -> Exchange | None:
        looked_up.append(event_id)
        return await find(platform, event_id)

    world.handler.find = counting
    await restarted(world)
    before = len(world.env.http_requests)
    others = set(range(1000, 1099))
    await world.client.on_raw_bulk_message_delete(SimpleNamespace(message_ids=others, channel_id=world.channel.id))
    assert len(world.env.http_requests) == before
    assert sorted(map(int, looked_up)) == sorted(others)
    payload = SimpleNamespace(message_ids={sent.id, 2000}, channel_id=world.channel.id)
    await world.client.on_raw_bulk_message_delete(payload)
    assert written(world) == []
    assert [request for request, _, _ in world.handler.erased] == ["r1"]


async def test_a_storm_of_deletions_asks_the_store_a_few_at_a_time(world, monkeypatch) -> None:
    inside, full, done = 0, asyncio.Event(), asyncio.Event()

    async def held(platform: str, event_id: str) -> Exchange | None:
        nonlocal inside
        inside += 1
        if inside == questions.LOOKUPS_AT_ONCE:
            full.set()
        await done.wait()
        return None

    monkeypatch.setattr(world.handler, "find", held)
    payload = SimpleNamespace(message_ids=set(range(1, 101)), channel_id=world.channel.id)
    storm = asyncio.create_task(world.client.on_raw_bulk_message_delete(payload))
    await asyncio.wait_for(full.wait(), 5)
    for _ in range(10):
        await asyncio.sleep(0)
    assert inside == questions.LOOKUPS_AT_ONCE
    done.set()
    await storm
    assert inside == 100


async def test_an_answer_that_can_not_be_taken_away_is_no_drama(world) -> None:
    sent = await world.ask()
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50001)
    await world.ann.delete(sent)
    assert [request for request, _, _ in world.handler.erased] == ["r1"]
    assert world.env.errors == []


async def test_an_event_that_comes_again_after_a_restart_posts_nothing(world) -> None:
    sent = await world.ask()
    keep(world)
    fresh = await restarted(world)
    await fresh.on_message(sent)
    assert len(world.answers()) == 1
    assert len(world.handler.messages) == 1


# --- taken away by the application ----------------------------------------------------------------------------------


async def test_removing_a_reply_removes_its_continuations_and_may_be_repeated(world) -> None:
    await world.ask()
    early = world.handler.reply.ref
    await world.show(View("r1", State.DONE, text=LONG))
    assert len(world.answers()) == 2
    await world.client.remove(early)
    await world.client.remove(early)
    await world.client.remove("nonsense")
    assert written(world) == []


async def test_removing_a_reply_that_discord_does_not_delete_is_an_error(world) -> None:
    await world.ask()
    await world.show(View("r1", State.DONE, text="A dog."))
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50001)
    with pytest.raises(DeliveryError, match="did not delete"):
        await world.client.remove(world.handler.reply.ref)


async def test_removing_outlives_a_passing_error_and_takes_what_it_can(world) -> None:
    await world.ask()
    await world.show(View("r1", State.DONE, text=LONG))
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=503, times=2)
    await world.client.remove(world.handler.reply.ref)
    assert written(world) == []


async def test_what_can_not_be_deleted_keeps_nothing_else_from_going(world) -> None:
    await world.ask()
    await world.show(View("r1", State.DONE, text=LONG))
    first, last = world.answers()
    world.env.inject_error("DELETE", f"/channels/*/messages/{last.id}", status=403, code=50001)
    with pytest.raises(DeliveryError):
        await world.client.remove(world.handler.reply.ref)
    assert [answer.id for answer in world.answers()] == [last.id]
    assert first.id != last.id


async def test_somebody_is_told_something_alone(world) -> None:
    assert await world.client.tell(Author(str(world.ann.id), "ann"), "Your appeal was granted.")
    assert private(world) == ["Your appeal was granted."]


async def test_who_takes_no_messages_can_not_be_told(world) -> None:
    world.env.inject_error("POST", "/channels/*/messages", status=403, code=50007)
    assert not await world.client.tell(Author(str(world.ann.id), "ann"), "Your appeal was granted.")


# --- what it replies to ---------------------------------------------------------------------------------------------


async def test_a_reply_brings_what_it_replies_to_oldest_first(world) -> None:
    first = await world.ask("first")
    await world.show(View("r1", State.DONE, text="A dog."))
    second = await world.ann.send(world.channel, "which breed?", reply_to=world.answer())
    await world.show(View("r2", State.DONE, text="A terrier."))
    answers = world.answers()
    await world.ann.send(world.channel, "how old?", reply_to=answers[1])
    bot = world.client.user.display_name
    assert world.handler.messages[1].chain == (
        Quoted(str(first.id), "ann", "first"),
        Quoted(str(answers[0].id), bot, "", mine=True),
    )
    assert world.handler.messages[2].chain == (
        Quoted(str(first.id), "ann", "first"),
        Quoted(str(answers[0].id), bot, "", mine=True),
        Quoted(str(second.id), "ann", "which breed?"),
        Quoted(str(answers[1].id), bot, "", mine=True),
    )


async def test_the_chain_of_a_running_process_is_known_without_asking_discord(world) -> None:
    await world.ask("first")
    await world.show(View("r1", State.DONE, text="A dog."))
    await world.ann.send(world.channel, "which breed?", reply_to=world.answer())
    assert world.paths("GET") == []


async def test_after_a_restart_the_chain_is_fetched(world) -> None:
    first = await world.ask("first")
    await world.show(View("r1", State.DONE, text="A dog."))
    keep(world)
    await restarted(world)
    await world.ann.send(world.channel, "which breed?", reply_to=world.answer())
    assert [quoted.event_id for quoted in world.handler.messages[-1].chain] == [
        str(first.id),
        str(world.answers()[0].id),
    ]


async def test_hidden_words_of_others_are_left_out_and_the_chain_goes_on_through_them(world) -> None:
    bob = world.member("bob")
    start = await world.ask("first")
    await world.show(View("r1", State.DONE, text="A dog."))
    hidden = await bob.send(world.channel, "no, a cat", reply_to=start)
    world.client._questions._chains.forget(hidden.id)
    last = await world.ann.send(world.channel, f"{world.at_bot} who is right?", reply_to=hidden, attachments=[CLIP])
    chain = world.handler.messages[-1].chain
    assert [(quoted.event_id, quoted.text) for quoted in chain] == [(str(start.id), "first")]
    assert world.handler.messages[-1].event_id == str(last.id)


@pytest.mark.message_content
async def test_with_the_intent_the_words_of_others_are_quoted(world) -> None:
    bob = world.member("bob")
    clip = await bob.send(world.channel, f"look at {world.ann.mention}", attachments=[CLIP])
    await world.ask(reply_to=clip)
    assert [(quoted.name, quoted.text) for quoted in world.handler.message_.chain] == [("bob", "look at @ann")]


async def test_a_message_of_the_chain_that_can_not_be_read_ends_it_quietly(world) -> None:
    await world.ask("first")
    await world.show(View("r1", State.DONE, text="A dog."))
    await restarted(world)
    world.env.inject_error("GET", "/channels/*/messages/*", status=403, code=50001, times=None)
    answer = world.answers()[0]
    await world.ann.send(world.channel, "which breed?", reply_to=answer)
    assert [quoted.event_id for quoted in world.handler.messages[-1].chain] == [str(answer.id)]
    assert len(world.handler.messages) == 2


async def test_a_long_chain_is_quoted_from_its_near_end(world) -> None:
    last = await world.ask("question 0")
    for number in range(1, 12):
        last = await world.ask(f"question {number}", reply_to=last)
    chain = world.handler.messages[-1].chain
    assert [quoted.text for quoted in chain] == [f"question {number}" for number in range(3, 11)]


async def test_an_edited_question_is_quoted_by_the_id_of_its_last_wording(world) -> None:
    sent = await world.ask("what hapens?")
    await world.ann.edit(sent, f"{world.at_bot} what happens?")
    await world.show(View("r2", State.DONE, text="A dog."))
    await world.ann.send(world.channel, "which breed?", reply_to=world.answer())
    first, _ = world.handler.messages[-1].chain
    assert (first.event_id, first.text) == (f"{sent.id}:1", "what happens?")


async def test_a_reply_to_the_answer_of_a_command_leads_to_the_command(world) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball")
    await world.show(View("r1", State.DONE, text="Here."))
    await world.ann.send(world.channel, f"{world.at_bot} nicer?", reply_to=result.response)
    events = [quoted.event_id for quoted in world.handler.messages[-1].chain]
    assert events == [world.handler.commands[0].event_id, str(result.response.id)]


# --- where it may not write -----------------------------------------------------------------------------------------


def deny(world: Any, *names: str) -> None:
    """Take rights from everyone in the channel, in what discord.py knows of it."""
    channel = world.client.get_channel(world.channel.id)
    channel._overwrites.append(
        discord.abc._Overwrites(
            {"id": world.guild.id, "type": 0, "allow": "0", "deny": str(_value(*names))}  # type: ignore[typeddict-item]
        )
    )


def _value(*names: str) -> int:
    return discord.Permissions(**dict.fromkeys(names, True)).value


async def test_a_missing_permission_is_named_to_the_one_who_asked(world) -> None:
    deny(world, "send_messages")
    world.env.inject_error("POST", f"/channels/{world.channel.id}/messages", status=403, code=50013)
    await world.ask()
    assert private(world) == [
        "I can't answer in #clips: I don't have the permission “Send Messages” there. "
        "Ask its moderators to give it to me, and try again."
    ]


async def test_where_the_history_may_not_be_read_the_answer_is_no_reply(world) -> None:
    world.env.inject_error("POST", f"/channels/{world.channel.id}/messages", status=400, code=160002)
    await world.ask()
    assert world.answer().reference is None
    await world.show(View("r1", State.DONE, text="A dog."))
    assert written(world) == ["A dog."]


@pytest.mark.parametrize("code", [50083, 160005])
async def test_a_closed_thread_is_told_to_the_one_who_asked(world, code: int) -> None:
    world.env.inject_error("POST", f"/channels/{world.channel.id}/messages", status=400, code=code)
    await world.ask()
    assert written(world) == []
    (sentence,) = private(world)
    assert "because it is closed" in sentence


async def test_an_answer_whose_place_closes_meanwhile_is_explained_once(world) -> None:
    await world.ask()
    ref = world.handler.reply.ref
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=403, code=50013, times=None)
    with pytest.raises(DeliveryError):
        await world.handler.reply.show(View("r1", State.DONE, text="A dog."))
    assert len(private(world)) == 1
    fresh = await restarted(world)
    late = await fresh.restore(ref)
    with pytest.raises(DeliveryError):
        await late.show(View("r1", State.DONE, text="A dog."))
    assert len(private(world)) == 1


async def test_an_answer_in_a_deleted_channel_is_explained(world) -> None:
    await world.ask()
    await world.client.get_channel(world.channel.id).delete()
    await world.env.settle()
    with pytest.raises(DeliveryError):
        await world.handler.reply.show(View("r1", State.CANCELLED, notice="Cancelled."))
    (sentence,) = private(world)
    assert "was deleted" in sentence


async def test_where_no_files_may_be_attached_the_answer_says_so_in_place_of_the_video(world, tmp_path: Path) -> None:
    await world.ask()
    ball = tmp_path / "ball.mp4"
    ball.write_bytes(CLIP[1])
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=403, code=50013)
    made = MadeVideo(str(ball), "a red ball", 1, 64, 64, 1.0)
    await world.show(View("r1", State.DONE, text="Here it is.", videos=(made,)))
    assert "Here it is." in world.answer().content
    assert "I may not attach files here." in world.answer().content


async def test_a_question_that_discord_did_not_let_in_for_a_while_is_answered_all_the_same(world) -> None:
    for _ in range(4):
        world.env.inject_error("POST", f"/channels/{world.channel.id}/messages", status=503)
    await world.ask()
    assert len(world.handler.messages) == 1
    assert len(world.answers()) == 1
