# METADATA
# title: Undefined substitution
# description: |
#   Under a trigger a substitution that nothing defines becomes an empty string, without a word.
# custom:
#   id: security.pipeline.undefined_substitution
#   severity: W
#   message: "{name} is used and nothing defines it"
#   remediation: Define it under substitutions.
#   controls:
#     soc2: [CC8.1]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.pipeline.undefined_substitution

import data.penstock.lib.cloudbuild
import data.penstock.lib.shape

from_trigger := {"_HEAD_BRANCH", "_BASE_BRANCH", "_HEAD_REPO_URL", "_PR_NUMBER"}

# By build: [name, pointer] of every use. A script gets no substitutions.
used := [uses |
	some number, build in cloudbuild.builds
	uses := [[match[1], shape.pointer(path)] |
		some_undefined(number, build)
		walk(build.doc, [path, value])
		is_string(value)
		contains(value, "$")
		path[count(path) - 1] != "script"
		some match in regex.find_all_string_submatch_n(use, replace(value, "$$", ""), 100)
	]
]

# Whether it is worth looking for the place: a name that is nowhere defined is somewhere in the file.
some_undefined(number, build) if {
	known := from_trigger | defined(build)
	some match in regex.find_all_string_submatch_n(use, replace(written[number], "$$", ""), -1)
	not match[1] in known
}

use := `\$\{?(_[A-Z0-9_]+)`

written := cloudbuild.written

defined(build) := object.keys(shape.mapping(object.get(build.doc, "substitutions", null)))

findings contains cloudbuild.finding_in(build, pointer, {"name": name}) if {
	some number, build in cloudbuild.builds
	some name, pointer in shape.first_of([each | some each in used[number]; not each[0] in from_trigger])
	not name in defined(build)
}
