package penstock.tests.compliance.change.tests_present_test

import data.penstock.lib.given_test as given
import data.penstock.rules.compliance.change.tests_present as rule

build(steps) := given.build({"steps": steps, "images": ["gcr.io/p/app:1"]})

run(text) := [build([{"name": "a", "script": text}])]

test_warns_without_tests if {
	given.pointers(rule.findings) == {"/images/0"} with input.artifacts as run("docker build .")
}

test_warns_of_tests_that_are_skipped if {
	every text in ["mvn package -DskipTests", "./gradlew build -x test", "# npm test", "echo npm test", "npm run build", "test -f x"] {
		count(rule.findings) == 1 with input.artifacts as run(text)
	}
}

test_allows_tests if {
	every text in [
		"npm test", "npm run test:unit", "yarn workspace web test", "pnpm -r run test", "python -m pytest", "go test ./...",
		"mvn -B verify", "./gradlew build", "cargo test", "dotnet test", "make check", "bundle exec rspec", "./scripts/test.sh common",
		"npm run system-test", "deno test", "uv run pytest -q", "bun test", "npx vitest run",
	] {
		count(rule.findings) == 0 with input.artifacts as run(text)
	}
}

test_allows_tests_as_args if {
	every step in [
		{"name": "golang:1.26", "args": ["go", "test", "./..."]}, {"name": "gcr.io/cloud-builders/npm", "args": ["test"]},
		{"name": "golang:1.26", "entrypoint": "./scripts/test.sh", "args": ["a"]},
		{"name": "python:3.14", "entrypoint": "python", "args": ["-m", "pytest"]},
	] {
		count(rule.findings) == 0 with input.artifacts as [build([step])]
	}
}

test_allows_tests_elsewhere_in_the_set if {
	count(rule.findings) == 0 with input.artifacts as [build([]), given.job("test", {"steps": [{"run": "npm test"}]})]
	count(rule.findings) == 0 with input.artifacts as array.concat([build([])], given.run("npm test"))
}

test_boundary_a_set_that_builds_no_image if count(rule.findings) == 0 with input.artifacts as given.shell("make docs")

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as [given.build({"images": "$_IMAGES"})]
