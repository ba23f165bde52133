"""The route for probes, and the program behind a start script."""

from __future__ import annotations

import json

import pytest

from penstock.detection import detect
from penstock.detection.tree import MappingTree
from penstock.domain.facts import ServiceFacts

MANIFEST = {"name": "api", "scripts": {"start": "node src/server.js"}, "dependencies": {"express": "5"}}
LISTENS = "app.listen(3000);\n"


def service_of(files: dict[str, str], manifest: dict[str, object] | None = None) -> ServiceFacts:
    raw = {"package.json": json.dumps(manifest or MANIFEST), "src/server.js": LISTENS, **files}
    primary = detect(MappingTree({path: text.encode() for path, text in raw.items()}), name="api").primary
    assert primary is not None
    return primary


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("app.get('/healthz', (q, r) => r.send('ok'));", "/healthz"),
        ('router.get("/api/health", handler);', "/api/health"),
        ("app.get('/', x);\napp.get('/ready', y);\napp.get('/health', z);", "/health"),
        ("fastify.route({ url: '/livez', handler });", "/livez"),
    ],
)
def test_the_likeliest_route_for_probes_is_found_with_its_line(source: str, path: str):
    fact = service_of({"src/app.js": source}).health_path
    assert fact is not None
    assert fact.value == path
    assert fact.source.path == "src/app.js"
    assert fact.source.line == next(at for at, line in enumerate(source.split("\n"), 1) if path in line)


@pytest.mark.parametrize(
    "source",
    [
        "axios.get('/healthz');", "await request(app).get('/healthz')", "const text = 'my health';",
        "fetch.get('/health')",
        "app.get('/healthy-recipes', x)", "// nothing",
    ],
)  # fmt: skip
def test_a_path_that_is_asked_of_others_is_no_route(source: str):
    where = "test/app.test.js" if "request(app)" in source else "src/app.js"
    assert service_of({where: source}).health_path is None


def test_routes_of_other_languages_are_found():
    files = {
        "go.mod": "module example.com/a\n\ngo 1.24\n",
        "main.go": 'package main\nimport "net/http"\nfunc main() {\n'
        '\thttp.HandleFunc("GET /healthz", ok)\n\thttp.ListenAndServe(":8080", nil)\n}\n',
    }
    primary = detect(MappingTree({path: text.encode() for path, text in files.items()}), name="a").primary
    assert primary is not None
    assert primary.health_path is not None
    assert (primary.health_path.value, primary.health_path.source.line) == ("/healthz", 4)


@pytest.mark.parametrize(
    ("scripts", "program"),
    [
        ({"start": "node src/server.js"}, "node src/server.js"),
        ({"start": "next start -p 3000"}, "next start -p 3000"),
        ({"start": "node a.js && node b.js"}, None),
        ({"start": "PORT=1 node a.js"}, None),
        ({"start": "npm run serve"}, None),
        ({"start": "cross-env X=1 node a.js"}, None),
        ({"prestart": "node migrate.js", "start": "node a.js"}, None),
        ({"start": "node $FILE"}, None),
    ],
)
def test_a_start_script_that_is_one_plain_command_is_told(scripts: dict[str, str], program: str | None):
    fact = service_of({}, {**MANIFEST, "scripts": scripts}).start_program
    assert (fact.value if fact else None) == program
