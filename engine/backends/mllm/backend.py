"""The understanding backend over transformers: looks at clips, asks the model, streams what it says.

It puts the rooms of this package together and holds what a loaded model needs. What a good question is, it does not
know: messages come from `engine.backends.chat`.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from engine.backends import accelerator
from engine.backends.base import Footprint
from engine.backends.chat.outside import Signs
from engine.backends.mllm import options as settings
from engine.errors import BadRequest, EngineUnavailable
from engine.presets import pin_of
from engine.types import ModelCard, ModelChoice, Role, RuntimeConfig, Understand

if TYPE_CHECKING:
    from engine.backends.base import Image, JobContext
    from engine.backends.chat.conversation import ChatMessage
    from engine.backends.mllm.prompt import Prompt
    from engine.backends.mllm.serving import Served
    from engine.echoes import Outside

_SIDE_PX, _SIDE_ON_PROCESSOR_PX = 640, 448
_ANSWER_SHARE = 4  # at most a quarter of the context is kept free for the answer
_THRIFT = 3  # ways of working, from full size to the thriftiest
# Answers without a lack of memory before a fuller way is tried: what was short may have been somebody else's doing, and
# if not, one question in so many is begun anew.
_RECOVERS_AFTER = 50


class Mllm:
    """`UnderstandingBackend` and `ResidentBackend` for every chat model that transformers can load and that sees."""

    def __init__(self, choice: ModelChoice, config: RuntimeConfig) -> None:
        self._choice = choice
        self._config = config
        self._options = settings.read(choice.options, choice.model)
        self._makes_videos = bool(config.choices(Role.GENERATION))
        self._served: Served | None = None
        self._signs = Signs()
        self._thrift = 0
        self._went_well = 0  # answers since it changed

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        """Raises `BadRequest` for a choice without a model or with unknown options."""
        if not choice.model:
            raise BadRequest(
                "The backend “transformers” needs a model. Name one in the configuration, like "
                "Qwen/Qwen3.5-2B, or use a preset."
            )
        return cls(choice, config)

    def card(self) -> ModelCard:
        pin = pin_of(self._choice.model)
        return ModelCard(
            role=Role.UNDERSTANDING,
            backend=self._choice.backend,
            name=pin.name if pin else self._choice.model.rstrip("/").rpartition("/")[2],
            licence=pin.licence if pin else "",
            download_bytes=pin.download_bytes if pin else 0,
            missing=accelerator.missing(*(("peft",) if self._choice.lora else ())),
            model=self._choice.model,
            revision=self._choice.revision or (pin.revision if pin else ""),
        )

    def load(self) -> None:
        """Load the model, try out what it can do, and measure it.

        Raises `MissingModel`, `MissingExtra` or `BadRequest` with a sentence for the operator.
        """
        from engine.backends.mllm.serving import serve

        if self._served is None:
            self._served = serve(self._choice, self._config, self._options)

    def footprint(self) -> Footprint:
        """Measured when loaded; before that what is known of the model, or what its files weigh."""
        if self._served is not None:
            return self._served.footprint()
        pin = pin_of(self._choice.model)
        return Footprint(weights=pin.memory_bytes) if pin else Footprint(weights=self._files_bytes())

    def unload(self) -> None:
        """Give all of the device's memory back. The next load begins with the fullest way of working again."""
        self._work_with(0)
        served, self._served = self._served, None
        if served is not None:
            on = served.device
            served.close()
            del served
            accelerator.free(on)

    def relieve(self) -> bool:
        """Next time smaller frames, then also fewer; and nothing is kept of conversations. Many answers later, or when
        it is loaded anew, it goes back up."""
        if self._served is None:
            return False
        self._served.keep(False)
        if self._thrift + 1 >= _THRIFT:
            return False
        self._work_with(self._thrift + 1)
        return True

    def answer(self, job: Understand, context: JobContext) -> Sequence[str]:
        """Say the answer to the last turn, token by token, through `context.say`.

        Raises `MediaError` for a clip that cannot be used, `BadRequest` for a question that fits no context, and what
        the context raises, within one token; then nothing of the answer is left in memory.
        """
        try:
            self._answer(self._ready(), job, context)
        except BaseException as error:
            # The frames that it went through hold tensors for as long as somebody holds the error.
            traceback.clear_frames(error.__traceback__)
            raise
        self._recover()
        return ()

    def outside(self, job: Understand, context: JobContext) -> Outside:
        """What people, names, speech and pictures of this conversation put before the model."""
        return self._signs.outside(job.turns, self._ready().viewer.latest, context.checkpoint)

    def yes_probability(self, images: Sequence[Image], question: str) -> list[float]:
        """How likely the model says yes to a question, for each picture ((H, W, 3) uint8 RGB): 0 to 1.

        May be called inside a check point of an answer.
        """
        return self._ready().yes_probability(images, question)

    def _answer(self, served: Served, job: Understand, context: JobContext) -> None:
        prompt = self._prompt(served, job, context)
        room = served.context - len(prompt.ids)
        served.answer(prompt, tokens=max(1, min(job.max_tokens, room)), context=context)

    def _prompt(self, served: Served, job: Understand, context: JobContext) -> Prompt:
        """The conversation, with as much of it and as many frames as there is room for."""
        from engine.backends.chat.conversation import in_question
        from engine.backends.chat.sampling import show

        views = served.viewer.look(job.turns, frames=self._frames(job), max_side=self._side(served), context=context)
        context.checkpoint()
        most = served.context - min(job.max_tokens, served.context // _ANSWER_SHARE)
        budget, messages = most, self._messages(served, job, views, most)
        while len((prompt := served.prompter.write(messages)).ids) > most:
            # Templates, joints and videos that have to be equally long cost tokens too: as much less next time.
            budget = max(0, budget - (len(prompt.ids) - most))
            thinner = self._messages(served, job, views, budget)
            if thinner != messages:
                messages = thinner
                continue
            if len(prompt.ids) < served.context:
                break
            raise BadRequest(
                f"This question is too long for {self.card().name}: it can read {served.context} tokens, and these "
                f"are {len(prompt.ids)}. Please ask it in fewer words or about fewer clips."
            )
        show(in_question(messages, job.turns), job.stills_dir, context)
        return prompt

    def _messages(self, served: Served, job: Understand, views: Any, budget: int) -> list[ChatMessage]:
        from engine.backends.chat.conversation import fit

        return fit(
            job.turns,
            views,
            budget=budget,
            text_tokens=served.prompter.text_tokens,
            frame_tokens=served.prompter.frame_tokens,
            can_generate=self._makes_videos,
            tag=served.prompter.traits.tag,
        )

    def _work_with(self, thrift: int) -> None:
        self._thrift, self._went_well = thrift, 0

    def _recover(self) -> None:
        """After many good answers: one step back towards the fullest way of working."""
        self._went_well += 1
        if self._thrift and self._went_well >= _RECOVERS_AFTER:
            self._work_with(self._thrift - 1)
            if not self._thrift:
                self._ready().keep(True)

    def _frames(self, job: Understand) -> int:
        return max(1, job.frames // 2 if self._thrift > 1 else job.frames)

    def _side(self, served: Served) -> int:
        side = self._options.frame_side or (_SIDE_ON_PROCESSOR_PX if served.device.type == "cpu" else _SIDE_PX)
        return side // 2 if self._thrift > 0 else side

    def _ready(self) -> Served:
        if self._served is None:
            raise EngineUnavailable("The model that answers questions is not loaded. Please try again in a moment.")
        return self._served

    def _files_bytes(self) -> int:
        from engine.errors import MissingModel
        from engine.hub import locate

        try:
            folder = locate(self._choice.model, self._choice.revision, self._config.hub)
        except MissingModel:
            return 0
        return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
