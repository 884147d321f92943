"""What only people on Slack read about requests: dialogs with more than one field, and what Slack alone refuses.

Everything else is said in `adapters.shared.sentences`. The marks are those of `Dialect.say`; dialogs show none.
"""

from __future__ import annotations

DELETE_TITLE = "Delete this answer?"
DELETE_ASK = "The messages of the answer go, and what I keep of it."
DELETE_YES = "Delete"
DELETE_NO = "Keep it"

# --- when a button is pressed ----------------------------------------------------------------------------------------

FRAMES_SENT = "I sent you the frames in a direct message."
FRAMES_NOT_SENT = "I couldn't send you the frames in a direct message. Write to me once, or try again in a moment."
FRAMES_SENSITIVE = "⚠ They may be sensitive."
LEFT_THERE = "That was asked in a place that I can't reach now, or that you are not in. Ask again elsewhere."
DIALOG_NOT_OPENED = "Slack did not open the dialog. Please press it once more in a moment."
TOO_LATE = "That took too long, and Slack opens no dialog any more. Please press it once more."

# --- dialogs ---------------------------------------------------------------------------------------------------------

MOMENT_TITLE = "One moment"
NOTICE_TITLE = "GPT4Video"
CLOSE = "Close"
CANCEL = "Cancel"
SEND = "Send"
MAKE = "Make it"
ASK = "Ask"

GENERATE_TITLE = "Make a video"
PROMPT_LABEL = "What the video should show"
PROMPT_HINT = "a red ball bouncing on green grass"
LENGTH_LABEL = "Length in seconds"
LENGTH_HINT = "for example 3"
SHAPE_LABEL = "Shape"
SHAPES = {"wide": "Wide", "square": "Square", "tall": "Tall"}
SEED_LABEL = "Seed"
SEED_HINT = "The same number gives the same video."
AVOID_LABEL = "What the video should not show"
MODEL_LABEL = "Model"
CHOOSE = "Choose"
APPEAL_TITLE = "Appeal"  # Slack's titles are short
LIKE_LABEL = "What should be different?"
ABOUT_FILES = "About {names}"

EMPTY_PROMPT = "Say in a few words what the video should show."
EMPTY_QUESTION = "Say in a few words what you want to know."
EMPTY_REPORT = "Say in a few words what is wrong with it."
TOO_LONG = "Say it in at most {most} characters."
NOT_A_LENGTH = "Write a number of seconds, like 3 or 2.5."
LENGTH_OUT_OF_RANGE = "Choose between {shortest:g} and {longest:g} seconds."
NOT_A_SEED = "Write a whole number from 0 to {most}, or leave it empty."
NO_SUCH_MODEL = "This model is not loaded any more. Choose another one."

# --- commands --------------------------------------------------------------------------------------------------------

PROMPT_TOO_LONG = "That is longer than I can take. Say it in at most {most} characters."
CANNOT_WRITE_HERE = "I can't write in this conversation. Ask me in a channel that I am in, or write to me directly."
SLACK_IS_BUSY = "Slack does not let me post right now. Please try again in a moment."
CLIPS_GONE = "I can't read the clip of that message any more. Post it again, and ask about that."

SHOW = "show"
FORGET_YES = "Delete it"
EVERYWHERE = "Show what I keep everywhere"
HOLDINGS_CHANNEL = "In this channel and its threads I keep of you: {what}."
NOTHING_KEPT_CHANNEL = "I keep nothing of you in this channel and its threads."
