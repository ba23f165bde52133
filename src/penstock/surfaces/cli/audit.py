"""penstock audit verify."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.errors import Unavailable
from penstock.surfaces.cli import exits
from penstock.surfaces.cli.tell import printable

if TYPE_CHECKING:
    from penstock.domain.audit import ChainReport
    from penstock.surfaces.cli.running import Opener


async def run_verify(opener: Opener, data_dir: Path | None, *, org: str | None, as_json: bool) -> int:
    """Print what was found of each organisation's chain. Raises NotFound, Unavailable."""
    async with opener.audit(data_dir=data_dir) as verifier:
        try:
            reports: Sequence[ChainReport] = await verifier.verify(org)
        except ValueError as problem:
            message = f"The audit log could not be checked: {problem}."
            raise Unavailable(message, next_steps=("Look at the archive's folder audit/.",)) from problem
    whole = all(report.problem is None for report in reports)
    if as_json:
        sys.stdout.write(json.dumps({"whole": whole, "chains": [asdict(each) for each in reports]}, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{_line(report)}\n" for report in reports) or "The audit log is empty.\n")
    return exits.OK if whole else exits.DENIED


def _line(report: ChainReport) -> str:
    looked = f"{printable(report.org_id)}  {report.rows} rows as they were sealed"
    if report.problem is not None:
        where = "" if report.bad_audit_id is None else f" at row {report.bad_audit_id}"
        return f"✗ {looked}, then broken{where}: {report.problem}"
    waiting = f", {report.unsealed} not sealed yet" if report.unsealed else ""
    return f"✓ {looked}{waiting}, {report.exports} ends known to the archive"
