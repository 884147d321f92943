"""Typed English with its contractions and slang spelled out. Knows spelling, not what any word is for."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\d+[kp]\b|\d+(?:[.:,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")

_CONTRACTIONS = {
    "what's": "what is", "whats": "what is", "wats": "what is", "where's": "where is", "wheres": "where is",
    "who's": "who is", "whos": "who is", "how's": "how is", "hows": "how is", "it's": "it is", "that's": "that is",
    "there's": "there is", "isn't": "is not", "doesn't": "do not", "don't": "do not", "dont": "do not",
    "can't": "can not", "i'm": "i am", "i'd": "i would", "you're": "you are", "which's": "which is", "one's": "one is",
    "when's": "when is", "let's": "let us", "they're": "they are", "he's": "he is", "she's": "she is",
    "whatcha": "what you",
    "gimme": "give me", "wanna": "want to", "gonna": "go to", "lemme": "let me", "what're": "what are",
}  # fmt: skip

_SLANG = {
    "seconds": "second", "minutes": "minute", "clips": "video", "videos": "video", "movies": "video", "films": "video",
    "u": "you", "ur": "your", "r": "are", "y": "why", "pls": "please", "plz": "please", "thx": "thanks", "ty": "thanks",
    "tysm": "thanks", "vid": "video", "vids": "video", "footage": "video", "movie": "video", "film": "video",
    "clip": "video",
    "recording": "video", "gif": "video", "cam": "camera", "pic": "picture", "image": "picture", "sec": "second",
    "secs": "second",
    "s": "second", "min": "minute", "mins": "minute", "color": "colour", "colors": "colour", "colored": "colour",
    "coloured": "colour", "colorful": "colourful", "gray": "grey", "wich": "which", "wat": "what", "wut": "what",
    "teh": "the",
    "hw": "how", "abt": "about", "bc": "because", "res": "resolution", "frame-rate": "fps", "framerate": "fps",
    "tho": "though", "n": "and", "da": "the", "msg": "message", "bits": "part", "bit": "part", "bits.": "part",
    "stuff": "thing",
    "things": "thing", "something": "thing", "anything": "thing", "everything": "thing", "sth": "thing",
    "sumthing": "thing",
    "scene": "shot", "scenes": "shot", "take": "shot", "takes": "shot", "lighter": "brighter", "audio": "sound",
    "sounds": "sound", "frames": "frame", "words": "word", "letters": "word", "letter": "word",
}  # fmt: skip


def plain(text: str) -> str:
    """Lower-case text with its contractions and slang spelled out; figures and punctuation stay."""
    lowered = text.lower().replace("’", "'")
    return re.sub(r"[^\W\d_]+(?:'[^\W\d_]+)?", lambda found: _spelled_out(found.group()), lowered)


def _spelled_out(word: str) -> str:
    word = _CONTRACTIONS.get(word, word)
    word = word.removesuffix("'s") if word.endswith("'s") else word
    return " ".join(_SLANG.get(part, part) for part in word.split())


def tokens(text: str) -> list[str]:
    """The words and figures of `plain` text."""
    return _TOKEN.findall(text)
