package penstock.lib.dockerfiles_test

import data.penstock.lib.dockerfiles
import data.penstock.lib.given_test as given

file(arguments) := object.union(given.dockerfile([]), {"preamble": [given.instruction("arg", arguments)]})

test_the_last_default_of_a_name_counts if {
	defaults := dockerfiles.defaults with input.artifacts as [file(["A=1", "B", "C=", "A=2"])]
	defaults == {"Dockerfile": {"${A}": "2"}}
}

test_instructions_know_their_stage if {
	artifacts := [object.union(file(["A=1"]), {"stages": [{"commands": [given.instruction("run", ["make"])]}, {"commands": []}]})]
	stages := [instruction.stage | some instruction in dockerfiles.instructions] with input.artifacts as artifacts
	stages == [-1, 0]
}

test_a_file_without_instructions_has_none if {
	dockerfiles.instructions == [] with input.artifacts as [{"path": "a", "index": 0, "kind": "dockerfile"}]
}
