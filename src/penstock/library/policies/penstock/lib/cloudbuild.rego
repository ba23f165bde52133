# METADATA
# title: Cloud Build files
# description: |
#   Every build of the set with its steps in one form, whether a step says what it does by args, by a shell's -c or by
#   script. Substitutions with a default and the step's own env are filled in.
package penstock.lib.cloudbuild

import data.penstock.lib.shape
import data.penstock.lib.shell

shells := {"sh", "bash", "ash", "dash", "zsh"}

# Programs that an image's name stands for, where it is another word; "" when the image has no program of its own.
programs := {
	"executor": "kaniko", "cloud-sdk": "", "google-cloud-cli": "", "node": "", "python": "", "golang": "",
	"openjdk": "", "eclipse-temurin": "", "alpine": "", "ubuntu": "", "debian": "", "busybox": "", "ruby": "", "php": "",
}

builds := [build |
	some artifact in input.artifacts
	artifact.kind == "cloudbuild"
	is_object(artifact.doc)
	build := {
		"file": artifact.path,
		"index": artifact.index,
		"origin": object.get(artifact, "origin", "existing"),
		"doc": artifact.doc,
		"values": values(shape.field(artifact.doc, "substitutions")),
		"secrets": names(shape.within(artifact.doc, ["options", "secretEnv"])),
		"env": shape.texts(shape.within(artifact.doc, ["options", "env"])),
	}
]

steps := [step |
	some number, build in builds
	some at, raw in shape.listed(shape.field(build.doc, "steps"))
	is_object(raw)
	step := view(number, build, at, raw)
]

of_build(number) := [step | some step in steps; step.build == number]

finding(step, below, args) := {
	"file": step.file,
	"index": step.index,
	"pointer": concat("", [step.pointer, below]),
	"line": 0,
	"args": args,
}

finding_in(build, pointer, args) := {
	"file": build.file,
	"index": build.index,
	"pointer": pointer,
	"line": 0,
	"args": args,
}

names(value) := {each | some each in shape.texts(value)}

# ${_NAME} -> its default, defaults of other substitutions filled in once. An empty default is filled in by a trigger.
values(substitutions) := {key: shell.filled(value, direct) | some key, value in direct} if {
	direct := {key: value |
		some name, given in shape.mapping(substitutions)
		value := shell.named(spelled(given))
		value != ""
		key := sprintf("${%s}", [name])
	}
}

spelled(value) := value if is_string(value)

else := sprintf("%v", [value]) if is_number(value)

else := ""

view(number, build, at, raw) := {
	"build": number,
	"at": at,
	"file": build.file,
	"index": build.index,
	"pointer": sprintf("/steps/%d", [at]),
	"raw": raw,
	"id": shape.text(shape.field(raw, "id")),
	"image": image,
	"own": own(raw),
	"plain": text,
	"code": code,
	"commands": shell.commands(code),
	"env": env,
	"secrets": (names(shape.field(raw, "secretEnv")) | build.secrets),
} if {
	image := shell.filled(shell.named(shape.text(shape.field(raw, "name"))), build.values)
	env := array.concat(build.env, shape.texts(shape.field(raw, "env")))
	known := object.union(env_values(env, build.values), build.values)
	text := step_text(raw, own(raw))
	code := shell.filled(shell.code(text), known)
}

# The last entry of a name counts, as in a shell.
env_values(env, known) := object.union_n([{key: value} |
	some entry in env
	name := split(entry, "=")[0]
	name != entry
	key := sprintf("${%s}", [name])
	value := shell.filled(shell.named(substring(entry, count(name) + 1, -1)), known)
	value != key
])

# Where a step says what it does.
own(raw) := "/script" if {
	shape.text(shape.field(raw, "script")) != ""
} else := "/args" if {
	shape.listed(shape.field(raw, "args")) != []
} else := "/entrypoint" if {
	shape.text(shape.field(raw, "entrypoint")) != ""
} else := ""

# The shell text of a step; in args Cloud Build writes $$ for a dollar of the shell.
step_text(raw, "/script") := shell.plain(raw.script)

step_text(raw, place) := shell.plain(concat(" ", words)) if {
	place != "/script"
	args := [replace(each, "$$", "$") | some each in shape.texts(shape.field(raw, "args"))]
	words := told(program(raw), args)
}

program(raw) := regex.replace(raw.entrypoint, `^/.*/`, "") if {
	shape.text(shape.field(raw, "entrypoint")) != ""
} else := object.get(programs, name, name) if {
	name := regex.replace(shape.text(shape.field(raw, "name")), `^.*/|[:@].*$`, "")
}

# A shell's options are not what it runs.
told(name, args) := [each | some each in args; not regex.match(`^[-+][a-z]+$`, each)] if name in shells

told("", args) := args

told(name, args) := array.concat([name], args) if {
	not name in shells
	name != ""
}
