# METADATA
# title: Image references
# description: |
#   Takes references apart and says which are trusted. A part that only a variable knows is never judged.
package penstock.lib.images

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape
import data.penstock.lib.shell

parsed(reference) := {"repository": parts[1], "tag": parts[2], "digest": parts[3]} if {
	parts := regex.find_all_string_submatch_n(`^([^@]*?)(?::([^:/@}]+))?(?:@(.*))?$`, reference, 1)[0]
}

# No digest, and no tag or one that moves with every release. A variable at the end may hold the tag.
floating(reference) if {
	parts := parsed(reference)
	parts.digest == ""
	parts.tag in {"", "latest"}
	not shell.opaque(regex.replace(parts.repository, `^.*/`, ""))
}

trusted(reference) if not contains(parsed(reference).repository, "/")

trusted(reference) if {
	some start in data.registries.trusted
	startswith(concat("", [parsed(reference).repository, "/"]), start)
}

trusted(reference) if regex.match(data.registries.trusted_pattern, reference)

trusted(reference) if {
	some registry in shape.strings(shape.within(input, ["org", "registries"]))
	startswith(concat("", [parsed(reference).repository, "/"]), concat("", [trim_suffix(registry, "/"), "/"]))
}

trusted(reference) if {
	parts := parsed(reference)
	parts.repository in data.registries.trusted_by_digest
	startswith(parts.digest, "sha256:")
}

trusted(reference) if parsed(reference).repository in built

untrusted(reference) if {
	reference != ""
	not shell.opaque(reference)
	not trusted(reference)
}

# Repositories that builds of this set make themselves.
built contains parsed(reference).repository if some reference in tagged[_]

built contains parsed(reference).repository if some reference in pushed[_]

# build -> references that its steps give to what they build.
tagged[number] contains reference if {
	some step in cloudbuild.steps
	number := step.build
	some command in step.commands
	regex.match(`\b(?:docker|podman|buildah|img|nerdctl)\b.*\b(?:build|bud)\b`, command)
	some match in regex.find_all_string_submatch_n(`[ \t](?:-t|--tag)[ =]["']?([^ \t"']+)`, command, 20)
	reference := match[1]
}

tagged[number] contains reference if {
	some step in cloudbuild.steps
	number := step.build
	some command in step.commands
	some match in regex.find_all_string_submatch_n(
		`\b(?:docker|podman) (?:image )?tag ["']?[^ \t"']+["']? +["']?([^ \t"']+)|\bpack build +["']?([^- \t"'][^ \t"']*)`,
		command, 20,
	)
	reference := concat("", [match[1], match[2]])
}

# build -> reference -> where it is pushed, as a pointer.
pushes[number][reference] := pointer if {
	some number, _ in cloudbuild.builds
	some reference in pushed[number]
	pointer := min(pushed_at[number][reference])
}

pushed[number] contains reference if some reference, _ in pushed_at[number]

pushed_at[number][reference] contains sprintf("/images/%d", [at]) if {
	some number, build in cloudbuild.builds
	some at, name in shape.listed(shape.field(build.doc, "images"))
	is_string(name)
	reference := shell.filled(shell.named(name), build.values)
}

pushed_at[number][reference] contains concat("", [step.pointer, step.own]) if {
	some step in cloudbuild.steps
	number := step.build
	some command in step.commands
	some reference in pushed_by(command)
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

# Steps that push images whose names no one can see: skaffold, ko, jib.
pushes_unseen[number] contains concat("", [step.pointer, step.own]) if {
	some step in cloudbuild.steps
	number := step.build
	some command in step.commands
	regex.match(`\bskaffold (?:build|run)\b|\bko (?:build|publish|apply|resolve)\b|\bjib:build\b|\bgradlew?\b.* jib\b`, command)
	not regex.match(`--push[ =]false|--dry-run|--local\b`, command)
}
