package penstock.tests.security.pipeline.remote_script_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.remote_script as rule

test_denies_a_download_into_a_shell if {
	every text in [
		"curl -sSfL https://x/install.sh | sh", "wget -qO- https://x | bash -s -- -b /usr/local/bin", "curl https://x | sudo -E bash -",
		"bash <(curl -s https://x)", "sh -c \"$(curl -fsSL https://x)\"", "curl https://x | python3 -", "curl -s https://x | tee f | sh",
		"curl -s \\\n  https://x \\\n  | /bin/bash", "eval \"$(wget -qO- https://x)\"",
	] {
		{finding.line | some finding in rule.findings} == {7} with input.artifacts as given.run(text)
		count(rule.findings) == 1 with input.artifacts as given.script(text)
	}
}

test_denies_in_a_step_and_a_workflow if {
	given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as given.shell("curl https://x | sh")
	given.pointers(rule.findings) == {"/jobs/build/steps/0"} with input.artifacts as given.workflow({"run": "curl https://x | sh"})
}

test_allows_downloads if {
	every text in [
		"curl -sSfLo x https://x && sha256sum -c x.sha256 && sh x", "curl https://x | tar xz", "curl https://x | jq .",
		"curl https://x | python3 -c 'import json'", "curl https://x | grep sh", "wget https://x/install.sh", "cat x | sh",
	] {
		count(rule.findings) == 0 with input.artifacts as given.run(text)
	}
}

test_boundary_text_that_is_only_written if {
	every text in ["echo \"curl https://x && echo 'id' | sh \" > /usr/bin/start", "# curl https://x | sh", "printf 'curl x | sh' > f"] {
		count(rule.findings) == 0 with input.artifacts as given.run(text)
		count(rule.findings) == 0 with input.artifacts as given.script(text)
	}
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as given.run("$FETCH https://x | $RUN")
