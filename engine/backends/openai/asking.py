"""One question to a model server: streams the answer, and tries again while that makes sense and nothing was said yet.

It knows when to give up and what to say then; what is asked is built elsewhere.
"""

from __future__ import annotations

import logging
import math
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.backends.chat.thinking import Thoughts
from engine.backends.openai import dialect, sentences
from engine.backends.openai.options import Options
from engine.backends.openai.wire import DONE, POLL_S, BrokenOff, Call, Exchange, Late, Refused, TooLong, Unreachable
from engine.errors import EngineError

log = logging.getLogger(__name__)

_TRIES = 4
_BACKOFF_S = 0.5  # doubled each time, plus up to half of it, so that many bots do not come back at once
_LONGEST_WAIT_S = 30.0  # who is told to wait longer tells people to come back instead
_SMALLEST_BUDGET = 1024
_TOO_LONG = re.compile(
    r"context (?:length|size|window)|max_model_len|too many tokens|prompt is too long"
    r"|exceeds the (?:available|limit|maximum)|longer than the maximum",
    re.IGNORECASE,
)


# How servers say that their model takes no pictures: llama.cpp, vLLM, SGLang, Ollama, and hosted ones.
# A picture that is refused for itself (too large, too many, broken) is none of that.
_SEEING = r"\b(?:images?|image_url|vision|multi-?modal(?:ity)?|pictures?)\b"
_NOT = r"(?:\bnot\b|n['’]t\b|\bcannot\b|\bno\b)"
_BLIND = re.compile(
    "|".join(
        (
            r"mmproj",
            rf"{_SEEING}[^.]{{0,40}}(?:{_NOT}|\bun)[ -]?(?:be |yet |currently )?"
            r"(?:support|accept|allow|enabled|available)",
            rf"{_NOT}[^.]{{0,20}}\b(?:support|accept|allow|take|understand)\w*\b[^.]{{0,30}}{_SEEING}"
            r"(?! (?:larger|bigger|over|above|of|in|with)\b)",
            rf"(?:{_NOT}|\bwithout\b)[^.]{{0,12}}\b(?:vision|multi-?modal)\b",
            r"\bunsupported[^.]{0,30}\b(?:image|content type|part type)",
            r"\bimage_url\b[^.]{0,40}\bonly supported",
            r"\bonly (?:supports? |accepts? )?text\b|\btext[- ]only\b|\bat most 0 image",
            r"\bcontent\b[^.]{0,60}\b(?:valid string|be a string)",
        )
    ),
    re.IGNORECASE,
)
_BREAKS_TO_BLIND = 2  # questions with pictures that break off, before the same is asked without
_BLIND_FOR_S = 600.0  # when that helped; a server may have had its own reasons


@dataclass
class Manners:
    """What is known of a server by now: the fields that it does not take, how many tokens its model does, and until
    when (on the monotonic clock) nobody should show it pictures."""

    refused: frozenset[str] = frozenset()
    context_tokens: int = 0
    blind_until: float = 0.0

    @property
    def blind(self) -> bool:
        return time.monotonic() < self.blind_until

    def learn(self, refusal: Refused, *, pictures: bool = False) -> bool:
        """Whether a question that was refused, with `pictures` or without, is worth asking differently, and then how
        from now on."""
        if pictures and refusal.status not in (401, 403, 408, 429) and _BLIND.search(refusal.body):
            self.blind_until = math.inf
            return True
        if refusal.status not in (400, 413, 422):
            return False
        if _TOO_LONG.search(refusal.body) and self.context_tokens // 2 >= _SMALLEST_BUDGET:
            self.context_tokens //= 2
            return True
        ours = {*dialect.OPTIONAL, "max_tokens"} - self.refused
        named = {name for name in ours if name in refusal.body}
        blamed = named or ours - {"max_tokens"}
        self.refused |= blamed
        return bool(blamed)


