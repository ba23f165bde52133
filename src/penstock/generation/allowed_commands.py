"""What a step of a model's answer may run: what the repository has, what the sentence says, a few harmless tools."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from penstock.domain.facts import ServiceFacts
from penstock.generation.change_view import says_secret
from penstock.generation.named_tasks import OF_RUNNERS
from penstock.generation.risky_variables import is_risky
from penstock.generation.shell_commands import Command, Unreadable, pipes_of
from penstock.generation.words import shown

_COMMANDS = ("install_command", "build_command", "test_command", "lint_command")
_DEPLOYS: dict[str, frozenset[str]] = {
    tool: frozenset(verbs.split())
    for tools, verbs in (
        ("gcloud", "deploy submit add-iam-policy-binding set-iam-policy update replace update-traffic approve promote"),
        ("kubectl oc", "apply set rollout create patch replace delete scale edit"),
        ("helm helmfile", "upgrade install rollback apply sync"),
        ("docker podman buildah crane skopeo", "push copy"),
        ("git", "push"),
        ("terraform tofu terragrunt pulumi", "apply up destroy"),
        ("skaffold", "run apply deploy"),
        ("gke-deploy", "run apply"),
    )
    for tool in tools.split()
}
"""Tools with the words that make them change something that runs, or who may."""
_NETWORK = frozenset(
    {
        "curl", "wget", "nc", "ncat", "netcat", "socat", "ssh", "scp", "sftp", "rsync", "ftp", "tftp", "telnet",
        "openssl", "dig", "nslookup", "host", "ping", "aws", "gcloud", "gsutil", "bq", "az", "git", "http", "https",
        "httpie", "xh", "aria2c", "lynx", "mail", "sendmail", "docker", "kubectl", "helm",
    }
)  # fmt: skip
_SCRIPTS = frozenset({"npm", "yarn", "pnpm", "bun"})
_FLAGS_BEFORE = frozenset({"-s", "--silent", "-r", "--recursive", "--workspaces", "--if-present"})
_MORE_OF_RUNNERS = frozenset(
    {
        "x", "global", "npm", "recursive", "m", "multi", "env", "self-update", "login", "logout", "rm", "un", "unlink",
        "pkg", "root", "whoami", "approve-builds", "doctor", "setup", "server",
    }
)  # fmt: skip
_RUNS_MORE = re.compile(
    r"--?(exec|toolexec|vettool|ldflags|script-shell|registry|index-url|extra-index-url|userconfig|globalconfig"
    r"|init-script|require|import|loader|config|rootdir|prefix|node-options|rcfile|eval|print|package|Dexec)\b|-[Ic]$"
)
"""Arguments that let a tool run, load or trust something else."""
_PLAIN_ARGUMENT = re.compile(r"(?![^=]*\.\./|/)[A-Za-z0-9_./@,:*%+= ${}|\[\]()~^!-]*")
_GOAL_OF_PLUGIN = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.:-]+")
_LOCAL = re.compile(r"(https?://)?(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[\w./?=&%-]*)?")
_SERVICE_URL = re.compile(r"\$\{?SERVICE_URL\}?(/[\w./?=&%-]*)?")
_CURL_FLAGS = re.compile(
    r"-[fsSLI]+|--(fail|fail-with-body|silent|show-error|location|head|retry-connrefused|retry-all-errors)"
)
_CURL_NUMBERS = frozenset({"--max-time", "-m", "--retry", "--retry-delay", "--retry-max-time", "--connect-timeout"})
_RELATIVE = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]*")
_HARMLESS = {
    "echo": re.compile(r".*", re.DOTALL),
    "cd": _RELATIVE,
    "mkdir": re.compile(rf"-p|{_RELATIVE.pattern}"),
    "sleep": re.compile(r"[0-9]{1,4}[smh]?"),
    "exit": re.compile(r"[0-9]{1,3}"),
    "set": re.compile(r"[-+][euxo]+|pipefail|nounset|errexit"),
    **dict.fromkeys(("true", "false", ":", "break", "continue", "pwd", "date"), re.compile(r"(?!)")),
}
"""Tools that change nothing elsewhere, with the arguments they may have."""
_NODE_TOOLS = ("npx", "npx --no-install", "npx --no", "pnpm", "pnpm exec", "yarn", "yarn run", "bunx")
_MIGRATIONS: dict[str, tuple[str, ...]] = {
    "node": (
        "prisma migrate deploy", "knex migrate:latest", "sequelize-cli db:migrate", "sequelize db:migrate",
        "typeorm migration:run", "drizzle-kit migrate",
    ),
    "python": (
        "alembic upgrade head", "python manage.py migrate", "python -m alembic upgrade head", "flask db upgrade",
    ),
    "ruby": ("bundle exec rails db:migrate", "bin/rails db:migrate", "bundle exec rake db:migrate"),
    "php": ("php artisan migrate --force", "php bin/console doctrine:migrations:migrate --no-interaction"),
    "elixir": ("mix ecto.migrate",),
    "dotnet": ("dotnet ef database update",),
}  # fmt: skip
_PREFIXES = ("uv run", "poetry run", "pdm run", "pipenv run")
_OWN_TOOLS: dict[str, tuple[str, ...]] = {
    "python": ("pytest", "python -m pytest", "python manage.py test", "ruff check", "mypy", "tox"),
    "go": ("go test", "go vet", "go build", "go mod download", "go mod verify"),
    "jvm": (
        "mvn test", "mvn verify", "mvn package", "./mvnw test", "./mvnw verify", "./mvnw package", "gradle test",
        "gradle check", "gradle build", "./gradlew test", "./gradlew check", "./gradlew build", "sbt test",
    ),
    "rust": ("cargo test", "cargo build", "cargo check", "cargo clippy", "cargo fmt"),
    "dotnet": ("dotnet test", "dotnet build", "dotnet restore", "dotnet format"),
    "ruby": ("bundle install", "bundle exec rspec", "bundle exec rake", "bundle exec rails test"),
    "php": ("composer install", "vendor/bin/phpunit", "vendor/bin/phpstan"),
    "elixir": ("mix test", "mix deps.get", "mix compile", "mix format"),
}  # fmt: skip
"""What the tools of an ecosystem do with the repository's own code alone."""


