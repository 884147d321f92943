"""The GPT4Video side of a message: does it ask for a video, and for which?"""

from __future__ import annotations

import re
from collections.abc import Sequence

_VIDEO = r"(?:videos?|clips?|animations?|cartoons?|movies?|films?|gifs?|vids?|footage)"
_MAKE = (
    r"(?:make|create|generate|render|produce|draw|design|animate|gimme|give me|show me|visuali[sz]e|do me|build|shoot"
    r"|whip up|cook up)"
)
_WISH = (
    r"(?:i\s*(?:would|'d|’d)?\s*(?:really\s+)?(?:want|need|like|love|wish)(?:\s+to\s+(?:see|have|get|watch))?"
    r"|let\s+me\s+see|how\s+about)"
)
_POLITE = r"(?:(?:hey|hi|hello|ok|okay|so|now|and|yo|bot|please|pls|plz|kindly|just)[\s,!]+)*"
_ABLE = r"(?:(?:can|could|would|will)\s+(?:you|u|ya)\s+(?:please\s+|pls\s+|maybe\s+)?)?"
_ADJECTIVES = r"(?:(?!this\b|that\b|the\b|my\b|these\b|those\b|your\b|our\b)[\w'-]+\s+){0,5}?"
_ABOUT = r"(?:of|about|showing|that\s+shows|with|where|in\s+which|featuring|depicting|on|for|:|-)"

# "make me a short video of PROMPT"
_OF = re.compile(
    rf"^{_POLITE}{_ABLE}(?:{_MAKE}|{_WISH})\s+(?:me\s+|us\s+)?(?:an?\s+|another\s+|one\s+|some\s+)?{_ADJECTIVES}{_VIDEO}\s*{_ABOUT}\s*(?P<prompt>.+)$",
    re.IGNORECASE | re.DOTALL,
)
# "mach mir ein Video von PROMPT"
_GERMAN = re.compile(
    r"^(?:(?:hey|hallo|bitte|bot|kannst\s+du|könntest\s+du|ich\s+(?:möchte|will|hätte\s+gern)|mach\w*|erstell\w*|generier\w*|erzeug\w*"
    r"|zeig\w*|dreh\w*|mir|uns|mal)[\s,!]+)+(?:ein\w*\s+)?(?:kurze\w*\s+|kleine\w*\s+)?(?:video|clip|film|animation|gif)\w*\s*"
    r"(?:von|über|mit|in\s+dem|:)\s*(?P<prompt>.+?)(?:\s+(?:machen|erstellen|zeigen|generieren|bitte|sehen|haben))*[\s?.!]*$",
    re.IGNORECASE | re.DOTALL,
)
# "show me PROMPT as a clip"
_AS = re.compile(
    rf"^{_POLITE}{_ABLE}(?:{_MAKE}|{_WISH}|turn)\s+(?:me\s+)?(?P<prompt>.+?)\s+(?:as|in|into|in\s+the\s+form\s+of)\s+(?:an?|one)\s+(?:short\s+|little\s+)?{_VIDEO}\b",
    re.IGNORECASE | re.DOTALL,
)
# "show me a PROMPT": with an indefinite article it is something new, not a part of what is already there
_SHOW = re.compile(
    rf"^{_POLITE}{_ABLE}(?:show\s+(?:me|us)|draw|paint|let\s+(?:me|us)\s+see)\s+(?:me\s+|us\s+)?"
    r"(?P<prompt>(?:an?|some|two|three|four|five|several|many)\s+.+)$",
    re.IGNORECASE | re.DOTALL,
)
# "animate PROMPT": these verbs need no "video", they mean one
_VERB = re.compile(
    rf"^{_POLITE}{_ABLE}(?:animate|render|generate|create|visuali[sz]e|film)\s+(?:me\s+)?(?P<prompt>(?:an?|some|two|three|several|many)\s+.+|[a-z]+ing\s+.+)$",
    re.IGNORECASE | re.DOTALL,
)
# "a video of PROMPT, please"
_BARE = re.compile(
    rf"^{_POLITE}(?:an?|another)\s+{_ADJECTIVES}{_VIDEO}\s*(?:of|about|showing|with|where)\s+(?P<prompt>[^?]+)$",
    re.IGNORECASE,
)
# "another one but PROMPT": only after an earlier request
_AGAIN = re.compile(
    rf"^{_POLITE}{_ABLE}(?:{_MAKE}\s+)?(?:me\s+)?(?:(?:that|it|this)\s+)?(?:(?:yet\s+)?another(?:\s+(?:one|{_VIDEO}))?|one\s+more|again|once\s+more|the\s+same(?:\s+(?:thing|one|{_VIDEO}))?"
    rf"|same(?:\s+(?:thing|one))?|a\s+new\s+one|try\s+again|redo(?:\s+(?:it|that))?|make\s+(?:it|that))\b[\s,.:!-]*(?P<change>.*)$",
    re.IGNORECASE | re.DOTALL,
)

