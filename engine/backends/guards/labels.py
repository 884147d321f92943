"""What the labels of classifiers mean in our categories. Every label is mapped on purpose, to nothing too.

It loads nothing: a guard's categories are known from here before its files are.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from engine.errors import BadRequest
from engine.types import Category, ModelChoice

Labels = Mapping[str, tuple[Category, ...]]
Activation = Literal["sigmoid", "softmax"]

_PREFIX = "label."
_ACTIVATIONS: tuple[Activation, ...] = ("sigmoid", "softmax")
_OTHERS = ("activation",)


@dataclass(frozen=True)
class Known:
    """A classifier that we know: its labels, and whether they exclude each other (softmax) or not (sigmoid)."""

    labels: Labels
    activation: Activation
    needs: tuple[str, ...] = ()  # modules beyond the common ones


# Sources: the model cards and configurations on the hub.
KNOWN: Mapping[str, Known] = MappingProxyType(
    {
        # Jigsaw's comments of Wikipedia. A threat there is one of violence against somebody. Swearing by itself is no
        # harm of ours; where it is meant to hurt, the comment is toxic or an insult too.
        "unitary/toxic-bert": Known(
            {
                "toxic": (Category.HARASSMENT,),
                "severe_toxic": (Category.HARASSMENT,),
                "obscene": (),
                "threat": (Category.HARASSMENT, Category.VIOLENCE),
                "insult": (Category.HARASSMENT,),
                "identity_hate": (Category.HATE,),
            },
            "sigmoid",
        ),
        # Labelled in the categories that ours are named after; S3, H2 and V2 are the worse parts of S, H and V.
        "KoalaAI/Text-Moderation": Known(
            {
                "OK": (),
                "H": (Category.HATE,),
                "H2": (Category.HATE,),
                "HR": (Category.HARASSMENT,),
                "S": (Category.SEXUAL,),
                "S3": (Category.SEXUAL, Category.SEXUAL_MINORS),
                "SH": (Category.SELF_HARM,),
                "V": (Category.VIOLENCE,),
                "V2": (Category.VIOLENCE, Category.VIOLENCE_GRAPHIC),
            },
            "softmax",
        ),
        # Nudity and pornography; neither says anything of violence, and neither can tell ages.
        "Falconsai/nsfw_image_detection": Known({"normal": (), "nsfw": (Category.SEXUAL,)}, "softmax"),
        "Marqo/nsfw-image-detection-384": Known({"SFW": (), "NSFW": (Category.SEXUAL,)}, "softmax", ("timm",)),
    }
)


def labels_of(choice: ModelChoice) -> Labels:
    """The mapping for a model: what we know of it, and over it the options `label.NAME = "category, category"`, where
    the empty text means no category.

    Raises `BadRequest` for a category or an option that does not exist, and when nothing is mapped to any category.
    """
    known = KNOWN.get(choice.model)
    given = {name: value for name, value in choice.options.items() if name.startswith(_PREFIX)}
    for name in choice.options:
        if name not in given and name not in _OTHERS:
            raise BadRequest(
                f"{choice.model}: there is no option “{name}” here. There are: {_PREFIX}NAME, {', '.join(_OTHERS)}.",
                option=name,
            )
    labels = {**(known.labels if known else {})}
    for name, value in given.items():
        labels[name.removeprefix(_PREFIX)] = tuple(
            _category(part, name) for part in str(value).split(",") if part.strip()
        )
    if not any(labels.values()):
        raise BadRequest(
            f"Nothing says what the labels of {choice.model} mean. Map each of them in the options of this model, for "
            f'example: "{_PREFIX}toxic" = "harassment", and "{_PREFIX}normal" = "" for one that is no harm.',
            model=choice.model,
        )
    return labels


def categories_of(labels: Labels) -> tuple[Category, ...]:
    """All categories that some label is mapped to."""
    return tuple(category for category in Category if any(category in mapped for mapped in labels.values()))


def check(labels: Labels, of_model: Iterable[str], choice: ModelChoice) -> None:
    """Raises `BadRequest` unless exactly the model's labels are mapped: one that nobody thought of could be a harm, and
    one that the model lacks is a mistake that leaves a category unscored."""
    there = tuple(of_model)
    if unknown := [label for label in there if label not in labels]:
        raise BadRequest(
            f"{choice.model} has the label {_quoted(unknown)}, and nothing says what that means. Map it in the options "
            f'of this model: "{_PREFIX}{unknown[0]}" = "hate" (one or several of: {", ".join(Category)}), or '
            f'"{_PREFIX}{unknown[0]}" = "" when it is no harm.',
            model=choice.model,
            label=unknown[0],
        )
    if absent := [label for label in labels if label not in there]:
        raise BadRequest(
            f"{choice.model} has no label {_quoted(absent)}. It has: {_quoted(there)}. Correct the options of this "
            "model.",
            model=choice.model,
            label=absent[0],
        )


def activation_of(choice: ModelChoice, problem_type: str | None, count: int) -> Activation:
    """How logits become probabilities: by the options, by what we know, or by what the model's configuration says.

    Raises `BadRequest` when none of these tells, or it is no classifier.
    """
    given = choice.options.get("activation")
    if given is not None:
        for activation in _ACTIVATIONS:
            if given == activation:
                return activation
        raise BadRequest(f"{choice.model}: activation is one of {', '.join(_ACTIVATIONS)}, not “{given}”.")
    if choice.model in KNOWN:
        return KNOWN[choice.model].activation
    if problem_type == "regression":
        raise BadRequest(f"{choice.model} is no classifier: it estimates a quantity. Choose another model.")
    return "sigmoid" if problem_type == "multi_label_classification" or count == 1 else "softmax"


def scores(probabilities: Mapping[str, float], labels: Labels, activation: Activation) -> dict[Category, float]:
    """One value a category. Probabilities of labels that exclude each other add up; of others the highest counts."""
    found: dict[Category, float] = {}
    for category in categories_of(labels):
        parts = [probabilities[label] for label, mapped in labels.items() if category in mapped]
        found[category] = min(1.0, sum(parts)) if activation == "softmax" else max(parts)
    return found


def _category(text: str, option: str) -> Category:
    name = text.strip()
    if name in set(Category):
        return Category(name)
    near = difflib.get_close_matches(name, list(Category), n=1, cutoff=0.0)
    raise BadRequest(
        f"{option}: there is no category “{name}”. The nearest is “{near[0]}”; there are: {', '.join(Category)}.",
        option=option,
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
