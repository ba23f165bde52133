"""Maven: pom.xml with parents and ${properties}, modules, wrapper, the jar that is built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import normpath
from typing import TYPE_CHECKING

from penstock.detection import jvm_code
from penstock.domain.facts import Basis, Fact

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Element

_FRAMEWORKS = (
    ("io.quarkus", "quarkus"), ("io.micronaut", "micronaut"), ("org.springframework.boot", "spring-boot"),
    ("io.helidon", "helidon"), ("io.dropwizard", "dropwizard"),
    ("io.ktor", "ktor"), ("io.javalin", "javalin"), ("com.sparkjava", "spark"), ("io.vertx", "vertx"),
    ("io.openliberty", "open-liberty"), ("io.grpc", "grpc"),
)  # fmt: skip
_WEB = re.compile(
    r"spring-boot-starter-(web\w*|jersey|thymeleaf|data-rest|graphql|hateoas|mustache|freemarker)$|spring-cloud-\w*starter\w*-gateway|gateway|eureka-server|config-server"
    r"|quarkus-(rest|resteasy|vertx-http|undertow|reactive-routes|smallrye-(graphql|health|openapi|metrics)|funqy-(http|knative\S*)|grpc|qute|web-dependency-locator"
    r"|hibernate-orm-rest|spring-web|info|websockets)|micronaut-(http-server|grpc)|spring-boot-admin-starter-server"
)
_VERSIONS = (
    "maven.compiler.release",
    "java.version",
    "maven.compiler.source",
    "maven.compiler.target",
    "jdk.version",
    "javaVersion",
    "java-version",
    "kotlin.compiler.jvmTarget",
)
MAX_PARENTS = 6


@dataclass(frozen=True)
class Pom:
    """One pom.xml with the folder it lies in (relative to the folder under inspection, ``.`` for itself)."""

    place: Folder
    root: Element
    parents: tuple[Pom, ...] = ()

    def text(self, *path: str) -> str:
        """Return the text at a path with properties put in; empty when missing."""
        element = self.root.find(*path)
        return self.filled(element.text) if element is not None else ""

    def setting(self, name: str) -> tuple[str, Pom, Element] | None:
        """Return a property with the pom and element that set it, this pom's own before its parents'."""
        for pom in (self, *self.parents):
            element = pom.root.find("properties", name)
            if element is not None and element.text:
                return element.text, pom, element
        return None

    def filled(self, text: str) -> str:
        """Put properties into a text; unknown ones stay as they are."""
        for _ in range(MAX_PARENTS):
            replaced = re.sub(r"\$\{([^}]+)\}", lambda match: self._value(match[1]) or match[0], text)
            if replaced == text or len(replaced) > 1000:  # noqa: PLR2004 -- a bound on values that grow
                return text
            text = replaced
        return text

    def _value(self, name: str) -> str | None:
        found = self.setting(name)
        if found is not None:
            return found[0]
        if name in {"project.artifactId", "artifactId", "project.name"}:
            own = self.root.find("artifactId")
            return own.text if own is not None else None
        return self.version if name in {"project.version", "version", "project.parent.version"} else None

    @property
    def version(self) -> str:
        """The version as written, this pom's or its parent's."""
        own = self.root.find("version") or self.root.find("parent", "version")
        return own.text if own is not None else ""

    def elements(self, tag: str) -> list[tuple[Pom, Element]]:
        """Return all elements of a tag in this pom and its parents in the repository."""
        return [(pom, element) for pom in (self, *self.parents) for element in pom.root.all(tag)]


def pom_of(folder: Folder) -> Pom | None:
    """Read the folder's pom.xml and, as far as they are in the repository, its parents."""
    chain: list[tuple[Folder, Element]] = []
    place: Folder | None = folder
    while place is not None and len(chain) < MAX_PARENTS:
        root = place.xml("pom.xml")
        if root is None or root.tag != "project":
            break
        chain.append((place, root))
        place = _parent_folder(place, root)
    pom: Pom | None = None
    for each, root in reversed(chain):
        pom = Pom(each, root, (pom, *pom.parents) if pom else ())
    return pom


