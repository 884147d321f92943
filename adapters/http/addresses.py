"""Which address a request really comes from: the connection's, or the one that a trusted proxy names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from multidict import CIMultiDictProxy

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Whoever has one address of IPv6 has the 2^64 beside it too.
IPV6_PREFIX = 64
# More hops than any chain of proxies has; the rest was made up.
MAX_HOPS = 32

_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.IGNORECASE)
_WITH_PORT = re.compile(r"^(?:\[(?P<six>[^\]]+)\]|(?P<four>[^:\[\]]+))(?::[\w-]+)?$")


def parse_address(text: str) -> Address | None:
    """Read an address as proxies write it (`192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`); None for anything else."""
    text = text.strip().strip('"')
    with_port = _WITH_PORT.match(text)
    bare = (with_port["six"] or with_port["four"]) if with_port else text
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def group_of(address: str) -> str:
    """What is counted as one sender: an IPv4 address, or the IPv6 network that one customer of a provider gets."""
    found = parse_address(address)
    if isinstance(found, ipaddress.IPv6Address) and not found.is_loopback:
        return str(ipaddress.ip_network((found, IPV6_PREFIX), strict=False))
    return str(found) if found else address


class TrustedProxies:
    """The addresses and networks (`10.0.0.0/8`) whose `X-Forwarded-For` or `Forwarded` is believed.

    Raises `ValueError` for what is neither.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks: list[Network] = [ipaddress.ip_network(network.strip(), strict=False) for network in networks]

    def __contains__(self, address: str) -> bool:
        found = parse_address(address)
        return found is not None and self._trusted(found)

    def client(self, peer: str, headers: CIMultiDictProxy[str]) -> str:
        """The right-most address that is no proxy of ours; what stands left of it may have been made up.

        `X-Forwarded-For` counts before `Forwarded`, since proxies that write the first hand the second on unread.
        """
        if peer not in self:
            return peer
        nearest = peer
        for hop in _hops(headers):
            found = parse_address(hop)
            if found is None:
                break
            nearest = str(found)
            if not self._trusted(found):
                break
        return nearest

    def _trusted(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def looks_like_a_proxy(peer: str, headers: CIMultiDictProxy[str]) -> bool:
    """Whether a request seems to come through a proxy of this machine or network; anybody else only pretends."""
    found = parse_address(peer)
    return found is not None and found.is_private and ("X-Forwarded-For" in headers or "Forwarded" in headers)


def _hops(headers: CIMultiDictProxy[str]) -> Iterator[str]:
    """The hops that the headers name, the nearest first."""
    given = headers.getall("X-Forwarded-For", [])
    named = [hop for line in given for hop in line.split(",")] if given else list(_forwarded(headers))
    return iter(named[: -MAX_HOPS - 1 : -1])


def _forwarded(headers: CIMultiDictProxy[str]) -> Iterator[str]:
    """The `for` of each element of `Forwarded` (RFC 7239), left to right; empty where an element has none."""
    for line in headers.getall("Forwarded", []):
        for element in line.split(","):
            found = _FOR.search(element)
            yield found[1].strip() if found else ""
