"""Services in other languages: their own Dockerfile as it is, buildpacks where they know how, nginx for pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from built_files import build

from penstock.errors import SkillNotFound

DOCKERFILE = 'FROM debian:bookworm-slim\nUSER 1000\nEXPOSE 8080\nCMD ["/app"]\n'
MIX = """defmodule A.MixProject do
  use Mix.Project
  def project do
    [
      app: :a,
      elixir: "~> 1.18",
      deps: deps()
    ]
  end
  def application do
    [
      mod: {A.Application, []}
    ]
  end
  defp deps do
    [{:plug_cowboy, "~> 2.0"}]
  end
end
"""
SCALA = {
    "build.sbt": 'name := "shop"\nenablePlugins(PlayScala)\n',
    "project/build.properties": "sbt.version=1.11.0\n",
    "project/plugins.sbt": 'addSbtPlugin("org.playframework" % "sbt-plugin" % "3.0.11")\n',
    "app/Main.scala": "class Main\n",
}
OTHERS = {
    "ruby": (
        {"Gemfile": 'source "https://rubygems.org"\ngem "sinatra"\ngem "rspec"\n', "Gemfile.lock": "GEM\n",
         ".ruby-version": "3.4.2\n", "config.ru": "run App\n", "app.rb": "x = 1\n", "spec/app_spec.rb": "describe\n"},
        "ruby:3.4.2", "bundle exec rspec",
    ),
    "php": (
        {"composer.json": '{"require": {"php": ">=8.2", "slim/slim": "^4"}, "require-dev": {"phpunit/phpunit": "^11"}}',
         "composer.lock": "{}", "public/index.php": "<?php\n", "phpunit.xml": "<phpunit/>\n",
         "tests/AppTest.php": "<?php\n"},
        "composer:2", "vendor/bin/phpunit",
    ),
    "rust": (
        {"Cargo.toml": '[package]\nname = "api"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\naxum = "0.7"\n',
         "Cargo.lock": "version = 4\n", "src/main.rs": "fn main() {}\n#[cfg(test)]\nmod tests { #[test] fn t() {} }\n"},
        "rust:1", "cargo test",
    ),
    "elixir": (
        {"mix.exs": MIX, "mix.lock": "%{}\n", "lib/a.ex": "defmodule A do\nend\n", "test/a_test.exs": "x\n"},
        "elixir:1", "mix test",
    ),
    "deno": (
        {"deno.json": '{"tasks": {"start": "deno run -A main.ts"}}', "deno.lock": "{}",
         "main.ts": "Deno.serve(() => new Response());\n", "main_test.ts": "Deno.test('x', () => {});\n"},
        "node:24", "deno test",
    ),
    "dotnet": (
        {"Api.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net8.0</TargetFramework>'
         "</PropertyGroup></Project>", "Program.cs": "var app = 1;\n", "Tests/Tests.csproj":
         '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="Microsoft.NET.Test.Sdk" />'
         "</ItemGroup></Project>"},
        "mcr.microsoft.com/dotnet/sdk:8.0", "dotnet test",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", OTHERS)
def test_a_service_with_a_dockerfile_is_built_by_it_and_tested_in_its_own_image(tmp_path: Path, language: str):
    files, image, command = OTHERS[language]
    built = build(tmp_path, {**files, "Dockerfile": DOCKERFILE})
    service = built.spec.services[0]
    assert (service.image.method, service.image.dockerfile) == ("dockerfile", "Dockerfile")
    assert not service.image.write_dockerfile
    assert "Dockerfile" not in built.files
    assert ".dockerignore" not in built.files
    step = built.step("test")
    assert step.image.startswith(image)
    assert step.script is not None
    assert command in step.script.split("\n")[-2]
    assert built.step("image").env["DOCKERFILE"] == "Dockerfile"
    assert "test" in built.step("image").wait_for


@pytest.mark.parametrize("language", ["ruby", "php", "dotnet"])
def test_without_a_dockerfile_buildpacks_build_what_they_know(tmp_path: Path, language: str):
    built = build(tmp_path, OTHERS[language][0])
    assert built.spec.services[0].image.method == "buildpacks"
    assert built.has_step("image-buildpacks")
    assert not built.has_step("image")
    assert "buildpacks build the image" in built.assumptions


def test_a_version_that_buildpacks_do_not_offer_is_a_question(tmp_path: Path):
    built = build(tmp_path, {**OTHERS["ruby"][0], ".ruby-version": "2.7.8\n"})
    assert "asks for ruby 2.7.8" in built.questions
    assert "3.4, 3.3, 3.2" in built.questions


def test_pages_that_buildpacks_do_not_serve_are_asked_about(tmp_path: Path):
    files = {"composer.json": '{"require": {"php": ">=8.2"}}', "composer.lock": "{}"}
    odd = build(tmp_path / "a", {**files, "htdocs/index.php": "<?php\n"})
    assert "pages of a lie in htdocs" in odd.questions
    usual = build(tmp_path / "b", {**files, "public/index.php": "<?php\n"})
    assert "lie in" not in usual.questions


PROGRAMS = {
    "rust": ("RUN cargo build --release --locked", "/src/target/release/api /app/api", 'ENTRYPOINT ["/app/api"]'),
    "elixir": ("mix deps.get --only prod", "/src/_build/prod/rel/a /app", 'CMD ["/app/bin/a", "start"]'),
    "deno": ("RUN npm install --global deno@2.9.6", "/src /app", 'CMD ["deno", '),
    "scala": ("RUN sbt stage", "/src/target/universal/stage /app", 'CMD ["/app/bin/shop"]'),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_without_a_dockerfile_gets_one_that_holds_what_its_build_leaves(tmp_path: Path, language: str):
    made, taken, start = PROGRAMS[language]
    built = build(tmp_path, {**OTHERS, "scala": (SCALA, "", "")}[language][0])
    first, last = built.dockerfile.split("\n\n", 1)
    assert made in first
    assert taken in last
    assert start in last
    assert "USER 10001:10001" in last
    assert ".git" in built.files[".dockerignore"]


def test_deno_is_installed_in_the_version_that_the_project_names(tmp_path: Path):
    built = build(tmp_path, {**OTHERS["deno"][0], ".deno-version": "2.2.2\n"})
    assert "npm install --global deno@2.2.2" in built.dockerfile
    assert "npm install --global deno@2.2.2" in built.step("test").script


@pytest.mark.parametrize(
    ("wanted", "installed", "said"),
    [("2.3", "2.3.0", ""), ("2", "2.9.6", "leaves the release open"), ("1.46.3", "2.9.6", "asks for Deno 1.46.3")],
)
def test_deno_is_never_a_release_that_changes_by_itself(tmp_path: Path, wanted: str, installed: str, said: str):
    built = build(tmp_path, {**OTHERS["deno"][0], ".deno-version": f"{wanted}\n"})
    assert f"npm install --global deno@{installed}\n" in built.step("test").script
    assert f"deno@{installed} " in built.dockerfile
    assert said in built.assumptions + built.questions


def test_a_framework_that_listens_on_its_own_machine_only_is_told_otherwise(tmp_path: Path):
    files = dict(OTHERS["rust"][0])
    files["Cargo.toml"] = files["Cargo.toml"].replace('axum = "0.7"', 'rocket = "0.5"')
    assert "ROCKET_ADDRESS=0.0.0.0" in build(tmp_path, files).dockerfile


def test_what_nobody_can_build_without_a_dockerfile_is_said_with_the_reason(tmp_path: Path):
    conda = {"environment.yml": "dependencies:\n- python=3.12\n- flask\n", "app.py": "app = Flask(__name__)\n"}
    with pytest.raises(SkillNotFound, match=r"conda.*no Dockerfile"):
        build(tmp_path, conda)


def test_what_is_missing_for_a_start_is_part_of_the_refusal(tmp_path: Path):
    kit = {"@sveltejs/kit": "^2", "@sveltejs/adapter-vercel": "^5", "vite": "^6"}
    files = {"package.json": json.dumps({"name": "a", "scripts": {"build": "vite build"}, "devDependencies": kit})}
    with pytest.raises(SkillNotFound, match="adapter-node"):
        build(tmp_path, {**files, "src/routes/+page.svelte": "<p>\n"})


def test_tests_without_a_builder_image_are_a_question_and_no_step(tmp_path: Path):
    files = {**OTHERS["elixir"][0], "Dockerfile": DOCKERFILE}
    files["mix.exs"] = files["mix.exs"].replace("~> 1.18", "~> 1.9.0")
    built = build(tmp_path, files)
    assert not built.has_step("test")
    assert "no builder image" in built.questions


def test_images_of_registries_that_the_gate_refuses_are_not_used(tmp_path: Path):
    scala = {
        "build.sbt": 'scalaVersion := "3.3.1"\n',
        "project/build.properties": "sbt.version=1.9.0\n",
        "src/main/scala/Main.scala": "@main def run() = ()\n",
        "src/test/scala/MainTest.scala": "class MainTest\n",
        "Dockerfile": DOCKERFILE,
    }
    step = build(tmp_path, scala).step("test")
    assert step.image.startswith("maven:")
    assert "sbt-launch" in step.script


def test_a_container_of_no_known_language_is_built_without_tests(tmp_path: Path):
    built = build(tmp_path, {"Dockerfile": DOCKERFILE, "run.tcl": "puts x\n"})
    assert built.spec.services[0].image.dockerfile == "Dockerfile"
    assert not built.has_step("test")


def test_plain_pages_are_served_by_an_nginx_that_is_not_root(tmp_path: Path):
    built = build(tmp_path, {"public/index.html": "<p>hello</p>\n"})
    lines = built.dockerfile.split("\n")
    assert "USER 101:101" in lines
    assert "COPY public /usr/share/nginx/html" in lines or "COPY . /usr/share/nginx/html" in lines
    assert "    '    listen 8080;' \\" in lines
    assert "EXPOSE 8080" in lines
    assert [line for line in lines if line.startswith("FROM nginx:") and "@sha256:" in line]


@pytest.mark.parametrize(
    ("files", "command", "folder"),
    [
        ({"hugo.toml": "title = 'x'\n", "content/a.md": "x\n"}, "hugo --minify", "public"),
        (
            {
                "Gemfile": 'source "https://rubygems.org"\ngem "jekyll"\n',
                "_config.yml": "title: x\n",
                "index.md": "x\n",
            },
            "bundle exec jekyll build",
            "_site",
        ),
    ],
)
def test_generated_pages_are_built_first_and_only_their_output_is_served(
    tmp_path: Path, files: dict[str, str], command: str, folder: str
):
    built = build(tmp_path, files)
    assert command in built.dockerfile
    assert f"COPY --from=build /src/{folder} /usr/share/nginx/html" in built.dockerfile


def test_keys_and_history_never_get_into_an_image(tmp_path: Path):
    built = build(tmp_path, {"index.html": "<p>hello</p>\n"})
    hidden = built.files[".dockerignore"].split("\n")
    assert {".git", "**/.env", "**/*.pem", "**/*.key"} <= set(hidden)


def test_a_database_that_tests_may_need_is_said(tmp_path: Path):
    files = {**OTHERS["ruby"][0], "Dockerfile": DOCKERFILE, "app.rb": 'ENV.fetch("DATABASE_URL")\n'}
    assert "reads DATABASE_URL: no such service runs beside its tests" in build(tmp_path, files).assumptions
