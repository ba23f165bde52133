from __future__ import annotations

import json

import pytest
from detection_trees import facts_of, main_of, short

WEB = (
    '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net{}</TargetFramework></PropertyGroup>'
    "</Project>"
)
FIELDS = ("ecosystem", "language", "package_manager", "framework", "kind", "start_command", "port")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.csproj": WEB.format("8.0")}, ("dotnet", "csharp", "nuget", "aspnetcore", "web", "dotnet a.dll", 8080)),
        ({"a.fsproj": WEB.format("6.0")}, ("dotnet", "fsharp", "nuget", "aspnetcore", "web", "dotnet a.dll", 80)),
        (
            {"Gemfile": "gem 'rails'\ngem 'puma'\n", "config/puma.rb": 'port ENV.fetch("PORT") { 3001 }\n', "a.rb": ""},
            ("ruby", "ruby", "bundler", "rails", "web", "bundle exec puma -C config/puma.rb", 3001),
        ),
        (
            {"Gemfile": "gem 'sinatra'\ngem 'unicorn'\n", "config.ru": "run App\n"},
            ("ruby", "ruby", "bundler", "sinatra", "web", "bundle exec unicorn", 8080),
        ),
        (
            {"Gemfile": 'gem "functions_framework"\n', "app.rb": 'FunctionsFramework.http("greet") do |r|\nend\n'},
            ("ruby", "ruby", "bundler", "functions_framework", "web",
             "bundle exec functions-framework-ruby --target greet", 8080),
        ),
        (
            {"composer.json": '{"require": {"laravel/framework": "^12"}}', "artisan": "", "public/index.php": "<?php"},
            ("php", "php", "composer", "laravel", "web", "php artisan serve --host=0.0.0.0 --port=8000", 8000),
        ),
        (
            {"index.php": "<?php", "Dockerfile": "FROM php:8.3-apache\nCOPY . /var/www/html\n"},
            ("php", "php", None, None, "web", "php -S 0.0.0.0:${PORT:-8080} -t .", 80),
        ),
        (
            {"Cargo.toml": '[package]\nname = "shop"\n[dependencies]\naxum = "0.8"\n',
             "src/main.rs": 'fn main() { TcpListener::bind("0.0.0.0:3005") }'},
            ("rust", "rust", "cargo", "axum", "web", "./target/release/shop", 3005),
        ),
        (
            {"mix.exs": 'app: :shop,\nelixir: "~> 1.17",\nmod: {Shop.Application, []},\n{:phoenix, "~> 1.7"}\n'},
            ("elixir", "elixir", "mix", "phoenix", "web", "_build/prod/rel/shop/bin/shop start", 4000),
        ),
        (
            {"deno.json": '{"tasks": {"start": "deno run -A main.ts"}}', "main.ts": "Deno.serve(() => new Response())"},
            ("deno", "typescript", "deno", None, "web", "deno task start", 8000),
        ),
        (
            {"src/index.ts": 'import * as o from "https://deno.land/x/a/mod.ts";\n'},
            ("deno", "typescript", "deno", None, "cli", "deno run --allow-all src/index.ts", None),
        ),
        (
            {"build.sbt": 'name := "shop"\nscalaVersion := "3.3.1"\nenablePlugins(JavaAppPackaging)\n',
             "src/main/scala/Main.scala": "object Main extends App"},
            ("jvm", "scala", "sbt", None, "cli", "target/universal/stage/bin/shop", None),
        ),
        ({"index.html": "<h1>"}, ("static", "html", None, None, "static-site", None, None)),
        ({"hugo.toml": "", "content/a.md": ""}, ("static", "html", None, "hugo", "static-site", None, None)),
        (
            {"server.js": "require('http').createServer(f).listen(process.env.PORT || 8081)"},
            ("node", "javascript", None, None, "web", "node server.js", 8081),
        ),
    ],
)  # fmt: skip
def test_each_ecosystem_is_read_down_to_its_start(files: dict[str, str], expected: tuple[object, ...]) -> None:
    assert short(main_of(files), *FIELDS) == expected


