# METADATA
# title: Image references
# description: |
#   Takes references apart and says which are trusted. A part that only a variable knows is never judged.
package penstock.lib.images

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape
import data.penstock.lib.shell

parsed(reference) := {"repository": parts[1], "tag": parts[2], "digest": parts[3]} if {
	parts := regex.find_all_string_submatch_n(`^([^@]*?)(?::((?:\$\{[^}]*\}|[^:/@${}])+))?(?:@(.*))?$`, reference, 1)[0]
}

# No digest, and no tag or one that moves with every release. A variable at the end may hold the tag.
floating(reference) if {
	parts := parsed(reference)
	parts.digest == ""
	parts.tag in {"", "latest"}
	not shell.opaque(regex.replace(parts.repository, `^.*/`, ""))
}

untrusted(reference) if {
	reference != ""
	not shell.opaque(reference)
	parts := parsed(reference)
	not placeholder(parts.repository)
	not trusted(parts)
}

# A repository's name has no capitals: PROJECT_ID or <your-registry> is for the reader to fill in.
placeholder(repository) if regex.match(`[A-Z<>]`, repository)

trusted(parts) if regex.match(trusted_pattern, concat("", [parts.repository, "/"]))

trusted(parts) if {
	parts.repository in data.registries.trusted_by_digest
	startswith(parts.digest, "sha256:")
}

trusted(parts) if parts.repository in built

# Docker Hub's own images, which have no publisher in their name; then the lists of the data and of the organisation.
trusted_pattern := concat("", [
	`^(?:(?:(?:index\.)?docker\.io/)?(?:library/)?[^/]+/$|`,
	concat("|", array.concat(data.registries.trusted, [prefix |
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
	"floating": [1 | floating(image)] != [],
	"untrusted": [1 | untrusted(image)] != [],
} |
	some image in {step.image | some step in cloudbuild.steps}
	image != ""
	parts := parsed(image)
}

# Repositories that builds of this set make themselves.
built := {parsed(reference).repository |
	some references in array.concat(tagged, pushed)
	some reference in references
}

# Steps that give an image a name, or send one away; looked at closely only then.
handling := [step |
	some step in cloudbuild.steps
	regex.match(`--?(?:t|tag|push|publish|destination)\b|\b(?:tag|push|pack|submit)\b`, step.code)
]

# By build: references that its steps give to what they build.
tagged := [references |
	some number, _ in cloudbuild.builds
	references := {reference |
		some step in handling
		step.build == number
		some command in step.commands
		some reference in tagged_by(command)
	}
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

# By build: reference -> where it is pushed, as a pointer.
pushes := [places |
	some number, build in cloudbuild.builds
	names := [shell.filled(shell.named(name), build.values) |
		some name in shape.texts(shape.field(build.doc, "images"))
	]
	listed := {reference: sprintf("/images/%d", [min({at | names[at] == reference})]) |
		some reference in names
	}
	places := object.union(by_steps(number), listed)
]

by_steps(number) := {reference: places[0] |
	pairs := [[reference, concat("", [step.pointer, step.own])] |
		some step in handling
		step.build == number
		some command in step.commands
		some reference in pushed_by(command)
	]
	some reference in {pair[0] | some pair in pairs}
	places := [pair[1] | some pair in pairs; pair[0] == reference]
}

pushed := [object.keys(places) | some places in pushes]

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

# By build: steps that push images whose names no one can see: skaffold, ko, jib.
pushes_unseen := [pointers |
	some number, _ in cloudbuild.builds
	pointers := [concat("", [step.pointer, step.own]) |
		some step in cloudbuild.steps
		step.build == number
		regex.match(unseen, step.code)
		some command in step.commands
		regex.match(unseen, command)
		not regex.match(`--push[ =]false|--dry-run|--local\b`, command)
	]
]

# Whether a build pushes an image at all, and where it first does.
makes(number) if pushes[number] != {}

makes(number) if pushes_unseen[number] != []

pushed_from(number) := min([pointer | some pointer in pushes[number]]) if {
	pushes[number] != {}
} else := pushes_unseen[number][0]

# Where a build gives an image its name.
tagged_from(number, reference) := [concat("", [step.pointer, step.own]) |
	some step in handling
	step.build == number
	some command in step.commands
	reference in tagged_by(command)
][0]
