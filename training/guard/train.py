"""Fits, calibrates and reports the text guard, and writes its weights into the product.

    python -m training.guard.train LABELLED.jsonl.gz CACHE

LABELLED holds one JSON a line: `text`, `labels` {category: 0 or 1; missing is unknown}, `source`. CACHE is a folder for
what takes long: the encoder's states of every text (some 10 CPU minutes and 1 GB for 50,000 texts).

Three heads score every category: A from a text's mean vector, B from its word and character n-grams, C by attention
over its token vectors. Each is fitted only to labels that are known. A fourth, D, tells texts that mean harm from those
that speak of it. How their logits are mixed, in some categories together with how rude alt-profanity-check finds the
text, comes from a fold that leaves whole sources, and whole templates of our own lines, out. Families of lines that are
held out are only measured, by `evaluate`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from engine.backends.lite import wordpiece
from engine.backends.lite.encoder import LONGEST, WIDTH, SentenceEncoder
from engine.backends.lite.guards.features import BUCKETS, WORD_BUCKETS, grams
from engine.backends.lite.guards.gloss import glossed
from engine.backends.lite.guards.rudeness import Rudeness
from engine.types import Category
from training.guard import build
from training.guard.finish import finish

CATEGORIES = tuple(Category)
FOLDS = 2
HIDDEN = 160  # width of head C
EPOCHS = 4


@dataclass
class Data:
    """Texts with labels (N, 8): 1, 0, or -1 where unknown. `groups` are left out of a fold as a whole."""

    texts: list[str]
    labels: Any
    sources: Any
    groups: list[str]


# --- reading ---------------------------------------------------------------------------------------------------------


def labelled(file: Path) -> Data:
    """The labelled texts of others."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    sources = [row["source"].split(" ")[0] for row in rows]
    # Their own templates stand in no order, so that a slice of them is a sample.
    sources = [f"own{at % 5}" if source == "own" else source for at, source in enumerate(sources)]
    labels = np.array([[row["labels"].get(category, -1) for category in CATEGORIES] for row in rows], np.int8)
    return Data([row["text"] for row in rows], labels, np.array(sources), sources)


def ours() -> tuple[Data, list[dict[str, Any]]]:
    """Our own lines, and what is known of each."""
    rows = list(build.rows())
    labels = np.array([[int(category in row["labels"]) for category in CATEGORIES] for row in rows], np.int8)
    sources = np.array([f"lines-{row['language']}-{row['family']}" for row in rows])
    return Data([row["text"] for row in rows], labels, sources, [row["group"] for row in rows]), rows


def joined(one: Data, other: Data) -> Data:
    return Data(
        one.texts + other.texts,
        np.concatenate([one.labels, other.labels]),
        np.concatenate([one.sources, other.sources]),
        one.groups + other.groups,
    )


def with_glosses(data: Data) -> tuple[Data, Any]:
    """The data and, behind it, every German, Spanish and French text once more word by word in English, in the group of
    the original; and the place of each text's original."""
    glosses = [(at, gloss) for at, text in enumerate(data.texts) if (gloss := glossed(text)) is not None]
    places = [at for at, _ in glosses]
    more = Data(
        [gloss for _, gloss in glosses],
        data.labels[places],
        np.array([f"gloss-{data.sources[at]}" for at in places]),
        [data.groups[at] for at in places],
    )
    return joined(data, more), np.r_[np.arange(len(data.texts)), places]


def folds(data: Data) -> Any:
    """Which fold leaves a text out: by whole groups, the largest first, into the emptier fold."""
    names, counts = np.unique(data.groups, return_counts=True)
    loads = [0] * FOLDS
    chosen: dict[str, int] = {}
    rng = np.random.default_rng(1)
    for at in sorted(rng.permutation(len(names)), key=lambda place: -counts[place]):
        fold = int(np.argmin(loads))
        chosen[str(names[at])] = fold
        loads[fold] += int(counts[at])
    return np.array([chosen[group] for group in data.groups])


# --- the encoder's states ---------------------------------------------------------------------------------------------


@dataclass
class States:
    """Token vectors of all texts, one after the other (`tokens`, from `ends[i]` to `ends[i + 1]`), and mean vectors."""

    tokens: Any
    ends: Any
    means: Any


