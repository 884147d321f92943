"""Between what adapters speak (messages, commands, exchanges) and what is stored of it (requests). Pure functions.

What a request has to know again after a restart, and no column holds, lies in its `params`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.base import Author, Exchange, GenerateCommand, Message, Place, Quoted, RemakeCommand, State, View
from bot.store import NewRequest, Request
from bot.store.records import Kind


def new_request(
    kind: Kind, asked: Message | GenerateCommand | RemakeCommand, ref: str, text: str, params: Mapping[str, Any]
) -> NewRequest:
    """What to store of something that was asked; `ref` is its reply's."""
    place, author = asked.place, asked.author
    return NewRequest(
        event_id=asked.event_id,
        kind=kind,
        platform=place.platform,
        community=place.community,
        channel=place.channel,
        thread=place.thread,
        conversation=place.conversation,
        author_id=author.id,
        author_name=author.name,
        text=text,
        params={
            **params,
            "is_admin": author.is_admin,
            "is_moderator": author.is_moderator,
            "roles": list(author.roles),
            "private": place.private,
            "age_restricted": place.age_restricted,
            "upload_limit": place.upload_limit,
        },
        reply_ref=ref,
    )


def author_of(request: NewRequest) -> Author:
    """Who asked, with the roles that they had then."""
    params = request.params
    return Author(
        request.author_id,
        request.author_name,
        is_admin=bool(params.get("is_admin")),
        is_moderator=bool(params.get("is_moderator")),
        roles=tuple(params.get("roles", ())),
    )


def place_of(request: NewRequest) -> Place:
    """Where it was asked."""
    params = request.params
    return Place(
        platform=request.platform,
        community=request.community,
        channel=request.channel,
        thread=request.thread,
        private=bool(params.get("private")),
        age_restricted=bool(params.get("age_restricted")),
        upload_limit=int(params["upload_limit"]),
    )


def view_of(request: Request) -> View:
    """How it looked in the end; while it has not ended, that it is being worked on."""
    if request.view is None:
        return View(request=request.id, state=State.WORKING)
    return msgspec.convert(request.view, View)


def exchange_of(request: Request, view: View) -> Exchange:
    """A request and how it looks, for adapters."""
    return Exchange(
        request=request.id,
        author=author_of(request),
        text=request.text if request.kind == "ask" else f"/generate {request.text}".strip(),
        attachments=tuple(request.params.get("attachments", ())),
        asked_at=request.created_at,
        view=view,
        place=place_of(request),
        kind=request.kind,
        ref=request.reply_ref,
    )


def quoted_out(chain: tuple[Quoted, ...]) -> list[dict[str, Any]]:
    """A reply chain as JSON, for `params`."""
    return [msgspec.to_builtins(quoted) for quoted in chain]


def chain_of(request: NewRequest) -> tuple[Quoted, ...]:
    """The reply chain that a question came with, oldest first."""
    return msgspec.convert(request.params.get("chain", ()), tuple[Quoted, ...])


def same_room(request: NewRequest, place: Place) -> bool:
    """Whether a request was made in the channel of `place`, its threads included."""
    made_in = (request.platform, request.community, request.channel)
    return made_in == (place.platform, place.community, place.channel)


def within_reach(request: NewRequest, place: Place) -> bool:
    """Whether a request may be acted on from `place`: in one community; a private one only where it was made."""
    if place.private or request.params.get("private"):
        return same_room(request, place)
    return (request.platform, request.community) == (place.platform, place.community)
