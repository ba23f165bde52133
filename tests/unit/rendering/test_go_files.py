"""What a Go repository gets: its own tests, vet, and one static binary in an image without a shell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from built_files import ROOT, build

MAIN = """package main

import (
    "net/http"
    "os"
)

func main() {
    port := os.Getenv("PORT")
    if port == "" {
        port = "9090"
    }
    http.ListenAndServe(":"+port, nil)
}
"""
TEST = 'package main\n\nimport "testing"\n\nfunc TestMain1(t *testing.T) {}\n'
MODULE = "module example.com/quotes\n\ngo 1.24\n"
REQUIRE = "\nrequire github.com/go-chi/chi/v5 v5.2.1\n"
REPOSITORY = {"go.mod": MODULE + REQUIRE, "go.sum": "x\n", "main.go": MAIN, "main_test.go": TEST}


def test_the_example_is_built_from_its_own_main_package(tmp_path: Path):
    repo = Path(shutil.copytree(ROOT / "examples" / "quote-service", tmp_path / "quote-service"))
    built = build(repo)
    lines = built.dockerfile.split("\n")
    assert 'RUN go build -trimpath -ldflags="-s -w" -o /out/app ./cmd/server' in lines
    assert (repo / "cmd/server").is_dir()
    assert built.step("test").script.endswith("go test ./...\n")
    assert "go vet ./..." in built.step("vet").script
    assert set(built.step("image").wait_for) == {"vet", "test"}


def test_the_binary_is_static_and_runs_without_root_and_shell(tmp_path: Path):
    lines = build(tmp_path, REPOSITORY).dockerfile.split("\n")
    final = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert final[0].startswith("FROM gcr.io/distroless/static-debian12:nonroot@sha256:")
    assert "USER 65532:65532" in final
    assert 'ENTRYPOINT ["/app"]' in final
    assert "EXPOSE 9090" in final
    assert "ENV CGO_ENABLED=0" in lines


def test_modules_are_their_own_layer_and_verified_against_go_sum(tmp_path: Path):
    built = build(tmp_path, REPOSITORY)
    lines = built.dockerfile.split("\n")
    assert lines.index("COPY go.mod go.sum ./") < lines.index("RUN go mod download") < lines.index("COPY . .")
    assert "go mod verify" in built.step("install").script


def test_a_module_without_demands_has_no_go_sum_to_copy(tmp_path: Path):
    built = build(tmp_path, {"go.mod": MODULE, "main.go": MAIN})
    assert "COPY go.mod ./" in built.dockerfile
    assert "How is" in built.questions
    assert not built.has_step("test")
    assert built.has_step("vet")


@pytest.mark.parametrize(
    ("demand", "image"), [("1.24", "golang:1.27."), ("1.19", "golang:1.27."), ("1.26.4", "golang:1.27.")]
)
def test_a_minimum_gets_the_newest_go(tmp_path: Path, demand: str, image: str):
    built = build(tmp_path, {**REPOSITORY, "go.mod": f"module example.com/q\n\ngo {demand}\n"})
    assert built.step("test").image.startswith(image)
    assert f"FROM {image}" in built.dockerfile


@pytest.mark.parametrize(("pin", "image"), [("1.24.3", "golang:1.24."), ("1.25", "golang:1.25.")])
def test_a_pin_gets_its_own_line(tmp_path: Path, pin: str, image: str):
    built = build(tmp_path, {**REPOSITORY, ".go-version": f"{pin}\n"})
    assert built.step("test").image.startswith(image)
    assert f"FROM {image}" in built.dockerfile


def test_a_go_that_is_newer_than_all_images_is_fetched_by_go_itself(tmp_path: Path):
    built = build(tmp_path, {**REPOSITORY, "go.mod": "module example.com/q\n\ngo 1.99\n"})
    assert built.step("test").env["GOTOOLCHAIN"] == "auto"
    assert "ENV GOTOOLCHAIN=auto" in built.dockerfile
    assert "no image is on offer" in built.assumptions


def test_cgo_keeps_the_c_library_and_asks_for_others(tmp_path: Path):
    module = MODULE + "\nrequire github.com/mattn/go-sqlite3 v1.14.22\n"
    built = build(tmp_path, {**REPOSITORY, "go.mod": module})
    assert "ENV CGO_ENABLED=1" in built.dockerfile
    assert "FROM gcr.io/distroless/base-debian12:nonroot@sha256:" in built.dockerfile
    assert "uses cgo" in built.questions


def test_vendored_modules_are_not_downloaded(tmp_path: Path):
    built = build(tmp_path, {**REPOSITORY, "vendor/modules.txt": "# x\n"})
    assert not built.has_step("install")
    assert "go mod download" not in built.dockerfile
    assert built.step("test").wait_for == ()


def test_a_missing_go_sum_is_said_and_does_not_stop_the_build(tmp_path: Path):
    built = build(tmp_path, {"go.mod": MODULE + REQUIRE, "main.go": MAIN, "main_test.go": TEST})
    assert "ENV GOFLAGS=-mod=mod" in built.dockerfile
    assert built.step("test").env["GOFLAGS"] == "-mod=mod"
    assert "go.sum is missing" in built.assumptions


def test_a_replace_that_points_outside_builds_from_the_root(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "services/api/go.mod": MODULE + "\nreplace example.com/lib => ../../lib\n",
            "services/api/main.go": MAIN,
            "lib/go.mod": "module example.com/lib\n\ngo 1.24\n",
            "lib/lib.go": "package lib\n",
        },
    )
    image = built.spec.services[0].image
    assert (image.dockerfile, image.context) == ("services/api/Dockerfile", ".")
    assert "COPY . /src" in built.dockerfile
    assert "WORKDIR /src/services/api" in built.dockerfile
    assert ".dockerignore" in built.files


def test_a_service_in_a_folder_is_built_in_that_folder(tmp_path: Path):
    files = {f"catalog/{name}": content for name, content in REPOSITORY.items()}
    built = build(tmp_path, {**files, "README.md": "x\n"})
    image = built.spec.services[0].image
    assert (image.dockerfile, image.context) == ("catalog/Dockerfile", "catalog")
    assert built.step("test").dir == "catalog"


def test_a_linter_is_installed_in_the_version_its_settings_are_written_for(tmp_path: Path):
    built = build(tmp_path, {**REPOSITORY, ".golangci.yml": 'version: "2"\n'})
    script = built.step("lint").script
    assert "golangci-lint/v2@" in script or "golangci-lint/v2/cmd" in script
    assert script.endswith("golangci-lint run\n")


def test_linter_settings_above_the_service_count_too(tmp_path: Path):
    files = {f"api/{name}": content for name, content in REPOSITORY.items()}
    built = build(tmp_path, {**files, ".golangci.yml": 'version: "2"\n'})
    assert "find . /workspace -maxdepth 1" in built.step("lint").script


def test_a_workspace_is_vetted_module_by_module(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "go.work": "go 1.24\n\nuse (\n\t./api\n\t./shared\n)\n",
            "api/go.mod": "module example.com/api\n\ngo 1.24\n",
            "api/main.go": MAIN,
            "shared/go.mod": "module example.com/shared\n\ngo 1.24\n",
            "shared/x.go": "package shared\n",
        },
    )
    script = built.step("vet").script
    assert "./api/..." in script
    assert "./shared/..." in script
    assert 'RUN go build -trimpath -ldflags="-s -w" -o /out/app ./api' in built.dockerfile
    assert "go mod download" not in built.dockerfile


def test_the_repositorys_own_test_task_goes_before_go_test(tmp_path: Path):
    built = build(tmp_path, {**REPOSITORY, "Makefile": "test:\n\tgo test -race ./...\n"})
    assert built.step("test").script.endswith("make test\n")


def test_a_dockerfile_of_the_repository_is_left_alone(tmp_path: Path):
    built = build(tmp_path, {**REPOSITORY, "Dockerfile": "FROM golang:1.24\nCMD ['x']\n"})
    assert "Dockerfile" not in built.files
    assert built.step("image").env["DOCKERFILE"] == "Dockerfile"


def test_swagger_docs_and_deploy_packages_stay_in_the_build_context(tmp_path: Path):
    hidden = build(tmp_path, REPOSITORY).files[".dockerignore"].split("\n")
    assert "docs" not in hidden
    assert "deploy" not in hidden
    assert "**/*_test.go" in hidden
