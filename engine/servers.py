"""Trying a model server before anybody relies on it: does it let us in, does it answer, can its model see?"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.errors import EngineError


@dataclass(frozen=True, slots=True)
class Tried:
    """A server that answers. `address` is the one that works, `model` the name that the server has for it."""

    address: str
    model: str
    sees: bool

    @property
    def says(self) -> str:
        if self.sees:
            return f"{self.model} answers, and it sees pictures."
        return f"{self.model} answers, but cannot see: it is told what the lite models recognise in a clip."


def try_server(address: str, key: str = "", model: str = "") -> Tried:
    """Ask a server one question in words and one about a picture. Blocks for as long as it takes.

    Raises `EngineError` with the reason as a sentence, which never holds the key.
    """
    from engine.backends.openai.trial import Trial

    address = address.strip().rstrip("/")
    trial = Trial(address, key, model)
    try:
        return trial.run()
    except EngineError:
        if urlsplit(address).path.strip("/"):
            raise
        try:  # most servers speak below /v1, and many people leave it out
            return Trial(f"{address}/v1", key, model).run()
        except EngineError:
            pass
        raise