@dataclass(frozen=True)
class Allowed:
    """Whose commands a step may run, in which sentence they may stand, and whether it reads secrets."""

    services: Sequence[ServiceFacts]
    intent: str
    former: str = ""
    """The script that a changed step has so far: its own lines may stay."""
    secret: bool = False

    def problems(self, place: str, script: str) -> Iterator[str]:
        """Yield what a script runs that it may not."""
        kept = {line.strip() for line in self.former.split("\n")} - {""}
        try:
            pipes = pipes_of(script, kept)
        except Unreadable as problem:
            yield f"{place}: it {problem}. Write plain commands, one a line, without files and substitutions."
            return
        for pipe in pipes:
            said = self._said(" | ".join(" ".join(each.words) for each in pipe))
            for command in pipe:
                yield from self._of(place, command, said=said)

    def _of(self, place: str, command: Command, *, said: bool) -> Iterator[str]:
        exported = [word.partition("=")[0] for word in command.words[1:] if command.words[0] == "export"]
        for name in [*(name for name, _ in command.sets), *exported]:
            if is_risky(name) or says_secret(name):
                yield f"{place}: it sets {name}, which decides what programs run or is a secret; leave it out."
        text = shown(" ".join(command.words))
        if not command.words:
            return
        if _deploys(command.words):
            yield f"{place}: {text} deploys, pushes or grants by itself; the delivery is Cloud Deploy's."
        elif self.secret and command.words[0].rpartition("/")[2] in _NETWORK:
            yield f"{place}: {text} reaches the network in a step that reads secrets; take one of both away."
        elif not said and not self._may_run(command.words):
            yield (
                f"{place}: it runs {text}, which is none of the repository's commands and is not in the sentence; use a"
                " task of the repository, or ask in questions."
            )

    def _said(self, text: str) -> bool:
        """Whether the sentence holds the command: a single word only where it stands in quotes."""
        wanted = re.escape(_bare(text))
        if " " not in text:
            return re.search(rf"[`'\"]{wanted}[`'\"]", self.intent) is not None
        return re.search(rf"(?<![\w./-]){wanted}(?![\w/-]|\.\w)", _bare(self.intent)) is not None

    def _may_run(self, words: tuple[str, ...]) -> bool:
        if not re.fullmatch(r"[A-Za-z0-9_./:@+\[-]+", words[0]):
            return False
        return _harmless(words) or self._own(words) or self._migrates(words)

    def _own(self, words: tuple[str, ...]) -> bool:
        """Whether the repository has the command: one of its own, or of its package manager's."""
        if any(_begins(words, known) for known in self._known):
            return True
        if words[0] in _SCRIPTS and "node" in self._ecosystems:
            return _runs_script(words)
        return words[0] == "make" and _makes(words[1:])

    @cached_property
    def _ecosystems(self) -> frozenset[str]:
        return frozenset(each.ecosystem for each in self.services)

    @cached_property
    def _known(self) -> frozenset[tuple[str, ...]]:
        texts = [
            fact.value for each in self.services for name in _COMMANDS if (fact := getattr(each, name)) is not None
        ]
        texts += [task.command for each in self.services for task in each.tasks]
        found = {tuple(tool.split(" ")) for each in self._ecosystems for tool in _OWN_TOOLS.get(each, ())}
        if "python" in self._ecosystems:
            found |= {(*prefix.split(" "), *tool) for prefix in _PREFIXES for tool in set(found)}
        for text in texts:
            try:
                found |= {command.words for pipe in pipes_of(text) for command in pipe if command.words}
            except Unreadable:
                continue
        return frozenset(found)

    def _migrates(self, words: tuple[str, ...]) -> bool:
        for ecosystem in self._ecosystems:
            known = _MIGRATIONS.get(ecosystem, ())
            if ecosystem == "node":
                known = tuple(f"{tool} {each}" for tool in _NODE_TOOLS for each in known)
            if ecosystem == "python":
                known += tuple(f"{prefix} {each}" for prefix in _PREFIXES for each in known)
            if any(_begins(words, tuple(each.split(" "))) for each in known):
                return True
        return False


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[`'\"]", "", text).split())


def _deploys(words: Sequence[str]) -> bool:
    if words[0] == "echo":
        return False
    if any(word.startswith("--to-target") for word in words):
        return True
    return any(
        _DEPLOYS.get(word.rpartition("/")[2], frozenset()) & set(words[at + 1 :]) for at, word in enumerate(words)
    )


def _begins(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    if words[: len(known)] != known:
        return False
    more = words[len(known) :]
    plugins = known[0].rpartition("/")[2] in {"mvn", "mvnw"} and any(_GOAL_OF_PLUGIN.fullmatch(each) for each in more)
    return not plugins and all(_is_plain(each) for each in more)


def _is_plain(argument: str) -> bool:
    return (
        "://" not in argument and _RUNS_MORE.match(argument) is None and _PLAIN_ARGUMENT.fullmatch(argument) is not None
    )


def _runs_script(words: tuple[str, ...]) -> bool:
    """Whether a package manager runs a script of the repository, or installs what its lock file names."""
    rest = list(words[1:])
    if not all(_is_plain(each) for each in rest):
        return False
    while rest and (rest[0] in _FLAGS_BEFORE or rest[0].startswith(("--workspace=", "--filter="))):
        rest.pop(0)
    if not rest or rest[0] in {"ci", "install", "i"}:
        return all(each.startswith("-") for each in rest[1:])
    if rest[0] in {"run", "run-script", "test", "start"}:
        return True
    return words[0] in {"yarn", "pnpm"} and not rest[0].startswith("-") and rest[0] not in OF_RUNNERS | _MORE_OF_RUNNERS


def _makes(words: Sequence[str]) -> bool:
    for index, word in enumerate(words):
        name, sign, _ = word.partition("=")
        folder = index and words[index - 1] == "-C"
        if (sign and is_risky(name)) or (word.startswith("-") and word not in {"-C", "-j", "-s", "-k"}):
            return False
        if not _is_plain(word) or (folder and not _RELATIVE.fullmatch(word)):
            return False
    return True


def _harmless(words: tuple[str, ...]) -> bool:
    name, arguments = words[0], words[1:]
    plain = _HARMLESS.get(name)
    if plain is not None:
        return all(plain.fullmatch(each) for each in arguments)
    if name in {"test", "["}:
        return not {"-v", "-R"} & set(arguments)  # bash works out what stands in an index there
    if name == "export":
        return all(_exported(each) for each in arguments)
    return name == "curl" and _curl(arguments)


def _exported(argument: str) -> bool:
    name, sign, _ = argument.partition("=")
    return bool(sign) and re.fullmatch(r"[A-Za-z_]\w*", name) is not None and not (is_risky(name) or says_secret(name))


def _curl(arguments: Sequence[str]) -> bool:
    """Whether curl only asks this machine or the service whether it answers."""
    asked, left = False, list(arguments)
    while left:
        each = left.pop(0)
        if each in _CURL_NUMBERS:
            if not left or not left.pop(0).isdigit():
                return False
        elif each in {"-o", "--output"}:
            if not left or left.pop(0) != "/dev/null":
                return False
        elif _LOCAL.fullmatch(each) or _SERVICE_URL.fullmatch(each):
            asked = True
        elif not _CURL_FLAGS.fullmatch(each):
            return False
    return asked
