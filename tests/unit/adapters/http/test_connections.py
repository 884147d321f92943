"""Room for connections: idle ones make way, the oldest first; active ones never do."""

from __future__ import annotations

from adapters.http.connections import Connections, Limits, Pace
from tests.fakes.clock import Clock


class Line:
    """A connection that writes down its end."""

    def __init__(self, group: str, closed: list[Line]) -> None:
        self.group = group
        self._closed = closed

    def close_now(self, why: str) -> None:
        self._closed.append(self)


class Server:
    """Lets connections in as a server does."""

    def __init__(self, **limits: int) -> None:
        self.connections = Connections(Limits(**limits))
        self.closed: list[Line] = []

    def let_in(self, group: str, *, active: bool = False) -> Line | None:
        if not self.connections.make_room(group):
            return None
        line = Line(group, self.closed)
        self.connections.add(line)
        if active:
            self.connections.active(line)
        return line


def test_one_address_closes_its_own_oldest_idle_connection_and_nobody_elses() -> None:
    server = Server(connections=100, per_address=3)
    other = server.let_in("b")
    first, second, _ = (server.let_in("a") for _ in range(3))
    assert server.let_in("a")
    assert server.let_in("a")
    assert server.closed == [first, second]
    assert other not in server.closed
    assert len(server.connections) == 4


def test_an_active_connection_is_never_closed_for_another() -> None:
    server = Server(connections=100, per_address=2)
    assert server.let_in("a", active=True)
    idle = server.let_in("a")
    assert server.let_in("a", active=True)
    assert server.closed == [idle]
    assert server.let_in("a") is None
    assert server.let_in("b")


def test_when_it_is_full_those_who_have_the_most_make_way_the_oldest_of_theirs_first() -> None:
    server = Server(connections=6, per_address=6)
    proxied = [server.let_in("") for _ in range(2)]
    modest = server.let_in("a")
    greedy = [server.let_in("b", active=True), server.let_in("b"), server.let_in("b")]
    assert server.let_in("c")
    assert server.let_in("d")
    assert server.closed == greedy[1:]
    for number in range(3):
        assert server.let_in(f"e{number}")
    assert not {line for line in proxied if line in server.closed}
    assert modest in server.closed
    assert server.let_in("")


def test_when_all_are_active_nobody_else_comes_in_until_one_ends() -> None:
    server = Server(connections=2, per_address=2)
    first = server.let_in("a", active=True)
    server.let_in("b", active=True)
    assert server.let_in("c") is None
    assert first is not None
    server.connections.remove(first)
    server.connections.remove(first)
    assert server.let_in("c")


def test_behind_a_trusted_proxy_only_the_number_of_all_counts() -> None:
    server = Server(connections=5, per_address=2)
    assert all(server.let_in("", active=True) for _ in range(5))
    assert server.let_in("") is None


def test_what_comes_and_goes_leaves_nothing_behind() -> None:
    server = Server(connections=10, per_address=5)
    lines = [server.let_in(f"{number % 3}") for number in range(9)]
    for line in lines:
        assert line is not None
        server.connections.active(line)
        server.connections.idle(line)
        server.connections.remove(line)
    assert len(server.connections) == 0
    assert not server.connections._idle
    assert not server.connections._count


def test_idle_ones_are_let_go_when_there_is_no_descriptor() -> None:
    server = Server(connections=10, per_address=10)
    server.let_in("a", active=True)
    idle = [server.let_in("a") for _ in range(3)]
    assert server.connections.free(2) == 2
    assert server.connections.free(2) == 1
    assert server.connections.free(2) == 0
    assert server.closed == idle


def test_there_are_never_more_connections_than_the_system_has_descriptors_for() -> None:
    assert Limits().within(256) == Limits(connections=64, per_address=64)
    assert Limits().within(65_536) == Limits()


def test_after_a_burst_requests_come_at_a_pace() -> None:
    clock = Clock()
    pace = Pace(Limits(burst=5, rate=2), clock.now)
    assert [pace.take("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert pace.take("b")
    clock.time += 1
    assert [pace.take("a") for _ in range(3)] == [True, True, False]