@pytest.mark.parametrize(
    ("files", "version", "kind"),
    [
        ({"a.csproj": WEB.format("9.0")}, "9.0", "pin"),
        ({"Gemfile": "ruby '~> 3.4.0'\ngem 'sinatra'\n", "config.ru": ""}, "~> 3.4.0", "range"),
        ({"Gemfile": "gem 'sinatra'\n", "config.ru": "", ".ruby-version": "ruby-3.3.1\n"}, "3.3.1", "pin"),
        ({"composer.json": '{"require": {"php": "^8.2"}}', "index.php": ""}, "^8.2", "range"),
        ({"Cargo.toml": '[package]\nname = "a"\nrust-version = "1.80"\n', "src/main.rs": ""}, "1.80", "minimum"),
        (
            {"Cargo.toml": '[package]\nname = "a"\n', "src/main.rs": "", "rust-toolchain.toml":
             '[toolchain]\nchannel = "nightly-2024-08-12"\n'},
            "nightly-2024-08-12", "alias",
        ),
        (
            {"mix.exs": '@needs "~> 1.18"\napp: :a,\nelixir: @needs,\nmod: {A, []},\n'},
            "~> 1.18", "range",
        ),
    ],
)  # fmt: skip
def test_versions_are_as_the_files_demand_them(files: dict[str, str], version: str, kind: str) -> None:
    assert short(main_of(files), "runtime_version", "runtime_kind") == (version, kind)


def test_without_a_cargo_lock_the_build_is_not_locked() -> None:
    files = {"Cargo.toml": '[package]\nname = "a"\n', "src/main.rs": ""}
    assert short(main_of(files), "build_command") == ("cargo build --release",)
    assert short(main_of({**files, "Cargo.lock": ""}), "build_command") == ("cargo build --release --locked",)


def test_a_gem_lock_for_a_mac_only_is_a_gap_with_the_remedy() -> None:
    lock = "PLATFORMS\n  arm64-darwin-23\n\nDEPENDENCIES\n"
    service = main_of({"Gemfile": "gem 'sinatra'\n", "config.ru": "", "Gemfile.lock": lock})
    assert any("bundle lock --add-platform x86_64-linux" in gap.reason for gap in service.gaps)


def test_the_pages_of_a_php_application_are_built_by_their_own_manager() -> None:
    files = {
        "composer.json": '{"require": {"laravel/framework": "^12"}}', "artisan": "", "public/index.php": "",
        "package.json": json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}),
    }  # fmt: skip
    assert short(main_of(files), "build_command", "ecosystem") == ("npm install && npm run build", "php")
    locked = main_of({**files, "package-lock.json": "{}"})
    assert short(locked, "build_command") == ("npm ci && npm run build",)


@pytest.mark.parametrize(
    ("manifest", "extra", "manager", "version"),
    [
        ({"engines": {"node": "22", "pnpm": "8.15.9"}}, {}, "pnpm", "22"),
        ({"engines": {"bun": ">=1.1"}}, {}, "bun", ">=1.1"),
        ({"scripts": {"start": "bun a.js"}}, {".bun-version": "1.3.1\n"}, "bun", "1.3.1"),
        ({"engines": {"pnpm": "9"}}, {"yarn.lock": "# yarn lockfile v1\n"}, "yarn1", None),
    ],
)
def test_engines_name_the_manager_where_no_lock_file_does(
    manifest: dict[str, object], extra: dict[str, str], manager: str, version: str | None
) -> None:
    service = main_of({"package.json": json.dumps({"main": "a.js", **manifest}), "a.js": "run()", **extra})
    assert short(service, "package_manager", "runtime_version") == (manager, version)


def test_a_function_in_node_is_served_by_its_framework() -> None:
    manifest = {"dependencies": {"@google-cloud/functions-framework": "3"}}
    code = "const f = require('@google-cloud/functions-framework')\nf.http('greet', (q, s) => s.send('hi'))\n"
    service = main_of({"package.json": json.dumps(manifest), "index.js": code})
    assert short(service, "framework", "start_command", "port", "port_env") == (
        "functions-framework", "npx functions-framework --target=greet", 8080, "PORT",
    )  # fmt: skip


def test_an_expo_application_is_a_site_only_where_it_is_exported_for_the_web() -> None:
    def expo(build: str) -> dict[str, str]:
        return {"package.json": json.dumps({"dependencies": {"expo": "56"}, "scripts": {"build": build}})}

    assert short(main_of(expo("expo export --platform web")), "kind", "output_dir") == ("static-site", "dist")
    assert facts_of(expo("eas build")).deployable is False


@pytest.mark.parametrize("name", ["CMakeLists.txt", "gleam.toml", "Package.swift", "project.clj"])
def test_a_language_that_is_not_read_is_named_with_the_way_out(name: str) -> None:
    facts = facts_of({name: "x", "src/a.x": "x"})
    assert facts.deployable is False
    assert name in facts.reasons[0]
    assert "Dockerfile" in facts.reasons[0]
    shipped = facts_of({name: "x", "DOCKERFILE": 'FROM scratch\nEXPOSE 80\nCMD ["/a"]\n'})
    assert shipped.deployable is True
