# METADATA
# title: Dockerfiles
# description: |
#   Every instruction of every Dockerfile of the set, with its stage; RUN as shell text, ENV and ARG as pairs.
package penstock.lib.dockerfiles

import data.penstock.lib.shape
import data.penstock.lib.shell

files := [artifact | some artifact in input.artifacts; artifact.kind == "dockerfile"]

instructions := [instruction |
	some file in files
	some place in places(file)
	some raw in shape.listed(place.commands)
	instruction := view(file, place.stage, raw)
]

places(file) := array.concat(
	[{"stage": -1, "commands": object.get(file, "preamble", [])}],
	[{"stage": number, "commands": stage.commands} | some number, stage in shape.listed(object.get(file, "stages", []))],
)

view(file, stage, raw) := {
	"file": file.path,
	"index": file.index,
	"stage": stage,
	"cmd": raw.cmd,
	"value": values,
	"flags": shape.texts(raw.flags),
	"line": raw.start_line,
	"code": code_of(raw.cmd, values),
} if {
	values := shape.texts(raw.value)
}

code_of(cmd, values) := concat("\n", values) if {
	cmd != "run"
} else := shell.code(shell.plain(concat(" ", values)))

# path -> ${NAME} -> default of an ARG before the first FROM; the last one counts.
defaults := {file.path: values |
	some file in files
	pairs := [[concat("", ["${", parts[0], "}"]), concat("=", array.slice(parts, 1, count(parts)))] |
		some raw in shape.entries(file, "preamble")
		raw.cmd == "arg"
		some pair in shape.texts(raw.value)
		regex.match(`^[^=]+=.`, pair)
		parts := split(pair, "=")
	]
	values := shape.last_of([[pair[0], shell.kept(pair[1])] | some pair in pairs])
}

finding(instruction, args) := {
	"file": instruction.file,
	"index": instruction.index,
	"pointer": "",
	"line": instruction.line,
	"args": args,
}
