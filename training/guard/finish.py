"""From what the heads say to the weights that ship: calibration, and the words that disguises are undone with.

    python -m training.guard.finish LABELLED.jsonl.gz CACHE

The second half of `train`, by itself because it takes seconds.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from engine.backends.lite.guards.disguise import fold
from training.guard import build, calibrate
from training.guard.calibrate import CATEGORIES, THRESHOLDS

GUARDS = Path(__file__).parents[2] / "engine/backends/lite/guards"
# What a single sentence must score more than a whole text, as logits: there are many of them, and one out of its
# context sounds worse.
MARGIN = 0.7
INSULT_MARGIN = 0.2  # an insult is one wherever it stands
WORDS = re.compile(r"[^\W\d_]{3,}")
WORTH_HIDING = 600


def finish(data: Any, rows: list[dict[str, Any]], cache: Path) -> dict[str, Any]:
    """Write weights.npz from the cached heads and scores of `data`, and return the figures of the fold left out."""
    scores, heads = np.load(cache / "scores.npz"), dict(np.load(cache / "heads.npz"))
    open_ = ~scores["held_out"]
    away = open_ & (scores["fold"] == 1)
    harmless = away & (data.labels <= 0).all(1) & _must_pass(data.sources)
    mixture = calibrate.fit(
        scores["left_out"][:, away],
        scores["rude"][away],
        scores["intent"][away],
        data.labels[away],
        data.sources[away],
        harmless[away],
    )
    np.savez_compressed(
        GUARDS / "weights.npz",
        **heads,
        shares=mixture.shares.astype(np.float32),
        offsets=mixture.offsets.astype(np.float32),
        intent_bounds=np.array(calibrate.INTENT, np.float32),
        margins=np.array([INSULT_MARGIN] + [MARGIN] * (len(CATEGORIES) - 1), np.float32),
        words=_packed(_own_words()),
        worth_hiding=_packed(_worth_hiding(data)),
    )
    logits = mixture.logits(scores["left_out"], scores["rude"], scores["intent"])
    others = away & ~np.char.startswith(data.sources.astype(str), "lines-") & (scores["origin"] == np.arange(len(away)))
    return {
        "shares": {
            category.value: row.round(2).tolist() for category, row in zip(CATEGORIES, mixture.shares, strict=True)
        },
        "offsets": {
            category.value: round(float(x), 2) for category, x in zip(CATEGORIES, mixture.offsets, strict=True)
        },
        "sources left out": ranking(logits[others], data.labels[others]),
        "by source": by_source(logits, data, away),
    }


def ranking(logits: Any, labels: Any) -> dict[str, float]:
    """Areas under the curves: of any category, and of each."""
    known = labels >= 0
    positive = (labels == 1).any(1)
    clear = positive | ((labels <= 0).all(1) & (known.sum(1) >= 6))
    highest = logits.max(1)
    found = {
        "texts": int(clear.sum()),
        "any AUPRC": round(float(average_precision_score(positive[clear], highest[clear])), 3),
        "any AUC": round(float(roc_auc_score(positive[clear], highest[clear])), 3),
    }
    for at, category in enumerate(CATEGORIES):
        if (labels[:, at] == 1).sum() > 5:
            of = known[:, at]
            found[f"{category.value} AUPRC"] = round(float(average_precision_score(labels[of, at], logits[of, at])), 3)
    return found


def by_source(logits: Any, data: Any, chosen: Any) -> dict[str, list[Any]]:
    """Of each source: how many texts are harmful and which share of them is stopped, and the same of the others."""
    limits = np.array([np.log(THRESHOLDS[each] / (1 - THRESHOLDS[each])) for each in CATEGORIES])
    stopped = (logits >= limits).any(1)
    found = {}
    for source in np.unique(data.sources[chosen]):
        of = chosen & (data.sources == source)
        harmful = of & (data.labels == 1).any(1)
        others = of & ~harmful
        shares = [
            [int(each.sum()), round(float(stopped[each].mean()), 3) if each.any() else 0] for each in (harmful, others)
        ]
        found[str(source)] = shares
    return found


def _must_pass(sources: Any) -> Any:
    """Our own harmless lines, captions, prompts, questions and books; comments that nearly insult are no measure."""
    names = (
        "lines-",
        "gloss-lines-",
        "Vchitect",
        "google-research",
        "clinc",
        "mozilla",
        "gloss-mozilla",
        "COCO",
        "wikitext",
    )
    return np.array([str(source).startswith(names) for source in sources])


def _own_words() -> list[str]:
    """The words of our own lines in all languages, commonest first."""
    counts = Counter(
        word for family in build.families() for template in family.templates for word in WORDS.findall(fold(template))
    )
    return [word for word, _ in counts.most_common()]


def _worth_hiding(data: Any) -> list[str]:
    """The words that tell harmful texts from others, the surest first."""
    harmful: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for text, labels in zip(data.texts, data.labels, strict=True):
        (harmful if (labels == 1).any() else others).update(set(WORDS.findall(fold(text))))
    share = sum(harmful.values()) / max(1, sum(others.values()))
    odds = {word: count / (others[word] + 1) / share for word, count in harmful.items() if count >= 8}
    sure = [word for word in odds if odds[word] >= 4]
    return sorted(sure, key=lambda word: -harmful[word] * np.log(odds[word]))[:WORTH_HIDING]


def _packed(words: list[str]) -> Any:
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def main() -> None:
    from training.guard import train

    others = train.labelled(Path(sys.argv[1]))
    own, rows = train.ours()
    data, _ = train.with_glosses(train.joined(others, own))
    json.dump(finish(data, rows, Path(sys.argv[2])), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
