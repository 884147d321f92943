"""What Discord's reference says in words and its OpenAPI document does not: the limits of one message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CONTENT = 2000  # characters; the document allows the 4000 of paying people
EMBEDS = 6000  # characters, all embeds of a message together
COMPONENTS_V2 = 1 << 15


def check_message(body: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about what the API would refuse in a message body."""
    content = body.get("content") or ""
    if len(content) > CONTENT:
        yield f"content has {len(content)} characters, {CONTENT} are allowed"
    size = sum(embed_size(embed) for embed in body.get("embeds") or ())
    if size > EMBEDS:
        yield f"the embeds have {size} characters, {EMBEDS} are allowed"
    if (body.get("flags") or 0) & COMPONENTS_V2 and (content or body.get("embeds")):
        yield "a message of components v2 can have neither content nor embeds"
    ids = list(custom_ids(body.get("components") or ()))
    if len(ids) != len(set(ids)):
        yield "two components share a custom_id"


def embed_size(embed: Mapping[str, Any]) -> int:
    parts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    parts.append((embed.get("author") or {}).get("name"))
    for field in embed.get("fields") or ():
        parts += [field.get("name"), field.get("value")]
    return sum(len(part) for part in parts if part)


def custom_ids(components: Any) -> Iterator[str]:
    return (control["custom_id"] for control in controls(components))


def controls(components: Any) -> Iterator[Mapping[str, Any]]:
    """Every button, menu and field that carries an id, however deep it lies."""
    for component in components:
        if component.get("custom_id"):
            yield component
        yield from controls(component.get("components") or ())
        yield from controls([inner for key in ("accessory", "component") if (inner := component.get(key))])