def states(texts: list[str], cache: Path, name: str) -> States:
    """What the encoder says to the texts, from the cache when it is about the same texts."""
    sums = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    told = cache / f"{name}.sha256"
    if not told.exists() or told.read_text() != sums:
        _encode(texts, cache, name)
        told.write_text(sums)
    return States(
        np.load(cache / f"{name}_H.npy", mmap_mode="r"),
        np.load(cache / f"{name}_off.npy"),
        np.load(cache / f"{name}_M.npy"),
    )


def _encode(texts: list[str], cache: Path, name: str) -> None:
    encoder = SentenceEncoder(1)
    lengths = np.array([len(wordpiece.ids(text, LONGEST)) for text in texts])
    ends = np.r_[0, np.cumsum(lengths)]
    tokens = np.lib.format.open_memmap(cache / f"{name}_H.npy", "w+", np.float16, (int(ends[-1]), WIDTH))
    means = np.zeros((len(texts), WIDTH), np.float32)
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(texts), 512):
        batch = order[start : start + 512]
        for at, found in zip(batch, encoder.tokens([texts[at] for at in batch]), strict=True):
            tokens[ends[at] : ends[at + 1]] = found
            mean = found.mean(0)
            means[at] = mean / np.linalg.norm(mean)
    np.save(cache / f"{name}_off.npy", ends)
    np.save(cache / f"{name}_M.npy", means)


def both(one: States, other: States) -> States:
    return States(
        np.concatenate([one.tokens, other.tokens]),
        np.r_[one.ends, one.ends[-1] + other.ends[1:]],
        np.concatenate([one.means, other.means]),
    )


# --- the heads --------------------------------------------------------------------------------------------------------


def balance(labels: Any, sources: Any, power: float = 0.5) -> Any:
    """The weight of each text: rare labels count more (softly), large sources less."""
    count, positive = len(labels), max(1, int(labels.sum()))
    weights = np.where(
        labels == 1, (count / (2 * positive)) ** power, (count / (2 * max(1, count - positive))) ** power
    )
    _, places, counts = np.unique(sources, return_inverse=True, return_counts=True)
    return weights * (500 / np.maximum(counts[places], 500)) ** 0.3


def fit_linear(features: Any, data: Data, chosen: Any, strength: float, rounds: int) -> tuple[Any, Any]:
    """One logistic regression a category: weights (8, F) and offsets (8)."""
    weights, offsets = [], []
    for at in range(len(CATEGORIES)):
        known = chosen[data.labels[chosen, at] >= 0]
        model = LogisticRegression(C=strength, max_iter=rounds)
        labels = data.labels[known, at]
        with np.errstate(all="ignore"):
            model.fit(features[known], labels, sample_weight=balance(labels, data.sources[known]))
        weights.append(model.coef_[0].astype(np.float32))
        offsets.append(float(model.intercept_[0]))
    return np.stack(weights), np.array(offsets, np.float32)


def grammed(texts: list[str]) -> tuple[Any, Any]:
    """The n-grams of all texts as a sparse matrix (N, BUCKETS), and how rare each bucket is."""
    rows, places, values = [0], [], []
    for text in texts:
        found = grams(text)
        places += found.keys()
        values += found.values()
        rows.append(len(places))
    counts = sparse.csr_matrix((np.array(values, np.float32), np.array(places, np.int64), rows), (len(texts), BUCKETS))
    seen = np.bincount(counts.indices, minlength=BUCKETS)
    # What next to nobody writes says nothing. Coarse numbers, as they are stored: 16 bits.
    rarity = np.where(seen >= 3, np.log((1 + len(texts)) / (1 + seen)) + 1, 0).astype(np.float16).astype(np.float32)
    counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
    halves = [counts[:, :WORD_BUCKETS], counts[:, WORD_BUCKETS:]]
    for half in halves:
        lengths = np.sqrt(np.asarray(half.multiply(half).sum(1))).ravel()
        half.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(half.indptr))
    return sparse.hstack(halves).tocsr(), rarity


