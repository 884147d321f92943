"""Which job goes next, who has to wait, and who is told to come back. Pure: the clock is injected, nothing is awaited.

Classes first (moderation before understanding before generation, which earns its turns from the seconds that questions
take; none starves), then deficit round-robin by community and by user, costed in estimated GPU-seconds. It knows no
executor and no model.
"""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from engine.settings import EngineSettings
from engine.types import Generate, Inspect, Job, JobClass, Moderate, ScoreTexts, Transcode, Transcribe, Understand

CLASSES = tuple(JobClass)  # most urgent first

# Before anything was measured: what the lite models need, so that the first forecasts are not absurd.
_PRIORS_S: Mapping[str, float] = {
    "moderate": 0.5,
    "score": 1.0,
    "moderate text": 0.02,
    "inspect": 0.3,
    "understand": 5.0,
    "transcribe": 10.0,
    "transcode": 5.0,
    "generate": 20.0,
}
_LEARNING_RATE = 0.3
# Of every second that questions take while videos wait, so much goes to the account of the videos: what costs little
# is made after a question or two, and what costs much does not hold up many questions.
VIDEOS_SHARE = 0.25
_GRANT_S = 0.25  # what costs no more than that need not wait for a question
_CHEAP_SHARE = 0.1  # of the costliest job of its class that waits
# Of a guess, in admission: a machine may be ten times as quick as guessed, and nobody is sent away because of a guess.
_LEAST_SHARE = 0.1
_TRIAL_S = 1e-3

Key = tuple[str, str]  # kind and size of a job
_FIGURES = re.compile(r"\d+")

P = TypeVar("P")


def class_of(job: Job) -> JobClass:
    """The scheduling class of a job. Inspecting is as short and as blocking as moderation; transcoding is neither."""
    match job:
        case Moderate() | ScoreTexts() | Inspect():
            return JobClass.MODERATION
        case Understand() | Transcribe() | Transcode():
            return JobClass.UNDERSTANDING
        case Generate():
            return JobClass.GENERATION


def cost_key(job: Job) -> Key:
    """(kind, size): jobs with the same key are expected to cost about the same. Each video model is a kind."""
    match job:
        case Generate():
            return f"generate {job.model}", f"{job.width}x{job.height}x{math.ceil(job.seconds)}s"
        case Understand():
            return "understand", f"{sum(len(turn.clips) for turn in job.turns)} clips"
        case Moderate():
            return ("moderate", f"{len(job.clips)} clips") if job.clips else ("moderate text", "")
        case ScoreTexts():
            return "moderate texts", ""
        case Inspect():
            return "inspect", "stills" if job.stills_dir else "headers"
        case Transcribe():
            return "transcribe", ""
        case Transcode():
            return "transcode", ""


class CostModel:
    """Learns how many GPU-seconds a kind and size of job takes, as a moving average."""

    def __init__(self) -> None:
        self._averages: dict[str, dict[str, float]] = {}  # by kind, then by size

    def learn(self, key: Key, seconds: float) -> None:
        sizes = self._averages.setdefault(key[0], {})
        known = sizes.get(key[1])
        sizes[key[1]] = seconds if known is None else known + _LEARNING_RATE * (seconds - known)

    def recall(self, key: Key, seconds: float) -> None:
        """What was learned before this start. What was measured since is better."""
        self._averages.setdefault(key[0], {}).setdefault(key[1], seconds)

    def forget(self) -> None:
        """Other models do the jobs from now on."""
        self._averages.clear()

    def known(self) -> dict[Key, float]:
        """All that was learned."""
        return {(kind, size): seconds for kind, sizes in self._averages.items() for size, seconds in sizes.items()}

    def estimate(self, key: Key) -> float:
        """GPU-seconds: of this size, else of the next larger one that is known, else what the largest known one and the
        prior suggest. Always above zero."""
        known = self._known(key)
        if known is None:
            known = max(_prior_s(key[0]), self._scaled_up(key))
        return max(known, 1e-3)

    def at_least(self, key: Key) -> float:
        """GPU-seconds that such a job takes for certain, as far as anybody can tell."""
        return self.estimate(key) * (1.0 if self.measured(key) else _LEAST_SHARE)

    def price(self, key: Key) -> float:
        """GPU-seconds that a job is charged for its turn. The first of its kind is tried for next to nothing: then its
        kind is known."""
        return self.estimate(key) if key[0] in self._averages else _TRIAL_S

    def measured(self, key: Key) -> bool:
        """Whether the estimate rests on a finished job of this kind that was no smaller."""
        return self._known(key) is not None

    def _known(self, key: Key) -> float | None:
        sizes = self._averages.get(key[0], {})
        if key[1] in sizes:
            return sizes[key[1]]
        larger = [size for size in sizes if _amount(size) >= _amount(key[1])]
        return sizes[min(larger, key=_amount)] if larger else None

    def _scaled_up(self, key: Key) -> float:
        """What a job of an unknown size takes if it grows with its size from the largest known one; 0 without any."""
        sizes = self._averages.get(key[0])
        if not sizes:
            return 0.0
        largest = max(sizes, key=_amount)
        return sizes[largest] * _amount(key[1]) / _amount(largest)


