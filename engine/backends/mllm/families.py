"""What families of models do differently and cannot be asked about, by `config.model_type`. The rest is found out.

What a processor or a model can be seen to do is tried when it is loaded (`Traits`): a family that is new here works
without a line in this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Traits:
    """What a loaded processor turned out to do.

    `video`: its chat template has a place for videos and its processor takes them; otherwise frames go in as pictures.
    `mixes`: it takes pictures and videos in one conversation. `uneven`: it takes videos with different numbers of
    frames in one conversation; where it does not, the last frame of the shorter ones is repeated. `tag` spells the name
    of our protocol's tag so that no text of a conversation is taken for a placeholder of the processor's.
    """

    video: bool
    mixes: bool
    uneven: bool
    tag: str


@dataclass(frozen=True, slots=True)
class Family:
    """`frame` are the processor's arguments for frames that go in as pictures: whole, not cut into tiles, because a
    dozen frames in tiles fill any context. `reuses` says whether what was computed for a conversation may serve its
    next question, and `why` not."""

    frame: Mapping[str, Any] = field(default_factory=dict)
    reuses: bool = True
    why: str = ""


_WHOLE = MappingProxyType({"do_image_splitting": False})

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "smolvlm": Family(frame=_WHOLE),
        "idefics2": Family(frame=_WHOLE),
        "idefics3": Family(frame=_WHOLE),
        "lfm2_vl": Family(frame=_WHOLE),
        "internvl": Family(frame={"crop_to_patches": False}),
        "gemma3": Family(frame={"do_pan_and_scan": False}),
        "aya_vision": Family(frame={"crop_to_patches": False}),
        # Cross attention over pictures is a cache of its own, which does not grow with the text.
        "mllama": Family(reuses=False, why="pictures live in a cross-attention cache outside of the text's"),
        # Bidirectional: later tokens change what was computed for earlier ones.
        "diffusion_gemma": Family(reuses=False, why="blocks of text are denoised, not continued"),
    }
)


def family_of(model_type: str) -> Family:
    return FAMILIES.get(model_type, Family())