class Pool(torch.nn.Module):
    """Head C: each category looks at the tokens that concern it."""

    def __init__(self, drop: float = 0.3) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(WIDTH, HIDDEN)
        self.attention = torch.nn.Linear(HIDDEN, len(CATEGORIES))
        self.value = torch.nn.Linear(HIDDEN, len(CATEGORIES))
        self.mean = torch.nn.Linear(WIDTH, len(CATEGORIES))
        self.drop = torch.nn.Dropout(drop)

    def forward(self, tokens: Any, mask: Any) -> Any:
        inner = torch.nn.functional.gelu(self.inner(self.drop(tokens)), approximate="tanh")
        share = self.attention(inner).masked_fill(~mask[..., None], -1e4).softmax(1)
        mean = (tokens * mask[..., None]).sum(1)
        mean = mean / mean.norm(dim=1, keepdim=True)
        return (share * self.value(self.drop(inner))).sum(1) + self.mean(mean)


def _batches(found: States, chosen: Any, size: int, rng: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Places in `chosen`, the texts, their padded tokens and mask; texts of a length together."""
    lengths = found.ends[chosen + 1] - found.ends[chosen]
    order = np.argsort(lengths + (rng.random(len(chosen)) * 4 if rng is not None else 0))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    if rng is not None:
        rng.shuffle(batches)
    for batch in batches:
        texts = chosen[batch]
        longest = int((found.ends[texts + 1] - found.ends[texts]).max())
        tokens = np.zeros((len(texts), longest, WIDTH), np.float32)
        mask = np.zeros((len(texts), longest), bool)
        for row, at in enumerate(texts):
            count = found.ends[at + 1] - found.ends[at]
            tokens[row, :count] = found.tokens[found.ends[at] : found.ends[at + 1]]
            mask[row, :count] = True
        yield batch, texts, torch.from_numpy(tokens), torch.from_numpy(mask)


def fit_pool(found: States, data: Data, chosen: Any, epochs: int, seed: int = 0) -> Pool:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = Pool()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    weights = np.zeros(data.labels.shape, np.float32)
    for at in range(len(CATEGORIES)):
        known = chosen[data.labels[chosen, at] >= 0]
        weights[known, at] = balance(data.labels[known, at], data.sources[known])
    steps = epochs * (len(chosen) // 64 + 1) + 5
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    net.train()
    for _ in range(epochs):
        for _, texts, tokens, mask in _batches(found, chosen, 64, rng):
            wanted = torch.from_numpy(np.clip(data.labels[texts], 0, 1).astype(np.float32)) * 0.98 + 0.01
            weight = torch.from_numpy(weights[texts])
            lost = torch.nn.functional.binary_cross_entropy_with_logits(net(tokens, mask), wanted, reduction="none")
            loss = (lost * weight).sum() / weight.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return net.eval()


@torch.no_grad()
def run_pool(net: Pool, found: States, chosen: Any) -> Any:
    out = np.zeros((len(chosen), len(CATEGORIES)), np.float32)
    for batch, _, tokens, mask in _batches(found, chosen, 128, None):
        out[batch] = net(tokens, mask).numpy()
    return out


# Neutral texts that the head of intent sees beside our own lines.
NEUTRAL = ("clinc", "sharonlevy", "yizhongw", "lm-sys", "Vchitect", "google-research", "own", "mozilla", "COCO", "wiki")
MEANS_COUNT = 2.0  # how much the mean vector counts beside the n-grams


def fit_intent(data: Data, found: States, counted: Any, chosen: Any) -> tuple[Any, float]:
    """Head D: whether a text means harm of any kind or only speaks of it, from our own lines, in which both use the
    same words: weights (384 + BUCKETS) and offset."""
    sources = data.sources.astype(str)
    ours_ = np.char.find(sources, "lines-") >= 0
    neutral = np.array([source.startswith(NEUTRAL) for source in sources])
    few = chosen[(ours_ | neutral)[chosen]]
    _, places, counts = np.unique(sources[few], return_inverse=True, return_counts=True)
    features = sparse.hstack([sparse.csr_matrix(found.means[few] * MEANS_COUNT), counted[few]]).tocsr()
    model = LogisticRegression(C=3.0, max_iter=60)
    model.fit(features, (data.labels[few] == 1).any(1), sample_weight=np.minimum(1, 400 / counts[places]))
    weights = model.coef_[0].astype(np.float32)
    weights[:WIDTH] *= MEANS_COUNT
    return weights, float(model.intercept_[0])


@dataclass
class Heads:
    linear: tuple[Any, Any]
    grams: tuple[Any, Any]
    pool: Pool
    intent: tuple[Any, float]

    def intents(self, found: States, counted: Any) -> Any:
        """(N): what head D says to all texts."""
        weights, offset = self.intent
        return found.means @ weights[:WIDTH] + counted @ weights[WIDTH:] + offset

    def logits(self, found: States, counted: Any, chosen: Any) -> Any:
        """(3, N, 8): what each head says."""
        return np.stack(
            [
                found.means[chosen] @ self.linear[0].T + self.linear[1],
                counted[chosen] @ self.grams[0].T + self.grams[1],
                run_pool(self.pool, found, chosen),
            ]
        )


def fit(data: Data, found: States, counted: Any, chosen: Any, epochs: int) -> Heads:
    began = time.time()
    linear = fit_linear(found.means, data, chosen, 8.0, 80)
    then = time.time()
    by_grams = fit_linear(counted, data, chosen, 4.0, 60)
    later = time.time()
    pool = fit_pool(found, data, chosen, epochs)
    spent = [round(each) for each in (then - began, later - then, time.time() - later)]
    sys.stderr.write(f"fitted to {len(chosen)} texts in {spent} s\n")
    return Heads(linear, by_grams, pool, fit_intent(data, found, counted, chosen))


# --- writing ----------------------------------------------------------------------------------------------------------


def coarse(weights: Any) -> tuple[Any, Any]:
    """Weights (8, F) as 8-bit numbers (F, 8) and the size of a step in each category."""
    steps = np.abs(weights).max(1) / 127
    return np.round(weights / steps[:, None]).astype(np.int8).T, steps.astype(np.float32)


def write(heads: Heads, rarity: Any, file: Path) -> None:
    """The weights of the heads, as the guard reads them."""
    by_grams, steps = coarse(heads.grams[0])
    intent_grams, intent_step = coarse(heads.intent[0][None, WIDTH:])
    pool = {name.replace(".", "_"): value.numpy().astype(np.float16) for name, value in heads.pool.state_dict().items()}
    np.savez_compressed(
        file,
        linear=heads.linear[0].astype(np.float16),
        linear_offsets=heads.linear[1],
        grams=by_grams,
        grams_steps=steps,
        grams_offsets=heads.grams[1],
        intent=heads.intent[0][:WIDTH].astype(np.float16),
        intent_grams=intent_grams[:, 0],
        intent_step=intent_step[0],
        intent_offset=np.float32(heads.intent[1]),
        rarity=rarity.astype(np.float16),
        **pool,
    )


_SHARED: dict[str, Any] = {}  # what both fits read; forked, never copied


def _fit_and_run(chosen: Any, epochs: int) -> tuple[Heads, Any, Any]:
    """Heads fitted to `chosen`, and what they say to all texts: (3, N, 8), and of intent (N)."""
    found, counted = _SHARED["found"], _SHARED["counted"]
    heads = fit(_SHARED["data"], found, counted, chosen, epochs)
    return heads, heads.logits(found, counted, np.arange(len(found.means))), heads.intents(found, counted)


def main() -> None:
    torch.set_num_threads(1)
    labels, cache = Path(sys.argv[1]), Path(sys.argv[2])
    others = labelled(labels)
    own, rows = ours()
    data, origin = with_glosses(joined(others, own))
    found = both(states(others.texts, cache, "tr"), states(data.texts[len(others.texts) :], cache, "own"))
    counted, rarity = grammed(data.texts)
    rude = Rudeness().probabilities(data.texts)
    held_out = np.array([False] * len(others.texts) + [bool(row["held_out"]) for row in rows])[origin]
    open_ = np.flatnonzero(~held_out)
    fold = folds(data)
    _SHARED.update(data=data, found=found, counted=counted)
    # One fold is enough to calibrate by, and both fits take minutes: side by side.
    with multiprocessing.get_context("fork").Pool(2) as pool:
        half, whole = pool.starmap(_fit_and_run, [(open_[fold[open_] == 0], EPOCHS - 1), (open_, EPOCHS)], chunksize=1)
    heads = whole[0]
    np.savez(
        cache / "scores.npz",
        left_out=half[1],  # by heads that saw nothing of fold 1
        intent=half[2],  # likewise
        rude=rude,
        held_out=held_out,
        fold=fold,
        labels=data.labels,
        origin=origin,
    )
    write(heads, rarity, cache / "heads.npz")
    json.dump(finish(data, rows, cache), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
