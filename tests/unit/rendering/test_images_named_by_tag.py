"""Base images: a digest where one is known, and where none is, it is said."""

from __future__ import annotations

from pathlib import Path

from built_files import build

MIX = """defmodule A.MixProject do
  use Mix.Project
  def project, do: [app: :a, elixir: "~> 1.19", deps: deps()]
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
ELIXIR = {
    "mix.exs": MIX,
    "mix.lock": "%{}\n",
    "lib/a.ex": "defmodule A do\nend\n",
    "test/a_test.exs": "x\n",
}
PYTHON = {
    "requirements.txt": "flask\ngunicorn\n",
    "app.py": "from flask import Flask\napp = Flask(__name__)\n",
    "test_app.py": "",
}


def test_an_image_without_a_known_digest_is_named_in_an_assumption(tmp_path: Path):
    said = build(tmp_path, {**PYTHON, ".python-version": "3.10\n", "pytest.ini": "[pytest]\n"}).assumptions
    assert "python:3.10.19-bookworm is named by tag alone" in said


def test_where_every_image_has_its_digest_nothing_is_said(tmp_path: Path):
    built = build(tmp_path, {**PYTHON, ".python-version": "3.14\n", "pytest.ini": "[pytest]\n"})
    assert "by tag alone" not in built.assumptions
    assert "FROM python:3.14.8-bookworm@sha256:" in built.dockerfile


def test_the_small_image_of_elixir_has_a_digest_of_its_own(tmp_path: Path):
    built = build(tmp_path, ELIXIR)
    assert "FROM elixir:1.19.5-otp-28-slim@sha256:" in built.dockerfile
    assert "elixir:1.19.5-otp-28 is named by tag alone" in built.assumptions
