"""What is said on Slack's Home, in its forms and on the moderators' cards alone; the rest is `adapters.shared`'s.

Mrkdwn where a page shows it, plain in menus, forms and their errors.
"""

from __future__ import annotations

BROKEN = "Something broke on my side. Open the page again to see what holds now, and try once more."
NEEDS_ADMIN = "Only admins of this workspace can do that. Ask one of them."
NEEDS_MODERATOR = (
    "Only admins of this workspace and members of the moderator channel, acting in it, can do that. Ask one of them."
)
STALE = "That page is from an earlier version of me. Here is the one of now."
TOO_LATE = "That took too long, and Slack opens no form any more. Please press it once more."
TOO_MUCH = "There is more than Slack shows on one page."
ONE_MOMENT = "One moment"
LOADING = "One moment …"
SORRY = "That did not work"

CLOSE = "Close"
CANCEL = "Cancel"
CHANGE = "Change …"
PREVIOUS = "Previous"
NEXT = "Next"
PAGES = {
    "me": "My page",
    "set": "Settings",
    "quo": "Quotas",
    "saf": "Safety",
    "aud": "Audit",
    "cas": "Open cases",
}

# --- the personal page

WAITING = "Waiting for you"
SHOW = "show"
NOTHING_TO_CANCEL = "There was nothing left to cancel: it has just ended."
USED_TITLE = "Your quotas in this workspace"
NO_QUOTAS = "There are no limits for you here."
DATA = "Your data"
HOLDINGS_HERE = "In our direct messages I keep of you: {what}."
NOTHING_HERE = "In our direct messages I keep nothing of you."
DATA_HELP = "Deleting cancels what runs for you there. The messages in Slack stay."
FORGET_HERE = "Delete it in our direct messages …"
FORGET_EVERYWHERE = "Delete it everywhere …"
FORGET_TITLE = "Delete what I keep of you?"
FORGET_ASK = (
    "I will delete {what}, and your name in the record of safety decisions. What runs for you there is cancelled. "
    "Nobody can bring it back."
)
FORGET_YES = "Delete it"
FORGET_NO = "Keep it"
HELP_TITLE = "What I can do"
HELP = (
    "*Ask about a video*: post a clip and mention me with your question, or write me directly. In the thread of my "
    "answer I still know what it was about.\n"
    "*Make a video*: `/generate` and what it should show. Under each video are buttons to make it again, to change it "
    "and to make it longer.\n"
    "*A clip that is there already*: open the menu of its message (⋮) and choose _Ask about this video_ or _Make a "
    "video like this_.\n"
    "`/queue` shows what you wait for, `/forget` what I keep of you.\n"
    "What was blocked can be appealed, and what should not be there can be reported, with the buttons under it."
)

# --- settings

