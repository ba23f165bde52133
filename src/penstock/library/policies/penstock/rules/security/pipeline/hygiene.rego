# METADATA
# title: Build hygiene
# description: |
#   A build without a limit hangs for an hour; an install without a lock gives another image every day.
# custom:
#   id: security.pipeline.hygiene
#   severity: W
#   message: "{detail}"
#   remediation: 'Set timeout:; install from the lockfile.'
#   controls:
#     soc2: [CC8.1, A1]
#     cis: [2.4.2]
#     owasp: [CICD-SEC-3]
#   applies_to: [cloudbuild, dockerfile]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.hygiene

import data.penstock.lib.cloudbuild
import data.penstock.lib.facts
import data.penstock.lib.runs

findings contains cloudbuild.finding_in(build, "", {"detail": "the build has no timeout"}) if {
	some build in cloudbuild.builds
	object.get(build.doc, "timeout", null) == null
}

findings contains runs.finding(run, {"detail": detail}) if {
	regex.match(installs, runs.text)
	some run in runs.everything
	run.where != "workflow"
	regex.match(installs, run.code)
	some command in runs.commands(run)
	detail := unlocked(command)
}

installs := `\b(?:npm|pip[0-9.]*)\b.* (?:i|install)\b`

npm := `\bnpm((?: -[^ ]+(?: [^- ][^ ]*)?)*?) (?:install|i)((?: [^ \t"']+)*)`

unlocked(command) := "npm install does not keep to the lock file; npm ci does" if {
	some match in regex.find_all_string_submatch_n(concat("", [npm, `[ \t]*$`]), command, 1)
	words(match[2]) == set()
	lock_expected
} else := sprintf("npm installs %s without a version", [word]) if {
	some match in regex.find_all_string_submatch_n(npm, command, 1)
	word := min({each | some each in words(match[2]); not regex.match(`.@[^/]|^[./]|[$:]`, each)})
} else := sprintf("pip installs %s without a version", [word]) if {
	some match in regex.find_all_string_submatch_n(`\bpip[0-9.]* install((?: [^ \t]+)+)`, command, 1)
	not regex.match(` (?:-r|--requirement|-c|--constraint|--require-hashes|-e|--editable)\b`, match[1])
	word := min({each |
		some each in words(match[1])
		regex.match(`^[A-Za-z0-9]`, each)
		not regex.match(`[=@/$.<>~{]`, each)
		not each in {"pip", "setuptools", "wheel"}
	})
}

words(text) := {trim(word, "\"'") |
	some word in split(text, " ")
	word != ""
	not startswith(word, "-")
}

# Without a lock file in the repository npm ci cannot work; its absence is another matter.
lock_expected if regex.match(`(?m)(?:^|/)(?:package-lock|npm-shrinkwrap)\.json$`, facts.paths)

lock_expected if not regex.match(`(?m)(?:^|/)package\.json$`, facts.paths)
