"""What the sources and settings of a JVM program say, whatever built it: language, port, main class."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.searching import first, hit_fact, port_in, valid_port
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_SETTINGS = (
    "application.properties",
    "application.yml",
    "application.yaml",
    "application.conf",
    "bootstrap.yml",
    "bootstrap.properties",
)
MAX_SOURCES = 150
_PROPERTY = re.compile(
    r"^\s*(?:%prod\.)?(?:server\.port|quarkus\.http\.port|micronaut\.server\.port|ktor\.deployment\.port)\s*[=:]\s*(?:\$\{\??(?P<env>\w+):)?(?P<port>\d{2,5})",
    re.MULTILINE,
)
_KEY = re.compile(r"^(?P<indent>[ ]*)(?P<key>[\w.-]+):(?:[ ]+(?P<value>\S[^\n]*))?[ ]*$")
_PORT_KEYS = re.compile(r"(^|\.)(server|http|deployment)\.port$")
_PORT_VALUE = re.compile(r"['\"]?(?:\$\{\??(?P<env>\w+):|\$(?P<other>\w+):)?(?P<port>\d{2,5})\b")
MAX_DEPTH = 12
MAX_SETTINGS = 2_000
"""Lines of a settings file that are looked through."""
_HOCON = re.compile(r"\bport\s*=\s*(?P<port>\d{2,5})\b(?:\s*\n\s*port\s*=\s*\$\{\?(?P<env>\w+)\})?")
_CODE = (
    re.compile(r"getenv\(\)?[^\n]{0,20}?\(?\"(?P<env>\w*PORT)\"[^\n]{0,40}?[\"\s(:](?P<port>\d{4,5})\b"),
    re.compile(
        r"embeddedServer\([^)]{0,200}?port\s*=\s*(?:System\.getenv\(\"(?P<env>\w+)\"\)[^\d\n]{0,30})?(?P<port>\d{2,5})"
    ),
    re.compile(
        r"(?:forPort|\.start|\.listen|\.port|setPort|InetSocketAddress)\((?:\"[\d.]+\",\s*)?(?P<port>\d{4,5})\)"
    ),
    re.compile(
        r"\b(?:int|val|final|Int)\s+(?:port|PORT|DEFAULT_PORT|serverPort)\s*(?::\s*Int\s*)?=\s*(?P<port>\d{4,5})"
    ),
)
_MAIN = re.compile(
    r"static\s+void\s+main\s*\(|\bfun\s+main\s*\(|\bdef\s+main\s*\(|\bextends\s+App\b|@main\b|@SpringBootApplication"
)


def code_of(folder: Folder, module: str, *, tests: bool = False) -> list[str]:
    """Return the module's source files, programs' own first."""
    prefix = "" if module in {"", "."} else f"{module}/"
    side = "test" if tests else "main"
    pattern = re.compile(
        rf"{re.escape(prefix)}(src/(?:\w*{side}\w*|{side})/|{'test' if tests else 'app'}/)", re.IGNORECASE
    )
    found = [
        name for name in folder.below if name.endswith((".java", ".kt", ".scala", ".groovy")) and pattern.match(name)
    ]
    return sorted(
        found, key=lambda name: (not re.search(r"(Application|Main|App|Server)\w*\.\w+$", name), name.count("/"), name)
    )


def language_of(folder: Folder, module: str, manifest: str, line: int | None = None) -> Fact[str]:
    """Return the language most of the module's own sources are in."""
    files = code_of(folder, module) or code_of(folder, module, tests=True)
    counts = {
        ending: [name for name in files if name.endswith(ending)] for ending in (".java", ".kt", ".scala", ".groovy")
    }
    names = {".java": "java", ".kt": "kotlin", ".scala": "scala", ".groovy": "groovy"}
    best = max(counts, key=lambda ending: len(counts[ending]))
    if counts[best]:
        return folder.fact(names[best], counts[best][0])
    kotlin = re.search(
        r"kotlin\(\"jvm\"\)|org\.jetbrains\.kotlin|kotlin-maven-plugin|kotlin\.jvm", folder.text(manifest) or ""
    )
    return folder.fact("kotlin" if kotlin else "java", manifest, line, basis=Basis.INFERRED)


