"""A Discord for tests, on the loopback. `DiscordServer` is the way in; see its module for what it offers."""

from tests.fakes.discord_server.server import DiscordServer

__all__ = ["DiscordServer"]
