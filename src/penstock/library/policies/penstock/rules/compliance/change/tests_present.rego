# METADATA
# title: Tests before the image
# description: |
#   An image of untested code is a guess.
# custom:
#   id: compliance.change.tests_present
#   severity: W
#   message: "an image is built and no build, workflow or Dockerfile runs tests"
#   remediation: Add a test step.
#   controls:
#     soc2: [CC8.1]
#     cis: [1.1.9]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.compliance.change.tests_present

import data.penstock.lib.cloudbuild
import data.penstock.lib.images
import data.penstock.lib.runs

words := data.commands

tests := concat("|", words.tests)

tested if {
	some run in runs.everything
	regex.match(tests, run.code)
	some command in runs.commands(run)
	regex.match(tests, command)
	not regex.match(words.tests_skipped, command)
}

findings contains cloudbuild.finding_in(build, images.pushed_from(number), {}) if {
	not tested
	some number, build in cloudbuild.builds
	images.makes(number)
}
