"""What people read under, beside and instead of an answer: in the same words on every platform, in English.

The marks are those of `Dialect.say`, which also fills `{platform}` and `{community}`. What is said about a thing that
only one platform has stands with that platform.
"""

from __future__ import annotations

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
TOO_LARGE = "The video is larger than {platform} takes here. Ask for a shorter or smaller one."
VIDEO_REFUSED = "{platform} did not take the video. Ask for it again; if that goes on, tell the operator of this bot."
ANSWER_REFUSED = "{platform} does not take the answer as I wrote it. Ask again, in other words perhaps."
VIDEO_GONE = "The file of this video is no longer on my disk. Ask for it again."
MADE_FROM = "Made from: {prompt}"
SENSITIVE = "⚠ Sensitive: {what}. Report it if it should not be here."
WHERE = {
    "question": "the question",
    "clip": "the clip",
    "speech": "what is said in the clip",
    "screen": "what can be read in the clip",
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
    "I deleted what I kept of it, but {platform} did not let me take the message away. Press the button again, or ask "
    "a moderator to delete the message."
)
NO_FRAMES = "The frames of this answer are no longer on my disk."
SOME_FRAMES_GONE = "Some of them are no longer on my disk."
FRAMES_TOO_LARGE = "The frames are larger than {platform} takes here."
FRAMES_SEEN = "I looked at these frames: {times}."
OF_CLIP = "{time} of clip {number}"
REPORTED = "Thank you. The moderators will look at it."
APPEALED = "Thank you. A moderator will look at it, and I'll tell you what they decide."
MADE_THERE = "I'm making another one: {link}"

# --- dialogs ---------------------------------------------------------------------------------------------------------

VARY_TITLE = "Vary this video"
VARY_LABEL = "What it should show"
REPORT_TITLE = "Report this answer"
REPORT_LABEL = "What is wrong with it?"
REPORT_HINT = "The moderators of this {community} read this together with the answer."
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
    "What runs right now is cancelled. The messages in {platform} stay."
)
FORGOTTEN = "Done. I have forgotten this conversation."
HOLDINGS_HERE = "In this conversation I keep of you: {what}."
HOLDINGS_EVERYWHERE = "In all of {platform} I keep of you: {what}."
FORGET_ME = (
    "I will delete all of it, and your name in the record of safety decisions. What runs for you there right now is "
    "cancelled. The messages in {platform} stay."
)
FORGOT_ME = "Done. I deleted {what}."
NOTHING_KEPT_HERE = "I keep nothing of you in this conversation."
NOTHING_KEPT_EVERYWHERE = "I keep nothing of you."
