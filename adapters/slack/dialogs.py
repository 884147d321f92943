"""The dialogs: what they look like, and what was written into them.

A dialog carries what it is about and where it was opened, so an open one outlives a restart of the bot. Pure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from adapters.base import ModelOption
from adapters.shared import sentences
from adapters.shared.words import shorten
from adapters.slack import strings
from adapters.slack.blocks import PREFIX, Block, context, section
from adapters.slack.dialect import SLACK
from adapters.slack.markup import plain

PROMPT_LENGTH = 1500  # characters
AVOID_LENGTH = 500
WORDS_LENGTH = 1000
SHORTEST_S, LONGEST_S = 0.5, 60.0  # what can be asked for anywhere; how long videos may be here, the application knows
MOST_SEED = 2**31 - 1
SHAPES = {"wide": (640, 360), "square": (480, 480), "tall": (360, 640)}  # pixels
METADATA = 3000  # characters
OPTIONS = 100  # of one select
TITLE = 24
FILES_NAMED = 3

View = dict[str, Any]


class Kind(StrEnum):
    """What a dialog is for. The value is part of its callback id and must not change."""

    GENERATE = "generate"
    VARY = "vary"
    REPORT = "report"
    APPEAL = "appeal"
    ASK = "ask"
    LIKE = "like"


@dataclass(frozen=True)
class Origin:
    """Where a dialog was opened, and what it is about: a `request`, or the `files` of a message by their ids."""

    channel: str = ""
    thread: str = ""
    request: str = ""
    files: tuple[str, ...] = ()

    def dump(self) -> str:
        """JSON, at most `METADATA` characters."""
        text = json.dumps({key: value for key, value in asdict(self).items() if value}, separators=(",", ":"))
        return text if len(text) <= METADATA else replace(self, files=self.files[:-1]).dump()

    @classmethod
    def load(cls, metadata: str) -> Origin:
        """What can't be read is empty."""
        try:
            read = json.loads(metadata or "{}")
            return cls(
                channel=str(read.get("channel", "")),
                thread=str(read.get("thread", "")),
                request=str(read.get("request", "")),
                files=tuple(str(each) for each in read.get("files", ())),
            )
        except (ValueError, AttributeError, TypeError):
            return cls()


@dataclass(frozen=True)
class Wish:
    """What stands in the dialog of `/generate`."""

    prompt: str
    seconds: float | None = None
    size: tuple[int, int] | None = None
    seed: int | None = None
    avoid: str = ""
    model: str = ""


@dataclass(frozen=True)
class Submission:
    """A dialog that was sent. `words` are without blanks around them; `errors` say what is wrong, by block id."""

    kind: Kind
    about: Origin
    words: str
    wish: Wish = Wish("")
    errors: Mapping[str, str] = field(default_factory=dict)


# --- what they look like ----------------------------------------------------------------------------------------------


def generate_dialog(origin: Origin, models: Sequence[ModelOption], prompt: str = "") -> View:
    """The dialog of `/generate`. `prompt` stands in it already."""
    options = [_option(each.label or each.name, each.name) for each in models if 0 < len(each.name) <= 150]
    blocks = [
        _input("prompt", strings.PROMPT_LABEL, _lines(PROMPT_LENGTH, strings.PROMPT_HINT, prompt)),
        _input(
            "length",
            strings.LENGTH_LABEL,
            _number(SHORTEST_S, LONGEST_S, strings.LENGTH_HINT, decimal=True),
            optional=True,
        ),
        _input("shape", strings.SHAPE_LABEL, _select([_option(strings.SHAPES[key], key) for key in SHAPES])),
        _input("seed", strings.SEED_LABEL, _number(0, MOST_SEED, ""), optional=True, hint=strings.SEED_HINT),
        _input("avoid", strings.AVOID_LABEL, _line(AVOID_LENGTH), optional=True),
    ]
    blocks[2]["optional"] = True
    if options:
        blocks.append(_input("model", strings.MODEL_LABEL, _select(options), optional=True))
    return _modal(Kind.GENERATE, origin, strings.GENERATE_TITLE, strings.MAKE, blocks)


