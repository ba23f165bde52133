"""The README shows what a person really sees."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def without_numbers(text: str) -> list[str]:
    """Return the lines with times, sizes and ids taken out: they differ from run to run."""
    return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+(\.\d+)?", "#", " ".join(line.split())) for line in text.split("\n")]


def test_the_picture_of_the_demo_is_real_output(command_line, example):
    block = README.read_text().split("$ make demo\n")[1].split("\n```")[0]
    repo = example("payment-api")
    done = command_line.run("generate", "Create CI/CD pipeline for payment-api", "--repo", repo)
    assert done.returncode == 0, done.stderr
    seen = without_numbers((done.stderr + done.stdout).replace(str(repo), "build/payment-api"))
    shown = [line for line in without_numbers(block) if line not in {"", "…"}]
    assert len(shown) > 30
    assert [line for line in shown if line not in seen] == []
