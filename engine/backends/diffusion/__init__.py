"""The gallery of text-to-video models: one backend over diffusers' pipelines, and a table of what each family needs."""

from __future__ import annotations

from engine.backends.diffusion.backend import Diffusion

__all__ = ["Diffusion"]
