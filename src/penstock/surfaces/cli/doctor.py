"""penstock doctor: whether every part works on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.surfaces.cli import exits
from penstock.surfaces.cli.tell import printable

if TYPE_CHECKING:
    from penstock.surfaces.cli.running import Opener


async def run_doctor(opener: Opener, data_dir: Path | None, *, as_json: bool) -> int:
    """Print each part's state. Exit 0 when all are well, 4 otherwise."""
    parts = await opener.doctor(data_dir=data_dir)
    if as_json:
        sys.stdout.write(
            json.dumps([{"part": name, "well": well, "detail": words} for name, well, words in parts], indent=2) + "\n"
        )
    else:
        for name, well, words in parts:
            sys.stdout.write(f"  {'✓' if well else '✗'} {name:<14} {printable(words)}\n")
    return exits.OK if all(well for _, well, _ in parts) else exits.UNAVAILABLE
