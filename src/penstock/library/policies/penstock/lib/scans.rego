# METADATA
# title: Scans
# description: |
#   Which steps scan images, and which image a scan looks at.
package penstock.lib.scans

import data.penstock.lib.cloudbuild
import data.penstock.lib.images
import data.penstock.lib.runs
import data.penstock.lib.shell

image_scanner := concat("|", data.scanners.image)

# Steps that scan images, with the repositories they name.
image_scans := [scan |
	some step in cloudbuild.steps
	regex.match(image_scanner, step.code)
	scan := {"build": step.build, "at": step.at, "step": step, "names": looked_at(step)}
]

every_text := runs.text

# Whether any build or workflow of the set runs a scanner of that kind.
present(kind) if {
	# regal ignore:unresolved-reference
	regex.match(concat("|", data.scanners[kind]), every_text)
}

# A scan that names only other images does not look at this one; what a variable or a file names may be any.
covers(scan, repository) if repository in scan.names

covers(scan, _) if scan.names == set()

# Repositories that the scanner's commands name outright; empty when one of them cannot be told.
looked_at(step) := {images.parsed(word).repository | some word in words} if {
	words := scanned_words(step)
	every word in words {
		not shell.opaque(word)
	}
	not indirect(step)
} else := set()

indirect(step) if {
	some line in scan_lines(step)
	regex.match(`\$\(|--input|tar:|oci-|sbom:|\x60`, line)
}

scan_lines(step) := [line | some line in split(step.code, "\n"); regex.match(image_scanner, line)]

# A URL, a resource name, or a file.
no_image := `^(?:https?:|projects/|[a-z0-9.-]+/[a-z0-9._/-]*\.(?:json|txt|sarif|ya?ml|tmpl|tpl|html|sh)$)`

scanned_words(step) := {match[1] |
	some line in scan_lines(step)
	some match in regex.find_all_string_submatch_n(`(?:^|[ \t"'=])([a-z0-9$][^ \t"'=;|&()]*/[^ \t"'=;|&()]+)`, line, 20)
	not regex.match(no_image, match[1])
}
