"""Start the simulated Google Cloud Storage: prints {"port": N} and runs until its standard input closes.

Whoever starts it holds the other end of that pipe, so it ends with its starter, even one that was killed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading

from .server import SimulatedApi


async def serve(port: int, bucket: str) -> None:
    loop = asyncio.get_running_loop()
    api, ended = SimulatedApi(bucket), asyncio.Event()
    server = await loop.create_server(api.connect, "127.0.0.1", port)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()

    def watch() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fakes.gcs", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--bucket", default="acme-pipelines")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.bucket))


if __name__ == "__main__":
    main()
