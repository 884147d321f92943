"""What every section of the configuration is made of. It knows no option."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError


def conflict(key: str, text: str) -> PydanticCustomError:
    """An option that is fine alone and impossible beside the others."""
    return PydanticCustomError("conflict", "{text}", {"key": key, "text": text})


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:  # ~nobody-of-that-name
        raise PydanticCustomError("home", "there is no such home folder") from None


AnyPath = Annotated[Path, AfterValidator(_absolute)]
Secret = Annotated[SecretStr, Field(min_length=1)]  # an empty token would let everybody in
Port = Annotated[int, Field(ge=0, le=65535)]
Text = Annotated[str, Field(min_length=1)]


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise PydanticCustomError("network", "this is neither an address nor a network like 10.0.0.0/8") from None


Proxy = Annotated[str, AfterValidator(_network)]
Connections = Annotated[int, Field(ge=8)]


class Section(BaseModel):
    """A table of the file: unchangeable, without unknown names, and silent about the values that it refuses."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True, hide_input_in_errors=True
    )


class Door(Section):
    """What a server has that strangers can reach."""

    trusted_proxies: tuple[Proxy, ...] = ()
    max_connections: Connections = 1000
    max_connections_per_address: Connections = 256
