"""Gradle: versions, frameworks, programs and commands of a build and its subprojects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection import jvm_code
from penstock.detection.gradle_build import SCRIPTS, SETTINGS, Build
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_VERSION = (
    (
        re.compile(r"languageVersion(?:\.set\(|\s*=\s*|\s+)\s*JavaLanguageVersion\.of\(\s*((?:[^()\n]|\(\)){1,80})\)"),
        "pin",
    ),
    (re.compile(r"jvmToolchain\s*\(\s*((?:[^()\n]|\(\)){1,80})\)"), "pin"),
    (re.compile(r"jvmToolchain\s*\{[^}]{0,300}?JavaLanguageVersion\.of\(\s*([^)\n]+)\)"), "pin"),
    (re.compile(r"\brelease(?:\.set\(|\s*=\s*)\s*([\w.()\"']+)"), "minimum"),
    (
        re.compile(
            r"\b(?:sourceCompatibility|targetCompatibility)\s*=?\s*(?:JavaVersion\.(?:VERSION_|toVersion\())?\(?([\w.()\"']+)"
        ),
        "minimum",
    ),
    (re.compile(r"jvmTarget(?:\.set\(|\s*=\s*)\s*(?:JvmTarget\.(?:JVM_|fromTarget\())?([\w.()\"']+)"), "minimum"),
)
_FRAMEWORKS = (
    (r"io\.quarkus\b(?!.*apply false)", "quarkus"),
    (r"io\.micronaut\.(?:application|minimal|\w+)|io\.micronaut:", "micronaut"),
    (r"org\.springframework\.boot\b", "spring-boot"),
    (r"io\.ktor\b|ktor-server", "ktor"), (r"io\.javalin\b", "javalin"), (r"io\.vertx\b", "vertx"),
    (r"io\.dropwizard\b", "dropwizard"), (r"io\.helidon\b", "helidon"), (r"com\.sparkjava\b", "spark"),
    (r"io\.grpc\b", "grpc"),
)  # fmt: skip
_WEB = re.compile(
    r"starter-(web\w*|jersey|thymeleaf|data-rest|graphql|hateoas)\b|-gateway|eureka-server|config-server|quarkus-(rest|resteasy|vertx-http|undertow|grpc)|micronaut-http-server|io\.micronaut\.application|ktor-server|io\.ktor|runtime\(\s*[\"']netty"
)
_APPLICATION = re.compile(
    r"id\s*\(?\s*[\"']application[\"']|apply\s*\(?\s*plugin\s*[:=]\s*[\"']application[\"']|^\s*application\s*$|`application`",
    re.MULTILINE,
)


def version_of(build: Build, module: str) -> tuple[Fact[str] | None, str | None]:
    """Return the Java version: a toolchain pins it, compatibility levels are a minimum; the module's own goes first."""
    places = [name for name in (build.script(module), build.script("."), *build.conventions) if name]
    for pattern, kind in _VERSION:
        for name in dict.fromkeys(places):
            for match in pattern.finditer(build.plain(name)):
                value = build.variable(match[1])
                if value is not None:
                    line = (build.folder.text(name) or "").count("\n", 0, match.start()) + 1
                    return build.folder.fact(value, name, line, match.group().strip()[:80]), kind
    pinned = jvm_code.pinned_version(build.folder)
    return pinned, "pin" if pinned else None


def framework_of(build: Build, module: str) -> Fact[str] | None:
    """Return the framework by plugins and dependencies, those of the whole build's shared parts included."""
    script = build.script(module)
    if script is None:
        return None
    texts = ((script, build.text(module)), (build.script(".") or script, _shared(build)))
    for pattern, name in _FRAMEWORKS:
        for where, text in texts:
            match = re.search(pattern, re.sub(r"^.*\b(test\w*)\b.*$", "", text, flags=re.MULTILINE))
            if match:
                return build.folder.fact(name, where, _line(build.folder, where, match.group()), match.group())
    return None


def _line(folder: Folder, name: str, text: str) -> int | None:
    return next((number for number, line in enumerate(folder.lines(name), 1) if text in line), None)


def _shared(build: Build) -> str:
    """Return what the root script does to all subprojects."""
    text = build.own_text(".")
    return (
        "\n".join(text[match.start() :] for match in re.finditer(r"\b(?:subprojects|allprojects)\s*\{", text))[:20_000]
        if build.modules
        else ""
    )


def is_web(build: Build, module: str, framework: str | None) -> bool:
    """Whether the program opens a port."""
    always = framework in {"ktor", "javalin", "vertx", "dropwizard", "helidon", "spark", "grpc"}
    return (
        always
        or bool(_WEB.search(f"{build.text(module)}\n{_shared(build)}"))
        or (framework is not None and jvm_code.port_of(build.folder, module) is not None)
    )