_NOT_A_SUBJECT = re.compile(
    r"^(?:an?\s+|some\s+)?(?:\w+\s+)?(?:summary|list|description|report|transcript|table|caption|title|overview|joke|poem|story|question|answer|"
    r"code|recap|breakdown|timeline|difference|comparison|idea|frame|still|screenshot|thumbnail|shot|scene|moment|part|"
    r"preview|chart|graph|plot|histogram|few)s?\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(r"^(?:this|that|it|these|those|the\s+(?:clip|video|above|one))\s*[?.!]*$", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:[\s,]+(?:please|pls|plz|for\s+me|for\s+us|thanks|thank\s+you|thx|would\s+you|will\s+you|asap|now))+$",
    re.IGNORECASE,
)
_COLOURS = "red|orange|yellow|green|cyan|turquoise|blue|purple|violet|pink|brown|beige|black|white|grey|gray|golden"
_COLOUR = re.compile(rf"\b(?:{_COLOURS})\b", re.IGNORECASE)


def wanted_prompt(text: str, earlier: str | None = None) -> str | None:
    """The prompt of the video that `text` asks for, or None when it asks for none.

    `earlier` is the prompt of the conversation's latest request, which "another one but blue" changes.
    """
    text = " ".join(text.split())
    for pattern in (_OF, _GERMAN, _AS, _SHOW, _VERB, _BARE):
        found = pattern.match(text)
        if found:
            prompt = _clean(found.group("prompt"))
            if prompt and not _NOT_A_SUBJECT.match(prompt) and not _POINTS_BACK.match(prompt):
                return prompt
    again = _AGAIN.match(text) if earlier else None
    return _revise(earlier, _clean(again.group("change"))) if again and earlier else None


def _clean(prompt: str) -> str:
    """Without courtesies, quotes, stray tags and end punctuation."""
    prompt = re.sub(r"</?\s*video\s*>?", " ", prompt, flags=re.IGNORECASE)
    prompt = " ".join(prompt.replace("<", " ").replace(">", " ").split()).strip(" \"'“”‘’.,;:!?-")
    while prompt and (shorter := _TAIL.sub("", prompt).strip(" .,;:!?-")) != prompt:
        prompt = shorter
    return prompt


def _revise(prompt: str, change: str) -> str:
    """The earlier prompt with a change: a new colour replaces the old one, anything else is added."""
    change = re.sub(
        r"^(?:but|and|only|just|this\s+time|now|with\s+it\s+being)\s+(?:this\s+time\s+)?",
        "",
        change,
        flags=re.IGNORECASE,
    )
    change = re.sub(r"^(?:make|have)\s+(?:it|them)\s+", "", change, flags=re.IGNORECASE)
    if change.lower().startswith("of "):
        return change[3:]
    if not change:
        return prompt
    if _COLOUR.fullmatch(change):
        return _COLOUR.sub(change.lower(), prompt, count=1) if _COLOUR.search(prompt) else f"{prompt}, {change.lower()}"
    return f"{prompt}, {change}"


def latest_prompt(texts: Sequence[str]) -> str | None:
    """The prompt that the user's earlier messages, oldest first, add up to."""
    prompt: str | None = None
    for text in texts:
        prompt = wanted_prompt(text, prompt) or prompt
    return prompt
