"""PHP: composer.json, Laravel, Symfony and plain pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.node_manager import manager_of
from penstock.detection.searching import first, hit_fact
from penstock.detection.task_files import process, task
from penstock.detection.version_files import tool_version
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder
    from penstock.kit.located import Located

_FRAMEWORKS = (
    ("laravel/framework", "laravel"), ("laravel/lumen-framework", "lumen"), ("symfony/framework-bundle", "symfony"),
    ("symfony/symfony", "symfony"), ("slim/slim", "slim"), ("cakephp/cakephp", "cakephp"),
    ("codeigniter4/framework", "codeigniter"), ("yiisoft/yii2", "yii2"), ("laminas/laminas-mvc", "laminas"),
    ("mezzio/mezzio", "mezzio"), ("drupal/core-recommended", "drupal"), ("drupal/core", "drupal"),
    ("roots/wordpress", "wordpress"), ("johnpbloch/wordpress", "wordpress"), ("craftcms/cms", "craft"),
    ("typo3/cms-core", "typo3"), ("api-platform/core", "symfony"), ("hyperf/hyperf", "hyperf"),
)  # fmt: skip
_ROOTS = ("public/", "htdocs/", "web/", "www/", "html/", "webroot/", "public_html/", "pub/", "")
_LINTERS = (
    ("phpstan.neon", "vendor/bin/phpstan analyse"), ("phpstan.neon.dist", "vendor/bin/phpstan analyse"),
    ("phpstan.dist.neon", "vendor/bin/phpstan analyse"), ("pint.json", "vendor/bin/pint --test"),
    (".php-cs-fixer.dist.php", "vendor/bin/php-cs-fixer fix --dry-run"),
    (".php-cs-fixer.php", "vendor/bin/php-cs-fixer fix --dry-run"), ("phpcs.xml", "vendor/bin/phpcs"),
    ("phpcs.xml.dist", "vendor/bin/phpcs"), ("psalm.xml", "vendor/bin/psalm"),
)  # fmt: skip


TESTS = ("test", "tests", "phpunit")
LINTS = ("lint", "cs", "cs-check", "phpstan", "analyse")
_INSTALL = "composer install --no-interaction --prefer-dist"


class Php:
    """Reads composer.json and the folder a web server serves."""

    ecosystem = "php"
    manifests = ("composer.json", "index.php", "artisan")

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a PHP folder, None without composer.json or an index.php."""
        manifest = folder.json("composer.json")
        manifest = manifest if manifest is not None and isinstance(manifest.value, dict) else None
        page = next((f"{root}index.php" for root in _ROOTS if folder.has(f"{root}index.php")), None)
        where = "composer.json" if manifest is not None else page
        if where is None or (
            manifest is None and "index.php" not in folder.names and not folder.has("public/index.php")
        ):
            return None
        packages = _packages(folder, manifest)
        framework = next(
            (Fact(name, packages[package].source) for package, name in _FRAMEWORKS if package in packages), None
        )
        version, version_kind = _version(folder, manifest)
        start = _start(folder, framework, page)
        kind = "library" if start is None else "worker" if start.source.detail == "worker" else "web"
        port, variable = _port(folder, start) if kind == "web" else (None, None)
        return ServiceFacts(
            path=folder.path,
            name=_name(folder, manifest),
            kind=kind,
            ecosystem="php",
            language=folder.fact("php", where),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=folder.fact("composer", "composer.json") if manifest else None,
            lockfile=folder.lockfile("composer.lock"),
            framework=framework,
            build_command=_assets(folder),
            install_command=folder.fact(_INSTALL, "composer.json", basis=Basis.CONVENTION) if manifest else None,
            test_command=task(folder, "test") or _script(folder, manifest, TESTS) or _tests(folder, packages),
            lint_command=task(folder, "lint") or _script(folder, manifest, LINTS) or _lint(folder, packages),
            start_command=start,
            port=port,
            port_env=variable,
            traits=(folder.fact("document-root", page, detail=page.rpartition("/")[0] or "."),) if page else (),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Php()


def _assets(folder: Folder) -> Fact[str] | None:
    """Return how the pages' scripts and styles are built, where a package.json has a script for it."""
    document = folder.json("package.json")
    if document is None or not isinstance(document.get("scripts", "build"), str):
        return None
    manager = manager_of(folder, document)
    command = f"{manager.install.value} && {manager.run('build')}"
    return folder.fact(command, "package.json", document.line("scripts", "build"), "scripts.build")


def _name(folder: Folder, manifest: Located | None) -> str:
    name = manifest.get("name") if manifest else None
    return name.rpartition("/")[2] if isinstance(name, str) else folder.name


def _packages(folder: Folder, manifest: Located | None) -> dict[str, Fact[str]]:
    found: dict[str, Fact[str]] = {}
    for section in ("require", "require-dev"):
        listed = manifest.get(section) if manifest else None
        for name in listed if isinstance(listed, dict) and manifest else ():
            found.setdefault(
                str(name).lower(),
                folder.fact(name, "composer.json", manifest.line(section, name) if manifest else None, section),
            )
    return found


def _version(folder: Folder, manifest: Located | None) -> tuple[Fact[str] | None, str | None]:
    hit = first(folder, (".php-version",), re.compile(r"^\s*(\d+(?:\.\d+)*)"))
    pinned = hit_fact(folder, hit, hit.match[1]) if hit else tool_version(folder, "php")
    if pinned is not None:
        return pinned, "pin"
    for path, kind in ((("require", "php"), "range"), (("config", "platform", "php"), "pin")):
        value = manifest.get(*path) if manifest else None
        if manifest is not None and isinstance(value, str) and re.search(r"\d", value):
            return folder.fact(value, "composer.json", manifest.line(*path), ".".join(path)), kind
    return None, None


def _start(folder: Folder, framework: Fact[str] | None, page: str | None) -> Fact[str] | None:
    written = process(folder, "web") or process(folder, "worker")
    if written is not None:
        return written
    if framework is not None and framework.value == "laravel" and "artisan" in folder.names:
        return folder.fact("php artisan serve --host=0.0.0.0 --port=8000", "artisan", 1, basis=Basis.INFERRED)
    if page is None:
        return None
    root = page.rpartition("/")[0] or "."
    return folder.fact(f"php -S 0.0.0.0:${{PORT:-8080}} -t {root}", page, basis=Basis.INFERRED)


def _port(folder: Folder, start: Fact[str] | None) -> tuple[Fact[int] | None, str | None]:
    told = first(folder, ("README.md",), re.compile(r"\bPORT=(\d{2,5})\b"))
    if told is not None:
        return folder.fact(int(told.match[1]), "README.md", told.line, told.match.group(), Basis.INFERRED), "PORT"
    written = re.search(r"(?:--port[ =]|:\$\{PORT:-|:)(\d{2,5})\b", start.value) if start else None
    if start is None or written is None:
        return None, "PORT" if start and "PORT" in start.value else None
    return Fact(int(written[1]), start.source, start.basis), "PORT" if "PORT" in start.value else None


def _script(folder: Folder, manifest: Located | None, names: tuple[str, ...]) -> Fact[str] | None:
    for name in names:
        if manifest is not None and manifest.get("scripts", name):
            command = f"composer {name}" if name in {"test", "lint", "cs"} else f"composer run-script {name}"
            return folder.fact(command, "composer.json", manifest.line("scripts", name), f"scripts.{name}")
    return None


def _tests(folder: Folder, packages: dict[str, Fact[str]]) -> Fact[str] | None:
    test = next(iter((*folder.files("*Test.php"), *folder.files("tests/*.php"))), None)
    config = next(
        (name for name in ("phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml") if name in folder.names), None
    )
    if test is None:
        return None
    if "laravel/framework" in packages and "artisan" in folder.names:
        return folder.fact("php artisan test", test, basis=Basis.CONVENTION)
    for package, command in (
        ("pestphp/pest", "vendor/bin/pest"),
        ("symfony/phpunit-bridge", "vendor/bin/simple-phpunit" if not folder.has("bin/phpunit") else "php bin/phpunit"),
        ("phpunit/phpunit", "vendor/bin/phpunit"),
    ):
        if package in packages:
            if package == "symfony/phpunit-bridge" and "phpunit/phpunit" in packages:
                command = "php bin/phpunit" if folder.has("bin/phpunit") else "vendor/bin/phpunit"  # noqa: PLW2901 -- the bridge with its own phpunit
            return Fact(command, packages[package].source, Basis.CONVENTION)
    return folder.fact("vendor/bin/phpunit", config, basis=Basis.CONVENTION) if config and not packages else None


def _lint(folder: Folder, packages: dict[str, Fact[str]]) -> Fact[str] | None:
    for name, command in _LINTERS:
        tool = command.split("/")[2].split()[0]
        if name in folder.names and any(
            tool in package or (tool == "phpcs" and "codesniffer" in package) for package in packages
        ):
            return folder.fact(command, name, basis=Basis.CONVENTION)
    return None
