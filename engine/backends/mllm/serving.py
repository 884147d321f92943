"""A loaded model at work, with all that was found out about it when it was loaded: what it can do and what it takes.

It knows no job and no conversation, only prompts and pictures.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.backends import accelerator
from engine.backends.base import Footprint
from engine.backends.chat.thinking import Thoughts
from engine.backends.mllm import judging, probing
from engine.backends.mllm.families import family_of
from engine.backends.mllm.generating import Generator
from engine.backends.mllm.loading import Loaded, load
from engine.backends.mllm.prefix import Prefixes
from engine.backends.mllm.prompt import Prompt, Prompter
from engine.backends.mllm.speaking import Decoder, Speaker
from engine.errors import BadRequest

if TYPE_CHECKING:
    import torch

    from engine.backends.base import Image, JobContext
    from engine.backends.chat.sampling import Viewer
    from engine.backends.mllm.options import Options
    from engine.types import ModelChoice, RuntimeConfig

_log = logging.getLogger(__name__)

_CONTEXT, _CONTEXT_ON_PROCESSOR = 16384, 8192  # tokens, where the model could take more
_CACHE_SHARE = 2  # the cache of one conversation may fill half of the memory beside the weights
_KEPT_SHARE = 10  # what is kept of conversations is at most a tenth of the weights


@dataclass(slots=True)
class Served:
    """`context` bounds the tokens of a prompt with its answer. Answers are kept for their follow-ups in `prefixes`,
    where there are some and while this `keeps`."""

    loaded: Loaded
    prompter: Prompter
    prefixes: Prefixes | None
    generator: Generator
    viewer: Viewer
    context: int
    weights: int
    peak: int
    kept_bytes: int
    keeps: bool = True

    @property
    def device(self) -> torch.device:
        found: torch.device = self.loaded.model.device
        return found

    def footprint(self) -> Footprint:
        kept = self.kept_bytes if self.prefixes is not None and self.keeps else 0
        return Footprint(weights=self.weights + kept, peak=self.peak)

    def answer(self, prompt: Prompt, *, tokens: int, context: JobContext) -> None:
        """Stream up to `tokens` tokens to `context.say`. Raises what the context raises."""
        decoder = Decoder(self.loaded.tokenizer, self.prompter.hidden)
        speaker = Speaker(decoder, Thoughts(inside=prompt.thinks), self.prompter.ends, context.say)
        self.generator.answer(
            prompt,
            speaker,
            tokens=tokens,
            ends=self.prompter.ends,
            placeholders=self.prompter.placeholders,
            checkpoint=context.checkpoint,
        )

    def yes_probability(self, images: Sequence[Image], question: str) -> list[float]:
        return judging.yes_probability(self.loaded, self.prompter, images, question)

    def keep(self, keeps: bool) -> None:
        """Whether answers leave something for their follow-ups from now on. What was kept, and seen, is forgotten."""
        self.keeps = keeps
        self.viewer.forget()
        if self.prefixes is not None:
            self.prefixes.clear()
            self.generator.prefixes = self.prefixes if keeps else None

    def close(self) -> None:
        """Let go of everything on the device, also for those who still hold this."""
        self.keep(False)
        self.loaded.model = self.loaded.processor = None


def serve(choice: ModelChoice, config: RuntimeConfig, options: Options) -> Served:
    """Load a model and try it out. Raises `MissingModel`, `MissingExtra` or `BadRequest`."""
    from engine.backends.chat.sampling import Viewer

    on = accelerator.device(config.device)
    loaded = load(choice, config.hub, options, on)
    with _explained(choice.model):
        prompter = Prompter(loaded)
        found = probing.probe(loaded, prompter)
    weights = accelerator.weights_of([loaded.model])
    kept_bytes = min(options.reuse_mb * 1024 * 1024, max(weights // _KEPT_SHARE, probing.LEAST_KEPT))
    reuses = found.continues and family_of(loaded.config.model_type).reuses and options.reuse_conversations > 0
    prefixes = Prefixes(kept_bytes, options.reuse_conversations) if reuses and kept_bytes else None
    if prefixes is None:
        _log.info("%s computes each question anew: %s", choice.key, _why_not(loaded, found.continues))
    context = _context(loaded, options, on, config.memory_bytes, weights, found.token_bytes)
    return Served(
        loaded=loaded,
        prompter=prompter,
        prefixes=prefixes,
        generator=Generator(loaded, prefixes, options.temperature),
        viewer=Viewer(),
        context=context,
        weights=weights,
        peak=found.peak or found.token_bytes * context,
        kept_bytes=kept_bytes,
    )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """A model that loads and cannot be asked anything has files that do not belong together."""
    from jinja2.exceptions import TemplateError

    try:
        yield
    except (TemplateError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise BadRequest(
            f"{name} was loaded but fails at its first question: {error}. Its chat template, its processor or its "
            "weights do not belong together; fetch it again, or choose another model.",
            model=name,
        ) from error


def _why_not(loaded: Loaded, continues: bool) -> str:
    if why := family_of(loaded.config.model_type).why:
        return why
    return "it was told to" if continues else "in two parts it computes something else than in one"


def _context(loaded: Loaded, options: Options, on: torch.device, memory: int, weights: int, token_bytes: int) -> int:
    """How many tokens a conversation may have: what the model was made for, the operator says, and memory holds."""
    text: Any = loaded.config.get_text_config(decoder=True)
    made_for = getattr(text, "max_position_embeddings", None) or _CONTEXT
    wanted = options.context or (_CONTEXT_ON_PROCESSOR if on.type == "cpu" else _CONTEXT)
    if on.type == "cuda":
        import torch

        memory = memory or torch.cuda.get_device_properties(on).total_memory
    if memory and token_bytes:
        wanted = min(wanted, max(1024, (memory - weights) // _CACHE_SHARE // token_bytes))
    return int(min(made_for, wanted))
