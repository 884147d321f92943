"""What people read on Discord alone, in English, and the words of the commands in German.

What all platforms say stands in `adapters.shared.sentences`.
"""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

from adapters.shared.sentences import ASK_MENU, LIKE_MENU

# --- when a button is pressed ----------------------------------------------------------------------------------------

LEFT_THERE = "That was asked in a place that I can't reach now, or where you can't write now. Ask again elsewhere."
READ_ONLY = (
    "You can't write here, so I can't post a video for you here. Ask in another channel, or in a direct message."
)

# --- commands --------------------------------------------------------------------------------------------------------

HIDDEN_REFERENCE = (
    "Discord doesn't show me the message you replied to. Hold it or right-click it, choose Apps, then "
    "“Ask about this video”. Or post the clip together with your question."
)
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