def program_of(build: Build, module: str) -> str | None:
    """Return the command that starts what the build makes of a module, None when it makes no program."""
    text = build.text(module)
    shared = _shared(build)
    prefix = "" if module == "." else f"{module}/"
    name = _first(text, r"(?:archivesBaseName|archivesName(?:\.set\()?)\s*=?\s*\(?[\"']([^\"'$]+)[\"']") or (
        build.name if module == "." else module.rpartition("/")[2]
    )
    version = _version(build, text)
    archive = f"{name}-{version}" if version else name
    named = _first(text, r"archiveFileName(?:\.set\(|\s*=\s*)\s*[\"']([^\"'$]+)[\"']") or f"{archive}.jar"
    if re.search(r"\bio\.quarkus\b", text):
        return f"java -jar {prefix}build/quarkus-app/quarkus-run.jar"
    boots = re.search(r"org\.springframework\.boot[\"')\s]", text) or (
        re.search(r"org\.springframework\.boot[\"')\s]", shared) and jvm_code.main_of(build.folder, module)
    )
    if boots and not re.search(r"bootJar\b[^}]*\benabled\s*=\s*false", text):
        return f"java -jar {prefix}build/libs/{named}"
    runs = module == "." or "mainClass" in text or jvm_code.main_of(build.folder, module) is not None
    if runs and re.search(
        r"io\.ktor\.plugin|com\.github\.johnrengelman\.shadow|com\.gradleup\.shadow|io\.micronaut\.application", text
    ):
        fat = _first(text, r"archiveFileName(?:\.set\(|\s*=\s*)\s*[\"']([^\"'$]+)[\"']") or f"{archive}-all.jar"
        return f"java -jar {prefix}build/libs/{fat}"
    if re.search(r"\bMain-Class\b", text) and not _APPLICATION.search(text):
        return f"java -jar {prefix}build/libs/{named}"
    if _APPLICATION.search(text):
        script = _first(text, r"applicationName\s*=\s*[\"']([^\"'$]+)[\"']") or (
            build.name if module == "." else module.rpartition("/")[2]
        )
        return f"{prefix}build/install/{script}/bin/{script}"
    return None


def web_archive_of(build: Build, module: str) -> str | None:
    """Return the web archive a module builds for a servlet container, None when it builds none or runs by itself."""
    text = build.text(module)
    plugin = re.search(
        r"id\s*\(?\s*[\"']war[\"']|apply\s*\(?\s*plugin\s*[:=]\s*[\"']war[\"']|^\s*war\s*$", text, re.MULTILINE
    )
    if plugin is None or re.search(r"org\.springframework\.boot[\"')\s]|io\.quarkus", text):
        return None
    name = build.name if module == "." else module.rpartition("/")[2]
    version = _version(build, text)
    return f"{'' if module == '.' else f'{module}/'}build/libs/{name}{f'-{version}' if version else ''}.war"


def _first(text: str, pattern: str) -> str | None:
    match = re.search(pattern, text)
    return match[1] if match else None


def _version(build: Build, text: str) -> str | None:
    pattern = r"^\s*(?:project\.)?version\s*=?\s*[\"']([^\"'$]+)[\"']"
    for each in (text, _shared(build), build.folder.text("gradle.properties") or ""):
        match = re.search(pattern, each, re.MULTILINE) or re.search(r"^version\s*=\s*(\S+)$", each, re.MULTILINE)
        if match:
            return match[1].strip("\"'")
    return None


def command_of(folder: Folder, task: str, where: str, line: int | None = None) -> Fact[str]:
    """Return a Gradle command, by the wrapper when there is one; a module is built from the folder above."""
    for up, place in enumerate((folder, *folder.parents)):
        if "gradlew" in place.names and (up == 0 or any(name in place.names for name in SETTINGS)):
            if up == 0:
                return folder.fact(f"./gradlew {task}", where, line, basis=Basis.CONVENTION)
            steps = "/".join([".."] * up)
            inner = folder.path.removeprefix("" if place.path == "." else f"{place.path}/").replace("/", ":")
            words = " ".join(f":{inner}:{word}" if re.fullmatch(r"\w+", word) else word for word in task.split())
            return folder.fact(f"{steps}/gradlew -p {steps} {words}", where, line, basis=Basis.CONVENTION)
    return folder.fact(f"gradle {task}", where, line, basis=Basis.CONVENTION)


def lint_of(build: Build, folder: Folder, module: str) -> Fact[str] | None:
    """Return the task of a linter whose plugin is applied."""
    text = f"{build.text(module)}\n{_shared(build)}"
    for mark, task in (
        ("io.gitlab.arturbosch.detekt", "detekt"),
        ("dev.detekt", "detekt"),
        ("org.jlleitschuh.gradle.ktlint", "ktlintCheck"),
        ("org.jmailen.kotlinter", "lintKotlin"),
        ("com.diffplug.spotless", "spotlessCheck"),
    ):
        if mark in text:
            where = build.script(module) or build.script(".") or SCRIPTS[1]
            return command_of(folder, task, "." if where is None else where.rpartition("/")[2], None)
    return None


def wrapper_version(folder: Folder) -> str | None:
    """Return the version of Gradle the wrapper fetches."""
    for place in (folder, *folder.parents):
        match = re.search(
            r"gradle-([\d.]+\d)(?:-\w+)*\.zip", place.text("gradle/wrapper/gradle-wrapper.properties") or ""
        )
        if match:
            return match[1]
    return None
