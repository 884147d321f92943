"""The HTTP servers that strangers can reach: how many connections, how long they may take, and where they come from."""

from adapters.http.addresses import TrustedProxies
from adapters.http.connections import Limits
from adapters.http.server import HttpServer, client_address, hung_up

__all__ = ["HttpServer", "Limits", "TrustedProxies", "client_address", "hung_up"]
