package penstock.lib.scans_test

import data.penstock.lib.given_test as given
import data.penstock.lib.scans

covers(text, reference) if {
	scan := scans.image_scans[0] with input.artifacts as given.script(text)
	scans.covers(scan, reference)
}

test_a_scan_covers_what_it_names if {
	covers("trivy image --exit-code 1 gcr.io/p/a:1", "gcr.io/p/a")
	not covers("trivy image --exit-code 1 gcr.io/p/a:1", "gcr.io/p/b")
	not covers("trivy image -o out/report.json https://x/y gcr.io/p/a:1", "gcr.io/p/b")
}

test_a_scan_of_something_unnamed_covers_all if {
	every text in ["trivy image $IMAGE", "trivy image app", "trivy image --input x.tar", "grype $(cat gcr.io/x)", "grype sbom:./a/b.json"] {
		covers(text, "gcr.io/p/b")
	}
}

test_scanners_are_found_in_every_kind_of_file if {
	scans.present("secrets") with input.artifacts as given.workflow({"uses": "gitleaks/gitleaks-action@v2"})
	scans.present("dependencies") with input.artifacts as given.run("npm audit")
	scans.present("infrastructure") with input.artifacts as given.script("checkov -d .")
	not scans.present("secrets") with input.artifacts as given.script("make")
}
