"""The storyboard as a generation backend: checks the job, draws frame by frame, hands the frames to the encoder.

Knows jobs and progress; how a prompt is read and drawn is the business of `parse` and `stage`.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from engine.backends.lite import extra
from engine.errors import BadRequest
from engine.types import Generate, ModelCard, Progress, Rendered, Role

if TYPE_CHECKING:
    from engine.backends.base import JobContext

# Short, because it stands under every made video, and honest: nobody should take this for a diffusion model.
NAME = "storyboard · drawn, not filmed"
MODULES = ("resvg_py", "font_hanken_grotesk", "PIL", "numpy", "av")
FPS = 24
MIN_SIDE, MAX_SIDE = 64, 1920
MIN_SECONDS, MAX_SECONDS = 0.5, 20.0


class Storyboard:
    """Draws the prompt as a short flat-illustration clip: no model, no download, no GPU.

    What the words name and the catalogue holds is drawn and moves; otherwise the words themselves become moving type.
    The same job with the same seed gives the same frames, byte for byte.
    """

    def card(self) -> ModelCard:
        """Describe the backend without importing what draws."""
        return ModelCard(
            role=Role.GENERATION, backend="storyboard", name=NAME, licence="Apache-2.0", missing=extra.missing(*MODULES)
        )

    def load(self) -> None:
        """Import what draws and encodes. Raises `MissingExtra` when its packages are absent."""
        extra.require(*MODULES)
        from engine import media  # noqa: F401
        from engine.backends.lite.storyboard import stage  # noqa: F401

    def render(self, job: Generate, context: JobContext) -> Rendered:
        """Draw `job` at 24 frames a second into an MP4 at `job.out`; one step of the progress is one frame.

        An odd width or height loses its last column or row. Raises `BadRequest` for an empty prompt and for sizes and
        lengths outside 64 to 1920 pixels and 0.5 to 20 seconds, and whatever `context.checkpoint()` raises; then no
        file is left behind.
        """
        _check(job)
        self.load()
        from engine.backends.lite.storyboard.parse import parse
        from engine.backends.lite.storyboard.stage import Stage
        from engine.media import VideoWriter

        began = time.perf_counter()
        context.checkpoint()
        seed = secrets.randbits(31) if job.seed is None else job.seed
        total = max(1, round(job.seconds * FPS))
        stage = Stage(
            parse(job.prompt, job.negative_prompt), job.width, job.height, total / FPS, seed, context.checkpoint
        )
        with VideoWriter(job.out, job.width, job.height, FPS) as video:
            for step in range(total):
                context.checkpoint()
                video.write(stage.frame(step / FPS))
                context.emit(Progress(step=step + 1, total=total, label="frames"))
        return Rendered(
            path=job.out, seed=seed, width=video.width, height=video.height, frames=total, fps=FPS, model=NAME,
            seconds=time.perf_counter() - began,
        )  # fmt: skip


def _check(job: Generate) -> None:
    if not job.prompt.strip():
        raise BadRequest("There is nothing to draw yet. Describe the video in a few words.")
    if not (MIN_SIDE <= job.width <= MAX_SIDE and MIN_SIDE <= job.height <= MAX_SIDE):
        raise BadRequest(
            f"A picture of {job.width}×{job.height} can't be drawn. Choose sides from {MIN_SIDE} to {MAX_SIDE} pixels."
        )
    # Written so that NaN fails, too.
    if not MIN_SECONDS <= job.seconds <= MAX_SECONDS:
        raise BadRequest(
            f"A clip of {job.seconds:g} seconds can't be drawn. Choose {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds."
        )
