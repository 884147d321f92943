"""What whoever runs the bot sees of its models on a platform, and how they change them there."""

from __future__ import annotations

from adapters.base import Author, ModelChange, ModelsNow, ModelsOffer, Refusal
from bot.errors import BadInput
from bot.switching import BUSY, ModelSwitch, Wish
from engine.presets import PRESET_NAMES


class Models:
    """Implements `adapters.base.ModelDesk`."""

    def __init__(self, switch: ModelSwitch) -> None:
        self._switch = switch

    def now(self, author: Author) -> ModelsNow:
        """What answers, and how far a change is."""
        _only_admins(author)
        switch, progress = self._switch, self._switch.progress
        change = ModelChange(
            phase=progress.phase.value,
            busy=progress.phase in BUSY,
            preset=progress.preset,
            model=progress.model,
            done=progress.done,
            total=progress.total,
            says=progress.says,
        )
        return ModelsNow(
            answering=switch.answering(), preset=switch.preset, lite=switch.is_lite, presets=PRESET_NAMES, change=change
        )

    async def offer(self, author: Author) -> ModelsOffer:
        """What would fit this machine."""
        _only_admins(author)
        offer = await self._switch.offer()
        return ModelsOffer(preset=offer.preset, says=offer.says, why=offer.why, install=offer.install)

    def use(self, author: Author, *, preset: str = "", server: str = "", key: str = "", model: str = "") -> ModelsNow:
        """Begin to change. Raises `ValueError` with a sentence for what cannot be."""
        _only_admins(author)
        try:
            self._switch.use(Wish(preset=preset, server=server.strip(), key=key.strip(), model=model.strip()))
        except BadInput as error:
            raise ValueError(str(error)) from error
        return self.now(author)

    def cancel(self, author: Author) -> ModelsNow:
        """Stop the change that goes on."""
        _only_admins(author)
        self._switch.cancel()
        return self.now(author)


def _only_admins(author: Author) -> None:
    if not author.is_admin:
        raise Refusal("Only whoever runs the bot may change its models.")
