package penstock.tests.security.pipeline.docker_escape_test

import data.penstock.lib.given_test as given
import data.penstock.rules.security.pipeline.docker_escape as rule

test_denies_ways_out if {
	every text in [
		"docker run --privileged x", "docker run -v /var/run/docker.sock:/var/run/docker.sock x",
		"docker run -v /:/host x", "docker run --volume=/:/host x", "docker run --mount type=bind,source=/,target=/h x",
		"docker container run --pid=host x", "podman run --privileged x", "docker create --privileged x",
	] {
		given.pointers(rule.findings) == {"/steps/0/args"} with input.artifacts as given.shell(text)
	}
}

test_denies_in_a_list_of_args if {
	artifacts := given.program("gcr.io/cloud-builders/docker", ["run", "--rm", "--privileged", "x"])
	count(rule.findings) == 1 with input.artifacts as artifacts
}

test_allows_plain_containers if {
	every text in ["docker run --rm -v /workspace:/w x", "docker run -v $PWD:/w x", "docker build --file x .", "echo docker run --privileged"] {
		count(rule.findings) == 0 with input.artifacts as given.shell(text)
	}
}

test_boundary_a_privileged_word_of_another_command if {
	count(rule.findings) == 0 with input.artifacts as given.shell("docker run x && tool --privileged")
}

test_unresolvable_is_silent if count(rule.findings) == 0 with input.artifacts as given.shell("docker run $FLAGS -v $DIR:/w x")
