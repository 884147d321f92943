"""Brings views to every open socket of a conversation, and keeps the newest one for those that come back.

Knows conversations, requests and views; knows neither HTTP nor the application.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

from adapters.base import View
from adapters.web.protocol import Accepted, Outgoing, PathToUrl, ShownView, encode, wire_view

Send = Callable[[str], Awaitable[None]]

# A socket that lets this many small messages pile up is not being read; the page reconnects and catches up.
MAX_WAITING_MESSAGES = 256
# Finished views are kept for the moment in which a history was read just before its request finished.
MAX_SETTLED_VIEWS = 256


class FeedOverflow(Exception):
    """A socket does not take its messages."""


class Feed:
    """What still has to go out on one socket: messages in order, then at most one view per request."""

    def __init__(self, send: Send, url: PathToUrl) -> None:
        self._send = send
        self._url = url
        self._messages: deque[Outgoing] = deque()
        self._views: OrderedDict[str, View] = OrderedDict()
        self._wake = asyncio.Event()
        self._held = False
        self._closing = False
        self._overflow = False

    def say(self, message: Outgoing) -> None:
        """Queue a message that must not be replaced."""
        if len(self._messages) >= MAX_WAITING_MESSAGES:
            self._overflow = True
        else:
            self._messages.append(message)
        self._wake.set()

    def show(self, view: View) -> None:
        """Queue a view; it takes the place of an older one of the same request that is still waiting."""
        self._views[view.request] = view
        self._wake.set()

    def hold(self) -> None:
        """Keep views back while a history is being read, so that an older picture never overwrites a newer one."""
        self._held = True

    def release(self) -> None:
        self._held = False
        self._wake.set()

    def clear_views(self) -> None:
        self._views.clear()

    def close(self) -> None:
        """Let `pump` send what is waiting and return."""
        self._closing = True
        self._wake.set()

    async def pump(self) -> None:
        """Send until closed. Raises `FeedOverflow` when the socket fell behind, or what the send raises."""
        while True:
            message = self._next()
            if self._overflow:
                raise FeedOverflow
            if message is not None:
                await self._send(encode(message))
            elif self._closing:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def _next(self) -> Outgoing | None:
        if self._messages:
            return self._messages.popleft()
        if self._views and not self._held:
            request, view = self._views.popitem(last=False)
            return ShownView(request=request, view=wire_view(view, self._url))
        return None


class Hub:
    """Who is listening to which conversation, and how each unfinished request looks right now."""

    def __init__(self) -> None:
        self._feeds: dict[str, set[Feed]] = {}
        self._live: dict[str, dict[str, View]] = {}
        self._settled: OrderedDict[tuple[str, str], View] = OrderedDict()

    def join(self, conversation: str, feed: Feed) -> None:
        self._feeds.setdefault(conversation, set()).add(feed)

    def leave(self, conversation: str, feed: Feed) -> None:
        listening = self._feeds.get(conversation, set())
        listening.discard(feed)
        if not listening:
            self._feeds.pop(conversation, None)

    def announce(self, conversation: str, message: Outgoing) -> None:
        """Tell every socket of the conversation."""
        for feed in self._feeds.get(conversation, ()):
            feed.say(message)

    def publish(self, conversation: str, view: View) -> None:
        """Remember how the request looks now and show it to every socket of the conversation."""
        self._remember(conversation, view)
        for feed in self._feeds.get(conversation, ()):
            feed.show(view)

    def newest(self, conversation: str, request: str) -> View | None:
        """The newest view that was published, if it is still remembered."""
        return self._live.get(conversation, {}).get(request) or self._settled.get((conversation, request))

    def forget(self, conversation: str) -> None:
        self._live.pop(conversation, None)
        for key in [key for key in self._settled if key[0] == conversation]:
            del self._settled[key]
        for feed in self._feeds.get(conversation, ()):
            feed.clear_views()

    def _remember(self, conversation: str, view: View) -> None:
        key = (conversation, view.request)
        self._settled.pop(key, None)
        if not view.state.final:
            self._live.setdefault(conversation, {})[view.request] = view
            return
        if live := self._live.get(conversation):
            live.pop(view.request, None)
            if not live:
                del self._live[conversation]
        self._settled[key] = view
        while len(self._settled) > MAX_SETTLED_VIEWS:
            self._settled.popitem(last=False)


class WebReply:
    """The place on the page where one request lives. Shows nothing before the page knows the request's id."""

    def __init__(self, hub: Hub, conversation: str, message_id: str, *, opened: bool = False) -> None:
        self._hub = hub
        self._conversation = conversation
        self._message_id = message_id
        self._opened = opened
        self._early: View | None = None

    def __repr__(self) -> str:
        return f"WebReply({self.ref!r})"

    @property
    def ref(self) -> str:
        """`<conversation id>:<message id>`; known before the request has its own id."""
        return f"{self._conversation}:{self._message_id}"

    async def show(self, view: View) -> None:
        """Hand the view to every open window. Never raises: who comes later finds it in the history."""
        if self._opened:
            self._hub.publish(self._conversation, view)
        else:
            self._early = view

    @property
    def early(self) -> View | None:
        """The newest view from before `open`; all there is when no request came of the message."""
        return self._early

    def open(self, accepted: Accepted) -> None:
        """Announce the request, then let its views out."""
        self._hub.announce(self._conversation, accepted)
        self._opened = True
        view = self._early or self._hub.newest(self._conversation, accepted.request)
        self._early = None
        if view is not None:
            self._hub.publish(self._conversation, view)
