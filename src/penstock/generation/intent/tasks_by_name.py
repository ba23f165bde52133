"""Tasks called by their own name: make docs, npm run seed, `test:e2e`."""

from __future__ import annotations

import re

from penstock.domain.facts import Task
from penstock.generation.intent.schedules import clocks
from penstock.generation.intent.task_steps import Mention, add_step, has, start_lane
from penstock.generation.intent.wishes import Wishes
from penstock.generation.words import label

_PROGRAM = re.compile(
    "(?:npm|yarn|bun|make|just|task|tox|nox|composer|mix|poe) |run [\"'`]|(?:script|task|target) [\"'`]"
)
_RUNNER = re.compile(
    r"(?<![\w/-])[\"'`]?(?:npm run|npm|yarn(?: run)?|pnpm(?: run)?|bun run|make|just|task|tox -e|nox -s"
    r"|composer(?: run)?|mix|poe) ([A-Za-z0-9_][A-Za-z0-9_.:/-]{0,60})(?<![.:])[\"'`]?"
)
_QUOTED = re.compile(
    r"(?i:\brun )(?:(?i:the|script|task|target) )*[\"'`]([A-Za-z0-9_][A-Za-z0-9_.:/-]{0,60})[\"'`]"
    r"(?: (?i:script|task|target))?"
)
_RESERVED = frozenset(
    [
        "test",
        "lint",
        "install",
        "build",
        "image",
        "vet",
        "package",
        "scan",
        "source",
        "release",
        "sbom",
        "provenance",
        "secret-scan",
        "dependency-scan",
        "digest-scan",
    ]
)
_IN_USE = frozenset({"ci", "install", "test", "t", "start"})
_RUN = re.compile(r"\b(?:runs?|execute|with|führe|lance|ejecuta)(?: the)? $")
_WORDS_TOO = frozenset({"make", "just", "task", "mix"})
"""Programs whose names are words of the language."""
_NODE = frozenset({"npm", "yarn", "pnpm", "bun"})


def read(wishes: Wishes) -> None:
    """Read tasks that are called by their own name: make docs, npm run seed."""
    sentence = wishes.sentence
    for pattern in (_RUNNER, _QUOTED):
        for found in sentence.find(pattern, _PROGRAM, 80, exact=True):
            name = found.group(1)
            if name in _IN_USE and pattern is _RUNNER:
                continue
            runner = found.group().lstrip("\"'`").split()[0] if pattern is _RUNNER else ""
            holders = [
                (service, task)
                for service, facts in wishes.names.items()
                for task in facts.tasks
                if task.name == name and _run_by(task, runner)
            ]
            plain = runner in _WORDS_TOO or (runner in _NODE and " run " not in found.group())
            said = "`" in found.group() or (runner in _WORDS_TOO and _RUN.search(sentence.before(found.start())))
            if not holders and plain and not said:
                continue
            words = sentence.take(found)
            mention = Mention(found.start(), found.end(), "task", words)
            if not holders:
                wishes.ask(f'Where is "{words}"? The repository has no task of that name, so no step was added.')
                continue
            near = clocks(sentence)
            first, last = sentence.clause(found.start())
            mention.clock = next((clock for clock in near if first <= clock.start < last), None)
            for service, task in holders:
                if not has(wishes.names[service], task) or mention.clock:
                    step = label(name, "task")
                    step = f"run-{step}" if step in _RESERVED else step
                    kind = "test" if "test" in name.lower() else "custom"
                    title = f"Run the task {task.name} of {service}"
                    add_step(wishes, mention, service, task, step=step, title=title, kind=kind)
            start_lane(wishes, mention.clock)


def _run_by(task: Task, runner: str) -> bool:
    """Whether a task is run by the program the sentence names; managers of Node packages do the same."""
    own = task.command.partition(" ")[0]
    return not runner or own == runner or (own in _NODE and runner in _NODE)
