"""The sentences of the talking side, in mrkdwn: about places, files and rights. Those about requests are in
`strings.py`."""

from __future__ import annotations

PLACEHOLDER = "One moment …"
BROKEN = "Something broke on my side. Please try again in a moment."
AT_WORK = "is at work …"
VIDEO_GONE = "The file of this video is no longer on my disk. Ask for it again."
TOO_LARGE = "The video is larger than Slack takes here. Ask for a shorter or smaller one."
SENSITIVE = "⚠ Sensitive:"  # before the title of a video
VIDEO_LATE = "Slack still prepares the video; it will appear in this thread."

CANNOT_WRITE = "I can't write in {where}. Invite me there (`/invite`), or ask an admin to let me write, and try again."
ARCHIVED = "I can't answer in {where}, because it is archived. Please ask me in another place."

FILE_BROKE_OFF = "{name} broke off while I fetched it. Please try again."
FILE_UNREACHED = "I could not fetch {name} from Slack. Please try again in a moment."
FILE_GONE = "{name} is no longer on Slack. Upload it again, please."
FILE_FORBIDDEN = "{name} lies in a place that I don't fetch files from. Please upload it to Slack itself."
FILE_SCOPE = (
    "Slack does not let me read files in this workspace: the app lacks the permission `files:read`. "
    "An admin can give it to me by installing the app again."
)

PROMPTS_TITLE = "What shall I do?"
PROMPTS = (
    ("Ask about a clip", "What happens in this video?"),
    ("Find a moment", "When does something unexpected happen in this video?"),
    ("Make a video", "Make a video of a red ball that bounces on green grass."),
)
