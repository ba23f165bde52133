"""Static sites: an index.html and no build; Hugo and Jekyll by their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.facts import Basis, ServiceFacts

if TYPE_CHECKING:
    from penstock.detection.folder import Folder

_ROOTS = (".", "public", "html", "htdocs", "site", "www", "dist", "src")
_HUGO = ("hugo.toml", "hugo.yaml", "config/_default/hugo.toml")


class Static:
    """A folder that a web server can serve as it is."""

    ecosystem = "static"
    manifests = ("index.html", "Staticfile", "hugo.toml", "hugo.yaml")

    def inspect(self, folder: Folder) -> ServiceFacts | None:
        """Return the facts of a static site, None when there is no page to serve."""
        hugo = next((name for name in _HUGO if folder.has(name)), None)
        if hugo is not None:
            return ServiceFacts(
                path=folder.path,
                name=folder.name,
                kind="static-site",
                ecosystem="static",
                language=folder.fact("html", hugo, basis=Basis.INFERRED),
                framework=folder.fact("hugo", hugo),
                build_command=folder.fact("hugo --minify", hugo, basis=Basis.CONVENTION),
                output_dir=folder.fact("public", hugo, basis=Basis.CONVENTION),
                gaps=tuple(folder.gaps),
            )
        root, where = _root(folder)
        if root is None or where is None:
            return None
        return ServiceFacts(
            path=folder.path,
            name=folder.name,
            kind="static-site",
            ecosystem="static",
            language=folder.fact("html", where),
            output_dir=folder.fact(root, where),
            gaps=tuple(folder.gaps),
        )


LANGUAGE = Static()


def _root(folder: Folder) -> tuple[str | None, str | None]:
    for line in folder.lines("Staticfile"):
        key, _, value = line.partition(":")
        if key.strip() == "root" and value.strip():
            return value.strip(), "Staticfile"
    for root in _ROOTS:
        page = "index.html" if root == "." else f"{root}/index.html"
        if folder.has(page):
            return root, page
    return None, None
