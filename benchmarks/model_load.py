"""Load for the model rows: the same server asked with and without its model, by turns, one request after another."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server_load import body

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Taken:
    """What requests of one mode took, in milliseconds."""

    wall: list[float] = field(default_factory=list)
    """Without the time in which the model was waited for."""
    cpu: list[float] = field(default_factory=list)
    """Of the server and the processes that judge for it."""


async def by_turns(address: str, key: str, example: Path, processes: list[int], requests: int) -> dict[str, Taken]:
    """Return what ``requests`` of each mode took; the first ten of each are not counted."""
    import aiohttp

    taken = {"template": Taken(), "ai": Taken()}
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(base_url=address, headers=headers) as session:
        for index in range(requests + 10):
            for mode, sums in taken.items():
                wanted: dict[str, Any] = {**body(example, index), "options": {"mode": mode, "target": "cloud-run"}}
                begun, used = time.perf_counter(), cpu_ms(processes)
                async with session.post("/api/v1/pipelines/generate", json=wanted) as answer:
                    document = await answer.json()
                    assert answer.status == 201, document
                wall = (time.perf_counter() - begun) * 1000
                assert document["mode"] == mode
                waited = sum(each["ms"] for each in (document["model"] or {"attempts": []})["attempts"])
                if index >= 10:
                    sums.wall.append(wall - waited)
                    sums.cpu.append(cpu_ms(processes) - used)
    for sums in taken.values():
        sums.wall.sort()
    return taken


def cpu_ms(processes: list[int]) -> float:
    """Return the processor time that processes have used so far (ms); the kernel counts in steps of ten."""
    ticks = 0
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1000 / _TICKS


def judges_of(server: int) -> list[int]:
    """Return the processes that judge for a server."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"regorus_worker" in command and parent == server:
                found.append(int(entry.name))
    return found
