"""A folder with one tiny model for every role, and the configuration that puts them in place of the lite ones."""

from __future__ import annotations

from pathlib import Path

from tests.tiny.guards import make_image_classifier, make_text_classifier
from tests.tiny.mllm import make_talker
from tests.tiny.speech import make_whisper
from tests.tiny.video import make_wan_animates

ANSWER = "Two people ride past a café at 0:02. <video>a red ball rolls over green grass</video>"
SAID = "Two people ride past a café at 0:02."
PROMPT = "a red ball rolls over green grass"
WIDTH, HEIGHT = 128, 64
MARKER = "kraken"  # the word that the tiny text guard was taught to find

_CONFIG = """
[models]
understanding = "{folder}/talker"
generation = {{ model = "{folder}/wan", options = {{ size = "{width}x{height}", steps = 40 }} }}
speech = "{folder}/whisper"
text_guard = [{{ backend = "text-classifier", model = "{folder}/words", options = {labels} }}]
frame_guard = [{{ backend = "image-classifier", model = "{folder}/pictures", options = {seen} }}]

[generation]
seconds = 0.5
width = {width}
height = {height}

# What a model with random weights draws has no meaning: it is scored, and not held to a limit.
[safety.rules.sexual]
threshold = 0.6
action = "allow"
"""


def furnish(folder: Path) -> str:
    """Make the models in `folder` and return the text of a config.toml that uses them."""
    make_talker(folder / "talker", ANSWER, context=32_768)
    make_wan_animates(folder / "wan")
    make_whisper(folder / "whisper")
    make_text_classifier(folder / "words", ["fine", "rude"], markers=["", MARKER])
    make_image_classifier(folder / "pictures", ["normal", "nsfw"])
    return _CONFIG.format(
        folder=folder,
        width=WIDTH,
        height=HEIGHT,
        labels='{ "label.fine" = "", "label.rude" = "harassment" }',
        seen='{ "label.normal" = "", "label.nsfw" = "sexual" }',
    )
