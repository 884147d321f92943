"""Every sentence and command word that people on Discord read, in English, and the words of the commands in German."""

from __future__ import annotations

import discord
from discord import app_commands

PLACEHOLDER = "One moment …"
CANCEL = "Cancel"
NOTHING_TO_CANCEL = "Only the person who asked or a moderator can cancel this, and only while it is running."
CANNOT_WRITE = "I can't write in {where}. Ask its moderators to let me send messages there, and try again."
HIDDEN_REFERENCE = (
    "Discord doesn't show me the message you replied to. Hold it or right-click it, choose Apps, then "
    "“Ask about this video”. Or post the clip together with your question."
)
NO_CLIP = "There is no video, GIF or image in that message. Choose a message that has one."
NOT_A_CLIP = "That file is no video, GIF or image. Choose another one."
BLOCKED_HERE = "I can't answer this one here."
FAILED_HERE = "This one did not work."
NO_ANSWER = "I have no answer to this one. Try asking it in another way."
CANCELLED = "Cancelled."
TOLD_PRIVATELY = "I wrote you why."
TOO_LARGE = "The video is larger than Discord takes here. Ask for a shorter or smaller one."
VIDEO_GONE = "The file of this video is no longer on my disk. Ask for it again."
FORGET_SHARED = "This conversation belongs to everyone here. A moderator can make me forget it."
FORGET_ASK = (
    "I will forget this conversation: what was asked and answered here, and the clips and videos I keep of it. "
    "What runs right now is cancelled. The messages in Discord stay."
)
FORGET = "Forget it"
FORGOTTEN = "Done. I have forgotten this conversation."
BROKEN = "Something broke on my side. Please try again in a moment."
HELP = (
    "**Ask me about videos.** Mention me with a video, a GIF or pictures and your question, or reply to a clip "
    "and mention me. You can also hold or right-click a message and choose Apps → *Ask about this video*.\n"
    "**/ask** a question about a clip that you attach.\n"
    "**/generate** makes a short video of what you describe.\n"
    "**/forget** makes me forget this conversation.\n"
    "In a direct message you need not mention me. Every wait has a Cancel button."
)
ASK_MENU = "Ask about this video"
ASK_TITLE = "Ask about this video"
ASK_LABEL = "Your question"
ASK_HINT = "What happens here?"

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
    "forget": "vergessen",
    "Make me forget this conversation": "Lass mich dieses Gespräch vergessen",
    "help": "hilfe",
    "What I can do": "Was ich kann",
    ASK_MENU: "Zu diesem Video fragen",
}


class GermanTranslator(app_commands.Translator):
    """Gives the commands their German words; people's own Discord picks the language."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        return GERMAN.get(string.message) if locale is discord.Locale.german else None
