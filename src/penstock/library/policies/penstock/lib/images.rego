# METADATA
# title: Image references
# description: |
#   Takes references apart and says which are trusted. A part that only a variable knows is never judged.
package penstock.lib.images

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape
import data.penstock.lib.shell

pattern := `^([^@]*?)(?::((?:\$\{[^}]*\}|[^:/@${}])+))?(?:@(.*))?$`

parsed(reference) := {"repository": parts[1], "tag": parts[2], "digest": parts[3]} if {
	some parts in regex.find_all_string_submatch_n(pattern, reference, 1)
}

# No digest, and no tag or one that moves with every release. A variable at the end may hold the tag.
floating(reference) if moves(parsed(reference))

moves(parts) if {
	parts.digest == ""
	parts.tag in {"", "latest"}
	not shell.opaque(regex.replace(parts.repository, `^.*/`, ""))
}

untrusted(reference) if {
	reference != ""
	not shell.opaque(reference)
	doubtful(parsed(reference))
}

doubtful(parts) if {
	not placeholder(parts.repository)
	not trusted(parts)
}

# A repository's name has no capitals: PROJECT_ID or <your-registry> is for the reader to fill in.
placeholder(repository) if regex.match(`[A-Z<>]`, repository)

trusted(parts) if {
	regex.match(trusted_pattern, concat("", [parts.repository, "/"]))
} else if {
	parts.repository in registries.trusted_by_digest
	startswith(parts.digest, "sha256:")
} else if {
	parts.repository in built
}

registries := data.registries

# Docker Hub's own images, which have no publisher in their name; then the lists of the data and of the organisation.
trusted_pattern := concat("", [
	`^(?:(?:(?:index\.)?docker\.io/)?(?:library/)?[^/]+/$|`,
	concat("|", array.concat(registries.trusted, [prefix |
		some registry in shape.texts(shape.within(input, ["org", "registries"]))
		registry != ""
		prefix := concat("", [regex.replace(trim_suffix(registry, "/"), `[^A-Za-z0-9/_-]`, `\${0}`), "/"])
	])),
	`)`,
])

# Image of a step -> what is to be said of it; most steps of a set share a few images.
of_steps := {image: {
	"repository": parts.repository,
	"digest": parts.digest,
	"google": regex.match(registries.google_builders, image),
	"floating": [1 | moves(parts)] != [],
	"untrusted": [1 | not shell.opaque(image); doubtful(parts)] != [],
} |
	some image in {step.image | some step in cloudbuild.steps}
	image != ""
	parts := parsed(image)
}

# Steps whose image is worth a word, with what is to be said of it.
doubts := [{"step": step, "image": image} |
	some step in cloudbuild.steps
	image := of_steps[step.image]
	true in {image.floating, image.untrusted}
]

# Repositories that builds of this set make themselves.
built := {parts.repository |
	some known in references
	some parts in known
}

# By build: steps that give an image a name, or send one away, with their commands; looked at closely only then.
handling := [handlers |
	some own in cloudbuild.by_build
	handlers := [{"place": concat("", [step.pointer, step.own]), "commands": commands} |
		some step in own
		regex.match(`--?(?:t|tag|push|publish|destination)\b|\b(?:tag|push|pack|submit)\b`, step.code)
		commands := [command |
			some command in shell.commands(step.code)
			regex.match(`tag|push|-t|destination|submit|publish|pack build`, command)
		]
	]
]

# By build: references that its steps give to what they build, with the place.
tags := [shape.first_of([[reference, step.place] |
	some step in handlers
	some command in step.commands
	some reference in tagged_by(command)
]) |
	some handlers in handling
]

# By build: reference -> where it is pushed, as a pointer.
pushes := [places |
	some number, build in cloudbuild.builds
	listed := shape.first_of([[shell.filled(shell.named(name), build.values), sprintf("/images/%d", [at])] |
		some at, name in shape.texts(object.get(build.doc, "images", null))
	])
	by_steps := shape.first_of([[reference, step.place] |
		some step in handling[number]
		some command in step.commands
		some reference in pushed_by(command)
	])
	places := object.union(by_steps, listed)
]

# By build: every reference it pushes or gives, taken apart.
references := [known |
	some number, places in pushes
	known := {reference: parsed(reference) | some reference in (object.keys(places) | object.keys(tags[number]))}
]

tagged_by(command) := {match[1] |
	regex.match(`\b(?:docker|podman|buildah|img|nerdctl)\b.*\b(?:build|bud)\b`, command)
	some match in regex.find_all_string_submatch_n(`[ \t](?:-t|--tag)[ =]["']?([^ \t"']+)`, command, 20)
} | {reference |
	some match in regex.find_all_string_submatch_n(
		`\b(?:docker|podman) (?:image )?tag ["']?[^ \t"']+["']? +["']?([^ \t"']+)|\bpack build +["']?([^- \t"'][^ \t"']*)`,
		command, 20,
	)
	reference := concat("", [match[1], match[2]])
}

pushed_by(command) := (({match[1] |
	some match in regex.find_all_string_submatch_n(
		`\b(?:docker|podman|buildah|crane|img)(?: image)? push (?:-[^ \t]+ )*["']?([^ \t"']+)`,
		command, 20,
	)
} | {match[1] |
	some match in regex.find_all_string_submatch_n(`--destination[ =]["']?([^ \t"']+)`, command, 20)
	contains(command, "kaniko")
}) | {match[1] |
	some match in regex.find_all_string_submatch_n(`[ \t](?:-t|--tag)[ =]["']?([^ \t"']+)`, command, 20)
	regex.match(`\bbuildx? .*--push\b|\bgcloud builds submit\b`, command)
}) | {match[1] |
	some match in regex.find_all_string_submatch_n(`\bpack build +["']?([^- \t"'][^ \t"']*)`, command, 20)
	contains(command, "--publish")
}

unseen := `\bskaffold (?:build|run)\b|\bko (?:build|publish|apply|resolve)\b|\bjib:build\b|\bgradlew?\b.* jib\b`

some_unseen if regex.match(unseen, cloudbuild.text)

# By build: steps that push images whose names no one can see: skaffold, ko, jib.
pushes_unseen := [pointers |
	some own in cloudbuild.by_build
	pointers := [concat("", [step.pointer, step.own]) |
		some_unseen
		some step in own
		regex.match(unseen, step.code)
		some command in shell.commands(step.code)
		regex.match(unseen, command)
		not regex.match(`--push[ =]false|--dry-run|--local\b`, command)
	]
]

# Whether a build pushes an image at all, and where it first does.
makes(number) if {
	pushes[number] != {}
} else if {
	pushes_unseen[number] != []
}

pushed_from(number) := min([pointer | some pointer in pushes[number]]) if {
	pushes[number] != {}
} else := pushes_unseen[number][0]
