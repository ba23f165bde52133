"""What a service that speaks gRPC gets: HTTP/2 up to the container, no probe and no check by plain requests."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from built_files import Built, build

from penstock.policy.schemas import schema_faults

SERVER = """package main

import (
\t"net"

\t"google.golang.org/grpc"
\t"google.golang.org/grpc/health"
\thealthpb "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
\tlistener, _ := net.Listen("tcp", ":9090")
\tserver := grpc.NewServer()
\tHEALTH
\tserver.Serve(listener)
}
"""
REGISTERS = "healthpb.RegisterHealthServer(server, health.NewServer())"
CALLS = "_, _ = healthpb.NewHealthClient(connection), health.NewServer"


def grpc(root: Path, health: str, **options: str) -> Built:
    files = {
        "go.mod": "module example.com/quotes\n\ngo 1.26\n\nrequire google.golang.org/grpc v1.80.0\n",
        "go.sum": "",
        "main.go": SERVER.replace("HEALTH", health),
    }
    return build(root / "quotes", files, **options)


def text(built: Built, ending: str) -> str:
    return next(each for path, each in sorted(built.files.items()) if path.endswith(ending))


def container(built: Built) -> dict[str, object]:
    found = yaml.safe_load(text(built, "base/deployment.yaml"))["spec"]["template"]["spec"]["containers"][0]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("health", "probe"), [(REGISTERS, {"grpc": {"port": 9090}}), (CALLS, {"tcpSocket": {"port": "grpc"}})]
)
def test_the_cluster_asks_grpc_health_only_where_the_code_registers_it(
    tmp_path: Path, health: str, probe: dict[str, object]
):
    built = grpc(tmp_path, health, target="gke")
    found = container(built)
    assert found["ports"] == [{"name": "grpc", "containerPort": 9090}]
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        given = found[name]
        assert isinstance(given, dict)
        assert {key: given[key] for key in given if key in {"grpc", "tcpSocket", "httpGet"}} == probe
    assert yaml.safe_load(text(built, "base/service.yaml"))["spec"]["ports"][0]["targetPort"] == "grpc"
    assert list(schema_faults("k8s", yaml.safe_load(text(built, "base/deployment.yaml")))) == []


@pytest.mark.parametrize("target", ["gke", "cloud-run"])
def test_a_release_is_verified_by_its_rollout_and_by_no_request_and_it_is_said(tmp_path: Path, target: str):
    built = grpc(tmp_path, REGISTERS, target=target)
    skaffold = text(built, "skaffold.yaml")
    assert "name: ready" in skaffold
    assert "http_code" not in skaffold
    assert ("rollout status" if target == "gke" else "/services/") in skaffold
    assert "quotes speaks gRPC" in built.assumptions
    assert "no request is made" in built.assumptions


def test_cloud_run_passes_http_2_to_the_container(tmp_path: Path):
    manifest = yaml.safe_load(text(grpc(tmp_path, REGISTERS, target="cloud-run"), "run/production.yaml"))
    assert manifest["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"name": "h2c", "containerPort": 9090}]
    assert list(schema_faults("cloudrun", manifest)) == []
