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
		"values": values(object.get(artifact.doc, "substitutions", null)),
		"secrets": names(object.get(artifact.doc, ["options", "secretEnv"], null)),
		"env": shape.texts(object.get(artifact.doc, ["options", "env"], null)),
	}
]

# By build: its steps.
by_build := [own_steps |
	some number, build in builds
	raws := [{"at": at, "raw": raw, "own": own(raw)} |
		some at, raw in shape.entries(build.doc, "steps")
		is_object(raw)
	]
	plain := shell.plain_each([spoken(each.raw, each.own) | some each in raws])
	code := shell.code_each(plain)
	own_steps := [view(number, build, each, plain[place], code[place]) | some place, each in raws]
]

steps := [step |
	some own_steps in by_build
	some step in own_steps
]

# Steps that are given a secret.
steps_with_secrets := [step | some step in steps; step.secrets != set()]

# What all steps run, so that a rule can tell at once whether it has anything to look for.
text := concat("\n", [step.code | some step in steps])

# Steps in which a pattern matches that stays inside of a line. All are searched at once for what it finds; only steps
# that hold such a text are searched again.
doing(pattern) := [step |
	found := {each | some each in regex.find_n(pattern, text, -1)}
	found != set()
	some step in steps
	holds(step.code, found)
	regex.match(pattern, step.code)
]

holds(code, found) if {
	some each in found
	contains(code, each)
}

# By build: everything it says, as one text.
written := [json.marshal(build.doc) | some build in builds]

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
values(substitutions) := filled_once if {
	given_values := {key: value |
		some name, given in shape.mapping(substitutions)
		value := shell.named(spelled(given))
		value != ""
		key := concat("", ["${", name, "}"])
	}
	direct := {key: shell.kept(value) | some key, value in given_values}
	filled_once := {key: shell.kept(shell.filled(value, direct)) | some key, value in given_values}
}

spelled(value) := value if is_string(value)

else := sprintf("%v", [value]) if is_number(value)

else := ""

# Shared functions of other files are slow to call, so the steps are read with the ones below.
view(number, build, each, plain, code) := {
	"build": number,
	"at": each.at,
	"file": build.file,
	"index": build.index,
	"pointer": sprintf("/steps/%d", [each.at]),
	"raw": raw,
	"id": said(raw, "id"),
	"image": filled(said(raw, "name"), build.values),
	"own": each.own,
	"plain": plain,
	"code": shell.filled(code, known(plain, env, build.values)),
	"env": env,
	"waits": texts(raw, "waitFor"),
	"secrets": secrets(raw, build.secrets),
} if {
	raw := each.raw
	env := array.concat(build.env, texts(raw, "env"))
}

said(raw, key) := raw[key] if {
	is_string(raw[key])
} else := ""

texts(raw, key) := [each | some each in raw[key]; is_string(each)] if {
	is_array(raw[key])
} else := []

filled(text, given_values) := text if {
	not contains(text, "$")
} else := shell.filled(shell.named(text), given_values)

secrets(raw, all_steps) := all_steps if {
	not raw.secretEnv
} else := names(raw.secretEnv) | all_steps

known(plain, env, given_values) := given_values if {
	env == []
} else := given_values if {
	not contains(plain, "${")
} else := object.union(env_values(plain, env, given_values), given_values)

# Of the names in a text. The last entry of a name counts, as in a shell.
env_values(plain, env, given_values) := shape.last_of([[key, replace(value, "${", brace)] |
	some entry in env
	parts := split(entry, "=")
	key := concat("", ["${", parts[0], "}"])
	contains(plain, key)
	count(parts) > 1
	value := filled(regex.replace(entry, `^[^=]*=`, ""), given_values)
	value != key
])

brace := shell.brace

# Where a step says what it does.
own(raw) := "/script" if {
	said(raw, "script") != ""
} else := "/args" if {
	is_array(raw.args)
	raw.args != []
} else := "/entrypoint" if {
	said(raw, "entrypoint") != ""
} else := ""

# The shell text of a step as it is written; in args Cloud Build writes $$ for a dollar of the shell.
spoken(raw, place) := raw.script if {
	place == "/script"
} else := concat(" ", told(program(raw), args)) if {
	args := [replace(each, "$$", "$") | some each in texts(raw, "args")]
}

program(raw) := regex.replace(entrypoint, `^/.*/`, "") if {
	entrypoint := said(raw, "entrypoint")
	entrypoint != ""
} else := object.get(programs, name, name) if {
	name := regex.replace(said(raw, "name"), `^.*/|[:@].*$`, "")
}

# A shell's options are not what it runs.
told(name, args) := [each | some each in args; not regex.match(`^[-+][a-z]+$`, each)] if {
	name in shells
} else := args if {
	name == ""
} else := array.concat([name], args)
