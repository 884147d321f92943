"""The user groups of a workspace by name, remembered for a while. Knows no pages."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from adapters.slack.home.kit import Choice
from adapters.slack.workspace import UNREACHED, Workspace, code_of

log = logging.getLogger(__name__)

FRESH_S = 5 * 60.0  # usergroups.list may be asked twenty times a minute


class Groups:
    """Asks Slack for the handles of user groups. A missing scope, or no answer, means that there are none to choose."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: dict[str, tuple[float, Mapping[str, str]]] = {}  # by team

    async def names(self, workspace: Workspace) -> Mapping[str, str]:
        """Handles by id, without the @."""
        known = self._known.get(workspace.team)
        if known is not None and self._now() - known[0] < FRESH_S:
            return known[1]
        try:
            answer = await workspace.client.usergroups_list()
        except UNREACHED as error:
            log.info("the user groups of %s were not told: %s", workspace.team, code_of(error) or error)
            return known[1] if known is not None else {}
        found = {
            str(group["id"]): str(group.get("handle") or group.get("name") or group["id"])
            for group in answer.get("usergroups") or ()
            if not group.get("date_delete")
        }
        self._known[workspace.team] = (self._now(), found)
        return found

    def forget(self, team: str) -> None:
        self._known.pop(team, None)


def choices(names: Mapping[str, str]) -> Sequence[Choice]:
    """The lines of a menu of user groups, in the order of their handles."""
    return [Choice(f"@{handle}", id) for id, handle in sorted(names.items(), key=lambda each: each[1].casefold())]
