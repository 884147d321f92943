"""Members who all ask at once, on the tests' own Discord, in a process of their own; and what it saw of the bot.

    python -m benchmarks.crowd CLIP --members 50 --guilds 10 --words 100

Prints one line with its address; asks when it reads a line; prints what it saw as one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from aiohttp import web

from benchmarks.talker import last_words, question
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.bell import Bell
from tests.fakes.discord_server.calls import Call
from tests.fakes.discord_server.door import Door, Handler, answer
from tests.fakes.discord_server.world import Post
from tests.fakes.openapi import OpenApi, Violation

CREATE = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
TYPING = "POST /channels/{channel_id}/typing"

GLOBAL_PER_S = 50
# Discord publishes no other numbers, but this is what its headers have said for years: five in five seconds for each
# of these routes in each channel.
ROUTE_LIMIT, ROUTE_WINDOW_S = 5, 5.0
LIMITED = (CREATE, EDIT, TYPING)

ASKING_S = 1.0  # all questions come within
LATE_S = 3.0  # what comes after the last answer would be a second one


@dataclass
class _Window:
    ends: float = 0.0
    used: int = 0

    def take(self, now: float, limit: int, length_s: float) -> bool:
        if now >= self.ends:
            self.ends, self.used = now + length_s, 0
        self.used += 1
        return self.used <= limit


class PacedDoor(Door):
    """Holds the bot to Discord's rate limits and tells it of them in headers, as Discord does."""

    def __init__(self, token: str, spec: OpenApi | None, bell: Bell) -> None:
        super().__init__(token, spec, bell)
        self._all = _Window()
        self._routes: dict[tuple[str, str], _Window] = defaultdict(_Window)

    async def _do(
        self, call: Call, handler: Handler, open_to_all: bool, violations: list[Violation]
    ) -> web.StreamResponse:
        now = time.monotonic()
        if not open_to_all and not self._all.take(now, GLOBAL_PER_S, 1.0):
            return _too_many(self._all.ends - now, everywhere=True)
        if call.name not in LIMITED:
            return await super()._do(call, handler, open_to_all, violations)
        window = self._routes[call.name, call.params["channel_id"]]
        if not window.take(now, ROUTE_LIMIT, ROUTE_WINDOW_S):
            return _too_many(window.ends - now, everywhere=False)
        response = await super()._do(call, handler, open_to_all, violations)
        response.headers["X-RateLimit-Limit"] = str(ROUTE_LIMIT)
        response.headers["X-RateLimit-Remaining"] = str(ROUTE_LIMIT - window.used)
        response.headers["X-RateLimit-Reset-After"] = f"{window.ends - now:.3f}"
        response.headers["X-RateLimit-Bucket"] = f"bucket{LIMITED.index(call.name)}"
        return response


def _too_many(retry_after: float, *, everywhere: bool) -> web.StreamResponse:
    body = {"message": "You are being rate limited.", "retry_after": round(retry_after, 3), "global": everywhere}
    headers = {"Retry-After": f"{retry_after:.3f}", "Via": "1.1 google"}
    return answer(body, status=429, headers=headers)


@dataclass
class Seen:
    """What Discord saw. Every list has one number a question; `_s` are seconds."""

    questions: int = 0
    answered_once: int = 0
    placeholder_s: list[float] = field(default_factory=list)
    final_s: list[float] = field(default_factory=list)
    edits: int = 0
    typings: int = 0
    shortest_gap_s: float = 0.0  # between two edits of one message
    most_requests_in_a_second: int = 0
    refused_as_too_many: int = 0
    refused: int = 0  # for any other reason


@dataclass(frozen=True)
class _Asked:
    member: int
    post: Post
    at: float


async def crowd(clip: Path, *, members: int, guilds: int, words: int, patience_s: float) -> None:
    """Serve until everybody has an answer or `patience_s` is over."""
    async with DiscordServer(door=PacedDoor) as server:
        places = [server.channel(server.guild(f"Club {number}"), "general") for number in range(guilds)]
        people = [server.user(f"Member {number}") for number in range(members)]
        print(json.dumps({"api_base": server.api_base, "token": server.token}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        server.calls.clear()
        file = (clip.name, clip.read_bytes())
        asked = []
        for number, person in enumerate(people):
            text = question(number, words)
            post = server.say(person, places[number % guilds], text, attachments=[file], mention=True)
            asked.append(_Asked(number, post, time.monotonic()))
            await asyncio.sleep(ASKING_S / members)
        try:
            await server.until(lambda: all(_answers(server, each) for each in asked), "answers for all", patience_s)
        except AssertionError as error:
            print(error, file=sys.stderr)
        await asyncio.sleep(LATE_S)
        print(json.dumps(asdict(seen(server, asked))), flush=True)
        await asyncio.to_thread(sys.stdin.read)  # the bot says goodbye before Discord goes away


def seen(server: DiscordServer, asked: Sequence[_Asked]) -> Seen:
    """Look through everything that was sent since the first question."""
    calls = list(server.calls)
    edits: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        if call.name == EDIT and call.status == 200:
            edits[call.params["message_id"]].append(call.at)
    created = {_answered(call): call.at for call in reversed(calls) if call.name == CREATE}
    found = Seen(
        questions=len(asked),
        answered_once=sum(_answered_once(server, each) for each in asked),
        edits=sum(map(len, edits.values())),
        typings=sum(call.name == TYPING for call in calls),
        shortest_gap_s=min((b - a for times in edits.values() for a, b in pairwise(times)), default=0.0),
        most_requests_in_a_second=most_within([call.at for call in calls], 1.0),
        refused_as_too_many=sum(call.status == 429 for call in calls),
        refused=sum(call.status >= 400 and call.status != 429 for call in calls),
    )
    for each in asked:
        if each.post.id in created:
            found.placeholder_s.append(created[each.post.id] - each.at)
        found.final_s += [edits[post.id][-1] - each.at for post in _answers(server, each) if edits[post.id]]
    return found


def _answers(server: DiscordServer, asked: _Asked) -> list[Post]:
    """The messages that answer a question to its end."""
    return [post for post in _replies(server, asked) if last_words(asked.member) in post.content]


def _replies(server: DiscordServer, asked: _Asked) -> list[Post]:
    return [post for post in server.answers(asked.post.channel) if post.reply_to is asked.post]


def _answered_once(server: DiscordServer, asked: _Asked) -> bool:
    """One message in reply, and the end of that answer in no other message either."""
    everywhere = [post for post in server.world.posts() if last_words(asked.member) in post.content]
    return _replies(server, asked) == _answers(server, asked) == everywhere and len(everywhere) == 1


def _answered(call: Call) -> str:
    reference = call.body.get("message_reference") if isinstance(call.body, dict) else None
    return str((reference or {}).get("message_id", ""))


def most_within(times: Iterable[float], length_s: float) -> int:
    """How many of the moments lie within the fullest stretch of that length."""
    ordered = sorted(times)
    most, first = 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= length_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--members", type=int, required=True)
    parser.add_argument("--guilds", type=int, required=True)
    parser.add_argument("--words", type=int, required=True)
    parser.add_argument("--patience", type=float, required=True, help="seconds")
    options = parser.parse_args()
    asyncio.run(
        crowd(
            options.clip,
            members=options.members,
            guilds=options.guilds,
            words=options.words,
            patience_s=options.patience,
        )
    )


if __name__ == "__main__":
    main()
