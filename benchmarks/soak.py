"""`make soak`: three servers, eight clients and somebody who breaks things; afterwards every promise is looked for.

SECONDS says how long things are broken (120), SEED repeats a run's dice; what the machine makes of them is never quite
the same. Real: the servers, PostgreSQL, Valkey, git. Simulated: Claude, GitHub's API. Durations are a fifth of the
specification's. A run that breaks an invariant leaves its history, records and logs in .soak/ and exits with 1.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests")]

from soak_checks import IN_TIME, Findings, check, rows, settle  # noqa: E402 -- the simulated APIs live with the tests
from soak_clients import Clients  # noqa: E402
from soak_house import House  # noqa: E402
from soak_nemesis import Nemesis  # noqa: E402

_SETTLE_S = 60.0
_LONGEST_CELL = 160


def main() -> int:
    """Run once and print one table. Exit 1 when an invariant is broken."""
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--seconds", type=float, default=120, help="how long things are broken")
    cli.add_argument("--seed", type=int, default=None, help="repeat the dice of a run")
    cli.add_argument("--clients", type=int, default=8)
    cli.add_argument("--untimed", action="store_true", help="do not judge how long answers took: the machine is busy")
    cli.add_argument("--keep", type=Path, default=ROOT / ".soak", help="folder of failed runs")
    asked = cli.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    print(f"seed {seed}, {asked.seconds:g} s; the balancer is the harness's own round-robin proxy")
    house = House()
    try:
        found, nemesis, clients = soak(house, seed, asked.seconds, asked.clients)
        if asked.untimed:
            found.broken.pop(IN_TIME)
        show(found, nemesis)
        if not any(found.broken.values()):
            return 0
        kept = keep(house, asked.keep / f"seed-{seed}-{int(time.time())}", found, nemesis, clients)
        print(f"An invariant is broken; history, records and logs stand in {kept}")
        return 1
    finally:
        house.close()


def soak(house: House, seed: int, seconds: float, count: int) -> tuple[Findings, Nemesis, Clients]:
    """Break things while clients ask, mend them, wait, and compare. Raises TimeoutError when servers stay away."""
    clients, nemesis = Clients(house, seed, count), Nemesis(house, seed)
    clients.start()
    nemesis.rage(seconds)
    healed = time.monotonic()
    clients.finish(_SETTLE_S)
    took, left_over = settle(house, _SETTLE_S)
    found = check(house, clients, left_over)
    found.figures["seconds until everything had ended"] = f"{time.monotonic() - healed:.1f}, {took:.1f} after answers"
    found.figures["server starts"] = str(sum(server.starts for server in house.servers))
    found.figures["answers to commits lost on the wire"] = str(sum(wire.cuts for wire in house.wires))
    return found, nemesis, clients


def show(found: Findings, nemesis: Nemesis) -> None:
    """Print the table: faults, figures, invariants."""
    faults = [(f"fault: {name}", str(count), "") for name, count in sorted(nemesis.faults.items())]
    figures = [(name, value[:_LONGEST_CELL], "") for name, value in found.figures.items()]
    held = [(name, str(len(wrong)) + " wrong", "BROKEN" if wrong else "holds") for name, wrong in found.broken.items()]
    table = [*faults, *figures, *held]
    width = max(len(name) for name, *_ in table)
    for name, value, verdict in table:
        print(f"{name:<{width}}  {value:<14}  {verdict}".rstrip())
    for name, wrong in found.broken.items():
        for each in wrong[:10]:
            print(f"  {name}: {each}")


def keep(house: House, folder: Path, found: Findings, nemesis: Nemesis, clients: Clients) -> Path:
    """Keep what is needed to understand a broken run. Secrets of the run die with it."""
    folder.mkdir(parents=True)
    for server in house.servers:
        shutil.copy(server.log, folder)
    told = {
        "broken": found.broken,
        "figures": found.figures,
        "faults": nemesis.history,
        "requests": [sent.document() for sent in clients.sent],
        "records": rows(house, "SELECT * FROM pipelines ORDER BY created_at"),
        "audit": rows(house, "SELECT * FROM audit_logs ORDER BY audit_id"),
        "plans": rows(house, "SELECT * FROM commit_plans ORDER BY plan_id"),
    }
    (folder / "history.json").write_text(json.dumps(told, default=str, indent=1))
    return folder


if __name__ == "__main__":
    sys.exit(main())
