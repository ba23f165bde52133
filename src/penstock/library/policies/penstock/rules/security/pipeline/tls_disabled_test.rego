package penstock.tests.security.pipeline.tls_disabled_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.tls_disabled as rule

texts := [
	"curl -k https://x", "curl -sSLk https://x", "curl --insecure https://x", "wget -q --no-check-certificate https://x",
	"npm config set strict-ssl false", "git -c http.sslVerify=false clone x", "GIT_SSL_NO_VERIFY=true git clone x",
	"pip install --trusted-host pypi.example x", "apt-get install -y --allow-unauthenticated x", "apk add --allow-untrusted x.apk",
	"export NODE_TLS_REJECT_UNAUTHORIZED=0", "yum install --nogpgcheck x", "kubectl --insecure-skip-tls-verify get pods",
	"gcloud config set auth/disable_ssl_validation True",
]

fine := [
	"curl -sSfL https://x", "curl -fsSLo kustomize https://x", "curl -Lokubectl https://x", "gcloud run deploy --allow-unauthenticated",
	"npm config set strict-ssl true", "# curl -k https://x", "echo \"curl -k https://x\"", "curl -k https://localhost:8443/health",
	"curl https://x | sort -k 2", "export NODE_TLS_REJECT_UNAUTHORIZED=1",
]

test_denies_in_run if {
	every text in texts {
		{finding.line | some finding in rule.findings} == {7} with input.artifacts as given.run(text)
	}
}

test_denies_in_env if {
	image := [given.dockerfile([given.instruction("env", ["NODE_TLS_REJECT_UNAUTHORIZED=0"])])]
	count(rule.findings) == 1 with input.artifacts as image
}

test_denies_in_a_workflow if {
	given.pointers(rule.findings) == {"/jobs/build/steps/0"} with input.artifacts as given.workflow({"run": "curl -k https://x"})
}

test_allows_verification if {
	every text in fine {
		count(rule.findings) == 0 with input.artifacts as given.run(text)
	}
}

test_boundary_build_steps_are_another_rule_s if {
	count(rule.findings) == 0 with input.artifacts as given.shell("curl -k https://x")
}

test_unresolvable_is_silent if {
	count(rule.findings) == 0 with input.artifacts as given.run("curl $FLAGS https://x && npm config set strict-ssl $S")
}
