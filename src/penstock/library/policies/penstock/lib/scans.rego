# METADATA
# title: Scans
# description: |
#   Which steps scan images, and which image a scan looks at.
package penstock.lib.scans

import data.penstock.lib.cloudbuild
import data.penstock.lib.images
import data.penstock.lib.runs
import data.penstock.lib.shell

scanners := data.scanners

image_scanner := concat("|", scanners.image)

# The lines of a step that scan an image.
image_lines(code) := [line |
	found := {each | some each in regex.find_n(image_scanner, code, -1)}
	some line in split(code, "\n")
	holds(line, found)
	regex.match(image_scanner, line)
]

holds(line, found) if {
	some each in found
	contains(line, each)
}

# Steps that scan images, with the repositories they name.
image_scans := [scan |
	some step in cloudbuild.doing(image_scanner)
	scan := {"build": step.build, "at": step.at, "step": step, "names": looked_at(image_lines(step.code))}
]

every_text := runs.text

# Whether any build or workflow of the set runs a scanner of that kind.
present(kind) if regex.match(concat("|", scanners[kind]), every_text)

# A scan that names only other images does not look at this one; what a variable or a file names may be any.
covers(scan, repository) if repository in scan.names

covers(scan, _) if scan.names == set()

# Repositories that the scanner's commands name outright; empty when one of them cannot be told.
looked_at(lines) := {images.parsed(word).repository | some word in words} if {
	words := scanned_words(lines)
	every word in words {
		not shell.opaque(word)
	}
	not indirect(lines)
} else := set()

indirect(lines) if {
	some line in lines
	regex.match(`\$\(|--input|tar:|oci-|sbom:|\x60`, line)
}

# A URL, a resource name, or a file.
no_image := `^(?:https?:|projects/|[a-z0-9.-]+/[a-z0-9._/-]*\.(?:json|txt|sarif|ya?ml|tmpl|tpl|html|sh)$)`

scanned_words(lines) := {match[1] |
	some line in lines
	some match in regex.find_all_string_submatch_n(`(?:^|[ \t"'=])([a-z0-9$][^ \t"'=;|&()]*/[^ \t"'=;|&()]+)`, line, 20)
	not regex.match(no_image, match[1])
}
