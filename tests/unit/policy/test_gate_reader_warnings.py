"""What the reader only warns of reaches the decision, with its place, and denies nothing."""

from __future__ import annotations

import pytest
from gate_stand_ins import found, judged, places

from penstock.domain.policy import Profile

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  labels: {app: no}\nspec:\n  ports:\n  - port: 80\n"
MERGED = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: &more\n  a: x\n---\n"
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\nx: &base {a: y}\ndata:\n  <<: *base\n"
)
REMOVED = "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata:\n  name: a\nspec: {}\n"


@pytest.mark.parametrize(
    ("rule", "text", "place"),
    [
        ("integrity.yaml.ambiguous_scalar", SERVICE, "k8s/a.yaml:5:17"),
        ("integrity.yaml.ambiguous_merge", MERGED, "k8s/a.yaml:13:3"),
        ("security.k8s.schema_version", REMOVED, "k8s/a.yaml:1:1"),
    ],
)
def test_the_reader_s_warnings_are_told_where_they_stand(rule: str, text: str, place: str) -> None:
    decision = judged({"k8s/a.yaml": text}, profile=Profile.STANDARD)
    assert places(decision, rule) == [place]
    assert {each.severity for each in found(decision, rule)} == {"warn"}