def _amount(size: str) -> float:
    """How much there is to do for a size, as a number above zero: 640x360x3s, 2 clips."""
    return float(math.prod(int(figure) for figure in _FIGURES.findall(size)) or 0.1)


def _prior_s(kind: str) -> float:
    return _PRIORS_S.get(kind) or _PRIORS_S[kind.partition(" ")[0]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a job is not admitted, as a sentence, and when to come back."""

    why: str
    message: str
    retry_after_s: float


def admission(settings: EngineSettings, *, waiting_of_user: int, ahead_s: float, counts_user: bool) -> Refusal | None:
    """Decide on a new job: None admits it.

    `waiting_of_user` are the user's accepted jobs that have not started; `ahead_s` the estimated GPU-seconds that
    would run before the new job; `counts_user` is False for jobs that no user answers for.
    """
    if counts_user and waiting_of_user >= settings.per_user_queue:
        share = max(1.0, ahead_s / (waiting_of_user + 1))
        return Refusal(
            "user",
            f"You have {waiting_of_user} requests waiting already. Please wait until one of them has started.",
            round(share, 1),
        )
    if ahead_s > settings.max_wait_s:
        come_back_s = max(1.0, ahead_s - settings.max_wait_s)
        return Refusal(
            "queue",
            f"There is more to do right now than fits into {_duration(settings.max_wait_s)}. "
            f"Please try again in about {_duration(come_back_s)}.",
            round(come_back_s, 1),
        )
    return None


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


@dataclass(frozen=True, slots=True)
class Item(Generic[P]):
    """A waiting job as the scheduler sees it. `cost_s` is its estimate at the time of arrival; `payload` is opaque."""

    id: int
    job_class: JobClass
    community: str
    user: str
    cost_s: float
    payload: P
    key: Key = ("", "")


class Scheduler(Generic[P]):
    """The waiting jobs. Every operation but `forecast` takes the same time whether ten or 100,000 jobs wait."""

    def __init__(
        self, clock: Callable[[], float], settings: EngineSettings, price: Callable[[Key], float] | None = None
    ) -> None:
        """`price` is what a job costs by what is known now; without it, what it was expected to cost at its arrival."""
        self._clock = clock
        self._ageing_s = settings.ageing_s
        # Checks are many and of all sizes, and everybody waits for them.
        self._lanes: dict[JobClass, _Lane[P]] = {
            job_class: _Lane(overtake=job_class is JobClass.MODERATION) for job_class in CLASSES
        }
        self._account: _Account[P] = _Account(lambda item: price(item.key) if price else item.cost_s)
        self._items: dict[int, Item[P]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def waiting_s(self, job_class: JobClass) -> float:
        """Estimated GPU-seconds that wait in this class and the more urgent ones."""
        urgent = CLASSES[: CLASSES.index(job_class) + 1]
        return sum(self._lanes[each].cost_s for each in urgent)

    def waiting(self, job_class: JobClass) -> Iterator[tuple[Key, int]]:
        """What waits in this class and the more urgent ones: kinds and sizes, and how many jobs of each."""
        for each in CLASSES[: CLASSES.index(job_class) + 1]:
            yield from self._lanes[each].keys.items()

    def add(self, item: Item[P]) -> None:
        lane = self._lanes[item.job_class]
        if not lane:
            lane.passed_over_since = self._clock()
        self._items[item.id] = item
        lane.add(item)

    def remove(self, item_id: int) -> Item[P] | None:
        """Take a job out, wherever it stands. None when it is not waiting (any more)."""
        item = self._items.pop(item_id, None)
        if item is not None:
            self._lanes[item.job_class].remove(item)
        return item

    def pick(self, among: Collection[JobClass] = CLASSES) -> Item[P] | None:
        """Take the job that goes next out of the classes in `among`; None when nothing waits there."""
        candidates = [each for each in CLASSES if each in among and self._lanes[each]]
        if not candidates:
            return None
        now = self._clock()
        starving = next((each for each in candidates[1:] if self._starves(each, now)), None)
        chosen = starving or self._account.choice(candidates, self._lanes)
        lane = self._lanes[chosen]
        lane.passed_over_since = now
        item = lane.take()
        self._account.book(item, self._lanes)
        del self._items[item.id]
        return item

    def forecast(self) -> Iterator[Item[P]]:
        """All waiting jobs in the order in which they would be picked if nothing more arrived and no class aged.

        Iterate at leisure: it is a picture of the moment of the call.
        """
        lanes = {job_class: lane.copy() for job_class, lane in self._lanes.items()}
        return _in_order(lanes, replace(self._account))

    def _starves(self, job_class: JobClass, now: float) -> bool:
        return now - self._lanes[job_class].passed_over_since >= self._ageing_s[job_class]


@dataclass(slots=True)
class _Account(Generic[P]):
    """What questions have earned for the videos that wait meanwhile, in GPU-seconds."""

    price: Callable[[Item[P]], float]
    earned_s: float = _GRANT_S

    def choice(self, candidates: Sequence[JobClass], lanes: Mapping[JobClass, _Lane[P]]) -> JobClass:
        """The most urgent of the classes, or a video instead of a question once it is paid for."""
        urgent, waits = candidates[0], JobClass.GENERATION in candidates
        if urgent is not JobClass.UNDERSTANDING or not waits or not self.earned_s:
            return urgent
        return JobClass.GENERATION if self.earned_s >= self.price(lanes[JobClass.GENERATION].head()) else urgent

    def book(self, item: Item[P], lanes: Mapping[JobClass, _Lane[P]]) -> None:
        """A job was taken: a question earns, a video is paid for. Nothing is saved while no video waits."""
        if not lanes[JobClass.GENERATION]:
            self.earned_s = _GRANT_S
        elif item.job_class is JobClass.UNDERSTANDING:
            self.earned_s += VIDEOS_SHARE * max(self.price(item), item.cost_s)  # a trial costs nothing and earns
        elif item.job_class is JobClass.GENERATION:
            self.earned_s = max(0.0, self.earned_s - self.price(item))


def _in_order(lanes: Mapping[JobClass, _Lane[P]], account: _Account[P]) -> Iterator[Item[P]]:
    while candidates := [each for each in CLASSES if lanes[each]]:
        item = lanes[account.choice(candidates, lanes)].take()
        account.book(item, lanes)
        yield item


class _Lane(Generic[P]):
    """One class: users inside communities, in turn.

    Of a class where cheap jobs `overtake`, those that cost next to nothing beside the others go first, for as long as
    they take no more time than these: the check of a sentence does not wait for the checks of forty clips.
    """

    def __init__(self, *, overtake: bool = False) -> None:
        self.keys: Counter[Key] = Counter()
        self.cost_s = 0.0
        self.passed_over_since = 0.0
        self._overtake = overtake
        self._root: _Ring[P] = _Ring()
        self._cheap: _Ring[P] = _Ring()
        self._cheap_ids: set[int] = set()
        self._ahead_s = 0.0  # what cheap jobs have taken more than the others
        self._quantum_s = 0.0

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._root.flows or self._cheap.flows)

    def add(self, item: Item[P]) -> None:
        # A quantum as large as the costliest job serves somebody at every visit: that keeps a pick O(1).
        self._quantum_s = max(self._quantum_s, item.cost_s)
        self.cost_s += item.cost_s
        self.keys[item.key] += 1
        if self._overtake and item.cost_s <= _CHEAP_SHARE * self._quantum_s:
            self._cheap_ids.add(item.id)
        root = self._ring_of(item)
        community = root.flows.get(item.community)
        if community is None:
            community = root.join(item.community, _Ring())
        assert isinstance(community, _Ring)
        queue = community.flows.get(item.user)
        if queue is None:
            queue = community.join(item.user, _Queue())
        assert isinstance(queue, _Queue)
        queue.items[item.id] = item

    def head(self) -> Item[P]:
        """What `take` would take."""
        if self._cheap.flows:
            item = self._cheap.head(self._quantum_s)
            if not self._root.flows or self._ahead_s + item.cost_s <= self._quantum_s:
                return item
        return self._root.head(self._quantum_s)

    def take(self) -> Item[P]:
        item = self.head()
        root = self._ring_of(item)
        self._ahead_s = max(0.0, self._ahead_s + (item.cost_s if root is self._cheap else -item.cost_s))
        root.charge(item.community, item.cost_s)
        community = root.flows[item.community]
        assert isinstance(community, _Ring)
        community.charge(item.user, item.cost_s)
        self.remove(item)
        return item

    def remove(self, item: Item[P]) -> None:
        root = self._ring_of(item)
        self._cheap_ids.discard(item.id)
        community = root.flows[item.community]
        assert isinstance(community, _Ring)
        queue = community.flows[item.user]
        assert not isinstance(queue, _Ring)
        queue.discard(item)
        self.cost_s -= item.cost_s
        self.keys[item.key] -= 1
        if self.keys[item.key] <= 0:
            del self.keys[item.key]
        if not queue:
            community.leave(item.user)
        if not community.flows:
            root.leave(item.community)
        if not self:
            self.cost_s = self._quantum_s = self._ahead_s = 0.0  # forget rounding errors and the costliest of the past

    def copy(self) -> _Lane[P]:
        twin: _Lane[P] = _Lane(overtake=self._overtake)
        twin._root, twin._cheap = self._root.copy(), self._cheap.copy()
        twin._cheap_ids = set(self._cheap_ids)
        twin._ahead_s, twin._quantum_s = self._ahead_s, self._quantum_s
        return twin

    def _ring_of(self, item: Item[P]) -> _Ring[P]:
        return self._cheap if item.id in self._cheap_ids else self._root


class _Queue(Generic[P]):
    """One user's jobs, first come, first served."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: OrderedDict[int, Item[P]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self.items)

    def head(self, quantum_s: float) -> Item[P]:
        return next(iter(self.items.values()))

    def discard(self, item: Item[P]) -> None:
        del self.items[item.id]

    def copy(self) -> _QueueCopy[P]:
        return _QueueCopy(self.items.values())


class _QueueCopy(Generic[P]):
    """For forecasts: only ever taken from, and ten times cheaper to make than the real thing."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Item[P]]) -> None:
        self.items = [*items]
        self.items.reverse()

    def __bool__(self) -> bool:
        return bool(self.items)

    def head(self, quantum_s: float) -> Item[P]:
        return self.items[-1]

    def discard(self, item: Item[P]) -> None:
        self.items.pop()

    def copy(self) -> _QueueCopy[P]:
        return _QueueCopy(reversed(self.items))


class _Ring(Generic[P]):
    """Deficit round-robin over named flows. The first one is next; `turn` is it as soon as it got its quantum."""

    __slots__ = ("credit_s", "flows", "turn")

    def __init__(self) -> None:
        self.flows: OrderedDict[str, _Flow[P]] = OrderedDict()
        self.credit_s: dict[str, float] = {}
        self.turn: str | None = None

    def join(self, name: str, flow: _Flow[P]) -> _Flow[P]:
        self.flows[name] = flow
        self.credit_s[name] = 0.0
        return flow

    def leave(self, name: str) -> None:
        """An idle flow saves no credit for later."""
        del self.flows[name], self.credit_s[name]
        if self.turn == name:
            self.turn = None

    def head(self, quantum_s: float) -> Item[P]:
        """The job whose turn it is; moves the turn on until someone can pay."""
        while True:
            name = next(iter(self.flows))
            if self.turn != name:
                self.turn = name
                self.credit_s[name] += quantum_s
            item = self.flows[name].head(quantum_s)
            if self.credit_s[name] >= item.cost_s:
                return item
            self.flows.move_to_end(name)
            self.turn = None

    def charge(self, name: str, cost_s: float) -> None:
        self.credit_s[name] -= cost_s

    def copy(self) -> _Ring[P]:
        twin: _Ring[P] = _Ring()
        twin.credit_s = dict(self.credit_s)
        twin.turn = self.turn
        for name, flow in self.flows.items():
            twin.flows[name] = flow.copy()
        return twin


_Flow = _Ring[P] | _Queue[P] | _QueueCopy[P]
