"""Our neutral messages as a request of OpenAI's chat API, and what its chunks and errors say. It knows no network."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.backends.chat.conversation import ChatMessage, stamp
from engine.backends.chat.sampling import Watched

_QUALITY = 85
_LONGEST_WORDS = 200

# Not every server takes these. What one refuses is left out from then on.
OPTIONAL: Mapping[str, Any] = {
    "chat_template_kwargs": {"enable_thinking": False},  # vLLM, SGLang and llama.cpp hand it to the chat template
    "stream_options": {"include_usage": True},
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one event of an answer says. `error` is the server's own, with its `status` when it has one."""

    text: str = ""
    finish: str = ""
    prompt_tokens: int = 0
    error: str = ""
    status: int = 0


def request(
    messages: Sequence[ChatMessage],
    *,
    model: str,
    max_tokens: int,
    refused: frozenset[str],
    extra: Mapping[str, Any],
    whole: Callable[[Watched], str],
) -> bytes:
    """The body of a request. `refused` names the fields that the server does not take; `extra` has the last word.

    `whole` gives the address of a clip's own file, empty when its frames are to be sent.
    """
    limit = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
    body = {
        "model": model,
        "messages": [{"role": message.role, "content": _content(message, whole)} for message in messages],
        "stream": True,
        limit: max_tokens,
        **{name: value for name, value in OPTIONAL.items() if name not in refused},
        **extra,
    }
    return json.dumps(body, ensure_ascii=False).encode()


def read(data: str) -> Chunk | None:
    """What an event says; None when that cannot be read. Takes whole answers as well as pieces."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    if found.get("error") or found.get("object") == "error":
        said, status = words(data), _dict(found.get("error")).get("code", found.get("code"))
        return Chunk(error=said or "an error", status=status if isinstance(status, int) else 0)
    usage = _dict(found.get("usage"))
    prompt_tokens = usage.get("prompt_tokens")
    choices = found.get("choices")
    choice = _dict(choices[0]) if isinstance(choices, list) and choices else {}
    piece = _dict(choice.get("delta")) or _dict(choice.get("message"))
    finish = choice.get("finish_reason")
    return Chunk(
        text=_text(piece.get("content")) or _text(piece.get("refusal")),
        finish=finish if isinstance(finish, str) else "",
        prompt_tokens=prompt_tokens if isinstance(prompt_tokens, int) else 0,
    )


def words(body: str) -> str:
    """A server's own explanation, in one short line; empty when it sent a page or nothing."""
    try:
        found: Any = json.loads(body)
    except ValueError:
        found = "" if body.lstrip().startswith("<") else body
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(name):
            found = found[name]
    said = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False) if found else ""
    line = " ".join(said.split())
    return line if len(line) <= _LONGEST_WORDS else line[: _LONGEST_WORDS - 1] + "…"


def models(body: str) -> dict[str, int]:
    """The models of a server by name, each with the length of its context in tokens (0 when it does not say).

    Raises `ValueError` for anything but a list of models.
    """
    found = json.loads(body)
    listed = found.get("data") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no list of models")
    known = [entry for entry in map(_dict, listed) if isinstance(entry.get("id"), str)]
    return {entry["id"]: _context(entry) for entry in known}


def _context(entry: Mapping[str, Any]) -> int:
    """vLLM and SGLang say `max_model_len`, OpenRouter and others `context_length`, llama.cpp has it in `meta`."""
    for value in (entry.get("max_model_len"), entry.get("context_length"), _dict(entry.get("meta")).get("n_ctx")):
        if isinstance(value, int) and value > 0:
            return value
    return 0


def _content(message: ChatMessage, whole: Callable[[Watched], str]) -> str | list[dict[str, Any]]:
    """Plain text where there is nothing else: older chat templates take lists from the user only."""
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, str):
            parts.append(_words(part))
        elif address := whole(part):
            parts.append({"type": "video_url", "video_url": {"url": address}})
        else:
            parts += _frames(part)
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _frames(watched: Watched) -> list[dict[str, Any]]:
    parts = []
    for frame in watched.frames:
        if watched.info.kind != "image":
            parts.append(_words(stamp(frame.time_s)))
        parts.append({"type": "image_url", "image_url": {"url": _jpeg(frame.image)}})
    return parts


def _jpeg(image: Any) -> str:
    from PIL import Image

    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "JPEG", quality=_QUALITY)
    return data_url("image/jpeg", encoded.getvalue())


def data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _words(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _text(content: Any) -> str:
    """The words of a message: a string, or a list of parts."""
    if isinstance(content, list):
        return "".join(_text(_dict(part).get("text")) for part in content)
    return content if isinstance(content, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
