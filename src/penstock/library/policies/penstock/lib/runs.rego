# METADATA
# title: Everything that is run
# description: |
#   The shell text of Cloud Build steps, of RUN instructions and of workflow steps, in one list, each with its place.
package penstock.lib.runs

import data.penstock.lib.cloudbuild
import data.penstock.lib.dockerfiles
import data.penstock.lib.shell
import data.penstock.lib.workflows

everything := array.concat(array.concat(of_steps, of_dockerfiles), workflows.runs)

# What all of it says, as one text: a pattern that is not in it is in none of them.
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
		"text": step.code,
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
		"text": shell_text(instruction.cmd, instruction.code),
	}
]

# What a shell runs; ENV and ARG only say what it may read.
shell_text(cmd, code) := code if {
	cmd == "run"
} else := ""

commands(run) := shell.commands(run.text)

finding(run, args) := {
	"file": run.file,
	"index": run.index,
	"pointer": run.pointer,
	"line": run.line,
	"args": args,
}
