# METADATA
# title: Everything that is run
# description: |
#   The shell text of Cloud Build steps, of RUN instructions and of workflow steps, in one list, each with its place.
package penstock.lib.runs

import data.penstock.lib.cloudbuild
import data.penstock.lib.dockerfiles
import data.penstock.lib.workflows

everything := array.concat(array.concat(of_steps, of_dockerfiles), workflows.runs)

# All of it as one text, to look whether something is there at all.
text := concat("\n", [run.code | some run in everything])

of_steps := [run |
	some step in cloudbuild.steps
	run := {
		"where": "step",
		"file": step.file,
		"index": step.index,
		"pointer": concat("", [step.pointer, step.own]),
		"line": 0,
		"code": concat("\n", array.concat([step.code], step.env)),
		"commands": step.commands,
	}
]

of_dockerfiles := [run |
	some instruction in dockerfiles.instructions
	instruction.cmd in {"run", "env", "arg"}
	run := {
		"where": "dockerfile",
		"file": instruction.file,
		"index": instruction.index,
		"pointer": "",
		"line": instruction.line,
		"code": instruction.code,
		"commands": instruction.commands,
	}
]

finding(run, args) := {
	"file": run.file,
	"index": run.index,
	"pointer": run.pointer,
	"line": run.line,
	"args": args,
}
