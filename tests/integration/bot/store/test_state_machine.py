"""Any sequence of calls, in any order, from two stores on one database, against a model that fits in a dictionary."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bot.store import Forgotten, NewRequest, NewTurn, RequestState, Store, utcnow

ENDS = [state for state in RequestState if state.terminal]
places = st.sampled_from(["a", "b"])
authors = st.sampled_from(["ada", "bob"])
stores = st.integers(0, 1)


def test_no_sequence_of_calls_leaves_an_end_or_loses_a_request(sqlite_template: Path) -> None:
    run_state_machine_as_test(
        lambda: Life(sqlite_template),
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


class Life(RuleBasedStateMachine):
    """What every request must look like is in `model`: id → (conversation, state, attempts, delivered)."""

    ids: Bundle[str] = Bundle("ids")

    def __init__(self, template: Path) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{shutil.copy(template, Path(self.folder.name) / 'bot.db')}"
        self.runner = asyncio.Runner()
        self.stores = [Store(self.url), Store(self.url)]
        self.model: dict[str, tuple[str, RequestState, int, bool]] = {}
        self.authors: dict[str, str] = {}
        self.events: set[str] = set()
        self.said: dict[str, list[str]] = {"a": [], "b": []}

    def teardown(self) -> None:
        for store in self.stores:
            self.runner.run(store.close())
        self.runner.close()
        self.folder.cleanup()

    @initialize()
    def nothing_at_first(self) -> None:
        assert self.runner.run(self.stores[0].unfinished()) == []

    @rule(target=ids, store=stores, place=places, event=st.sampled_from("stuvwxyz"), author=authors)
    def accept(self, store: int, place: str, event: str, author: str):  # type: ignore[no-untyped-def]
        new = NewRequest(
            event_id=event,
            kind="ask",
            platform="web",
            community="",
            channel=place,
            thread="",
            conversation=place,
            author_id=author,
            author_name=author,
            text=event,
        )
        request = self.runner.run(self.stores[store].accept(new))
        assert (request is None) == (event in self.events)
        self.events.add(event)
        if request is None:
            return multiple()
        self.model[request.id] = (place, RequestState.ACCEPTED, 0, False)
        self.authors[request.id] = author
        return request.id

    @rule(store=stores, id=ids)
    def claim(self, store: int, id: str) -> None:
        attempt = self.runner.run(self.stores[store].claim(id))
        place, state, attempts, delivered = self.model.get(id, ("", RequestState.FAILED, 0, False))
        if state.terminal:
            assert attempt is None
        else:
            assert attempt == attempts + 1
            self.model[id] = (place, RequestState.RUNNING, attempts + 1, delivered)

    @rule(store=stores, id=ids, end=st.sampled_from(ENDS))
    def finish(self, store: int, id: str, end: RequestState) -> None:
        ended = self.runner.run(self.stores[store].finish(id, end, {"end": end}, [NewTurn(role="user", text=id)]))
        place, state, attempts, delivered = self.model.get(id, ("", RequestState.FAILED, 0, False))
        assert ended is not state.terminal
        if ended:
            self.model[id] = (place, end, attempts, delivered)
            self.said[place].append(id)

    @rule(store=stores, id=ids)
    def deliver(self, store: int, id: str) -> None:
        self.runner.run(self.stores[store].delivered(id))
        if id in self.model and self.model[id][1].terminal:
            place, state, attempts, _ = self.model[id]
            self.model[id] = (place, state, attempts, True)

    @rule(store=stores, place=places)
    def forget(self, store: int, place: str) -> None:
        self.gone(self.runner.run(self.stores[store].forget(place)), lambda id: self.model[id][0] == place)

    @rule(store=stores, id=ids)
    def erase(self, store: int, id: str) -> None:
        self.gone(self.runner.run(self.stores[store].erase(id)), lambda known: known == id)

    @rule(store=stores, author=authors, place=st.none() | places)
    def forget_author(self, store: int, author: str, place: str | None) -> None:
        kept = self.runner.run(self.stores[store].kept("web", author, place))
        gone = self.runner.run(self.stores[store].forget_author("web", author, place))
        assert kept.questions == len(gone.requests)
        self.gone(gone, lambda id: self.authors[id] == author and place in (None, self.model[id][0]))

    @rule(store=stores)
    def prune(self, store: int) -> None:
        gone = self.runner.run(self.stores[store].prune("web", "", utcnow() + timedelta(days=1)))
        self.gone(gone, lambda id: self.model[id][1].terminal)

    def gone(self, gone: Forgotten, expected: Callable[[str], bool]) -> None:
        """Take out of the model what should be gone now, and compare it with what the store says."""
        ids = {id for id in self.model if expected(id)}
        assert set(gone.requests) == ids
        self.model = {id: known for id, known in self.model.items() if id not in ids}
        self.said = {place: [id for id in said if id not in ids] for place, said in self.said.items()}

    @rule(index=stores)
    def restart(self, index: int) -> None:
        self.runner.run(self.stores[index].close())
        self.stores[index] = Store(self.url)

    @invariant()
    def what_is_stored_is_what_happened(self) -> None:
        store = self.stores[0]
        found = [request for place in "ab" for request in self.runner.run(store.history(place))]
        assert {r.id: (r.conversation, r.state, r.attempts, r.delivered) for r in found} == self.model
        assert all(r.view == ({"end": r.state} if r.state.terminal else None) for r in found)
        for author in ("ada", "bob"):
            mine = {id for id, known in self.model.items() if not known[1].terminal and self.authors[id] == author}
            assert {request.id for request in self.runner.run(store.waiting("web", author))} == mine
        waiting = {id for id, known in self.model.items() if not known[1].terminal}
        assert {request.id for request in self.runner.run(store.unfinished())} == waiting
        undelivered = {id for id, known in self.model.items() if known[1].terminal and not known[3]}
        assert {request.id for request in self.runner.run(store.undelivered())} == undelivered
        for place, said in self.said.items():
            assert [turn.text for turn in self.runner.run(store.turns(place))] == said
