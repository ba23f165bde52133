package penstock.main_test

import data.penstock.lib.given_test as given
import data.penstock.main

asked(profile) := {
	"profile": profile,
	"artifacts": [given.target("prod", {})],
	"facts": {"selftest": "0123", "parse_findings": [{
		"rule": "security.pipeline.schema",
		"file": "b.yaml",
		"index": 2,
		"line": 9,
		"pointer": "/steps",
		"detail": "no {step}",
	}]},
}

found(profile, id) := [finding |
	some finding in main.decision.findings with input as asked(profile)
	finding.id == id
]

test_a_decision_proves_itself if {
	decision := main.decision with input as asked("standard")
	decision.schema == "penstock.decision/v1"
	decision.selftest == "0123"
	decision.rules_evaluated == count(data.catalogue.rules)
}

test_a_finding_carries_the_catalogue_s_words if {
	some finding in found("standard", "compliance.approval.prod_target")
	finding.message == "the production target prod does not ask for approval"
	finding.remediation == data.catalogue.rules["compliance.approval.prod_target"].remediation
	finding.pointer == "/metadata/name"
	not finding.line
}

test_a_fact_keeps_its_line_and_its_words if {
	some finding in found("standard", "security.pipeline.schema")
	finding.line == 9
	finding.index == 2
	finding.message == "the file does not fit the schema: no {step}"
}

test_the_profile_chooses_the_severity if {
	{finding.severity | some finding in found("standard", "compliance.approval.prod_target")} == {"deny"}
	{finding.severity | some finding in found("advisory", "compliance.approval.prod_target")} == {"warn"}
	{finding.severity | some finding in found("advisory", "security.pipeline.schema")} == {"deny"}
}

test_an_unknown_profile_denies if {
	{finding.severity | some finding in found("lax", "compliance.approval.prod_target")} == {"deny"}
}

test_every_rule_runs_on_every_kind_of_file if {
	artifacts := [
		given.build({"steps": [{"name": "gcr.io/cloud-builders/docker", "args": ["push", "gcr.io/p/app:1"]}]}),
		given.dockerfile([given.instruction("from", ["node:22"])]),
		given.job("build", {"steps": [{"run": "npm test"}]}),
		given.pod({"image": "app"}),
		given.pipeline([{"targetId": "prod"}]),
	]
	decision := main.decision with input as object.union(asked("standard"), {"artifacts": artifacts})
	decision.rules_evaluated == count(data.catalogue.rules)
}