def words_dialog(kind: Kind, origin: Origin, written: str = "", *, file_names: Sequence[str] = ()) -> View:
    """Any other dialog: one field for words. `written` stands in it already."""
    shape = _SHAPES[kind]
    blocks = [
        _input(
            "words",
            shape.label,
            _lines(shape.length, shape.hint, written),
            optional=not shape.empty,
        )
    ]
    if file_names:
        named = [shorten(name, 60) for name in file_names[:FILES_NAMED]]
        more = ["…"] if len(file_names) > FILES_NAMED else []
        blocks = [*context([strings.ABOUT_FILES.format(names=", ".join([*map(plain, named), *more]))]), *blocks]
    return _modal(kind, origin, shape.title, shape.submit, blocks)


def moment() -> View:
    """What keeps the place of a dialog that needs a look first."""
    return _bare(strings.MOMENT_TITLE, sentences.PLACEHOLDER)


def notice(sentence: str) -> View:
    """A sentence in the place of a dialog, in mrkdwn."""
    return _bare(strings.NOTICE_TITLE, sentence)


@dataclass(frozen=True)
class _Shape:
    """How a dialog with one field looks. `empty` is what is said to no words; without it there need be none."""

    title: str
    label: str
    submit: str
    hint: str = ""
    length: int = WORDS_LENGTH
    empty: str = ""


_REPORT_HINT = sentences.REPORT_HINT.format(community=SLACK.community)
_SHAPES = {
    Kind.VARY: _Shape(
        sentences.VARY_TITLE, sentences.VARY_LABEL, strings.MAKE, length=PROMPT_LENGTH, empty=strings.EMPTY_PROMPT
    ),
    Kind.REPORT: _Shape(
        sentences.REPORT_TITLE, sentences.REPORT_LABEL, strings.SEND, _REPORT_HINT, empty=strings.EMPTY_REPORT
    ),
    Kind.APPEAL: _Shape(strings.APPEAL_TITLE, sentences.APPEAL_LABEL, strings.SEND, sentences.APPEAL_HINT),
    Kind.ASK: _Shape(
        sentences.ASK_TITLE, sentences.ASK_LABEL, strings.ASK, sentences.ASK_HINT, PROMPT_LENGTH, strings.EMPTY_QUESTION
    ),
    Kind.LIKE: _Shape(sentences.LIKE_TITLE, strings.LIKE_LABEL, strings.MAKE, sentences.LIKE_HINT, PROMPT_LENGTH),
}


# --- what was written into them ---------------------------------------------------------------------------------------


def submission(view: Mapping[str, Any], models: Sequence[ModelOption]) -> Submission | None:
    """What a dialog that was sent says; None when it is not one of these."""
    name = str(view.get("callback_id") or "").removeprefix(f"{PREFIX}dialog:")
    if name not in list(Kind):
        return None
    kind, about = Kind(name), Origin.load(str(view.get("private_metadata") or ""))
    state = (view.get("state") or {}).get("values") or {}
    if kind is Kind.GENERATE:
        return _wished(about, state, models)
    words, shape = _written(state, "words"), _SHAPES[kind]
    errors = {}
    if shape.empty and not words:
        errors["words"] = shape.empty
    elif len(words) > shape.length:
        errors["words"] = strings.TOO_LONG.format(most=shape.length)
    return Submission(kind, about, words, errors=errors)


