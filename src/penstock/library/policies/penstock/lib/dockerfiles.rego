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
	"code": code,
	"commands": commands(raw.cmd, code),
} if {
	values := shape.texts(raw.value)
	code := code_of(raw.cmd, values)
}

code_of("run", values) := shell.code(shell.plain(concat(" ", values)))

code_of(cmd, values) := concat("\n", values) if cmd != "run"

commands("run", code) := shell.commands(code)

commands(cmd, _) := [] if cmd != "run"

# path -> ${NAME} -> default of an ARG before the first FROM; the last one counts.
defaults := {file.path: values |
	some file in files
	pairs := [[sprintf("${%s}", [split(pair, "=")[0]]), regex.replace(pair, `^[^=]*=`, "")] |
		some raw in shape.listed(object.get(file, "preamble", []))
		raw.cmd == "arg"
		some pair in shape.texts(raw.value)
		regex.match(`^[^=]+=.`, pair)
	]
	values := {pair[0]: pair[1] |
		some at, pair in pairs
		not pair[0] in {later[0] | some later in array.slice(pairs, at + 1, count(pairs))}
	}
}

finding(instruction, args) := {
	"file": instruction.file,
	"index": instruction.index,
	"pointer": "",
	"line": instruction.line,
	"args": args,
}
