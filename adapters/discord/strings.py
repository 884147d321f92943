"""Every sentence and command word that people on Discord read, in English, and the words of the commands in German."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

# --- under a request -------------------------------------------------------------------------------------------------

PLACEHOLDER = "One moment …"
CANCEL = "Cancel"
CANCEL_NUMBER = "Cancel {number}"
AGAIN = "↻ Again"
VARY = "✎ Vary"
LONGER = "⏩ Longer"
FRAMES = "🎞 Frames"
DELETE = "🗑 Delete"
REPORT = "⚑ Report"
WHY = "Why?"
APPEAL = "Appeal"
OTHER_SEED = "Other seed"

NOTHING_TO_CANCEL = "Only the person who asked or a moderator can cancel this, and only while it is running."
BLOCKED_HERE = "I can't answer this one here."
FAILED_HERE = "This one did not work."
NO_ANSWER = "I have no answer to this one. Try asking it in another way."
CANCELLED = "Cancelled."
TOLD_PRIVATELY = "I wrote you why."
TOO_LARGE = "The video is larger than Discord takes here. Ask for a shorter or smaller one."
VIDEO_GONE = "The file of this video is no longer on my disk. Ask for it again."
MADE_FROM = "Made from: {prompt}"
SENSITIVE = "⚠ Sensitive: {what}. Report it if it should not be here."
WHERE = {
    "question": "the question",
    "clip": "the clip",
    "answer": "the answer",
    "prompt": "the prompt",
    "video": "the video",
}

# --- when a button is pressed ----------------------------------------------------------------------------------------

BUSY = "I can't look that up at the moment. Please try again."
GONE = "I no longer keep this one. Ask for it anew, with a mention of me or with /generate."
NO_VIDEO = "There is no video left to make again. Ask for a new one with /generate."
NOT_YOURS_TO_READ = "Only the person who asked can read why."
NO_REASON = "There is nothing more to say about this one."
NOT_YOURS_TO_DELETE = "Only the person who asked or a moderator can delete this."
NOTHING_TO_DELETE = "I keep nothing of this one any more. A moderator can delete the message itself."
DELETED_BUT_NOT_HERE = (
    "I deleted what I kept of it, but Discord did not let me take the message away. Press the button again, or ask a "
    "moderator to delete the message."
)
NO_FRAMES = "The frames of this answer are no longer on my disk."
SOME_FRAMES_GONE = "Some of them are no longer on my disk."
FRAMES_TOO_LARGE = "The frames are larger than Discord takes here."
FRAMES_SEEN = "I looked at these frames: {times}."
OF_CLIP = "{time} of clip {number}"
REPORTED = "Thank you. The moderators will look at it."
APPEALED = "Thank you. A moderator will look at it, and I'll tell you what they decide."
LEFT_THERE = "That was asked in a place that I can't reach now, or where you can't write now. Ask again elsewhere."
READ_ONLY = (
    "You can't write here, so I can't post a video for you here. Ask in another channel, or in a direct message."
)
MADE_THERE = "I'm making another one: {link}"

# --- dialogs ---------------------------------------------------------------------------------------------------------

VARY_TITLE = "Vary this video"
VARY_LABEL = "What it should show"
REPORT_TITLE = "Report this answer"
REPORT_LABEL = "What is wrong with it?"
REPORT_HINT = "The moderators of this server read this together with the answer."
APPEAL_TITLE = "Ask a moderator to look at this"
APPEAL_LABEL = "Why should this be allowed?"
APPEAL_HINT = "The moderators read this together with what was blocked."
ASK_MENU = "Ask about this video"
ASK_TITLE = "Ask about this video"
ASK_LABEL = "Your question"
ASK_HINT = "What happens here?"
LIKE_MENU = "Make a video like this"
LIKE_TITLE = "Make a video like this"
LIKE_LABEL = "What should be different? (optional)"
LIKE_HINT = "at night, in the rain"
DIALOG_OLD = "That dialog is from before my last restart, or it was open for too long. Please open it once more."

# --- commands --------------------------------------------------------------------------------------------------------

CANNOT_WRITE = "I can't write in {where}. Ask its moderators to let me send messages there, and try again."
HIDDEN_REFERENCE = (
    "Discord doesn't show me the message you replied to. Hold it or right-click it, choose Apps, then "
    "“Ask about this video”. Or post the clip together with your question."
)
NO_CLIP = "There is no video, GIF or image in that message. Choose a message that has one."
NOT_A_CLIP = "That file is no video, GIF or image. Choose another one."
NO_SUCH_MODEL = "I have no model called “{name}”. Choose one of these: {names}."
NO_MODELS = "There is no choice of models here. Leave the model out."
BROKEN = "Something broke on my side. Please try again in a moment."

NOTHING_WAITING = "You have nothing waiting."
WAITING_TITLE = "**Waiting for you**"
WAITING_MORE = "… and {number} more."
RUNNING = "at work"
NO_WORDS = "(no words)"
USED_TITLE = "**Used here**"
USED = "{measure}: {used} of {amount} in the past {window}"
USED_FREES = "{line}, the next is free {moment}"
MEASURES = {"asks": "questions", "videos": "videos", "gpu_seconds": "seconds of GPU time"}
WINDOWS = {"hour": "hour", "day": "24 hours"}

FORGET = "Forget it"
FORGET_SHARED = (
    "This conversation belongs to everyone here. A moderator can make me forget it; what is yours you can delete with "
    "/forget here."
)
FORGET_ASK = (
    "I will forget this conversation: what was asked and answered here, and the clips and videos I keep of it. "
    "What runs right now is cancelled. The messages in Discord stay."
)
FORGOTTEN = "Done. I have forgotten this conversation."
HOLDINGS_HERE = "In this conversation I keep of you: {what}."
HOLDINGS_EVERYWHERE = "In all of Discord I keep of you: {what}."
FORGET_ME = (
    "I will delete all of it, and your name in the record of safety decisions. What runs for you there right now is "
    "cancelled. The messages in Discord stay."
)
FORGOT_ME = "Done. I deleted {what}."
NOTHING_KEPT_HERE = "I keep nothing of you in this conversation."
NOTHING_KEPT_EVERYWHERE = "I keep nothing of you."

HELP = (
    "**Ask me about videos.** Mention me with a video, a GIF or pictures and your question, or reply to a clip "
    "and mention me. In a direct message you need not mention me.\n"
    "**/ask** a question about a clip that you attach.\n"
    "**/generate** makes a short video of what you describe, or one like a clip that you attach.\n"
    "**/queue** shows what you are waiting for, and what is left of your quota.\n"
    "**/forget** shows what I keep of you and deletes it.\n"
    "Hold or right-click any message with a clip and choose Apps for *Ask about this video* and "
    "*Make a video like this*.\n"
    "**Under a video:** ↻ Again with another seed, ✎ Vary the words, ⏩ Longer. **Under an answer:** 🎞 Frames shows "
    "what I looked at. 🗑 Delete takes it away, ⚑ Report tells the moderators. Every wait has a Cancel button.\n"
    "When I block something, I tell you why, and **Appeal** asks a moderator to look at it."
)
HELP_ADMIN = (
    "**For those who run this server:** /settings (where I answer, who may ask, quotas), /safety (thresholds and the "
    "moderator channel), /audit (what was decided and why), /cases (appeals and reports)."
)

# The key is the English word, as `locale_str` carries it; names keep to what Discord takes as a command's name.
GERMAN = {
    "generate": "erzeugen",
    "Make a short video of what you describe": "Mache ein kurzes Video aus einer Beschreibung",
    "prompt": "beschreibung",
    "What the video should show": "Was das Video zeigen soll",
    "length": "dauer",
    "Length in seconds": "Dauer in Sekunden",
    "shape": "format",
    "Wide, square or tall": "Breit, quadratisch oder hoch",
    "wide": "breit",
    "square": "quadratisch",
    "tall": "hoch",
    "seed": "startzahl",
    "The same number gives the same video": "Dieselbe Zahl ergibt dasselbe Video",
    "avoid": "vermeiden",
    "What the video should not show": "Was das Video nicht zeigen soll",
    "ask": "fragen",
    "Ask about a video, GIF or image": "Stelle eine Frage zu einem Video, GIF oder Bild",
    "question": "frage",
    "What you want to know": "Was du wissen möchtest",
    "clip": "clip",
    "The video, GIF or image": "Das Video, GIF oder Bild",
    "model": "modell",
    "Which model makes it": "Welches Modell es macht",
    "A clip to make a video like": "Ein Clip, dem das Video ähneln soll",
    "queue": "warteschlange",
    "What you are waiting for, and what you have used": "Worauf du wartest, und was du verbraucht hast",
    "forget": "vergessen",
    "See what I keep of you, and delete it": "Sieh, was ich von dir aufbewahre, und lösche es",
    "scope": "umfang",
    "What of you in this conversation, or everywhere": "Deins in diesem Gespräch oder überall",
    "mine, here": "meins, hier",
    "mine, everywhere": "meins, überall",
    "this whole conversation (moderators)": "dieses ganze Gespräch (Moderation)",
    "help": "hilfe",
    "What I can do": "Was ich kann",
    ASK_MENU: "Zu diesem Video fragen",
    LIKE_MENU: "Ein Video wie dieses machen",
}


class GermanTranslator(app_commands.Translator):
    """Gives the commands their German words; people's own Discord picks the language."""

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        """`more` are the words of commands that have their strings elsewhere."""
        self._words = {**(more or {}), **GERMAN}

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        return self._words.get(string.message) if locale is discord.Locale.german else None
