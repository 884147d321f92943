"""The settings of this backend: what `ModelChoice.options` may say, checked before anything is loaded."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import msgspec

from engine.errors import BadRequest


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """0 and an empty text mean: what suits the device.

    `frame_side` bounds the longer side of frames and pictures, in pixels; `context` the tokens of a conversation with
    its answer; `attention` names one of transformers' implementations; `quantize` is `8bit` or `4bit` (bitsandbytes; a
    model that is stored quantised needs nothing); `dtype` a number format of torch. `temperature` above 0 samples.
    `reuse_mb` bounds what is kept of conversations for their next question; `reuse_conversations` how many those are.
    """

    frame_side: int = 0
    context: int = 0
    attention: str = ""
    quantize: str = ""
    dtype: str = ""
    temperature: float = 0.0
    reuse_mb: int = 512
    reuse_conversations: int = 4


def read(options: Mapping[str, object], model: str) -> Options:
    """Raises `BadRequest` for a setting that does not exist or has a value of the wrong kind."""
    known = Options.__struct_fields__
    if unknown := next((name for name in options if name not in known), ""):
        nearest = difflib.get_close_matches(unknown, known, n=1, cutoff=0.0)[0]
        raise BadRequest(
            f"{model} has no option “{unknown}”. The nearest one is “{nearest}”; known are: {', '.join(known)}.",
            option=unknown,
        )
    try:
        found = msgspec.convert(dict(options), Options)
    except msgspec.ValidationError as error:
        raise BadRequest(f"An option of {model} cannot be used: {error}. Correct it in the configuration.") from None
    if found.quantize not in ("", "8bit", "4bit"):
        raise BadRequest(f"The option quantize of {model} is “{found.quantize}”. Use 8bit or 4bit, or leave it out.")
    return found
