"""`make bench`: speed and size of what a person or a server waits for, against the numbers Penstock promises.

Everything runs on this machine and stops by itself. Figures are medians unless the row says otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "payment-api"
PENSTOCK = Path(sys.executable).parent / "penstock"
Row = tuple[str, str, str, bool]


def main() -> int:
    """Run the rows asked for and print one table. Exit 1 when a promise is broken."""
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--only", help="run rows whose function name holds this word")
    cli.add_argument("--requests", type=int, default=400, help="requests of the saturation row")
    cli.add_argument("--pending", type=int, default=10_000, help="records that wait in the reconciler's row")
    asked = cli.parse_args()
    rows: list[Row] = []
    counts = {server: asked.requests, record: asked.pending}
    for bench in (detection, secret_scan, gate, command_line, server, model_path, record):
        if asked.only and asked.only not in bench.__name__:
            continue
        rows += bench(counts[bench]) if bench in counts else bench()
    width = max(len(name) for name, *_ in rows)
    print(f"{'what':<{width}}  {'measured':>14}  {'promise':>14}")
    for name, measured, promise, kept in rows:
        print(f"{name:<{width}}  {measured:>14}  {promise:>14}  {'' if kept else 'BROKEN'}")
    return 0 if all(kept for *_, kept in rows) else 1


def times(work: Callable[[], object], count: int, warm: int = 2) -> list[float]:
    """Return milliseconds of ``count`` runs, sorted, after ``warm`` unmeasured ones."""
    for _ in range(warm):
        work()
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return sorted(taken)


def p99(taken: list[float]) -> float:
    """Return the 99th percentile of sorted values."""
    return taken[min(len(taken) - 1, int(len(taken) * 0.99))]


def row(name: str, ms: float, promise_ms: float) -> Row:
    """Return one row in milliseconds."""
    return name, f"{ms:.1f} ms", f"< {promise_ms:.0f} ms", ms < promise_ms


def detection() -> list[Row]:
    """Look at a made-up monorepo of 5,000 files."""
    from penstock.detection import detect
    from penstock.detection.tree import LocalTree

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for index in range(4_990):
            path = root / "services" / f"s{index % 10}" / "src" / f"part{index % 40}" / f"file{index}.js"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("module.exports = () => process.env.HOME;\n")
        for index in range(10):
            manifest = {"name": f"s{index}", "scripts": {"test": "node --test", "start": "node src/index.js"}}
            (root / "services" / f"s{index}" / "package.json").write_text(json.dumps(manifest))
        taken = times(lambda: detect(LocalTree(root), name="big"), 7)
    return [row("detection, 5,000 files", statistics.median(taken), 300)]


def secret_scan() -> list[Row]:
    """Scan a mebibyte of ordinary YAML."""
    from penstock.policy.secrets import scan

    block = "  - name: step\n    env: ['REGION=europe-west1', 'LOG_LEVEL=info']\n    args: [build, --tag, app]\n"
    text = block * (1_048_576 // len(block))
    taken = times(lambda: scan(text, path="cloudbuild.yaml"), 5)
    return [row("secret scan, 1 MiB", statistics.median(taken), 300)]


def gate() -> list[Row]:
    """Judge the example's generated files, in process and settled as a server is.

    No call sees a file that an earlier one saw.
    """
    from penstock.bootstrap.loading import settle
    from penstock.bootstrap.opener import FromSettings
    from penstock.domain.pipelines import LOCAL_CALLER, GeneratePipeline, Options
    from penstock.domain.policy import Profile

    async def run() -> tuple[int, list[float]]:
        async with FromSettings().engine() as engine:
            command = GeneratePipeline(
                "Create CI/CD pipeline", "payment-api", local_path=str(EXAMPLE), options=Options(dry_run=True)
            )
            plan = await engine.pipelines.plan(LOCAL_CALLER, command)
            made = {artifact.path: artifact.content for artifact in plan.artifacts[:10]}
            settle()
            taken = []
            for index in range(200):
                name, mark = b"payment-%d" % index, b"# call %d\n" % index
                files = {path: content.replace(b"payment-api", name) + mark for path, content in made.items()}
                begun = time.perf_counter()
                await engine.pipelines.validate(LOCAL_CALLER, files, profile=Profile.STANDARD)
                taken.append((time.perf_counter() - begun) * 1000)
            return len(files), sorted(taken[20:])

    count, taken = asyncio.run(run())
    return [
        row(f"gate, {count} files, p50", statistics.median(taken), 20),
        row(f"gate, {count} files, p99", p99(taken), 20),
    ]


def command_line() -> list[Row]:
    """Start the command line as a person does."""

    def run(*command: str) -> Callable[[], object]:
        return lambda: subprocess.run([PENSTOCK, *command], check=False, capture_output=True)

    return [
        row("penstock --help", statistics.median(times(run("--help"), 9)), 200),
        row("penstock check (example)", statistics.median(times(run("check", str(EXAMPLE)), 5)), 1_000),
        row(
            "penstock plan (example)",
            statistics.median(times(run("plan", "Create a pipeline", "--repo", str(EXAMPLE)), 5)),
            3_000,
        ),
    ]


_MANY = {"PENSTOCK_GATEWAY__GENERATIONS_PER_USER": "1000", "PENSTOCK_GATEWAY__GENERATIONS_PER_ORG": "1000"}
"""One key stands for many users."""


def server(requests: int) -> list[Row]:
    """Start a server, generate one by one, then as fast as it can, and look at its memory."""
    from server_load import load

    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PENSTOCK_GATEWAY__REQUESTS_PER_MINUTE": "1000000", **_MANY}
        begun = time.perf_counter()
        process = subprocess.Popen(
            [PENSTOCK, "serve", "--port", "0", "--data-dir", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        try:
            address, key = announced(process)
            started = (time.perf_counter() - begun) * 1000
            idle = resident_mib(process.pid)
            figures = asyncio.run(load(address, key, EXAMPLE, requests))
            busy = resident_mib(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    return [
        row("serve, first start to ready", started, 3_000),
        row("generate, warm server, p50", figures["p50"], 150),
        row("generate, warm server, p99", figures["p99"], 500),
        ("generate at saturation (32 in flight)", f"{figures['rate']:.0f} req/s", "> 20 req/s", figures["rate"] > 20),
        ("generate at 60 in flight: memory", f"{busy:.0f} MiB", "< 600 MiB", busy < 600),
        ("server idle: memory", f"{idle:.0f} MiB", "< 200 MiB", idle < 200),
    ]


def model_path() -> list[Row]:
    """Generate with a model that answers at once, and without: the difference is what the way to a model costs."""
    from model_load import by_turns, judges_of

    sys.path.insert(0, str(ROOT / "tests"))
    from fakes.claude_process import simulated_claude

    with tempfile.TemporaryDirectory() as folder, simulated_claude() as claude:
        environment = {
            **os.environ,
            "PENSTOCK_GATEWAY__REQUESTS_PER_MINUTE": "1000000",
            **_MANY,
            "PENSTOCK_MODEL__API_KEY": "sk-ant-simulated",
            "PENSTOCK_MODEL__BASE_URL": claude.url,
        }
        process = subprocess.Popen(
            [PENSTOCK, "serve", "--port", "0", "--data-dir", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        try:
            address, key = announced(process)
            taken = asyncio.run(by_turns(address, key, EXAMPLE, [process.pid, *judges_of(process.pid)], 200))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    plain, asked = taken["template"], taken["ai"]
    cpu = [sum(each.cpu) / len(each.cpu) for each in (plain, asked)]
    over = statistics.median(asked.wall) - statistics.median(plain.wall)
    return [
        row("generate by templates, p50", statistics.median(plain.wall), 150),
        row("generate by templates, p99", p99(plain.wall), 500),
        row("generate with a model, without its time, p50", statistics.median(asked.wall), 150),
        row("generate with a model, without its time, p99", p99(asked.wall), 500),
        row("overhead of the model path, p50", over, 50),
        ("CPU per request, templates", f"{cpu[0]:.1f} ms", "", True),
        ("CPU per request, with a model", f"{cpu[1]:.1f} ms", "< 100 ms more", cpu[1] - cpu[0] < 100),
    ]


def record(pending: int) -> list[Row]:
    """Write what a request with a delivery writes, then let recovery and relay work off what waits."""
    from record_load import Measured, bench

    async def run() -> tuple[Measured, tuple[int, float, float], Measured, tuple[int, float], float]:
        async with bench(EXAMPLE) as house:
            written = await house.bookkeeping(300)
            await house.fill(pending)
            drained = await house.drain()
            return written, drained, await house.idle(100), await house.relay(), await house.archive(100)

    written, (drained, took, grown), idle, (told, telling), archiving = asyncio.run(run())
    assert drained >= pending, "some records were not finished"
    rate, scan = drained / took, idle.own_cpu + idle.postgres_cpu
    return [
        row("TX1, TX2, plan and settlement, p50", statistics.median(written.wall), 25),
        row("TX1, TX2, plan and settlement, p99", p99(written.wall), 100),
        ("the same, CPU of Penstock", f"{written.own_cpu:.1f} ms", "< 15 ms", written.own_cpu < 15),
        ("the same, CPU of PostgreSQL", f"{written.postgres_cpu:.1f} ms", "", True),
        (f"reconciler, {drained:,} pending", f"{rate:.0f} records/s", "> 50 records/s", rate > 50),
        ("the same, memory added", f"{grown:.0f} MiB", "< 50 MiB", grown < 50),
        (
            f"relay, {told:,} events into a file",
            f"{told / telling:.0f} events/s",
            "> 500 events/s",
            told / telling > 500,
        ),
        ("archive, copies into a folder", f"{100 / archiving:.0f} copies/s", "> 20 copies/s", 100 / archiving > 20),
        row("scan with nothing to do, p50", statistics.median(idle.wall), 20),
        ("the same, CPU per hour and server", f"{scan * 3600 / 15 / 1000:.1f} s", "< 10 s", scan * 240 / 1000 < 10),
    ]


def announced(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Read the address and the bootstrap key the server prints at its first start."""
    address = key = ""
    for line in process.stdout or ():
        address = (re.search(r"http://[\w.:\[\]]+", line) or [address])[0]
        key = (re.search(r"pst_live_\w+", line) or [key])[0]
        if address and key and "curl" in line:
            break
    return address, key


def resident_mib(pid: int) -> float:
    """Return the resident memory of a server and its processes that judge; PostgreSQL and Valkey have their own."""
    return sum(_resident_kib(each) for each in (pid, *_judges(pid))) / 1024


def _resident_kib(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def _judges(server: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(server), "-f", "regorus_worker"], check=False, capture_output=True)
    return [int(pid) for pid in listed.stdout.split()]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main())
