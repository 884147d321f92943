"""What `gpt4video doctor` asks Discord: is the token taken, which intents are on, what is missing in which guild.

Speaks only HTTP, opens no gateway and changes nothing. The token is in no sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from adapters.discord.adapter import API_BASE
from adapters.discord.errors import DiscordError, TokenRefused, Unreachable
from adapters.discord.places import missing, needed

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
PAGE = 200  # guilds that Discord lists at once
SHOWN = 10  # guilds named; more are counted
MESSAGE_CONTENT = 1 << 18 | 1 << 19  # the flags of an application with that intent; the second one up to 100 guilds
AGENT = "DiscordBot (https://github.com/Rapptz/discord.py, 2)"  # as the connected bot calls itself

PORTAL = "the Developer Portal (https://discord.com/developers/applications)"
NEW_TOKEN = f"Open {PORTAL}, page Bot, press Reset Token, and set GPT4VIDEO_DISCORD__TOKEN to what it shows."
SWITCH_ON = (
    f"Switch Message Content Intent on in {PORTAL}, page Bot, under Privileged Gateway Intents, "
    "or set discord.message_content to false: it is not needed for mentions, direct messages and commands."
)
NO_ENDPOINT = f"Empty the field Interactions Endpoint URL in {PORTAL}, page General Information."
NO_GRANT = f"Switch Requires OAuth2 Code Grant off in {PORTAL}, page Bot."


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice` is what to do when it is not ok."""

    name: str
    ok: bool
    says: str
    advice: str = ""


async def check_up(token: str, *, api_base: str = API_BASE, message_content: bool = False) -> list[Finding]:
    """Look at everything in turn. Never raises for what Discord answers or does not answer."""
    headers = {"Authorization": f"Bot {token}", "User-Agent": AGENT}
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=TIMEOUT) as session:
            ask = _Asking(session, api_base.rstrip("/"))
            me = await ask.get("/users/@me")
            application = await ask.get("/applications/@me")
            guilds = await ask.guilds()
        return [
            Finding("discord", True, f"the token is {me['username']}'s, and Discord takes it"),
            *_application(application, message_content=message_content),
            _guilds(guilds),
            Finding("discord invite", True, invite_link(int(application["id"]))),
        ]
    except TokenRefused:
        return [Finding("discord", False, "Discord refuses the token", NEW_TOKEN)]
    except DiscordError as error:
        says, _, advice = str(error).partition(". ")
        return [Finding("discord", False, f"{says}.", advice)]
    except (KeyError, TypeError, ValueError, AttributeError):
        return [Finding("discord", False, f"what answers at {api_base} is not Discord", "Correct discord.api_base.")]


def invite_link(application: int) -> str:
    """Where to add the bot to a guild, with the rights that it needs and no more."""
    return discord.utils.oauth_url(application, permissions=needed(), scopes=("bot", "applications.commands"))


class _Asking:
    """GETs with the bot's token."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def get(self, path: str, **query: str) -> Any:
        """Raises `TokenRefused` or `Unreachable`."""
        try:
            async with self._session.get(self._base + path, params=query, allow_redirects=False) as response:
                if response.status == 401:
                    raise TokenRefused
                if response.status == 429:
                    raise Unreachable("it was asked too often; wait some minutes")
                if response.status != 200:
                    raise Unreachable(f"it answered with HTTP {response.status}")
                return await response.json(content_type=None)
        except TimeoutError:
            raise Unreachable("it did not answer in time") from None
        except (aiohttp.ClientError, OSError):
            raise Unreachable("no connection") from None

    async def guilds(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        while True:
            after = {"after": str(found[-1]["id"])} if found else {}
            page = await self.get("/users/@me/guilds", limit=str(PAGE), **after)
            found += page
            if len(page) < PAGE:
                return found


def _application(facts: Mapping[str, Any], *, message_content: bool) -> list[Finding]:
    found = [_intents(int(facts.get("flags") or 0), wanted=message_content)]
    if facts.get("interactions_endpoint_url"):
        says = "Discord sends commands and buttons to an address of the application's own, so the bot never gets them"
        found.append(Finding("discord commands", False, says, NO_ENDPOINT))
    if facts.get("bot_require_code_grant"):
        says = "the application demands an OAuth2 code grant, so the invite link adds nobody"
        found.append(Finding("discord invite", False, says, NO_GRANT))
    anyone = (
        "anyone may add the bot to a guild" if facts.get("bot_public") else "only its owner may add the bot to guilds"
    )
    found.append(Finding("discord access", True, anyone))
    return found


def _intents(flags: int, *, wanted: bool) -> Finding:
    on = bool(flags & MESSAGE_CONTENT)
    if wanted and not on:
        says = "discord.message_content is true, but Discord has that intent switched off"
        return Finding("discord intents", False, says, SWITCH_ON)
    if wanted:
        return Finding("discord intents", True, "message content is asked for and switched on")
    unused = "; message content is switched on at Discord, but not asked for" if on else ""
    return Finding("discord intents", True, f"none that is privileged is asked for{unused}")


def _guilds(guilds: Sequence[Mapping[str, Any]]) -> Finding:
    """What the bot's roles lack. Channels may take away more; who asks there is told so."""
    if not guilds:
        return Finding("discord guilds", True, "none yet; open the invite link below")
    lacking = {str(guild["name"]): _missing(int(guild["permissions"])) for guild in guilds}
    poor = {name: rights for name, rights in lacking.items() if rights}
    count = f"{len(guilds)} guild" + ("s" if len(guilds) > 1 else "")
    if not poor:
        return Finding("discord guilds", True, f"{count}, with every permission")
    named = "; ".join(f"{name}: {', '.join(rights)}" for name, rights in list(poor.items())[:SHOWN])
    more = f"; and {len(poor) - SHOWN} more" if len(poor) > SHOWN else ""
    advice = "Let an admin there open the invite link below again, or give these permissions to the bot's role."
    return Finding("discord guilds", False, f"{count}; missing in {named}{more}", advice)


def _missing(held: int) -> list[str]:
    permissions = discord.Permissions(held)
    return [] if permissions.administrator else missing(permissions)
