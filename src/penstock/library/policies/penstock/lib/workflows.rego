# METADATA
# title: GitHub workflows
# description: |
#   Jobs and steps of every workflow of the set; what a step runs or uses as one text.
package penstock.lib.workflows

import data.penstock.lib.shape
import data.penstock.lib.shell

jobs := [job |
	some artifact in input.artifacts
	artifact.kind == "github-workflow"
	some id, raw in shape.mapping(shape.field(artifact.doc, "jobs"))
	is_object(raw)
	job := {
		"file": artifact.path,
		"index": artifact.index,
		"id": id,
		"pointer": sprintf("/jobs/%s", [replace(replace(id, "~", "~0"), "/", "~1")]),
		"name": shape.text(shape.field(raw, "name")),
		"workflow": shape.text(shape.field(artifact.doc, "name")),
		"raw": raw,
	}
]

steps := [step |
	some number, job in jobs
	some at, raw in shape.listed(object.get(job.raw, "steps", null))
	is_object(raw)
	step := {
		"job": number,
		"file": job.file,
		"index": job.index,
		"pointer": sprintf("%s/steps/%d", [job.pointer, at]),
		"name": shape.text(shape.field(raw, "name")),
		"uses": shape.text(shape.field(raw, "uses")),
		"with": shape.mapping(shape.field(raw, "with")),
		"code": shell.code(shell.plain(shape.field(raw, "run"))),
	}
]

runs := [run |
	some step in steps
	run := {
		"where": "workflow",
		"file": step.file,
		"index": step.index,
		"pointer": step.pointer,
		"line": 0,
		"code": concat("\n", [step.code, step.uses]),
		"text": step.code,
	}
]
