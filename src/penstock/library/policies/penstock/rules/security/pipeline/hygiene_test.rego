package penstock.tests.security.pipeline.hygiene_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.hygiene as rule

details := {finding.args.detail | some finding in rule.findings}

timed(text) := [given.build({"timeout": "600s", "steps": [{"name": "a", "script": text}]})]

test_warns_of_a_build_without_a_timeout if {
	given.pointers(rule.findings) == {""} with input.artifacts as [given.build({"steps": []})]
}

test_warns_of_npm_install if {
	details == {"npm install does not keep to the lock file; npm ci does"} with input.artifacts as timed("npm install")
	details == {"npm install does not keep to the lock file; npm ci does"} with input.artifacts as timed("npm --prefix web i --no-audit")
	known := {"artifacts": given.run("npm install"), "facts": {"repo_paths": ["package.json", "package-lock.json"]}}
	{finding.line | some finding in rule.findings} == {7} with input as known
}

test_warns_of_tools_without_a_version if {
	details == {"npm installs yarn without a version"} with input.artifacts as timed("npm install -g yarn")
	details == {"pip installs flask without a version"} with input.artifacts as timed("pip install --no-cache-dir flask gunicorn==23.0.0")
}

test_allows_locked_installs if {
	every text in [
		"npm ci", "npm install -g pnpm@10.1.0", "npm install --global @scope/tool@1.0.0", "pip install -r requirements.txt",
		"pip install --require-hashes -r r.txt", "pip install uv==0.9.1", "pip install .", "pip install --upgrade pip", "npm install ./local",
	] {
		count(rule.findings) == 0 with input.artifacts as timed(text)
	}
}

test_boundary_a_repository_without_a_lock_file if {
	known := {"artifacts": timed("npm install"), "facts": {"repo_paths": ["package.json"]}}
	count(rule.findings) == 0 with input as known
}

test_boundary_comments_and_workflows if {
	count(rule.findings) == 0 with input.artifacts as timed("# npm install\necho npm install")
	count(rule.findings) == 0 with input.artifacts as given.workflow({"run": "npm install"})
}

test_unresolvable_is_silent if {
	every text in ["npm install -g $TOOL", "pip install $PACKAGES", "npm install -g tool@$V"] {
		count(rule.findings) == 0 with input.artifacts as timed(text)
	}
	count(rule.findings) == 0 with input.artifacts as [given.build({"timeout": "$_TIMEOUT"})]
}