def _wished(about: Origin, state: Mapping[str, Any], models: Sequence[ModelOption]) -> Submission:
    errors: dict[str, str] = {}
    prompt, avoid = _written(state, "prompt"), _written(state, "avoid")
    if not prompt:
        errors["prompt"] = strings.EMPTY_PROMPT
    elif len(prompt) > PROMPT_LENGTH:
        errors["prompt"] = strings.TOO_LONG.format(most=PROMPT_LENGTH)
    if len(avoid) > AVOID_LENGTH:
        errors["avoid"] = strings.TOO_LONG.format(most=AVOID_LENGTH)
    model = _written(state, "model")
    if model and model not in [each.name for each in models]:
        errors["model"] = strings.NO_SUCH_MODEL
    wish = Wish(
        prompt=prompt,
        seconds=_seconds(_written(state, "length"), errors),
        size=SHAPES.get(_written(state, "shape")),
        seed=_seed(_written(state, "seed"), errors),
        avoid=avoid,
        model=model,
    )
    return Submission(Kind.GENERATE, about, prompt, wish, errors)


def _seconds(written: str, errors: dict[str, str]) -> float | None:
    if not written:
        return None
    try:
        seconds = float(written.replace(",", "."))
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        errors["length"] = strings.NOT_A_LENGTH
    elif not SHORTEST_S <= seconds <= LONGEST_S:
        errors["length"] = strings.LENGTH_OUT_OF_RANGE.format(shortest=SHORTEST_S, longest=LONGEST_S)
    return seconds


def _seed(written: str, errors: dict[str, str]) -> int | None:
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) <= 10 and int(written) <= MOST_SEED):
        errors["seed"] = strings.NOT_A_SEED.format(most=MOST_SEED)
        return None
    return int(written)


def _written(state: Mapping[str, Any], name: str) -> str:
    """What stands in a field; empty for nothing."""
    element = (state.get(name) or {}).get(name) or {}
    chosen = element.get("selected_option")
    value = chosen.get("value") if chosen else element.get("value")
    return str(value or "").strip()


# --- parts ------------------------------------------------------------------------------------------------------------


def _modal(kind: Kind, origin: Origin, title: str, submit: str, blocks: Sequence[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": f"{PREFIX}dialog:{kind}",
        "title": _words(title, TITLE),
        "submit": _words(submit, TITLE),
        "close": _words(strings.CANCEL, TITLE),
        "private_metadata": origin.dump(),
        "blocks": list(blocks),
    }


def _bare(title: str, text: str) -> View:
    return {
        "type": "modal",
        "callback_id": f"{PREFIX}notice",
        "title": _words(title, TITLE),
        "close": _words(strings.CLOSE, TITLE),
        "blocks": [section(text)],
    }


def _input(name: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": _words(label, 150),
        "element": {**element, "action_id": name},
        "optional": optional,
    }
    return {**block, "hint": _words(hint, 150)} if hint else block


def _lines(most: int, ghost: str, written: str = "") -> Block:
    return {**_line(most, written), "multiline": True, **({"placeholder": _words(ghost, 150)} if ghost else {})}


def _line(most: int, written: str = "") -> Block:
    element: Block = {"type": "plain_text_input", "max_length": most}
    return {**element, "initial_value": written[:most]} if written else element


def _number(least: float, most: float, ghost: str, *, decimal: bool = False) -> Block:
    element: Block = {
        "type": "number_input",
        "is_decimal_allowed": decimal,
        "min_value": f"{least:g}" if decimal else str(least),
        "max_value": f"{most:g}" if decimal else str(most),
    }
    return {**element, "placeholder": _words(ghost, 150)} if ghost else element


def _select(options: Sequence[Block]) -> Block:
    """A menu; of more than a hundred options in groups, as Slack wants it."""
    element: Block = {"type": "static_select", "placeholder": _words(strings.CHOOSE, 150)}
    if len(options) <= OPTIONS:
        return {**element, "options": list(options)}
    parts = [options[at : at + OPTIONS] for at in range(0, min(len(options), OPTIONS * OPTIONS), OPTIONS)]
    groups = [
        {"label": _words(f"{part[0]['text']['text'][:35]} – {part[-1]['text']['text'][:35]}", 75), "options": part}
        for part in parts
    ]
    return {**element, "option_groups": groups}


def _option(label: str, value: str) -> Block:
    return {"text": _words(label, 75), "value": value}


def _words(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": shorten(text, most)}
