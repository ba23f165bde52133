"""sbt: Scala projects, with Play, the native packager or assembly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection import jvm_code
from penstock.detection.searching import Hit, first, hit_fact
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_FRAMEWORKS = (
    (r"enablePlugins\([^)]*\bPlay\w*|\"(?:org\.playframework|com\.typesafe\.play)\"\s*%\s*\"sbt-plugin\"", "play"),
    (r"\bhttp4s\b", "http4s"), (r"akka-http", "akka-http"), (r"pekko-http", "pekko-http"),
    (r"zio-http", "zio-http"), (r"\btapir\b", "tapir"), (r"scalatra", "scalatra"), (r"finatra|finagle", "finatra"),
    (r"\bcask\b", "cask"),
)  # fmt: skip
_RELEASE = re.compile(
    r"\"-{1,2}(?:java-output-version|release|source|target)(?::|\"\s*,\s*\")(?:jvm-)?((?:1\.)?\d{1,2})\""
)


def inspect_sbt(folder: Folder) -> ServiceFacts:
    """Return the facts of a folder with a build.sbt."""
    scripts = ["build.sbt", *(name for name in folder.below if re.fullmatch(r"project/\w+\.(sbt|scala)", name))]
    framework = next(
        (
            hit_fact(folder, hit, name)
            for pattern, name in _FRAMEWORKS
            if (hit := first(folder, scripts, re.compile(pattern)))
        ),
        None,
    )
    title = first(folder, ("build.sbt",), re.compile(r"\bname\s*:=\s*(?:\"\"\"|\")([^\"]+)\""))
    name = title.match[1] if title else folder.name or "app"
    start, build = _program(folder, scripts, framework.value if framework else None, name)
    version = jvm_code.pinned_version(folder)
    demanded = first(folder, scripts, _RELEASE)
    tool = first(folder, ("project/build.properties",), re.compile(r"^\s*sbt\.version\s*=\s*(\S+)", re.MULTILINE))
    tests = jvm_code.has_tests(folder)
    kind = "library" if start is None else "web" if framework else "cli"
    port, variable = _port(folder, framework) if kind == "web" and framework else (None, None)
    scala = first(folder, scripts, re.compile(r"scalaVersion\s*:=\s*\S+"))
    return ServiceFacts(
        path=folder.path,
        name=name,
        kind=kind,
        ecosystem="jvm",
        language=_language(folder, scala),
        runtime_version=version or (hit_fact(folder, demanded, demanded.match[1]) if demanded else None),
        runtime_kind="pin" if version else "minimum" if demanded else None,
        package_manager=folder.fact("sbt", tool.name if tool else "build.sbt", tool.line if tool else None),
        package_manager_version=tool.match[1] if tool else None,
        framework=framework,
        install_command=folder.fact("sbt update", "build.sbt", basis=Basis.CONVENTION),
        build_command=build,
        test_command=folder.fact("sbt test", tests, basis=Basis.CONVENTION) if tests else None,
        lint_command=_lint(folder, scripts),
        start_command=start,
        port=port,
        port_env=variable,
    )


def _port(folder: Folder, framework: Fact[str]) -> tuple[Fact[int] | None, str | None]:
    found = jvm_code.port_of(folder, ".")
    if found is not None:
        return found
    usual = jvm_code.web_port(framework.value)
    return (Fact(usual, framework.source, Basis.INFERRED) if usual else None), None


def _language(folder: Folder, scala: Hit | None) -> Fact[str]:
    """Return the language of the sources; a build that only names Scala's version may still be all Java."""
    found = jvm_code.language_of(folder, ".", "build.sbt")
    return hit_fact(folder, scala, "scala") if scala and found.basis is Basis.INFERRED else found


def _program(
    folder: Folder, scripts: list[str], framework: str | None, name: str
) -> tuple[Fact[str] | None, Fact[str]]:
    packager = first(folder, scripts, re.compile(r"JavaAppPackaging|JavaServerAppPackaging|sbt-native-packager"))
    assembly = first(folder, scripts, re.compile(r"sbt-assembly"))
    program = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if framework == "play" or packager is not None:
        where = packager.name if packager else "build.sbt"
        start = folder.fact(
            f"target/universal/stage/bin/{program}", where, packager.line if packager else None, basis=Basis.INFERRED
        )
        return start, folder.fact("sbt stage", where, basis=Basis.CONVENTION)
    if assembly is not None:
        jar = first(folder, scripts, re.compile(r"assemblyJarName[^\n]*:=\s*\"([^\"]+)\""))
        built = jar.match[1] if jar else f"{program}-assembly-*.jar"
        start = hit_fact(folder, assembly, f"java -jar target/scala-*/{built}", basis=Basis.INFERRED)
        return start, hit_fact(folder, assembly, "sbt assembly", basis=Basis.CONVENTION)
    main = jvm_code.main_of(folder, ".")
    start_run = Fact("sbt run", main.source, Basis.INFERRED) if main else None
    return start_run, folder.fact("sbt compile", "build.sbt", basis=Basis.CONVENTION)


def _lint(folder: Folder, scripts: list[str]) -> Fact[str] | None:
    if ".scalafmt.conf" not in folder.names:
        return None
    hit = first(folder, scripts, re.compile(r"\"org\.scalameta\"\s*%\s*\"sbt-scalafmt\""))
    return hit_fact(folder, hit, "sbt scalafmtCheckAll", basis=Basis.CONVENTION) if hit else None