MODE_LABEL = "Where"
CHANNELS_LABEL = "Channels"
CHANNELS_HINT = "For “only” and “except”. Threads follow their channel."
CHOOSE_CHANNELS = "Choose at least one channel, or let me answer everywhere."
WHO_LABEL = "Who"
AUDIENCES = {
    "everyone": "Everyone",
    "roles": "Members of some user groups",
    "admins": "Only admins of the workspace",
    "nobody": "Nobody",
}
GROUPS_LABEL = "User groups"
GROUPS_HINT = "For “members of some user groups”. Admins of the workspace may too, unless it is for nobody."
CHOOSE_GROUPS = "Choose at least one user group, or somebody else who may."
NO_GROUPS = "There are no user groups in this workspace, or I may not see them (my scope is usergroups:read)."
MODEL_LABEL = "Model"
KEEP_HINT = "Empty: until somebody makes me forget it. Everybody can delete what is theirs at any time."
MODS_HELP = (
    "Appeals and reports are posted there as cards. Admins of the workspace and the members of that channel rule on "
    "them, so it should be a private one."
)
MODS_NONE = "None yet, so cases wait on the page _Open cases_"
MODS_LABEL = "Channel"
MODS_HINT = "Invite me there first. A private channel is better: the cards quote what was blocked."
MODS_UNKNOWN = "I can't see that channel. Invite me there with /invite, or choose another one."
MODS_NOT_IN = "I am not in that channel. Invite me there with /invite, or choose another one."
MODS_ARCHIVED = "That channel is archived. Choose another one."
MODS_SHARED = (
    "That channel is shared with another organisation, whose people would read the cards and rule on them. Choose "
    "another one."
)
MODS_UNTOLD = "Slack did not tell me about that channel just now. Try again in a moment."
MODS_OPEN = "⚠ Everyone in the workspace can read it, and the cards quote what was blocked."
MODS_SHARED_NOW = "⚠ It is shared with another organisation, whose people read the cards and rule on them."
SCOPES_LACKING = (
    "⚠ *I lack rights in this workspace*, so some things don't work:\n{what}\n"
    "Somebody who manages the app can add them on its page _OAuth &amp; Permissions_ and install it again."
)
MODS_WARNING = "⚠ I can't post cards there at the moment. {why}"
PRESELECTED_GONE = "What is chosen there now can't be shown here; what you choose replaces it."

# --- quotas

FOR_GROUP = "For a user group …"
FOR_PERSON = "For a person …"
GROUP_LABEL = "User group"
PERSON_LABEL = "Person"
REMOVE = "Remove"
REMOVE_TITLE = "Remove these limits?"
REMOVE_ASK = "Those for everyone count then, or the operator's."
REMOVE_NO = "Keep them"
QUOTA_HINT_NEW = "A number, or “no limit”. Empty: as it is."
QUOTA_WRITE = "Write at least one limit."
CHOOSE_SOMEONE = "Choose whom it is for."

# --- safety

LOOK_ELSEWHERE = "Rules of a channel …"
WHOLE_WORKSPACE = "Rules of the workspace"
SAFETY_HELP = "What scores the limit or more is over it: lower is stricter."
RULE_SAME = "That is what holds now. Change the limit or what happens, to see what that would do."
SEE = "See what changes"
ACTION_LABEL = "What happens at the limit"

# --- the audit

FILTER = "Filter …"
FILTER_TITLE = "Filter the audit"
NO_FILTER = "Show everything"
SHOW_THEM = "Show"
CATEGORY_LABEL = "Category"
ACTED_LABEL = "What happened"
WHERE_LABEL = "Where it was checked"
PERSON_FILTER_LABEL = "Whose, or changed by whom"
CHANNEL_LABEL = "Channel"
KIND_LABEL = "Kind"

# --- cases

GO_THERE = "Go there"
IN_THE_THREAD = "Open the thread to see the frame or the video. It may disturb you."
THREAD_NOTE = "The frame or the video of this case. It may disturb you."
NOT_UPLOADED = "The frame or video could not be uploaded ({why})."
RULED = "The ruling stands: {ruling}."
CARD_NO_CHANNEL = "The moderator channel is gone. Choose another one on my Home page, under Settings."
CARD_ARCHIVED = "The moderator channel is archived. Choose another one on my Home page, under Settings."
CARD_NOT_IN = "I am not in the moderator channel. Invite me there with /invite, or choose another one on my Home page."
CARD_NO_RIGHT = "I may not post in the moderator channel. Let me post there, or choose another one on my Home page."
CARD_NO_SCOPE = "The app lacks a scope for the card ({scope}). Add it on the app's page, and install the app again."
CARD_SIGNED_OFF = "The app is not installed in that workspace any more, so there is nobody to show the card to."
CARD_GONE = "The card of this case was deleted. The case itself stands on my Home page, under Open cases."
CARD_FAILED = "Slack did not take the card of this case ({why}). It stands on my Home page, under Open cases."
CARD_BAD_REF = "That is no card of mine."
NO_CONNECTION = "no connection"
