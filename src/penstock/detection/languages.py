"""The languages detection knows, in the order in which they are asked."""

from __future__ import annotations

from penstock.detection import deno, dotnet, elixir, go, jvm, node, php, python, ruby, rust, static
from penstock.detection.language import Language

LANGUAGES: tuple[Language, ...] = (
    python.LANGUAGE,
    jvm.LANGUAGE,
    go.LANGUAGE,
    dotnet.LANGUAGE,
    ruby.LANGUAGE,
    php.LANGUAGE,
    rust.LANGUAGE,
    elixir.LANGUAGE,
    deno.LANGUAGE,
    node.LANGUAGE,
    static.LANGUAGE,
)
