"""Markdown of models and people as Slack's mrkdwn, with nothing in it that pings, unfurls or poses as markup. Pure."""

from __future__ import annotations

import re

from adapters.shared.splitting import split

SECTION = 3000  # characters of one section block
PAGE = 11_000  # characters of all sections of one message: Slack takes some 13,200 in all blocks together
STREAMED = 11_000  # characters in one streaming call, which takes 12,000

_JOINER = "\u2060"  # invisible; takes a mark its meaning
_OPEN, _SHUT, _BOLD = "\ue000", "\ue001", "\ue002"  # stand in for what is put back at the end
_PRIVATE = re.compile("[\ue000-\ue002]")
_FENCE = re.compile(r"(```)")
_LANGUAGE = re.compile(r"\A[A-Za-z0-9_+#.-]{1,20}(?=\n)")
_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)([^\n]+?)(?<!`)\1(?!`)")
_LINK = re.compile(
    r"!?\[([^\[\]\n]*)\]\((?:<)?((?:https?://|mailto:)[^\s<>|()]*(?:\([^\s<>|()]*\)[^\s<>|()]*)*)(?:>)?(?:\s+\"[^\"\n]*\")?\)"
)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>|]+)>")
_ESCAPED = re.compile(r"\\([\\`*_~\[\]()#+\-.!>{}|])")
_BOTH = re.compile(r"\*\*\*(?=\S)([^\n]+?)(?<=\S)\*\*\*")
_STARS = re.compile(r"\*\*(?=\S)([^\n]+?)(?<=\S)\*\*(?!\*)")
_LINES = re.compile(r"(?<!\w)__(?=\S)([^\n]+?)(?<=\S)__(?!\w)")
_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])")
_STRIKE = re.compile(r"~~(?=\S)([^\n]+?)(?<=\S)~~")
_HEADING = re.compile(r"(?m)^[ ]{0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$")
_BULLET = re.compile(r"(?m)^([ \t]*)[-*+][ \t]+(?=\S)")
_RULE = re.compile(r"(?m)^[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$")
_ADDRESS = re.compile(r"https?://|\b[\w-]+\.[a-z]{2,}\b", re.IGNORECASE)
_MARKS = re.compile(r"([*_~`])")
_SHOUT = re.compile(r"@(?=(?:channel|here|everyone)\b)")


def escape(text: str) -> str:
    """`& < >` as Slack wants them; with that, nothing that looks like a mention is one."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What people wrote, out of what Slack transmits."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def measure(char: str) -> int:
    """How long a character is once it is escaped, in Slack's way of counting."""
    return {"&": 5, "<": 4, ">": 4}.get(char, 2 if ord(char) > 0xFFFF else 1)


def plain(text: str) -> str:
    """One line of names or prompts, with every mark of mrkdwn shown as itself."""
    return _MARKS.sub(rf"\1{_JOINER}", _quiet(escape(_PRIVATE.sub("", " ".join(text.split())))))


def mrkdwn(markdown: str) -> str:
    """Markdown as mrkdwn. What stands in code stays as it is, but for what must be escaped."""
    text = _PRIVATE.sub("", markdown).encode("utf-8", "replace").decode("utf-8")
    parts = _FENCE.split(text)
    for index, part in enumerate(parts):
        if index % 4 == 0:
            parts[index] = _prose(part)
        elif index % 4 == 2:
            # Slack knows no languages and would show the name as the first line of the code.
            parts[index] = escape(_LANGUAGE.sub("", part))
    return "".join(parts)


def sections(markdown: str, limit: int = SECTION) -> list[str]:
    """Mrkdwn in pieces that fit into a section block each; code fences are closed and opened again."""
    return [shown for piece in split(markdown, limit, measure) if (shown := mrkdwn(piece).strip("\n")).strip()]


def paged(markdown: str) -> list[list[str]]:
    """The sections of a long text by message. Earlier messages stay as they are while the text grows."""
    pages: list[list[str]] = []
    room = 0
    for section in sections(markdown):
        if not pages or len(section) > room:
            pages.append([])
            room = PAGE
        pages[-1].append(section)
        room -= len(section)
    return pages


def streamable(markdown: str) -> str:
    """Markdown for native streaming, which renders it by itself, without pings and without pictures from elsewhere."""
    text = markdown.encode("utf-8", "replace").decode("utf-8")
    text = re.sub(r"<(?=[!@#])", f"<{_JOINER}", text)
    return _quiet(re.sub(r"!(?=\[)", f"!{_JOINER}", text))


def steady(text: str) -> str:
    """The part of a growing text that `streamable` will not change any more: up to its last blank."""
    end = max(text.rfind(" "), text.rfind("\n"))
    return text[: end + 1]


def _quiet(text: str) -> str:
    """Blocks may take the bare words for a mention of everybody."""
    return _SHOUT.sub(f"@{_JOINER}", text)


def _prose(text: str) -> str:
    """What stands outside of code fences."""
    kept: list[str] = []

    def keep(shown: str) -> str:
        kept.append(shown)
        return f"{_OPEN}{len(kept) - 1}{_SHUT}"

    text = _CODE.sub(lambda found: keep(f"`{escape(found[2])}`"), text)
    text = _ESCAPED.sub(lambda found: keep(escape(found[1]) + (_JOINER if found[1] in "*_~`" else "")), text)
    text = _LINK.sub(lambda found: keep(_link(found[1], found[2])), text)
    text = _AUTOLINK.sub(lambda found: keep(f"<{_address(found[1])}>"), text)
    text = _RULE.sub("———", _quiet(escape(text)))
    text = _BULLET.sub(r"\1• ", text)
    text = _BOTH.sub(rf"{_BOLD}_\1_{_BOLD}", text)
    text = _LINES.sub(rf"{_BOLD}\1{_BOLD}", _STARS.sub(rf"{_BOLD}\1{_BOLD}", text))
    text = _STRIKE.sub(r"~\1~", _STAR.sub(r"_\1_", text))
    text = _HEADING.sub(lambda found: f"{_BOLD}{found[1].replace(_BOLD, '')}{_BOLD}", text).replace(_BOLD, "*")
    while _OPEN in text:  # code may stand within the words of a link
        text = re.sub(f"{_OPEN}(\\d+){_SHUT}", lambda found: kept[int(found[1])], text)
    return text


def _link(words: str, address: str) -> str:
    """A link with words of its own; where these look like an address themselves, only the true one is shown."""
    words = escape(words.strip()).replace("|", "¦")
    if not words or _ADDRESS.search(words):
        return f"<{_address(address)}>"
    return f"<{_address(address)}|{words}>"


def _address(url: str) -> str:
    return escape(url).replace("|", "%7C")
