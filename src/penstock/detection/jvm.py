"""Java, Kotlin and Scala: one reading of a folder, by Maven, Gradle or sbt."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.detection import gradle, jvm_code, maven
from penstock.detection.gradle_build import SCRIPTS, SETTINGS, Build
from penstock.detection.sbt import inspect_sbt
from penstock.detection.task_files import process, task
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder


class Jvm:
    """Reads pom.xml, build.gradle(.kts) and build.sbt."""

    ecosystem = "jvm"
    manifests = ("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "build.sbt")

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a JVM folder; with several builds the first that makes a program.

        Maven comes first unless only Gradle has a wrapper.
        """
        has_maven = "pom.xml" in folder.names
        has_gradle = any(name in folder.names for name in (*SCRIPTS, *SETTINGS))
        readings: list[ServiceFacts | None] = []
        if has_maven and not (has_gradle and "gradlew" in folder.names and "mvnw" not in folder.names):
            readings.append(_maven(folder))
        if not _makes_program(readings) and has_gradle:
            readings.append(_gradle(folder))
        if not _makes_program(readings) and "build.sbt" in folder.names:
            readings.append(inspect_sbt(folder))
        facts = next(
            (each for each in readings if _makes_program([each])), next((each for each in readings if each), None)
        )
        if facts is None:
            return None
        written = process(folder, "web") or process(folder, "worker")
        return replace(
            facts,
            start_command=written or facts.start_command,
            test_command=task(folder, "test", "unit-test", "test-unit") or facts.test_command,
            lint_command=task(folder, "lint") or facts.lint_command,
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Jvm()


def _makes_program(readings: list[ServiceFacts | None]) -> bool:
    return any(each is not None and each.kind != "library" for each in readings)


def _archived(facts: ServiceFacts, archive: Fact[str]) -> ServiceFacts:
    """Return the facts of a web archive: a servlet container starts it, on 8080 unless told otherwise."""
    mark = Fact("needs-servlet-container", archive.source)
    port = Fact(8080, archive.source, Basis.INFERRED)
    return replace(facts, kind="web", start_command=None, output_dir=archive, port=port, traits=(*facts.traits, mark))


def _maven(folder: Folder) -> ServiceFacts | None:
    pom = maven.pom_of(folder)
    if pom is None:
        return None
    module, shown = _maven_program(folder, pom)
    framework = maven.framework_of(shown)
    version, version_kind = maven.version_of(shown)
    made = maven.program_of(shown)
    start: Fact[str] | None = None
    output: Fact[str] | None = None
    if made is not None:
        jar = made[0] if module == "." else f"{module}/{made[0]}"
        start = folder.fact(
            f"java -jar {jar}", "pom.xml" if module == "." else f"{module}/pom.xml", made[1].line, basis=Basis.INFERRED
        )
        output = folder.fact(jar, start.source.path.removeprefix(f"{folder.path}/"), made[1].line, basis=Basis.INFERRED)
    web = maven.is_web(shown, framework.value if framework else None) and start is not None
    tests = jvm_code.has_tests(folder)
    modules = maven.modules_of(folder, pom)
    facts = ServiceFacts(
        path=folder.path,
        name=pom.text("artifactId") or folder.name,
        kind="web" if web else "cli" if start is not None else "library",
        ecosystem="jvm",
        language=jvm_code.language_of(folder, module, "pom.xml", pom.root.line),
        runtime_version=version,
        runtime_kind=version_kind,
        package_manager=folder.fact("maven", "pom.xml", pom.root.line),
        framework=framework,
        install_command=maven.command_of(folder, "-B -DskipTests dependency:go-offline"),
        build_command=maven.command_of(folder, "package -DskipTests"),
        test_command=_from(maven.command_of(folder, "test"), folder, tests),
        lint_command=maven.lint_of(folder, pom),
        start_command=start,
        output_dir=output,
        traits=_traits(folder, "pom.xml", modules, module),
    )
    if output is not None and maven.needs_container(shown):
        return _archived(facts, output)
    return _with_port(folder, module, facts)


def _maven_program(folder: Folder, pom: maven.Pom) -> tuple[str, maven.Pom]:
    """Return the module that is the program: the folder itself, or its only runnable module."""
    if maven.program_of(pom) is not None:
        return ".", pom
    runnable = []
    for module in maven.modules_of(folder, pom):
        inner = maven.pom_of(folder.at(module))
        if inner is not None and maven.program_of(inner) is not None and jvm_code.main_of(folder, module) is not None:
            runnable.append((module, inner))
    return runnable[0] if len(runnable) == 1 else (".", pom)


def _gradle(folder: Folder) -> ServiceFacts | None:
    build, own = _gradle_build(folder)
    script = build.script(own) or build.settings
    if script is None:
        return None
    inner = _gradle_program(build) if own == "." else own
    framework = gradle.framework_of(build, inner)
    version, version_kind = gradle.version_of(build, inner)
    where = build.script(inner) or script
    command = gradle.program_of(build, inner)
    command = command.replace(f"{own}/build/", "build/") if command is not None else None
    start = build.folder.fact(command, where, basis=Basis.INFERRED) if command else None
    web = start is not None and gradle.is_web(build, inner, framework.value if framework else None)
    tests = jvm_code.has_tests(folder)
    local = where.rpartition("/")[2] if own != "." else where
    facts = ServiceFacts(
        path=folder.path,
        name=build.name if own == "." else folder.name,
        kind="web" if web else "cli" if start is not None else "library",
        ecosystem="jvm",
        language=jvm_code.language_of(build.folder, inner, where),
        runtime_version=version,
        runtime_kind=version_kind,
        package_manager=build.folder.fact("gradle", script),
        package_manager_version=gradle.wrapper_version(folder),
        lockfile=folder.lockfile("gradle.lockfile"),
        framework=framework,
        install_command=gradle.command_of(folder, "dependencies", local),
        build_command=gradle.command_of(folder, _build_tasks(command), local),
        test_command=_from(gradle.command_of(folder, "test", local), folder, tests),
        lint_command=gradle.lint_of(build, folder, inner),
        start_command=start,
        output_dir=replace(start, value=start.value.removeprefix("java -jar ")) if start else None,
        traits=_traits(folder, script, list(build.modules), inner) if own == "." else _traits(folder, local, [], "."),
    )
    archive = gradle.web_archive_of(build, inner) if start is None else None
    if archive is not None:
        facts = _archived(facts, build.folder.fact(archive, where, basis=Basis.CONVENTION))
    facts = _with_port(build.folder, inner, facts)
    folder.gaps.extend(gap for gap in build.folder.gaps if gap not in folder.gaps)
    return facts


def _build_tasks(command: str | None) -> str:
    installs = command is not None and "/install/" in command
    fat = command is not None and command.endswith("-all.jar")
    return "build installDist -x test" if installs else "build shadowJar -x test" if fat else "build -x test"


def _gradle_build(folder: Folder) -> tuple[Build, str]:
    """Return the build a folder belongs to and its place there: its own, or that of a folder above that includes it."""
    if not any(name in folder.names for name in SETTINGS):
        for place in folder.parents:
            if any(name in place.names for name in SETTINGS):
                build = Build(place)
                inner = folder.path.removeprefix("" if place.path == "." else f"{place.path}/")
                if inner in build.modules:
                    return build, inner
    return Build(folder), "."


def _gradle_program(build: Build) -> str:
    if gradle.program_of(build, ".") is not None and (
        not build.modules or jvm_code.main_of(build.folder, ".") is not None
    ):
        return "."
    runnable = [module for module in build.modules if gradle.program_of(build, module) is not None]
    return runnable[0] if len(runnable) == 1 else "."


def _from(command: Fact[str], folder: Folder, where: str | None) -> Fact[str] | None:
    return folder.fact(command.value, where, basis=Basis.CONVENTION) if where is not None else None


def _with_port(folder: Folder, module: str, facts: ServiceFacts) -> ServiceFacts:
    found = jvm_code.port_of(folder, module)
    if facts.kind == "cli" and found is not None and facts.framework is None:
        facts = replace(facts, kind="web")
    if facts.kind != "web" or facts.has("needs-servlet-container"):
        return facts
    name = facts.framework.value if facts.framework else ""
    usual = jvm_code.web_port(name)
    moves = {"spring-boot": "SERVER_PORT", "quarkus": "QUARKUS_HTTP_PORT", "micronaut": "MICRONAUT_SERVER_PORT"}.get(
        name
    )
    if found is not None:
        return replace(facts, port=found[0], port_env=found[1] or moves)
    if usual is None or facts.framework is None:
        return facts
    return replace(facts, port=Fact(usual, facts.framework.source, Basis.INFERRED), port_env=moves)


def _traits(folder: Folder, manifest: str, modules: list[str], program: str) -> tuple[Fact[str], ...]:
    found: list[Fact[str]] = []
    if modules:
        found.append(folder.fact("multi-module", manifest, detail=", ".join(modules)[:200]))
    if program != ".":
        found.append(folder.fact("program-in-module", manifest, detail=program))
    if manifest == "pom.xml" and any(name in folder.names for name in SCRIPTS):
        found.append(folder.fact("maven-and-gradle", manifest))
    if re.search(r"jib-maven-plugin|com\.google\.cloud\.tools\.jib", folder.text(manifest) or ""):
        found.append(folder.fact("jib", manifest))
    wrapper = "mvnw" if manifest == "pom.xml" else "gradlew"
    if wrapper in folder.names:
        found.append(folder.fact("wrapper", wrapper))
    containers = next(
        (name for name in folder.below if "/src/test/" in f"/{name}" and "estcontainers" in (folder.text(name) or "")),
        None,
    )
    if containers is not None:
        found.append(folder.fact("tests-need-docker", containers))
    return tuple(found)
