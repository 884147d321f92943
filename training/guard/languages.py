"""Fits and writes what tells the guard's languages from others: engine/backends/lite/guards/languages.npz.

    python -m training.guard.languages LABELLED.jsonl.gz

Beside our own lines it learns from the sentences of Common Voice among the labelled texts, which are of nine languages
and say not of which: the commonest words of each language tell.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from engine.backends.lite.guards import language
from training.guard import build

OUT = Path(__file__).parents[2] / "engine/backends/lite/guards/languages.npz"
OTHERS = Path(__file__).parent / "languages.txt"
COMMON = {
    "de": "der die das und ist nicht ein eine ich du wir sie es mit auf für den dem im von zu war hat wird auch sich",
    "es": "el la los las que de en un una es no se por con para su al lo como más pero le muy está del y hay",
    "fr": "le la les de des un une est et que qui dans pour pas il elle je vous ce sur au du ne avec son plus nous",
    "it": "il la di che è un una per non sono con del della più gli anche nel questo alla ha si era",
    "nl": "de het een en van is dat niet in op te zijn met voor er aan ook hij ik deze wordt",
    "pt": "o a de que e do da em um uma para não com os as no na por mais foi ao ele se são",
    "pl": "się nie jest na w z do że to i jak po co za od czy jego tak ale",
    "sv": "och att det som en är på i av för med den har inte till ett var jag om de",
    "tr": "bir ve bu da de için ile çok ne daha olarak gibi var ben sen olan",
}


def tagged(file: Path) -> list[tuple[str, str]]:
    """(text, language) of what is known or can be told of the labelled texts."""
    found = []
    words = {name: set(common.split()) for name, common in COMMON.items()}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            source = row["source"]
            if "multilingual" not in source and "common-voice" not in source:
                if "mlcommons" not in source and "own" not in source and len(found) % 3:
                    found.append((row["text"], "en"))
                continue
            tokens = re.findall(r"[^\W\d_]+", row["text"].lower())
            scores = sorted(
                ((sum(token in known for token in tokens), name) for name, known in words.items()), reverse=True
            )
            if scores[0][0] >= 2 and scores[0][0] > scores[1][0]:
                found.append((row["text"], scores[0][1]))
    return found


def main() -> None:
    rows = tagged(Path(sys.argv[1])) + [(str(row["text"]), str(row["language"])) for row in build.rows()]
    for line in OTHERS.read_text("utf-8").splitlines():
        name, _, texts = line.partition(": ")
        rows += [(text, name) for text in texts.split(" | ") for _ in range(3)]
    names = [*language.KNOWN, "other"]
    wanted = np.array([names.index(name) if name in names else len(names) - 1 for _, name in rows])
    starts, places, values = [0], [], []
    for text, _ in rows:
        found = language.features(text)
        sizes = np.sqrt(np.fromiter(found.values(), np.float64, len(found)))
        places += found.keys()
        values += list(sizes / max(float(np.linalg.norm(sizes)), 1e-9))
        starts.append(len(places))
    matrix = sparse.csr_matrix((values, places, starts), (len(rows), language.BUCKETS))
    model = LogisticRegression(C=20.0, max_iter=200, class_weight="balanced").fit(matrix, wanted)
    steps = np.abs(model.coef_).max(1) / 127
    np.savez_compressed(
        OUT,
        weights=np.round(model.coef_ / steps[:, None]).astype(np.int8).T,
        steps=steps.astype(np.float32),
        offsets=model.intercept_.astype(np.float32),
    )
    sys.stdout.write(f"{len(rows)} texts, {dict(zip(*np.unique(wanted, return_counts=True), strict=True))}\n")


if __name__ == "__main__":
    main()
