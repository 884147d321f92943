"""Two short questions to a server, one in words and one about a picture, to know what to expect of it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

from engine.backends.openai import options, sentences
from engine.backends.openai.asking import Asking, Manners
from engine.backends.openai.backend import OpenAiUnderstanding
from engine.backends.openai.wire import Refused
from engine.errors import EngineError
from engine.servers import Tried

# What a picture says that nobody guesses.
NUMBER = "417"
_TOKENS = 300  # some think before they speak
_PATIENCE_S = 120.0


class Trial:
    """One server. Raises `BadRequest` for an address that is none."""

    def __init__(self, address: str, key: str, model: str) -> None:
        read = options.read({"base_url": address})
        self._options = replace(
            read, key_name="", given_key=key, timeout_s=_PATIENCE_S, first_token_timeout_s=_PATIENCE_S
        )
        self._backend = OpenAiUnderstanding(model, self._options)
        self._manners = Manners()

    def run(self) -> Tried:
        """Raises `EngineError` with a sentence when the server does not answer a plain question."""
        self._backend.load()
        self._ask("Say hello in one word.")
        return Tried(self._options.base_url, self._backend.model, self._sees())

    def _sees(self) -> bool:
        try:
            said = self._ask(
                [
                    {"type": "text", "text": "Which number is written in this picture? Answer with the number alone."},
                    {"type": "image_url", "image_url": {"url": _picture()}},
                ]
            )
        except (EngineError, Refused):
            return False
        return NUMBER in said.replace(" ", "")

    def _ask(self, content: str | list[dict[str, Any]]) -> str:
        body = {
            "model": self._backend.model,
            "messages": [{"role": "user", "content": content}],
            "stream": True,
        }

        def build() -> bytes:
            limit = "max_completion_tokens" if "max_tokens" in self._manners.refused else "max_tokens"
            return json.dumps({**body, limit: _TOKENS}).encode()

        asking = Asking(self._options, self._manners, self._backend.model, lambda: None, tries=1)
        said = "".join(asking.answer(build))
        if not said.strip():
            raise sentences.nothing_said("", 0)
        return said


def _picture() -> str:
    import io

    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (336, 224), "white")
    ImageDraw.Draw(image).text((60, 50), NUMBER, "black", ImageFont.load_default(110))
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode()}"
