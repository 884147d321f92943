"""How late an event loop is. `python -m benchmarks.lag` is an empty one, which runs until its input ends."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence

TICK_S = 0.005


class Probe:
    """Wants to run every 5 ms and notes how late it does, in seconds.

    A loop that is held up for 50 ms is late for ten ticks, and all ten count: sleeping on afterwards, as a naive probe
    does, would count the whole stall once and hide it from the percentiles.

    `busy_s` has the processor seconds that the loop's thread used from one run of the probe to the next: unlike the
    lateness, it knows nothing of other processes that want the same core.
    """

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.busy_s: list[float] = []
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> list[float]:
        self._task.cancel()
        return self.late_s

    async def _run(self) -> None:
        due, used = time.perf_counter() + TICK_S, time.thread_time()
        while True:
            await asyncio.sleep(due - time.perf_counter())
            now, before, used = time.perf_counter(), used, time.thread_time()
            self.busy_s.append(used - before)
            while due <= now:
                self.late_s.append(now - due)
                due += TICK_S


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of them do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


async def _empty() -> list[float]:
    probe = Probe()
    await asyncio.to_thread(sys.stdin.read)
    return probe.stop()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_empty())))
