"""What admins and moderators read on Discord alone, in English; the commands' words in German.

What all platforms say stands in `adapters.shared.admin.sentences`.
"""

from __future__ import annotations

ONLY_SERVERS = "This works on a server. Use it there."
NEEDS_MODERATOR = "Only members who may manage messages here can do that. Ask one of them."
STALE = "That panel is from an earlier version of me. Open it again with its command."

# --- /settings

MODERATORS_HINT = "none yet: choose one in `/safety`"
MODERATORS_LINE = "<#{channel}>, changed in `/safety`"
ROOMS_HELP = "Threads and forum posts follow their channel."
TOO_MANY = "There are {count}; Discord's menu shows {shown}. What you choose there replaces them all."


# --- /safety

PLACE_AGE_HELP = "They hold in every channel that Discord marks as age-restricted, unless it has rules of its own."
PLACE_OPTIONS = {"s": "This server", "h": "This channel", "a": "Age-restricted channels"}
MODS_HELP = (
    "Appeals and reports are posted there as cards, with what was said and the frame or the video behind a spoiler. "
    "Who may manage messages in that channel rules on them."
)
MODS_NONE = "There is none, so cases wait in `/cases`."
MODS_OPEN = "Everyone here can read <#{channel}>. The cards show what was blocked: a private channel is better."
MODS_UNKNOWN = "I can't see <#{channel}>. Let me view it and choose it again, or choose another one."
MODS_MISSING = "I can't post cards in <#{channel}> yet. Give me {missing} there, then choose it again."
MODS_MISSING_NOW = "I can't post cards there at the moment: I need {missing}."
MODS_GONE_NOW = "I can't see that channel any more. Choose another one."
PERMISSIONS = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
}

# --- /audit

AUDIT_LOCAL = "Only <#{channel}>, because that is where you may manage messages."

# --- cases

JUMP = "[Go there]({url})"
CARD_NO_CHANNEL = "The moderator channel is gone. Choose another one with /safety."
CARD_NO_RIGHT = (
    "I may not post cards in the moderator channel. Give me View Channel, Send Messages, Embed Links and Attach Files "
    "there, or choose another one with /safety."
)
CARD_GONE = "The card of this case was deleted. The case itself stands in /cases."
CARD_CLOSED = "Discord lets nobody change this card any more. The case itself stands in /cases."
CARD_FAILED = "Discord did not take the card of this case ({why}). The case itself stands in /cases."
CARD_BAD_REF = "That is no card of mine."

GERMAN = {
    "settings": "einstellungen",
    "Where I answer, who may ask, quotas, model, and how long I keep things": (
        "Wo ich antworte, wer fragen darf, Kontingente, Modell, und wie lange ich etwas behalte"
    ),
    "safety": "sicherheit",
    "Limits and actions for each kind of harm, and the moderator channel": (
        "Grenzwerte und Folgen für jede Art von Schaden, und der Moderationskanal"
    ),
    "place": "ort",
    "Whose rules to look at": "Wessen Regeln du ansehen möchtest",
    "channel": "kanal",
    "The rules of one channel": "Die Regeln eines Kanals",
    "this server": "dieser Server",
    "this channel": "dieser Kanal",
    "age-restricted channels": "Kanäle mit Altersbeschränkung",
    "audit": "protokoll",
    "What was decided lately, with scores and reasons, and who changed what": (
        "Was zuletzt entschieden wurde, mit Werten und Gründen, und wer was geändert hat"
    ),
    "category": "kategorie",
    "Only this kind of harm": "Nur diese Art von Schaden",
    "action": "folge",
    "Only what ended like this": "Nur, was so ausging",
    "blocked": "blockiert",
    "warned": "mit Warnung gezeigt",
    "let through": "durchgelassen",
    "where": "stelle",
    "Only what was checked there": "Nur, was dort geprüft wurde",
    "the answer": "die Antwort",
    "a posted clip": "ein geposteter Clip",
    "what is said in a clip": "was in einem Clip gesagt wird",
    "the question": "die Frage",
    "a prompt for a video": "die Beschreibung eines Videos",
    "a made video": "ein gemachtes Video",
    "member": "mitglied",
    "Only what is about, or was changed by, one member": "Nur, was ein Mitglied betrifft oder geändert hat",
    "kind": "art",
    "Only decisions, or only changes of rules and settings": (
        "Nur Entscheidungen, oder nur Änderungen von Regeln und Einstellungen"
    ),
    "decisions": "Entscheidungen",
    "changes": "Änderungen",
    "Only this channel": "Nur dieser Kanal",
    "cases": "fälle",
    "Appeals and reports that wait for a moderator": "Einsprüche und Meldungen, die auf eine Entscheidung warten",
}
