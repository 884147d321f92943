"""What is said without looking at a clip: greetings, help, refusals, and asking for a clip."""

from __future__ import annotations

from collections.abc import Sequence

from .language.intents import Intent
from .language.question import Question

NEEDS_CLIP = (
    "I need a clip to look at. Post a video with your question, or reply to a message that has one, "
    "and I will measure it."
)
CAN = (
    "I measure videos: how long they are, their shots and cuts, what moves and where to, the camera's motion, colours, "
    "brightness, on-screen text and loudness. I can compare two clips, and look at a part: “at 0:07”, "
    "“in the last shot”."
)
CANNOT = "I cannot recognise people or things, or understand speech; a larger model could."
MAKES = "Ask for a video, for example “make me a video of a red ball bouncing”, and I will ask for it to be made."
ENGLISH_ONLY = "I understand English only; please ask me in English."
REFUSAL = "I won't help with that. Ask me about a clip, or for a video that harms nobody."

_FIXED: dict[Intent, tuple[str, ...]] = {
    Intent.HELP: (CAN, MAKES, CANNOT),
    Intent.IDENTITY: (
        "I am the lite model of this bot: a program that measures videos, not a large language model.",
        "I report what can be measured and understand nothing of it; a larger model could.",
    ),
    Intent.FOREIGN: (ENGLISH_ONLY,),
    Intent.UNSAFE: (REFUSAL,),
}


def small_talk(question: Question, has_clip: bool) -> list[str] | None:
    """An answer that needs no clip; None when the question is about one."""
    intent = question.intent
    if intent in _FIXED:
        return list(_FIXED[intent])
    if intent is Intent.GREETING:
        return ["Hello! " + ("Ask me about the clip." if has_clip else "Post a video and ask me about it."), CAN]
    if intent is Intent.THANKS:
        return ["You are welcome." + (" Ask me more about the clip if you like." if has_clip else "")]
    if intent is Intent.VIDEO_REQUEST:
        return ["I'll ask for that video."]
    if intent is Intent.OTHER and not has_clip:
        return ["I can only answer questions about video clips.", NEEDS_CLIP]
    if intent is Intent.OTHER:
        return ["I did not understand that as a question about the clip.", CAN]
    return None


# --- how the answers came about ------------------------------------------------------------------------------------

_HOW: dict[Intent, str] = {
    Intent.DURATION: "the length stands in the file and agrees with the frames",
    Intent.SHOTS: "I compared every picture with the next; a cut changes nearly all of it at once, and for good",
    Intent.SUBJECT_MOTION: "I followed small patches from picture to picture, took away the camera's own motion, "
    "and joined what still moved together",
    Intent.CAMERA_MOTION: "I followed small patches all over the picture; where most of them move together, "
    "it is the camera",
    Intent.ACTIVITY: "I measured from picture to picture what share of it moves against the rest",
    Intent.COLOURS: "I gave every pixel of small copies of the pictures the name of a colour and counted",
    Intent.BRIGHTNESS: "I averaged the brightness of the pixels, picture by picture",
    Intent.TEXT: "I ran a text recogniser over a few frames that differ from each other, and kept what it was sure of",
    Intent.SOUND: "I measured the loudness of the sound track in short windows; below −50 dBFS I call it silent",
    Intent.FORMAT: "size, rate and codec stand in the file, checked against a decoded frame",
    Intent.COMPARE: "I measured both clips in the same way and compared the figures",
}
_DOUBT: dict[Intent, str] = {
    Intent.SUBJECT_MOTION: "Fast, blurred or very small motion can mislead me.",
    Intent.SHOTS: "Slow dissolves can escape me.",
    Intent.CAMERA_MOTION: "Something very large that moves can pass for the camera.",
    Intent.TEXT: "Small, blurred or short text can escape me.",
}


def provenance(before_intents: Sequence[Intent]) -> list[str]:
    """How the earlier answer was measured, and what may be wrong with it."""
    known = [intent for intent in before_intents if intent in _HOW]
    if not known:
        return [
            "I measured the clip's pictures and sound; I understand neither, so I only report what the figures say."
        ]
    told = f"I measured it: {'; '.join(_HOW[intent] for intent in known)}."
    return [told, *(_DOUBT[intent] for intent in known if intent in _DOUBT)]