def _parent_folder(place: Folder, root: Element) -> Folder | None:
    parent = root.find("parent")
    if parent is None:
        return None
    written = parent.find("relativePath")
    relative = "../pom.xml" if written is None else written.text
    if not relative or "$" in relative:
        return None
    target = normpath(f"{place.path}/{relative}").removesuffix("/pom.xml")
    target = "." if target == "pom.xml" else target
    return place.root.at(target) if not target.startswith(("..", "/")) and target != place.path else None


def framework_of(pom: Pom) -> Fact[str] | None:
    """Return the framework by the groups of parents, plugins and dependencies."""
    groups = [(each, element) for tag in ("parent", "dependency", "plugin") for each, element in pom.elements(tag)]
    for group, name in _FRAMEWORKS:
        for each, element in groups:
            found = element.find("groupId")
            written = pom.filled(found.text) if found is not None else ""
            if (written == group or written.startswith(f"{group}.")) and not _for_tests(element):
                return each.place.fact(name, "pom.xml", found.line if found else element.line, written)
    return None


def _for_tests(element: Element) -> bool:
    scope = element.find("scope")
    return scope is not None and scope.text == "test"


def is_web(pom: Pom, framework: str | None) -> bool:
    """Whether the program opens a port: frameworks that always do, and starters that say so."""
    if framework in {"dropwizard", "javalin", "ktor", "spark", "helidon", "vertx", "open-liberty", "grpc"}:
        return True
    names = [element.find("artifactId") for _, element in pom.elements("dependency") if not _for_tests(element)]
    return any(name is not None and _WEB.search(name.text) for name in names) or (
        framework in {"spring-boot", "quarkus", "micronaut"} and jvm_code.port_of(pom.place, ".") is not None
    )


def version_of(pom: Pom) -> tuple[Fact[str] | None, str | None]:
    """Return the Java release the project is compiled for."""
    pinned = jvm_code.pinned_version(pom.place)
    if pinned is not None:
        return pinned, "pin"
    compiled = _property_version(pom) or _configured_version(pom)
    return compiled, "minimum" if compiled else None


def _property_version(pom: Pom) -> Fact[str] | None:
    for name in _VERSIONS:
        found = pom.setting(name)
        if found is not None and re.match(r"\d", value := pom.filled(found[0])):
            fact: Fact[str] = found[1].place.fact(value, "pom.xml", found[2].line, name)
            return fact
    return None


def _configured_version(pom: Pom) -> Fact[str] | None:
    for tag in ("release", "source", "target", "jvmTarget"):
        for each, element in pom.elements("configuration"):
            found = element.find(tag)
            value = pom.filled(found.text) if found is not None else ""
            if found is not None and re.fullmatch(r"(1\.)?\d{1,2}", value):
                fact: Fact[str] = each.place.fact(value, "pom.xml", found.line, tag)
                return fact
    return None


def program_of(pom: Pom) -> tuple[str, Element] | None:
    """Return the path of the jar the build makes runnable, relative to the pom's folder, and the reason in the pom."""
    packaging = pom.text("packaging") or "jar"
    if packaging == "pom":
        return None
    name = pom.text("build", "finalName") or f"{pom.text('artifactId')}-{pom.filled(pom.version)}".rstrip("-")
    ending = "war" if packaging == "war" else "jar"
    plugins = _plugins(pom)
    if "quarkus-maven-plugin" in plugins or packaging == "quarkus":
        legacy = pom.setting("quarkus.package.jar.type") or pom.setting("quarkus.package.type")
        uber = legacy is not None and legacy[0] == "uber-jar"
        jar = f"target/{name}-runner.jar" if uber else "target/quarkus-app/quarkus-run.jar"
        return jar, plugins.get("quarkus-maven-plugin", pom.root)
    boot, assembly = plugins.get("spring-boot-maven-plugin"), plugins.get("maven-assembly-plugin")
    if boot is not None and not _skips(boot):
        classifier = "".join(f"-{each.text}" for each in boot.all("classifier")[:1])
        return f"target/{name}{classifier}.{ending}", boot
    if assembly is not None and any(each.text == "jar-with-dependencies" for each in assembly.all("descriptorRef")):
        return f"target/{name}-jar-with-dependencies.jar", assembly
    main = next((element for element in pom.root.all("mainClass") if element.text), None)
    if packaging == "war":
        return f"target/{name}.war", pom.root.find("packaging") or pom.root
    reason = plugins.get("maven-shade-plugin") or plugins.get("micronaut-maven-plugin") or main
    return (f"target/{name}.{ending}", reason) if reason is not None else None