class Asking:
    """One question, asked up to `tries` times (0: the usual number).

    `prompt_tokens` is what the server counted, once it is answered; 0 when it did not say. `body` says with `pictures`
    whether it has some; once `blind` is set, it should not.
    """

    def __init__(
        self,
        options: Options,
        manners: Manners,
        model: str,
        checkpoint: Callable[[], None],
        *,
        tries: int = 0,
    ) -> None:
        self._options = options
        self._manners = manners
        self._model = model
        self._checkpoint = checkpoint
        self._tries = tries or _TRIES
        self._said = False
        self._breaks = 0
        self.pictures = False
        self.blind = False
        self.prompt_tokens = 0

    def answer(self, body: Callable[[], bytes]) -> Iterator[str]:
        """The answer in pieces, without thoughts. `body` builds the request, anew for every try.

        Raises `ServerFailed`, `ServerTimeout`, `Overloaded` or `JobFailed`, and what the checkpoint raises.
        """
        tries = 0
        while True:
            try:
                yield from self._try(body())
                if self.blind and self._breaks:
                    self._manners.blind_until = time.monotonic() + _BLIND_FOR_S
                return
            except Refused as refusal:
                self._log(f"HTTP {refusal.status}: {dialect.words(refusal.body)}")
                if self._manners.learn(refusal, pictures=self.pictures):
                    self.blind = self._manners.blind
                    continue
                passes = refusal.status in (408, 429) or refusal.status >= 500
                wait_s, error = refusal.retry_after_s, sentences.refused(refusal, self._options, self._model)
            except Unreachable as problem:
                self._log(str(problem))
                passes, wait_s, error = True, None, sentences.unreachable()
            except BrokenOff as problem:
                self._log(str(problem))
                passes, wait_s, error = not self._said, None, sentences.broken_off(self._said)
                self._breaks += self.pictures
                self.blind = self.blind or self._breaks >= _BREAKS_TO_BLIND
            tries += 1
            self._try_again_or_raise(tries, passes, wait_s, error)

    def _try(self, body: bytes) -> Iterator[str]:
        options = self._options
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            **options.authorization,
        }
        call = Call(f"{options.base_url}/chat/completions", headers, body, direct=options.is_here)
        thoughts, finish, unreadable = Thoughts(), "", 0
        end = time.monotonic() + options.timeout_s
        with Exchange(call) as exchange:
            while (data := self._next(exchange, end)) is not None and data.strip() != DONE:
                chunk = dialect.read(data)
                if chunk is None:
                    unreadable += 1
                    continue
                if chunk.error:
                    raise self._complaint(chunk)
                finish = chunk.finish or finish
                self.prompt_tokens = chunk.prompt_tokens or self.prompt_tokens
                yield from self._say(thoughts.feed(chunk.text))
        if data is None and not finish and (self._said or not unreadable):
            raise BrokenOff("the stream ended without an end")
        yield from self._say(thoughts.finish())
        if not self._said:
            raise sentences.nothing_said(finish, unreadable)

    def _next(self, exchange: Exchange, end: float) -> str | None:
        waits_s, now = self._options.first_token_timeout_s, time.monotonic()
        try:
            if now > end:  # it speaks, but does not come to an end
                raise Late
            return exchange.next(self._checkpoint, min(end, now + waits_s))
        except TooLong:
            raise sentences.late(self._said, waits_s, silent=False) from None
        except Late:
            raise sentences.late(self._said, min(waits_s, self._options.timeout_s), silent=now <= end) from None

    def _say(self, text: str) -> Iterator[str]:
        if text:
            self._said = self._said or bool(text.strip())
            yield text

    def _complaint(self, chunk: dialect.Chunk) -> Exception:
        """An error in the stream: as if it had come as a status, as long as nothing was said."""
        self._log(chunk.error)
        return sentences.broken_off(True) if self._said else Refused(chunk.status or 500, chunk.error)

    def _try_again_or_raise(self, tries: int, passes: bool, wait_s: float | None, error: EngineError) -> None:
        """Wait before the next try. Raises `error` when there is none, and what the checkpoint raises."""
        if not passes or self._said or tries >= self._tries or (wait_s or 0.0) > _LONGEST_WAIT_S:
            raise error
        backoff_s = _BACKOFF_S * 2 ** (tries - 1) * (1 + random.random() / 2)
        end = time.monotonic() + max(backoff_s, wait_s or 0.0)
        while (left_s := end - time.monotonic()) > 0:
            self._checkpoint()
            time.sleep(min(POLL_S, left_s))

    def _log(self, problem: str) -> None:
        log.warning("the model server at %s: %s", self._options.host, sentences.redacted(problem, self._options))
