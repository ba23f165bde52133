"""Ruby: Gemfile and its lock, Rails to plain Rack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.searching import first, hit_fact, port_in
from penstock.detection.task_files import heroku_test, process, task
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_GEM = re.compile(r"^\s*gem\s*\(?\s*['\"]([\w.-]+)['\"]")
_FRAMEWORKS = ("rails", "hanami", "sinatra", "grape", "roda", "cuba", "functions_framework", "rack")
_PORTS = (
    re.compile(
        r"^\s*port\s+\(?\s*ENV\.fetch\(\s*['\"](?P<env>\w+)['\"]\s*\)?\s*(?:,|\{)?\s*['\"]?(?P<port>\d{2,5})",
        re.MULTILINE,
    ),
    re.compile(r"ENV\.fetch\(\s*['\"](?P<env>PORT)['\"]\s*\)?\s*(?:,|\{)\s*['\"]?(?P<port>\d{2,5})"),
    re.compile(r"^\s*(?:set\s+:port,|port)\s*(?P<port>\d{2,5})", re.MULTILINE),
)
_SERVERS = (
    ("puma", "bundle exec puma"),
    ("unicorn", "bundle exec unicorn"),
    ("passenger", "bundle exec passenger start"),
    ("falcon", "bundle exec falcon serve"),
    ("thin", "bundle exec thin start"),
    ("iodine", "bundle exec iodine"),
)
_USUAL = {
    "rails": 3000,
    "hanami": 2300,
    "sinatra": 4567,
    "grape": 9292,
    "roda": 9292,
    "cuba": 9292,
    "rack": 9292,
    "functions_framework": 8080,
}


class Ruby:
    """Reads Gemfile, its lock and config.ru."""

    ecosystem = "ruby"
    manifests = ("Gemfile", "config.ru")

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a Ruby folder, None without a Gemfile or a rack file."""
        where = next((name for name in self.manifests if folder.text(name) is not None), None)
        if where is None:
            return None
        gems = _gems(folder)
        if not _has_code(folder, gems):
            return None
        framework = next((Fact(name, gems[name].source) for name in _FRAMEWORKS if name in gems), None)
        version, version_kind = _version(folder)
        start = _start(folder, gems, framework)
        kind = _kind(folder, gems, framework, start)
        port, variable = _port(folder, framework, start) if kind == "web" else (None, None)
        return ServiceFacts(
            path=folder.path,
            name=folder.name,
            kind=kind,
            ecosystem="ruby",
            language=folder.fact("ruby", where),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=folder.fact("bundler", where),
            lockfile=folder.lockfile("Gemfile.lock"),
            framework=Fact("jekyll", gems["jekyll"].source) if kind == "static-site" else framework,
            install_command=folder.fact("bundle install", where, basis=Basis.CONVENTION),
            build_command=_build(folder, gems, kind),
            test_command=task(folder, "test") or heroku_test(folder) or _tests(folder, gems),
            lint_command=task(folder, "lint") or _lint(folder, gems),
            start_command=start,
            output_dir=folder.fact("_site", where, basis=Basis.CONVENTION) if kind == "static-site" else None,
            port=port,
            port_env=variable,
            traits=_traits(folder),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Ruby()


def _gems(folder: Folder) -> dict[str, Fact[str]]:
    found: dict[str, Fact[str]] = {}
    for number, line in enumerate(folder.lines("Gemfile"), 1):
        match = _GEM.match(line)
        if match:
            found.setdefault(match[1], folder.fact(match[1], "Gemfile", number))
    return found


def _has_code(folder: Folder, gems: dict[str, Fact[str]]) -> bool:
    """Whether there is more than tools (fastlane, cocoapods, jekyll for docs) in the Gemfile."""
    return bool(gems.keys() & {*_FRAMEWORKS, "jekyll", "github-pages", "sidekiq"}) or any(
        name.endswith((".rb", ".ru", ".gemspec")) for name in folder.below
    )


def _version(folder: Folder) -> tuple[Fact[str] | None, str | None]:
    for place in (folder, *folder.parents):
        hit = first(place, (".ruby-version",), re.compile(r"^\s*(?:ruby-)?(\d+(?:\.\d+)*)"))
        pinned = hit_fact(place, hit, hit.match[1]) if hit else tool_version(place, "ruby")
        if pinned is not None:
            return pinned, "pin"
    demanded = first(
        folder, ("Gemfile",), re.compile(r"^\s*ruby\s*\(?\s*['\"]\s*([^'\"\n]*\d[^'\"\n]*)['\"]", re.MULTILINE)
    )
    if demanded is not None:
        return hit_fact(folder, demanded, demanded.match[1]), "pin" if demanded.match[1][:1].isdigit() else "range"
    locked = first(folder, ("Gemfile.lock",), re.compile(r"^RUBY VERSION\n\s+ruby (\d+(?:\.\d+)*)", re.MULTILINE))
    return (hit_fact(folder, locked, locked.match[1]), "pin") if locked else (None, None)


def _start(folder: Folder, gems: dict[str, Fact[str]], framework: Fact[str] | None) -> Fact[str] | None:
    written = process(folder, "web") or process(folder, "worker") or _server(folder, gems, framework)
    if written is not None:
        return written
    function = first(folder, ("app.rb",), re.compile(r"FunctionsFramework\.\w+\s*\(?\s*[\"'](\w+)[\"']"))
    if function is not None and "functions_framework" in gems:
        command = f"bundle exec functions-framework-ruby --target {function.match[1]}"
        return hit_fact(folder, function, command, basis=Basis.INFERRED)
    names = ("app.rb", "main.rb", "server.rb", "web.rb", "bot.rb", "index.rb")
    own = next((name for name in names if name in folder.names), None)
    if own is not None:
        return folder.fact(f"bundle exec ruby {own}", own, basis=Basis.INFERRED)
    return Fact("bundle exec sidekiq", gems["sidekiq"].source, Basis.INFERRED) if "sidekiq" in gems else None


def _server(folder: Folder, gems: dict[str, Fact[str]], framework: Fact[str] | None) -> Fact[str] | None:
    settings = " -C config/puma.rb" if folder.has("config/puma.rb") else ""
    if framework is not None and framework.value == "rails":
        if "puma" in gems and settings:
            return folder.fact(f"bundle exec puma{settings}", "config/puma.rb", basis=Basis.INFERRED)
        return Fact("bundle exec rails server -b 0.0.0.0", framework.source, Basis.INFERRED)
    if "config.ru" not in folder.names:
        return None
    command = next((command for gem, command in _SERVERS if gem in gems), "bundle exec rackup --host 0.0.0.0")
    return folder.fact(f"{command}{settings if 'puma' in command else ''}", "config.ru", basis=Basis.INFERRED)


def _kind(folder: Folder, gems: dict[str, Fact[str]], framework: Fact[str] | None, start: Fact[str] | None) -> str:
    if start is None:
        return (
            "static-site"
            if ("jekyll" in gems or "github-pages" in gems) and "_config.yml" in folder.names
            else "library"
        )
    if any(name.endswith(".gemspec") for name in folder.names) and framework is None and process(folder, "web") is None:
        return "library"
    if framework is not None or "config.ru" in folder.names or process(folder, "web") is not None:
        return "web"
    return (
        "worker" if "sidekiq" in start.value or process(folder, "worker") is not None or "bot" in start.value else "cli"
    )


def _build(folder: Folder, gems: dict[str, Fact[str]], kind: str) -> Fact[str] | None:
    if kind == "static-site":
        return folder.fact("bundle exec jekyll build", "Gemfile", basis=Basis.CONVENTION)
    pipeline = next(
        (
            gems[name]
            for name in ("sprockets-rails", "propshaft", "webpacker", "shakapacker", "vite_rails")
            if name in gems
        ),
        None,
    )
    assets = next(
        (name for name in folder.below if name.startswith("app/assets/") and not name.endswith(".keep")), None
    )
    if pipeline is not None and assets is not None:
        program = "bin/rails" if folder.has("bin/rails") else "bundle exec rails"
        return Fact(f"{program} assets:precompile", pipeline.source, Basis.CONVENTION)
    return None


def _tests(folder: Folder, gems: dict[str, Fact[str]]) -> Fact[str] | None:
    spec = next(iter(folder.files("spec/*_spec.rb")), None)
    rspec = next((gems[name] for name in ("rspec-rails", "rspec") if name in gems), None)
    if spec is not None and (rspec is not None or folder.has(".rspec")):
        return folder.fact("bundle exec rspec", spec, basis=Basis.CONVENTION)
    test = next(iter((*folder.files("test/*_test.rb"), *folder.files("test/*test*.rb"))), None)
    if test is None or test == "test/test_helper.rb":
        return None
    if "rails" in gems:
        return folder.fact(
            "bin/rails test" if folder.has("bin/rails") else "bundle exec rails test", test, basis=Basis.CONVENTION
        )
    hit = first(folder, ("Rakefile",), re.compile(r"TestTask|task\s+:test\b|task\s+test:|task\s+['\"]test"))
    return hit_fact(folder, hit, "bundle exec rake test", basis=Basis.CONVENTION) if hit else None


def _lint(folder: Folder, gems: dict[str, Fact[str]]) -> Fact[str] | None:
    if ".rubocop.yml" in folder.names and any(name.startswith("rubocop") for name in gems):
        return folder.fact("bundle exec rubocop", ".rubocop.yml", basis=Basis.CONVENTION)
    return Fact("bundle exec standardrb", gems["standard"].source, Basis.CONVENTION) if "standard" in gems else None


def _port(folder: Folder, framework: Fact[str] | None, start: Fact[str] | None) -> tuple[Fact[int] | None, str | None]:
    written = re.search(r"\$\{PORT:-(\d{2,5})\}|(?:-p|--port)[ =](\d{2,5})\b", start.value) if start else None
    if start is not None and written:
        return Fact(int(written[1] or written[2]), start.source, start.basis), "PORT" if written[1] else None
    found = port_in(folder, ("config/puma.rb", "puma.rb", "app.rb", "config.ru", "server.rb", "main.rb"), _PORTS)
    if found is not None:
        return found[0], found[1] or ("PORT" if start and "PORT" in start.value else None)
    usual = _USUAL.get(framework.value) if framework else None
    if usual is None or framework is None:
        return None, None
    program = start.value.partition("bundle exec ")[2].partition(" ")[0] if start else ""
    if framework.value not in {"rails", "functions_framework"}:
        usual = {"puma": 9292, "rackup": 9292, "unicorn": 8080, "passenger": 3000, "thin": 3000}.get(program, usual)
    return Fact(usual, framework.source, Basis.INFERRED), "PORT"


def _traits(folder: Folder) -> tuple[Fact[str], ...]:
    found: list[Fact[str]] = []
    hit = first(folder, ("Gemfile.lock",), re.compile(r"^PLATFORMS\n((?:[ ]+\S+\n?)+)", re.MULTILINE))
    if hit is not None and not re.search(r"linux|^\s+ruby\s*$|java", hit.match[1], re.MULTILINE):
        listed = ", ".join(hit.match[1].split())
        folder.gap(
            "lockfile",
            f"Gemfile.lock names only {listed}: run `bundle lock --add-platform x86_64-linux`",
            "Gemfile.lock",
            hit.line,
        )
        found.append(hit_fact(folder, hit, "lock-without-linux", listed))
    if folder.files("db/migrate/*.rb"):
        found.append(folder.fact("migrations", folder.files("db/migrate/*.rb")[0]))
    return tuple(found)
