"""What is said without looking at a clip: greetings, help, how answers come about, and asking for a clip."""

from __future__ import annotations

from ..conversation import Conversation
from ..questions import tongues
from .answers import HOW
from .wording import Wording

_FIXED = {
    "help": ("can", "makes", "limits", "languages"),
    "bot": ("bot", "can", "limits"),
    "video": ("video",),
    "other": ("off_topic", "can"),
}


def without_clip(talked: Conversation, words: Wording) -> list[str]:
    """An answer that needs no clip; empty when the question is about one that is at hand."""
    question, has_clip = talked.question, talked.meant is not None
    intent = question.intent
    if intent == "foreign":
        return [tongues.only_english_and_german(question.tongue)]
    if question.unsure and has_clip:
        return []
    if intent in _FIXED and not (question.unsure and not has_clip):
        return [words.say(key) for key in _FIXED[intent]]
    if intent == "greeting":
        return [words.say("hello"), words.say("ask_clip" if has_clip else "post_clip"), words.say("can")]
    if intent == "thanks":
        return [words.say("thanks")]
    if intent == "sure":
        before = talked.before.intents if talked.before else ()
        return list(dict.fromkeys(words.say(HOW.get(each, "how_seen")) for each in before or ("overview",)))
    if not has_clip:
        return [words.say("needs_clip")]
    if talked.missing:
        key = "one_clip" if talked.missing == 1 else "few_clips"
        return [words.say(key, count=words.number(talked.missing))]
    return []
