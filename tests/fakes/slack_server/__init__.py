"""A Slack for tests, on the loopback. `SlackServer` is the way in; see its module for what it offers."""

from tests.fakes.slack_server.server import SlackServer

__all__ = ["SlackServer"]
