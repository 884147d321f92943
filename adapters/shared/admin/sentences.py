"""What admins and moderators read, in the same words on every platform, in English.

The marks are those of `Dialect.say`, which also fills `{platform}`, `{community}`, `{group}` and `{groups}`.
"""

from __future__ import annotations

BROKEN = "Something broke on my side. Open it again to see what holds now, and try once more."
NEEDS_ADMIN = "Only members who may manage this {community} can do that. Ask one of them."
NOT_A_NUMBER = "“{text}” is not a number. Write it in digits, like 10 or 0.5."
BACK = "Back"
RESET = "Back to the default"
SET_HERE = "set here"
DEFAULT = "default"
CLEARED = "The default holds again."
SAVED = "Saved."

# --- /settings

SETTINGS_TITLE = "Settings of this {community}"
SETTINGS_MENU = "Change something …"
ROOMS = "Where I answer"
ASK = "Who may ask"
GENERATE = "Who may make videos"
MODEL = "Model of the videos"
KEEP = "How long I keep things"
QUOTAS = "Quotas"
MODERATORS = "Moderator channel"
QUOTAS_SPECIAL = "Members and {groups} with limits of their own: {count}"
MODES = {"all": "Everywhere", "only": "Only in some channels", "except": "Everywhere except in some channels"}
MODE_LINES = {"all": "Everywhere", "only": "Only in {channels}", "except": "Everywhere except in {channels}"}
MODE_MENU = "Where I answer …"
CHANNELS_MENU = "Choose the channels …"
CHOOSE_CHANNELS = "Nothing is changed yet. Now choose the channels below."
AUDIENCES = {
    "everyone": "Everyone",
    "roles": "Members with some {groups}",
    "admins": "Only who may manage this {community}",
    "nobody": "Nobody",
}
AUDIENCE_LINES = {**AUDIENCES, "roles": "Members with {names}"}
AUDIENCE_MENU = "Who may …"
ROLES_MENU = "Choose the {groups} …"
CHOOSE_ROLES = "Nothing is changed yet. Now choose the {groups} below."
AUDIENCE_HELP = "Who may manage this {community} may also do it, unless it is switched off for everybody."
GENERATE_HELP = "Leave to ask is no leave to make videos: the two are checked apart."
MODEL_MENU = "Choose the model …"
OPERATORS_MODEL = "the operator's choice"
KEEP_DAYS = "{days} days, then I forget it"
KEEP_DAY = "1 day, then I forget it"
KEEP_ALWAYS = "Until somebody makes me forget it"
KEEP_BUTTON = "Change the days …"
KEEP_HELP = "Questions, answers, clips and videos. Anybody can have their own deleted at any time with `/forget`."
KEEP_LABEL = "Days"
KEEP_HINT = "Empty: until somebody makes me forget it"

# --- quotas

QUOTAS_TITLE = "Quotas"
QUOTAS_HELP = (
    "A member's own quota wins over those of their {groups}; of several {groups} the most generous one counts, before "
    "everyone's. Hours and days end now: there is no reset at midnight."
)
QUOTA_MENU = "Choose a {group} or a member …"
QUOTA_EVERYONE = "Everyone …"
QUOTA_HOUR = "Per hour …"
QUOTA_DAY = "Per day …"
QUOTA_CLEAR = "Remove these limits"
QUOTA_CLEARED = "These limits are removed."
QUOTA_NONE_OWN = "No limits of their own: those for everyone count."
QUOTA_NONE = "No limits."
EVERYONE = "Everyone"
MEASURES = {"asks": "Questions", "videos": "Videos", "gpu_seconds": "GPU-seconds"}
WINDOWS = {"hour": "an hour", "day": "a day"}
NO_LIMIT = "no limit"
NO_LIMIT_WORDS = frozenset({"no limit", "none", "unlimited", "∞", "-", "–", "unbegrenzt", "kein limit"})
QUOTA_HINT = "A number, or “no limit”. Empty: no limit of their own."
QUOTA_HINT_EVERYONE = "A number, or “no limit”. Empty: the operator's default."
MORE = "… and {count} more."

# --- /safety

