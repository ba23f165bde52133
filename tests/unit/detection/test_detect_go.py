from __future__ import annotations

import pytest
from detection_trees import facts_of, main_of, short

MOD = "module example.com/shop\n\ngo 1.24\n"
SERVES = 'package main\n\nimport "net/http"\n\nfunc main() {\n\thttp.ListenAndServe(":8085", nil)\n}\n'
ENDS = "package main\n\nfunc main() {}\n"


def test_the_program_in_cmd_is_built_and_started() -> None:
    service = main_of({"go.mod": MOD, "go.sum": "", "cmd/server/main.go": SERVES, "cmd/migrate/main.go": ENDS})
    assert short(service, "kind", "build_command", "start_command", "port", "runtime_version", "runtime_kind") == (
        "web", "go build -o bin/server ./cmd/server", "./bin/server", 8085, "1.24", "minimum",
    )  # fmt: skip
    assert service.has("several-programs")


def test_a_pinned_version_counts_before_the_minimum_of_the_module() -> None:
    service = main_of({"go.mod": MOD, "main.go": ENDS, "mise.toml": '[tools]\ngo = "1.25.3"\n'})
    assert short(service, "runtime_version", "runtime_kind") == ("1.25.3", "pin")


@pytest.mark.parametrize(
    ("code", "port", "variable"),
    [
        (
            ('func main() {\n\tport := os.Getenv("PORT")\n\tif port == "" {\n\t\tport = "9000"\n\t}\n'
            '\thttp.ListenAndServe(":"+port, nil)\n}'),
            9000, "PORT",
        ),
        ('func main() {\n\tp := getEnv("HTTP_PORT", "9001")\n\thttp.ListenAndServe(p, nil)\n}', 9001, "HTTP_PORT"),
        ('func main() {\n\thttp.ListenAndServe(":9002", nil)\n}', 9002, None),
        ('func main() {\n\tdb := getEnv("DB_PORT", "5432")\n\thttp.ListenAndServe(db, nil)\n}', None, None),
    ],
)  # fmt: skip
def test_the_port_and_the_variable_that_moves_it(code: str, port: int | None, variable: str | None) -> None:
    service = main_of({"go.mod": MOD, "main.go": f'package main\n\nimport ("net/http"; "os")\n\n{code}\n'})
    assert short(service, "port", "port_env") == (port, variable)


def test_missing_sums_and_cgo_are_said() -> None:
    service = main_of({"go.mod": f"{MOD}\nrequire github.com/mattn/go-sqlite3 v1.14.0\n", "main.go": SERVES})
    assert service.has("cgo")
    assert service.has("no-go-sum")
    assert any("go mod tidy" in gap.reason for gap in service.gaps)


def test_a_lone_main_go_is_a_program_and_the_missing_module_is_said() -> None:
    service = main_of({"main.go": SERVES})
    assert short(service, "ecosystem", "kind", "package_manager", "build_command", "start_command", "port") == (
        "go", "web", None, "go build -o bin/app main.go", "./bin/app", 8085,
    )  # fmt: skip
    assert any("no go.mod" in gap.reason for gap in service.gaps)


def test_a_module_without_a_program_is_a_library_and_nothing_to_deploy() -> None:
    facts = facts_of({"go.mod": MOD, "shop.go": "package shop\n"})
    assert facts.deployable is False
    assert "library" in facts.reasons[0]


def test_tests_and_a_linter_count_only_where_they_are() -> None:
    plain = {"go.mod": MOD, "main.go": ENDS}
    assert short(main_of(plain), "test_command", "lint_command") == (None, None)
    more = {**plain, "main_test.go": "package main\n", ".golangci.yml": "run: {}\n"}
    assert short(main_of(more), "test_command", "lint_command") == ("go test ./...", "golangci-lint run")
    assert short(main_of({**more, "Makefile": "test:\n\tgo test -race ./...\n"}), "test_command") == ("make test",)


def test_modules_with_images_below_a_workspace_are_services() -> None:
    files = {"go.work": "go 1.24\n\nuse (\n\t./cart\n\t./pay\n)\n"}
    for name in ("cart", "pay"):
        files |= {f"{name}/go.mod": MOD, f"{name}/main.go": SERVES, f"{name}/Dockerfile": "FROM golang:1.24\n"}
    facts = facts_of(files)
    assert [each.path for each in facts.services] == ["cart", "pay"]
    assert facts.monorepo == "go-workspace"