def _plugins(pom: Pom) -> dict[str, Element]:
    """Return the plugins that are used (not only managed), those of parents only for modules with a main class."""
    found: dict[str, Element] = {}
    for each in (pom, *pom.parents):
        if each is not pom and jvm_code.main_of(pom.place, ".") is None:
            break
        for holder in (each.root, *_active_profiles(pom, each)):
            listed = holder.find("build", "plugins")
            for element in listed.children if listed is not None else ():
                name = element.find("artifactId")
                if name is not None:
                    found.setdefault(name.text, element)
    return found


def _active_profiles(pom: Pom, holder: Pom) -> list[Element]:
    """Return the profiles that are active without being asked for: by default, or by a file that exists."""
    found: list[Element] = []
    for profile in holder.root.all("profile"):
        default, wanted = profile.find("activation", "activeByDefault"), profile.find("activation", "file", "exists")
        by_file = wanted is not None and pom.place.has(wanted.text.replace("${basedir}/", ""))
        if by_file or (default is not None and default.text == "true"):
            found.append(profile)
    return found


def needs_container(pom: Pom) -> bool:
    """Whether the build makes a web archive that only a servlet container can run."""
    boot = _plugins(pom).get("spring-boot-maven-plugin")
    return pom.text("packaging") == "war" and (boot is None or _skips(boot))


def _skips(plugin: Element) -> bool:
    return any(element.text == "true" for element in plugin.all("skip"))


def modules_of(folder: Folder, pom: Pom) -> list[str]:
    """Return the modules of the build, those of modules included, relative to the folder."""
    found: list[str] = []
    pending = [(".", pom.root)]
    while pending and len(found) < 100:  # noqa: PLR2004 -- a bound, not a measure
        here, root = pending.pop(0)
        for element in root.all("module"):
            path = normpath(f"{here}/{element.text}")
            inner = folder.at(path).xml("pom.xml") if folder.has(f"{path}/pom.xml") else None
            if inner is not None and path not in found:
                found.append(path)
                pending.append((path, inner))
    return found


def command_of(folder: Folder, goal: str, where: str = "pom.xml", line: int | None = None) -> Fact[str]:
    """Return a Maven command, by the wrapper when there is one; a module is built from the folder above."""
    for up, place in enumerate((folder, *folder.parents)):
        if "mvnw" in place.names and (up == 0 or "pom.xml" in place.names):
            if up == 0:
                return folder.fact(f"./mvnw {goal}", where, line, basis=Basis.CONVENTION)
            steps = "/".join([".."] * up)
            inner = folder.path.removeprefix("" if place.path == "." else f"{place.path}/")
            return folder.fact(
                f"{steps}/mvnw -f {steps}/pom.xml -pl {inner} -am {goal}", where, line, basis=Basis.CONVENTION
            )
    return folder.fact(f"mvn {goal}", where, line, basis=Basis.CONVENTION)


def lint_of(folder: Folder, pom: Pom) -> Fact[str] | None:
    """Return the check of a formatter or linter plugin that runs only when asked."""
    for group, goal in (
        ("com.diffplug.spotless", "spotless:check"),
        ("com.github.gantsign.maven", "ktlint:check"),
        ("com.github.ozsie", "detekt:check"),
    ):
        for _, element in pom.elements("plugin"):
            found = element.find("groupId")
            if found is not None and found.text == group:
                return command_of(folder, goal, "pom.xml", element.line)
    return None
