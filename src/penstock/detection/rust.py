"""Rust: Cargo packages and workspaces."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from penstock.detection.searching import first, hit_fact, port_in, sources
from penstock.detection.task_files import process, task
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Located

_FRAMEWORKS = (
    ("rocket", "rocket"), ("actix-web", "actix-web"), ("axum", "axum"), ("warp", "warp"), ("poem", "poem"),
    ("salvo", "salvo"), ("tide", "tide"), ("loco-rs", "loco"), ("leptos_axum", "leptos"), ("leptos_actix", "leptos"),
    ("gotham", "gotham"),
    ("iron", "iron"), ("tonic", "tonic"), ("hyper", "hyper"), ("pingora", "pingora"),
)  # fmt: skip
_USUAL = {"rocket": 8000, "loco": 5150}
_PORTS = (
    re.compile(
        r"var\(\s*\"(?P<env>\w*PORT)\"\s*\)[^;]{0,200}?(?:unwrap_or\w*\(|Ok\(|=>)[^\d;]{0,40}(?P<port>\d{2,5})\b"
    ),
    re.compile(r"env\s*=\s*\"(?P<env>\w*PORT)\"[^)]*?default_value(?:_t)?\s*=\s*\"?(?P<port>\d{2,5})"),
    re.compile(r"\.bind\(\s*\(\s*\"[^\"\n]*\"\s*,\s*(?P<port>\d{2,5})"),
    re.compile(r"\"(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::1?\]):(?P<port>\d{2,5})\""),
    re.compile(r"\(?\[\s*\d+,\s*\d+,\s*\d+,\s*\d+\s*\]\s*,\s*(?P<port>\d{2,5})\)"),
    re.compile(r"\bconst\s+\w*PORT\s*:\s*u16\s*=\s*(?P<port>\d{2,5})"),
)
_TESTS = re.compile(r"#\[(?:cfg\(test\)|test|tokio::test|actix_web::test|actix_rt::test|sqlx::test|rstest)\b")
MAX_MEMBERS = 60


class Rust:
    """Reads Cargo.toml and the members of a workspace."""

    ecosystem = "rust"
    manifests = ("Cargo.toml",)

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a crate or workspace, None without a readable Cargo.toml."""
        manifest = folder.toml("Cargo.toml")
        if manifest is None:
            return None
        members = _members(folder, manifest)
        programs = [(place, name) for place, each in members for name in _binaries(folder, place, each)]
        servers = [place for place, each in members if _framework(folder, place, each)]
        chosen = _chosen(folder, manifest, programs, servers)
        crate = next((each for place, each in members if chosen and place == chosen[0]), manifest)
        framework = _framework(folder, chosen[0], crate) if chosen else None
        version, version_kind = _version(folder, manifest, crate)
        start = process(folder, "web") or process(folder, "worker")
        if start is None and chosen is not None:
            start = folder.fact(f"./target/release/{chosen[1]}", _path(chosen[0], "Cargo.toml"), basis=Basis.INFERRED)
        web = framework is not None or process(folder, "web") is not None
        kind = "library" if start is None else "web" if web else "worker" if start.source.detail == "worker" else "cli"
        port, variable = _port(folder, chosen[0], framework) if kind == "web" and chosen else (None, None)
        return ServiceFacts(
            path=folder.path,
            name=chosen[1] if chosen else str(manifest.get("package", "name") or folder.name),
            kind=kind,
            ecosystem="rust",
            language=folder.fact("rust", "Cargo.toml"),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=folder.fact("cargo", "Cargo.toml"),
            lockfile=folder.fact(folder.full("Cargo.lock"), "Cargo.lock") if "Cargo.lock" in folder.names else None,
            framework=framework,
            install_command=folder.fact("cargo fetch", "Cargo.toml", basis=Basis.CONVENTION),
            build_command=_build(folder, manifest, chosen, crate),
            test_command=task(folder, "test") or _tests(folder),
            lint_command=task(folder, "lint", "clippy") or _lint(folder, manifest),
            start_command=start,
            port=port,
            port_env=variable,
            traits=_traits(folder, manifest),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Rust()


def _path(place: str, name: str) -> str:
    return name if place == "." else f"{place}/{name}"


def _members(folder: Folder, manifest: Located) -> list[tuple[str, Located]]:
    found: list[tuple[str, Located]] = [(".", manifest)] if manifest.get("package") else []
    patterns = manifest.get("workspace", "members")
    patterns = [str(each).rstrip("/") for each in patterns] if isinstance(patterns, list) else []
    for name in folder.files("Cargo.toml"):
        place = name.rpartition("/")[0]
        if place and any(fnmatchcase(place, pattern) for pattern in patterns) and len(found) < MAX_MEMBERS:
            document = folder.toml(name)
            if document is not None and document.get("package"):
                found.append((place, document))
    return found


def _binaries(folder: Folder, place: str, crate: Located) -> list[str]:
    listed = crate.get("bin")
    names = (
        [str(each["name"]) for each in listed if isinstance(each, dict) and isinstance(each.get("name"), str)]
        if isinstance(listed, list)
        else []
    )
    name = crate.get("package", "name")
    if (
        folder.has(_path(place, "src/main.rs"))
        and isinstance(name, str)
        and not any(
            isinstance(each, dict) and each.get("path") == "src/main.rs"
            for each in listed or ()
            if isinstance(listed, list)
        )
    ):
        names = [name, *names]
    prefix = _path(place, "src/bin/")
    names += [
        each.removeprefix(prefix).removesuffix(".rs").removesuffix("/main")
        for each in folder.below
        if each.startswith(prefix)
        and each.endswith(".rs")
        and (each.count("/") == prefix.count("/") or each.endswith("/main.rs"))
    ]
    return list(dict.fromkeys(names))


def _chosen(
    folder: Folder, manifest: Located, programs: list[tuple[str, str]], servers: list[str]
) -> tuple[str, str] | None:
    """Return the main program: the one Cargo runs by default, the root's, the only server's, one by its name."""
    default = manifest.get("package", "default-run")
    wanted = next((each for each in programs if each[1] == default), None)
    wanted = wanted or next((each for each in programs if each[0] == "."), None)
    if wanted is not None or not programs:
        return wanted
    serving = [each for each in programs if each[0] in servers]
    if len({place for place, _ in serving}) > 1:
        named = [each for each in serving if each[1] in {"server", "api", "app", "web", "backend", folder.name}]
        return named[0] if len(named) == 1 else None
    order = ("server", "api", "app", "web", "backend", "main", "cli", "binary")
    return min(
        serving or programs, key=lambda each: (order.index(each[1]) if each[1] in order else len(order), each[1])
    )


def _demands(crate: Located) -> dict[str, Any]:
    listed = crate.get("dependencies")
    return listed if isinstance(listed, dict) else {}


def _framework(folder: Folder, place: str, crate: Located) -> Fact[str] | None:
    for package, name in _FRAMEWORKS:
        if package in _demands(crate) and not (name in {"hyper", "tonic"} and not _serves(folder, place)):
            return folder.fact(name, _path(place, "Cargo.toml"), crate.line("dependencies", package), package)
    return None


def _serves(folder: Folder, place: str) -> bool:
    return (
        first(folder, _code(folder, place), re.compile(r"Server::builder|TcpListener::bind|server::conn|Server::bind"))
        is not None
    )


def _code(folder: Folder, place: str) -> list[str]:
    prefix = "" if place == "." else f"{place}/"
    return [
        name
        for name in sources(folder, (".rs",), re.compile(r"(^|/)(main|config|settings|server|startup|app|lib)\.rs$"))
        if name.startswith(prefix)
    ]


def _version(folder: Folder, manifest: Located, crate: Located) -> tuple[Fact[str] | None, str | None]:
    for place in (folder, *folder.parents):
        document = place.toml("rust-toolchain.toml")
        channel = document.get("toolchain", "channel") if document else None
        if document is not None and isinstance(channel, str):
            return place.fact(channel, "rust-toolchain.toml", document.line("toolchain", "channel")), "pin" if channel[
                :1
            ].isdigit() else "alias"
        hit = first(
            place,
            ("rust-toolchain",),
            re.compile(r"^\s*(?:channel\s*=\s*\")?((?:\d+\.\d+(?:\.\d+)?|nightly|stable|beta)[\w.-]*)", re.MULTILINE),
        )
        if hit is not None:
            return hit_fact(place, hit, hit.match[1]), "pin" if hit.match[1][:1].isdigit() else "alias"
        pinned = tool_version(place, "rust")
        if pinned is not None:
            return pinned, "pin"
    for document, path in (
        (crate, ("package", "rust-version")),
        (manifest, ("package", "rust-version")),
        (manifest, ("workspace", "package", "rust-version")),
    ):
        value = document.get(*path)
        if isinstance(value, str):
            return folder.fact(value, "Cargo.toml", manifest.line(*path), ".".join(path)), "minimum"
    return None, None


def _build(folder: Folder, manifest: Located, chosen: tuple[str, str] | None, crate: Located) -> Fact[str]:
    package = f" --package {crate.get('package', 'name')}" if chosen is not None and chosen[0] != "." else ""
    locked = " --locked" if "Cargo.lock" in folder.names else ""
    return folder.fact(
        f"cargo build --release{package}{locked}", "Cargo.toml", manifest.line("package"), basis=Basis.CONVENTION
    )


def _tests(folder: Folder) -> Fact[str] | None:
    code = [name for name in folder.below if name.endswith(".rs") and not name.startswith(("examples/", "target/"))][
        :400
    ]
    hit = first(folder, code, _TESTS)
    every = (
        " --workspace"
        if hit
        and "/" in hit.name
        and (folder.toml("Cargo.toml") and "[workspace]" in (folder.text("Cargo.toml") or ""))
        else ""
    )
    return hit_fact(folder, hit, f"cargo test{every}", basis=Basis.CONVENTION) if hit else None


def _lint(folder: Folder, manifest: Located) -> Fact[str] | None:
    name = next((each for each in ("clippy.toml", ".clippy.toml") if each in folder.names), None)
    if name is not None:
        return folder.fact("cargo clippy --all-targets -- -D warnings", name, basis=Basis.CONVENTION)
    for path in (("lints", "clippy"), ("workspace", "lints", "clippy")):
        if manifest.get(*path) is not None:
            return folder.fact(
                "cargo clippy --all-targets -- -D warnings", "Cargo.toml", manifest.line(*path), basis=Basis.CONVENTION
            )
    return None


def _port(folder: Folder, place: str, framework: Fact[str] | None) -> tuple[Fact[int] | None, str | None]:
    if framework is not None and framework.value == "rocket":
        found = port_in(
            folder,
            (_path(place, "Rocket.toml"), "Rocket.toml"),
            (re.compile(r"^\s*port\s*=\s*(?P<port>\d{2,5})", re.MULTILINE),),
        )
        return (found[0] if found else Fact(8000, framework.source, Basis.INFERRED)), "ROCKET_PORT"
    found = port_in(folder, _code(folder, place), _PORTS)
    if found is None:
        files = [
            name
            for name in (
                "config/default.toml",
                "configuration/base.yaml",
                "config/base.yaml",
                "config/development.yaml",
                ".env.example",
                ".env",
            )
            if folder.has(name)
        ]
        found = port_in(
            folder,
            files,
            (re.compile(r"^\s*(?P<env>(?:\w+_)?PORT)?(?:port)?\s*[:=]\s*\"?(?P<port>\d{4,5})\b", re.MULTILINE),),
        )
    reads = first(folder, _code(folder, place), re.compile(r"var\(\s*\"(PORT)\""))
    if found is not None:
        return found[0], found[1] or ("PORT" if reads else None)
    usual = _USUAL.get(framework.value) if framework else None
    return (Fact(usual, framework.source, Basis.INFERRED) if usual and framework else None), "PORT" if reads else None


def _traits(folder: Folder, manifest: Located) -> tuple[Fact[str], ...]:
    found: list[Fact[str]] = []
    offline = next(
        (name for name in folder.below if name.startswith(".sqlx/") or name.endswith("sqlx-data.json")), None
    )
    if offline is not None:
        found.append(folder.fact("sqlx-offline", offline))
    if manifest.get("workspace") is not None:
        found.append(folder.fact("multi-module", "Cargo.toml", manifest.line("workspace")))
    if "Cargo.lock" not in folder.names:
        found.append(folder.fact("no-cargo-lock", "Cargo.toml"))
    return tuple(found)
