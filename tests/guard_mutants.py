"""Switches off one guard at a time in a copy of the source, and demands a red test (BEHAVIOUR.md §6, guard mutants).

Run it by `make test-mutants`. It ends with 1 when a guard can be taken away without any test noticing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = Path("src/penstock")
PROTOCOL = "tests/unit/delivery/test_commit_protocol_model.py"
RECOVERY = "tests/integration/record/test_recovery.py"


@dataclass(frozen=True)
class Mutant:
    """A guard, how it is taken away, and the tests that must notice."""

    guard: str
    file: str
    changes: tuple[tuple[str, str], ...]
    tests: tuple[str, ...]


SETTLED = "WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3 AND status = ANY($13::text[])"
OURS = "SELECT pipeline_id FROM pipelines WHERE pipeline_id = $1 AND lease_epoch = $2 AND version = $3 FOR SHARE"
UNFENCED = "pipeline_id = $1 AND $2::bigint > 0 AND $3::bigint > 0"
DUE = "status IN ('generated', 'github_pending')\n        AND (lease_until IS NULL OR lease_until <= now())"
MUTANTS = (
    Mutant(
        "saved plans are looked for in the branch",
        "delivery/committing.py",
        (("(yield FindPlan(tuple(plans), heads)) if plans else None", "None"),),
        (PROTOCOL,),
    ),
    Mutant(
        "the plan is saved before the branch moves",
        "delivery/committing.py",
        (
            ("        yield SavePlan(heads.parent, commit)\n", ""),
            (
                "moved = yield MoveBranch(commit, heads.tip is None)\n",
                "moved = yield MoveBranch(commit, heads.tip is None)\n            yield SavePlan(heads.parent, commit)\n",
            ),
        ),
        (PROTOCOL,),
    ),
    Mutant(
        "settling is fenced by epoch and version",
        "database/queries.sql",
        ((SETTLED, SETTLED.replace("pipeline_id = $1 AND lease_epoch = $2 AND version = $3", UNFENCED)),),
        (RECOVERY, "-k", "taken_over"),
    ),
    Mutant(
        "a plan is saved only by who has the lease",
        "database/queries.sql",
        ((OURS, OURS.replace("pipeline_id = $1 AND lease_epoch = $2 AND version = $3", UNFENCED)),),
        (RECOVERY, "-k", "taken_over or row_92"),
    ),
    Mutant(
        "the claim comes before any cost",
        "pipelines/service.py",
        (
            (
                '        with walk.stage("claim"):\n',
                (
                    "        times, remote = self._times(walk), await self._remote(command, walk)\n"
                    "        await self.planner.plan(caller, command, walk, times, remote)\n"
                    '        with walk.stage("claim"):\n'
                ),
            ),
        ),
        ("tests/faults/test_database_rows.py", "-k", "row_60"),
    ),
    Mutant(
        "what a model answered is kept before it is used",
        "pipelines/holding.py",
        (("        self.claim = await self.records.draft(self.claim, draft, use)\n", ""),),
        ("tests/faults/test_model_paid_once.py",),
    ),
    Mutant(
        "every scan looks at all that is due",
        "database/queries.sql",
        ((DUE, DUE.replace("(lease_until IS NULL OR lease_until <= now())", "lease_until IS NULL")),),
        (RECOVERY, "-k", "drops"),
    ),
    Mutant(
        "a lost answer is read back",
        "database/fencing.py",
        (("return claim.version + 1 if ours else None", "return None"),),
        (RECOVERY, "-k", "row_62"),
    ),
    Mutant(
        "a record that kills its workers is parked",
        "pipelines/recovery.py",
        (("if begun > MOST_RECOVERIES:", "if begun > 1_000:"),),
        (RECOVERY, "-k", "row_91"),
    ),
    Mutant(
        "what may have killed a worker comes last, alone",
        "pipelines/recovery.py",
        (
            ("for each in taken if not each.moment.recoveries)", "for each in taken)"),
            ("for each in taken if each.moment.recoveries]", "for each in ()]"),
        ),
        (RECOVERY, "-k", "row_91"),
    ),
    Mutant(
        "leases of what waits for its turn are kept",
        "pipelines/recovery.py",
        (("                    await self._recoveries.renew(claim)\n", "                    await asyncio.sleep(0)\n"),),
        (RECOVERY, "-k", "turn_are_kept"),
    ),
    Mutant(
        "unpromised work is left alone for its grace",
        "database/queries.sql",
        (("lease_until <= now() - $1::interval\n    LIMIT", "lease_until <= now() AND $1 > interval '0'\n    LIMIT"),),
        (RECOVERY, "-k", "never_promised"),
    ),
    Mutant(
        "a failing database is not the record's fault",
        "pipelines/recovery.py",
        (("self._every_s, forgiven=True)", "self._every_s)"),),
        (RECOVERY, "-k", "failing_database"),
    ),
    Mutant(
        "a database that fails is no refusal of the repository",
        "pipelines/finishing.py",
        (("except (Unavailable, IdempotencyConflict):", "except ():"),),
        (RECOVERY, "-k", "failing_database"),
    ),
    Mutant(
        "a day is counted from the promise",
        "database/queries.sql",
        (("promised_at = now(), updated_at = now()\n    WHERE pipeline_id = $1 AND lease_epoch", "updated_at = now()\n    WHERE pipeline_id = $1 AND lease_epoch"),),
        (RECOVERY, "-k", "the_day_is_counted"),
    ),
    Mutant(
        "nothing is called off that may have arrived",
        "pipelines/upkeep.py",
        (("if await self.recoveries.plans(pipeline_id):", "if False:"),),
        (RECOVERY, "-k", "called_off"),
    ),
    Mutant(
        "the state machine stands in the database",
        "database/migrations/0001_initial.sql",
        (("EXECUTE FUNCTION refuse_transition();\n\nCREATE TRIGGER born", "EXECUTE FUNCTION suppress_redundant_updates_trigger();\n\nCREATE TRIGGER born"),),
        ("tests/integration/record/test_record_transitions.py",),
    ),
)  # fmt: skip


def outcome(mutant: Mutant, folder: Path) -> str:
    """Return killed, survived or broken (the change cannot be made any more)."""
    target = folder / SOURCE / mutant.file
    whole = text = target.read_text()
    for before, after in mutant.changes:
        if text.count(before) != 1:
            return "broken: the guard looks different now"
        text = text.replace(before, after)
    target.write_text(text)
    code = tested(folder, *mutant.tests)
    target.write_text(whole)
    return {0: "survived", 1: "killed"}.get(code, f"broken: pytest ended with {code}")


def tested(folder: Path, *tests: str) -> int:
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode


def main() -> int:
    """Print a table; return how many guards nobody watches."""
    wanted = sys.argv[1:]
    unwatched = 0
    with tempfile.TemporaryDirectory(prefix="penstock-mutants-") as place:
        folder = Path(place)
        folder.chmod(0o711)
        for name in ("src", "tests", "examples", "docs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        if tested(folder, *sorted({mutant.tests[0] for mutant in MUTANTS})) != 0:
            sys.stdout.write("The tests fail already with every guard in place.\n")
            return 1
        for mutant in MUTANTS:
            if wanted and not any(word in mutant.guard for word in wanted):
                continue
            found = outcome(mutant, folder)
            unwatched += found != "killed"
            sys.stdout.write(f"{mutant.guard:52} {found}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{unwatched} guards are watched by no test\n")
    return min(unwatched, 1)


if __name__ == "__main__":
    sys.exit(main())
