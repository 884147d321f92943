"""A hub of models on the loopback, which answers what the hub's own library asks."""

from tests.fakes.hub_server.server import HubServer
from tests.fakes.hub_server.world import Request

__all__ = ["HubServer", "Request"]
