"""The sentences of the gateway side: about places, rights and joining. Those about requests are in `strings.py`."""

from __future__ import annotations

CANNOT_WRITE = "I can't write in {where}. Ask its moderators to let me send messages there, and try again."
MISSING_RIGHTS = (
    "I can't answer in {where}: I don't have the permission {rights} there. "
    "Ask its moderators to give it to me, and try again."
)
THREAD_CLOSED = (
    "I can't answer in {where}, because it is closed. Ask its moderators to open it again, or ask me in another place."
)
PLACE_DELETED = "I can't answer in {where} any more, because it was deleted. Please ask me in another place."
MAY_NOT_ATTACH = "I may not attach files here. Ask the moderators to let me, and ask for the video again."

HELLO = (
    "Hello! I am {name}, and I was just added to **{guild}**. Three things to do there:\n"
    "1. Mention me with a video, a GIF or a picture and a question. I watch it and answer.\n"
    "2. **/generate** makes a short video of what you describe.\n"
    "3. **/settings** and **/safety** are for admins: where I answer, who may ask, and what I stop.\n"
    "**/help** tells the rest."
)
