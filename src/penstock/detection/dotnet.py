""".NET: projects and solutions, target frameworks, global.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.detection.searching import first, hit_fact, port_in
from penstock.detection.task_files import task
from penstock.domain.facts import Basis, Fact, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_PROJECT = re.compile(r"\.(cs|fs|vb)proj$")
_LANGUAGES = {"csproj": "csharp", "fsproj": "fsharp", "vbproj": "vb"}
_TESTS = re.compile(
    r"Microsoft\.NET\.Test\.Sdk|<IsTestProject>\s*true|MSTest\.Sdk|Include=\"(?:xunit|nunit|MSTest)", re.IGNORECASE
)
_PORTS = (
    re.compile(r"(?:GetEnvironmentVariable\(\s*\"(?P<env>\w*PORT)\"\s*\)\s*\?\?\s*\"?)(?P<port>\d{2,5})"),
    re.compile(r"(?:UseUrls|Urls\.Add|app\.Run|\.Run)\(\s*\$?\"https?://[^\"\n]*:(?P<port>\d{2,5})"),
    re.compile(r"(?:ListenAnyIP|ListenLocalhost|Listen\(IPAddress\.\w+,)\s*\(?\s*(?P<port>\d{2,5})"),
    re.compile(r"\"Url\"\s*:\s*\"http://[^\"\n]*:(?P<port>\d{2,5})\""),
)
FIRST_ON_8080 = 8
"""The major version whose container images listen on 8080 instead of 80."""


class DotNet:
    """Reads project files, solutions and global.json."""

    ecosystem = "dotnet"
    manifests = ("*.csproj", "*.fsproj", "*.vbproj", "*.sln", "*.slnx")

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a project, or of a solution with one program; None when there is neither."""
        here = sorted(name for name in folder.names if _PROJECT.search(name))
        solution = next((name for name in sorted(folder.names) if name.endswith((".sln", ".slnx"))), None)
        projects = here or ([name for name in folder.below if _PROJECT.search(name)] if solution else [])
        if not projects:
            return None
        program = _program(folder, projects)
        shown = program or next((name for name in projects if not _is_test(folder, name)), projects[0])
        version, version_kind = _version(folder, shown)
        kind, framework = _kind(folder, shown) if program else ("library", None)
        port, variable = _port(folder, shown, version) if kind == "web" else (None, None)
        return ServiceFacts(
            path=folder.path,
            name=_assembly(folder, shown),
            kind=kind,
            ecosystem="dotnet",
            language=folder.fact(_LANGUAGES[shown.rpartition(".")[2]], shown),
            runtime_version=version,
            runtime_kind=version_kind,
            package_manager=folder.fact("nuget", shown),
            lockfile=folder.lockfile("packages.lock.json"),
            framework=framework,
            install_command=folder.fact("dotnet restore", shown, basis=Basis.CONVENTION),
            build_command=_publish(folder, shown),
            test_command=task(folder, "test") or _tests(folder),
            lint_command=task(folder, "lint"),
            start_command=folder.fact(f"dotnet {_assembly(folder, shown)}.dll", shown, basis=Basis.INFERRED)
            if kind in {"web", "worker", "cli"}
            else None,
            port=port,
            port_env=variable,
            traits=(folder.fact("project-file", shown, detail=shown),),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = DotNet()


def _is_test(folder: Folder, name: str) -> bool:
    return bool(_TESTS.search(folder.text(name) or "")) or bool(
        re.search(r"[.\-_]?(Unit|Integration|Functional)?Tests?\.\w+$", name)
    )


def _program(folder: Folder, projects: list[str]) -> str | None:
    """Return the project that is the program: the only web one, or the only one that makes an executable."""
    own = [name for name in projects if not _is_test(folder, name)]
    for pattern in (r"Sdk=\"Microsoft\.NET\.Sdk\.(?:Web|Worker|BlazorWebAssembly)\"", r"<OutputType>\s*(?:Exe|WinExe)"):
        found = [name for name in own if re.search(pattern, folder.text(name) or "")]
        hosts = [
            name for name in found if not re.search(r"(AppHost|\.Client|Benchmarks?|Sample\w*|Migrat\w+)\.\w+$", name)
        ]
        if len(hosts) == 1:
            return hosts[0]
        if len(hosts) > 1:
            return None
    return None


def _kind(folder: Folder, name: str) -> tuple[str, Fact[str] | None]:
    text = folder.text(name) or ""
    for pattern, kind, framework in (
        (r"Sdk=\"Microsoft\.NET\.Sdk\.BlazorWebAssembly\"", "static-site", "blazor"),
        (r"Sdk=\"Microsoft\.NET\.Sdk\.Worker\"", "worker", "worker-service"),
        (r"Microsoft\.Azure\.Functions\.Worker|<AzureFunctionsVersion>", "worker", "azure-functions"),
        (r"Sdk=\"Microsoft\.NET\.Sdk\.Web\"|Include=\"Microsoft\.AspNetCore\.(?:App|All)\"", "web", "aspnetcore"),
    ):
        match = re.search(pattern, text)
        if match:
            return kind, folder.fact(framework, name, text.count("\n", 0, match.start()) + 1, match.group()[:80])
    return "cli", None


def _version(folder: Folder, name: str) -> tuple[Fact[str] | None, str | None]:
    """Return the newest target framework as a number; else the SDK that global.json asks for."""
    pattern = re.compile(r"<TargetFrameworks?>([^<]*?\bnet(?:coreapp)?(\d+\.\d+)[^<]*)</TargetFramework")
    hit = first(folder, (name,), pattern)
    if hit is not None:
        return hit_fact(folder, hit, _newest(hit.match[1])), "pin"
    inner = folder.at(name.rpartition("/")[0] or ".")
    for place in (inner, *inner.parents):
        hit = first(place, ("Directory.Build.props", "Directory.Packages.props"), pattern)
        if hit is not None:
            return hit_fact(place, hit, _newest(hit.match[1])), "pin"
    for place in (inner, *inner.parents):
        document = place.json("global.json")
        sdk = document.get("sdk", "version") if document else None
        if document is not None and isinstance(sdk, str) and sdk[:1].isdigit():
            return place.fact(sdk, "global.json", document.line("sdk", "version")), "pin"
    return None, None


def _newest(written: str) -> str:
    found: list[str] = re.findall(r"net(?:coreapp)?(\d+\.\d+)", written)
    return max(found, key=lambda each: tuple(int(part) for part in each.split(".")))


def _assembly(folder: Folder, name: str) -> str:
    match = re.search(r"<AssemblyName>\s*([\w.-]+)\s*</AssemblyName>", folder.text(name) or "")
    return match[1] if match else _PROJECT.sub("", name.rpartition("/")[2])


def _publish(folder: Folder, name: str) -> Fact[str]:
    target = f" {name}" if "/" in name else ""
    return folder.fact(f"dotnet publish{target} -c Release -o out", name, basis=Basis.CONVENTION)


def _tests(folder: Folder) -> Fact[str] | None:
    below = next((name for name in folder.below if _PROJECT.search(name) and _is_test(folder, name)), None)
    if below is None:
        return None
    solved = any(name.endswith((".sln", ".slnx")) for name in folder.names)
    return folder.fact("dotnet test" if solved else f"dotnet test {below}", below, basis=Basis.CONVENTION)


def _port(folder: Folder, name: str, version: Fact[str] | None) -> tuple[Fact[int] | None, str | None]:
    prefix = f"{name.rpartition('/')[0]}/" if "/" in name else ""
    files = [
        f"{prefix}{each}"
        for each in ("Program.cs", "Program.fs", "Startup.cs", "appsettings.Production.json", "appsettings.json")
    ]
    found = port_in(folder, files, _PORTS)
    if found is not None:
        return found[0], found[1]
    if version is None:
        return None, "ASPNETCORE_HTTP_PORTS"
    major = int(version.value.partition(".")[0][:4])
    return Fact(8080 if major >= FIRST_ON_8080 else 80, version.source, Basis.INFERRED), "ASPNETCORE_HTTP_PORTS"
