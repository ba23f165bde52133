"""A process of its own with a breaker, told what to do line by line: its answers are lines of JSON.

permit             ask, and remember the permit
report OUTCOME     tell what became of the last permit
now MICROSECONDS   set the clock of Redis and of this process
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime

from breaker_parts import SetClock, house


async def main(url: str, model: str) -> None:
    clock = SetClock()
    async with house(url, model=model, clock=clock) as given:
        permit = None
        while line := (await asyncio.to_thread(sys.stdin.readline)).split():
            match line:
                case ["permit"]:
                    permit = await given.breaker.permit()
                case ["report", "success" | "failure" | "neutral" as outcome]:
                    assert permit
                    await given.breaker.report(permit, outcome)
                case ["now", moment]:
                    before = clock.now_us()
                    clock.wall = datetime.fromtimestamp(int(moment) / 1_000_000, UTC)
                    clock.ticks += (int(moment) - before) / 1_000_000
            told = {
                "allowed": permit.allowed if permit else None,
                "probe": bool(permit and permit.probe_id),
                "source": permit.source if permit else None,
                "state": await given.breaker.state(),
                "expired": given.metric("circuit_breaker_probe_expired_total"),
                "events": given.events(),
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
