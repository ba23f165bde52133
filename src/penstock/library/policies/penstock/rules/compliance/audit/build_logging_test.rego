package penstock.tests.compliance.audit.build_logging_test

import data.penstock.rules.compliance.audit.build_logging as rule

build(logging) := [{"path": "b.yaml", "kind": "cloudbuild", "index": 0, "doc": {"options": {"logging": logging}}}]

test_denies_none if count(rule.findings) == 1 with input.artifacts as build("NONE")

test_allows_cloud_logging if count(rule.findings) == 0 with input.artifacts as build("CLOUD_LOGGING_ONLY")

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as build("${_LOGGING}")