def main_of(folder: Folder, module: str) -> Fact[str] | None:
    """Return the class that has the main method, by file."""
    hit = first(folder, code_of(folder, module)[:MAX_SOURCES], _MAIN)
    return hit_fact(folder, hit, hit.name) if hit else None


def port_of(folder: Folder, module: str) -> tuple[Fact[int], str | None] | None:
    """Return the port of the settings or the code and the variable that moves it."""
    prefix = "" if module in {"", "."} else f"{module}/"
    settings = [
        f"{prefix}{place}{name}"
        for place in ("src/main/resources/", "src/main/resources/config/", "conf/", "config/")
        for name in _SETTINGS
    ]
    for pattern, ending in ((_PROPERTY, ".properties"), (_PROPERTY, (".yml", ".yaml")), (_HOCON, ".conf")):
        names = [name for name in settings if name.endswith(ending)]
        found = port_in(folder, names, (pattern,)) or next(
            (hit for name in names if (hit := _nested(folder, name))), None
        )
        if found is not None:
            return found
    return port_in(folder, code_of(folder, module)[:MAX_SOURCES], _CODE)


def _nested(folder: Folder, name: str) -> tuple[Fact[int], str | None] | None:
    """Return the port in a YAML settings file: read line by line, since profiles and placeholders are no plain YAML."""
    above: list[tuple[int, str]] = []
    for number, line in enumerate(folder.lines(name)[:MAX_SETTINGS] if name.endswith((".yml", ".yaml")) else [], 1):
        match = _KEY.match(line)
        if match is None:
            continue
        indent = len(match["indent"])
        while above and above[-1][0] >= indent:
            above.pop()
        above.append((indent, match["key"]))
        value = _PORT_VALUE.match(match["value"] or "") if len(above) < MAX_DEPTH else None
        port = valid_port(value["port"]) if value else None
        if value and port and _PORT_KEYS.search(".".join(key for _, key in above)):
            return folder.fact(port, name, number, line.strip()[:80]), value["env"] or value["other"]
    return None


def pinned_version(folder: Folder) -> Fact[str] | None:
    """Return the Java version a version file pins, in the folder or above."""
    for place in (folder, *folder.parents):
        for name, pattern in (
            (".java-version", r"^\s*(?:openjdk64-|temurin-|corretto-|zulu-)?(\d[\d.]*)"),
            (".sdkmanrc", r"^\s*java\s*=\s*(\d[\d.]*)"),
            ("system.properties", r"^\s*java\.runtime\.version\s*=\s*(\d[\d.]*)"),
        ):
            hit = first(place, (name,), re.compile(pattern, re.MULTILINE))
            if hit is not None:
                return hit_fact(place, hit, hit.match[1].strip("."))
        fact = tool_version(place, "java")
        digits = re.search(r"\d+(\.\d+)*", fact.value) if fact else None
        if fact is not None and digits:
            return Fact(digits.group(), fact.source, fact.basis)
    return None


def has_tests(folder: Folder) -> str | None:
    """Return a test source file, of any module."""
    pattern = re.compile(
        r"(^|/)(src/(test|\w+Test|integrationTest|it)/.*|test/.*(Spec|Test)[^/]*|src/.*(Test|Spec|IT))\.(java|kt|scala|groovy)$"
    )
    return next((name for name in folder.below if pattern.search(name)), None)


def web_port(framework: str) -> int | None:
    """Return the port a framework documents, None for what opens none by itself."""
    return {
        "spring-boot": 8080,
        "quarkus": 8080,
        "micronaut": 8080,
        "ktor": 8080,
        "dropwizard": 8080,
        "javalin": 7070,
        "helidon": 8080,
        "spark": 4567,
        "play": 9000,
        "open-liberty": 9080,
    }.get(framework)
