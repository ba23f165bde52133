"""Start the simulated Claude: prints {"port": N} and runs until its standard input closes."""

from __future__ import annotations

import argparse
import asyncio

from fakes.serving import serve

from .server import SimulatedApi


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fakes.claude", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args()

    async def run() -> None:
        await serve(SimulatedApi(), given.port)

    asyncio.run(run())


if __name__ == "__main__":
    main()
