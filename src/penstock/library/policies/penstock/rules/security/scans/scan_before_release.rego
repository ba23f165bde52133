# METADATA
# title: Scan before release
# description: |
#   A scan that runs beside or after the deployment reports what is already live.
# custom:
#   id: security.scans.scan_before_release
#   severity: G
#   message: "{step} does not wait for a scan of the image"
#   remediation: Make the deploy step wait for the scan step.
#   controls:
#     soc2: [CC7.1, CC8.1]
#     owasp: [CICD-SEC-1, CICD-SEC-9]
#   applies_to: [cloudbuild]
#   fixer: restore
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.scan_before_release

import data.penstock.lib.cloudbuild
import data.penstock.lib.deploy
import data.penstock.lib.graph as waits
import data.penstock.lib.images
import data.penstock.lib.scans
import data.penstock.lib.shell

findings contains cloudbuild.finding(step, step.own, {"step": shown(step)}) if {
	some step in array.concat(deploy.changing_steps, deploy.releasing_steps)
	handles_image(step)
	not scanned_before(step, deployed(step))
}

# A build that makes no image relies on the scan of the build that did; the set must have one.
handles_image(step) if images.makes(step.build)

handles_image(step) if scans_of[step.build] != []

handles_image(step) if {
	scans.image_scans == []
	step in deploy.releasing_steps
}

scanned_before(step, references) if {
	earlier := waits.before(step.build, step.at)
	known := repositories(references)
	some scan in scans_of[step.build]
	scan.at in earlier
	looks_at_one(scan.names, known)
}

# A step that scans and then deploys, in that order.
scanned_before(step, _) if {
	[step.build, step.at] in scanning
	regex.match(order, step.code)
}

scanning := {[scan.build, scan.at] | some scan in scans.image_scans}

# By build: its scans.
scans_of := [[scan | some scan in scans.image_scans; scan.build == number] | some number, _ in cloudbuild.builds]

order := sprintf(`(?s)(?:%s).*(?:%s|%s)`, [scans.image_scanner, deploy.change_pattern, deploy.release_pattern])

# References that a step deploys; an image that only a variable knows may be the scanned one.
deployed(step) := {match[1] |
	some match in regex.find_all_string_submatch_n(`--images?[ =]["']?(?:[^ \t\n"'=,]+=)?([^ \t\n"',]+)`, step.code, 20)
}

# Their repositories; none when only variables know them, which may be the scanned ones.
repositories(references) := set() if {
	every reference in references {
		shell.opaque(reference)
	}
} else := {images.parsed(reference).repository | some reference in references}

looks_at_one(_, known) if known == set()

looks_at_one(names, known) if {
	some name in names
	name in known
} else if names == set()

shown(step) := step.id if step.id != ""

else := sprintf("step %d", [step.at])