SAFETY_TITLE = "Safety rules"
PLACE_SERVER = "For this {community}"
PLACE_AGE = "For age-restricted channels"
PLACE_CHANNEL = "For {channel}"
PLACE_AGE_CHANNEL = "For {channel}, which is age-restricted"
SAFETY_MENU = "Change a rule …"
PLACE_MENU = "Look at the rules of …"
CHANNEL_MENU = "… or of another channel"
LEGEND = "T text, F frames: ● a guard scores it, – *not covered*."
NOT_COVERED = "not covered"
NOT_COVERED_LINE = "**Not covered**: {names}. No guard that is loaded scores this, so its limit does nothing."
NO_RULES = "There are no rules to show."
ORIGIN_MARKS = {"community": "S", "age-restricted": "A", "place": "C"}
ORIGIN_LEGEND = {"S": "S set for this {community}", "A": "A for age-restricted channels", "C": "C for this channel"}
ORIGINS = {
    "default": "the operator's default",
    "community": "set for this {community}",
    "age-restricted": "set for age-restricted channels",
    "place": "set for this channel",
}
ACTIONS = {"allow": "only record it", "warn": "show it with a warning", "block": "don't show it"}
COVERS = {
    (True, True): "Text and frames are scored.",
    (True, False): "Only text is scored; frames are *not covered*.",
    (False, True): "Only frames are scored; text is *not covered*.",
    (False, False): "*Not covered*: no guard that is loaded scores it, so the limit does nothing.",
}
LIMIT_MENU = "Limit …"
ACTION_MENU = "What happens at the limit …"
HOLDS_NOW = "now"
TITLED = "**{name}**"
IN_TABLE = "*({word})*"
ORIGIN = "{line} · *{word}*"
HELD = "**{line}** · *{word}*"
RULE_NOW = "Now: **{limit}**, *{action}* ({origin})."
RULE_DRAFT = "New: **{limit}**, *{action}*. Not saved yet."
WHAT_IF = "With {limit}, {changed} of the last {decisions} decisions here would differ{how}."
WHAT_IF_NONE = "With {limit}, none of the last {decisions} decisions here would differ."
WHAT_IF_EMPTY = "There are no decisions here yet to try it on."
STOPPED = "{count} more stopped"
LET_THROUGH = "{count} more let through"
SAVE = "Save"
EXACT = "Another number …"
EXACT_LABEL = "Limit, from 0 to 1"
EXACT_HINT = "Lower is stricter: what scores this much or more is over the limit."
NOT_A_LIMIT = "A limit is a number from 0 to 1. Lower is stricter."
WIDER = "Use the wider rule"
RULE_SAVED = "Saved: {category} {limit}, {action}."
RULE_CLEARED = "{category} follows the wider rule again."
NO_CATEGORY = "There is no category “{name}”. There are: {known}."
OPEN_CASES = "Open cases ({count})"
MODS_TITLE = "Moderator channel"
MODS_NOW = "Now: {channel}."
MODS_MENU = "Choose the channel …"

# --- /audit

AUDIT_TITLE = "Audit"
AUDIT_NEWEST = "Newest first."
AUDIT_EMPTY = "Nothing is recorded that fits. Try fewer filters."
OLDER = "Older"
NEWER = "Newer"
ACTED = {"block": "⛔ blocked", "warn": "⚠️ warned", "allow": "✅ let through"}
WHERE = {
    "question": "question",
    "clip": "clip",
    "speech": "speech",
    "answer": "answer",
    "prompt": "prompt",
    "video": "video",
}
NOT_SCORED = "not scored"
KINDS = {"decision": "decisions", "change": "changes"}
CHANGED = "✏️ **{what}** changed by {who}: {before} → {after}"
A_RULE = "rule for {category}"
A_QUOTA = "quota of {subject}: {measure} {window}"
A_CASE = "Case"
DAYS = "{days} days"
KEEP_ALWAYS_SHORT = "until somebody makes me forget it"
SETTING_NAMES = {
    "rooms": "where I answer",
    "ask": "who may ask",
    "generate": "who may make videos",
    "model": "model of the videos",
    "retention_days": "how long I keep things",
    "moderator_channel": "moderator channel",
}
AGE_PLACE = "age-restricted channels"
WHOLE_COMMUNITY = "this {community}"
DIRECT = "a direct message"
NOTHING = "the default"
WIDER_RULE = "the wider rule"
SOMEONE = "somebody whose data is deleted"

# --- cases

CASES_TITLE = "Open cases"
NO_CASES = "There are no open cases."
CASES_MENU = "Look at a case …"
CASE_GONE = "That case is gone: what it was about has been deleted."
CASE_KINDS = {"appeal": "Appeal", "report": "Report"}
CASE_STATES = {"open": "open", "upheld": "upheld", "overturned": "overturned", "removed": "removed", "kept": "kept"}
RULINGS = {
    "upheld": "Uphold the block",
    "overturned": "Overturn it",
    "removed": "Remove the answer",
    "kept": "Keep it",
}
APPEALED = "{author} appeals: what they asked for in {place} was blocked."
REPORTED = "{author} reports an answer to {asker} in {place}."
WORDS = "In their words"
EXCERPT = "What it is about"
SCORES = "Scores"
OUTCOME = "Outcome"
SUGGESTION = "Suggestion"
ATTACHED = "Attachments"
RULED_UNSEEN = "Your ruling stands ({ruling}), but {platform} did not let me redraw this card."
DECIDED = "{ruling} by {who}{when}."
CASE_FOOTER = "request {request} · case {case}"
NOT_ATTACHED = "The frame or video is larger than {platform} takes in this channel, so it is not attached."
FILE_GONE = "A frame or video of this case is no longer on my disk."
