package penstock.tests.security.pipeline.tls_disabled_step_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.tls_disabled_step as rule

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

test_denies_in_a_step if {
	every text in texts {
		given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as given.shell(text)
	}
}

test_denies_in_the_step_s_env if {
	artifacts := given.steps([{"name": "a", "args": ["x"], "env": ["NODE_TLS_REJECT_UNAUTHORIZED=0"]}])
	count(rule.findings) == 1 with input.artifacts as artifacts
}

test_allows_verification if {
	every text in fine {
		count(rule.findings) == 0 with input.artifacts as given.shell(text)
	}
}

test_boundary_dockerfiles_are_another_rule_s if {
	count(rule.findings) == 0 with input.artifacts as given.run("curl -k https://x")
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as given.script("curl $FLAGS https://x")
