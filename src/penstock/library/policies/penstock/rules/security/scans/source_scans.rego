# METADATA
# title: Source scans
# description: |
#   Secrets, known vulnerabilities and open infrastructure are cheapest to find before anything is built.
#   Infrastructure code counts where the repository has some.
# custom:
#   id: security.scans.source_scans
#   severity: W
#   message: "no build or workflow has: {missing}"
#   remediation: Add gitleaks / osv-scanner / checkov steps.
#   controls:
#     soc2: [CC7.1]
#     cis: [2.3.8, 3.2.2, 5.1.5]
#     owasp: [CICD-SEC-3, CICD-SEC-6]
#   applies_to: [cloudbuild]
#   waivable: true
#   since: 0.1.0
package penstock.rules.security.scans.source_scans

import data.penstock.lib.cloudbuild
import data.penstock.lib.facts
import data.penstock.lib.images
import data.penstock.lib.scans

words := {"secrets": "a secret scan", "dependencies": "a dependency scan", "infrastructure": "an infrastructure scan"}

wanted contains kind if some kind in {"secrets", "dependencies"}

wanted contains "infrastructure" if {
	regex.match(`(?m)\.(?:tf|bicep)$|(?:^|/)(?:Chart|Pulumi|cdk)\.(?:yaml|json)$`, facts.paths)
}

missing := [words[kind] | some kind in sort(wanted); not scans.present(kind)]

# Told once, at the first build that pushes.
findings contains cloudbuild.finding_in(build, "/steps", {"missing": concat(", ", missing)}) if {
	missing != []
	first := min({each.file |
		some number, each in cloudbuild.builds
		images.makes(number)
	})
	some build in cloudbuild.builds
	build.file == first
}
