"""What admins and moderators do on Discord: settings, safety, the audit and cases, over the neutral `AdminDesk`.

Knows no policies and no stores.
"""

from adapters.discord.admin.commands import add_admin_commands
from adapters.discord.admin.controls import Control
from adapters.discord.admin.room import AdminRoom
from adapters.discord.admin.strings import GERMAN as ADMIN_GERMAN

ADMIN_ITEMS = (Control,)
"""The items that make buttons and menus work after a restart, for `Client.add_dynamic_items`."""

__all__ = ["ADMIN_GERMAN", "ADMIN_ITEMS", "AdminRoom", "add_admin_commands"]
