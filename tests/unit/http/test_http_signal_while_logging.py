"""A signal may come at any line, also while the server writes its log: it must end all the same (BEHAVIOUR.md §2.7)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SERVES = '''
import asyncio, io, os, signal
from http_stand_ins import House
from penstock.surfaces.http.listening import bind
from penstock.surfaces.http.server import serve

class Signalled(io.BytesIO):
    """Is told to stop in the middle of its first line."""

    told = False

    def write(self, line):
        if not self.told:
            self.told = True
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(line)

house = House(log=Signalled())
asyncio.run(serve(house.app, bind("127.0.0.1", 0)))
print([line["event"] for line in house.lines("server.stopping")])
'''


def test_a_server_told_to_stop_while_it_logs_stops():
    ended = subprocess.run(
        [sys.executable, "-c", SERVES],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "['server.stopping']"), ended.stderr
