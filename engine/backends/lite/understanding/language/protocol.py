"""The GPT4Video side of a message: does it ask for a video, and for which? And what is refused outright.

The refusals here are a short, honest list of the obvious; the guards in front of and behind the model do the real work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.backends.watching.words import plain

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
    for pattern in (_OF, _AS, _SHOW, _VERB, _BARE):
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


_MINORS = (
    r"\b(?:child(?:ren)?|kids?|minors?|underage|toddlers?|bab(?:y|ies)|infants?|teen(?:age)?(?:r|rs|s)?|preteens?"
    r"|school\s?(?:girls?|boys?)|little\s+(?:girls?|boys?)|lolis?)\b"
)
_SEXUAL = (
    r"\b(?:sex(?:ual(?:ly)?|y)?|naked|nudes?|nudity|porn\w*|erotic|undress\w*|stripp\w*|hentai|masturbat\w*|orgasm\w*"
    r"|blowjobs?)\b"
)
_GORE = (
    r"\b(?:gore|gory|behead\w*|decapitat\w*|dismember\w*|tortur\w*|mutilat\w*|disembowel\w*|snuff|massacre\w*|genocide"
    r"|lynch\w*|executions?)\b"
)
_ATTACK = (
    r"\b(?:school|mass|church|mosque|synagogue)\s+shootings?\b|\bterror(?:ist)?\s+attacks?\b"
    r"|\bsuicide\s+(?:bomb\w*|methods?)\b|\b(?:kill|hang|hurt|cut)\s+(?:my|your|him|her)sel(?:f|ves)\b"
)
_WEAPON = (
    r"\b(?:pipe\s?bombs?|(?<!bath )bombs?|explosives?|grenades?|molotovs?|nerve\s+gas|sarin|ghost\s+guns?|silencers?"
    r"|meth(?:amphetamine)?|ricin)\b"
)
_HOW = r"\b(?:how\s+(?:to|do|can|would|could)|instructions?|recipe|tutorial|guide|steps?)\b"
_BUILD = r"\b(?:make|build|assemble|cook|construct|create|synthesi[sz]e|prepare|produce)\b"
_RAPE = r"\b(?:rape|raping|molest\w*|bestiality|zoophil\w*)\b"


def is_unsafe(text: str) -> bool:
    """Whether a message obviously asks for what no bot should make.

    A question about what is *in* a clip is not refused for its words: moderators have to be able to ask.
    """
    lowered = plain(text)
    if _has(_MINORS, lowered) and _has(_SEXUAL, lowered):
        return True
    if _has(_HOW, lowered) and _has(_BUILD, lowered) and _has(_WEAPON, lowered):
        return True
    asks = (
        _has(rf"^{_POLITE}{_ABLE}(?:{_MAKE}|{_WISH})\b", " ".join(text.lower().split()))
        or wanted_prompt(text) is not None
    )
    return asks and any(_has(harm, lowered) for harm in (_SEXUAL, _GORE, _ATTACK, _RAPE))


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Function words and the commonest question words; none of them is an English word that people use in such questions.
_FOREIGN_WORDS = _words(
    "wie lang ist das der die und ein eine nicht ich du sich hier diesem dieses diese wird werden passiert bewegt "
    "gibt es sind welche welches warum wer farbe farben zu sehen wieviele viele el la los las un una unos qué que "
    "cómo como cuánto cuanto dura pasa hay esto este esta por para se mueve quién donde dónde son color le les des "
    "dans cette ce cet qui quoi combien plans passe quelle quel quelles est sont il y vidéo couleur pourquoi une "
    "questo questa quanto filmato cosa succede chi sono della nel gli perché che vídeo não isso acontece quantos tem "
    "het een wat gebeurt er deze zijn hoe duurt jak długo trwa co się w tym filmie jest hur länge är det vad händer"
)
_ENGLISH_WORDS = _words(
    "the is are what how when where which who does do it this that there of to a an and can you i at any "
    "me for long many"
)


def is_foreign(text: str) -> bool:
    """Whether a message is most likely not English. Simple on purpose; when in doubt it is English."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return False
    if sum(ord(character) > 0x24F for character in letters) > 0.4 * len(letters):
        return True
    words = re.findall(r"[^\W\d_]+", text.lower())
    foreign = (
        sum(word in _FOREIGN_WORDS and word not in _ENGLISH_WORDS for word in words) + ("¿" in text) + ("¡" in text)
    )
    english = sum(word in _ENGLISH_WORDS for word in words)
    return foreign >= 2 and foreign > english


def latest_prompt(texts: Sequence[str]) -> str | None:
    """The prompt that the user's earlier messages, oldest first, add up to."""
    prompt: str | None = None
    for text in texts:
        prompt = wanted_prompt(text, prompt) or prompt
    return prompt
