package penstock.lib.images_test

import data.penstock.lib.given_test as given
import data.penstock.lib.images

test_references_are_taken_apart if {
	images.parsed("a") == {"repository": "a", "tag": "", "digest": ""}
	images.parsed("localhost:5000/a/b:1@sha256:0") == {"repository": "localhost:5000/a/b", "tag": "1", "digest": "sha256:0"}
	images.parsed("gcr.io/${P}/a:${TAG}") == {"repository": "gcr.io/${P}/a", "tag": "${TAG}", "digest": ""}
	images.parsed("a:v-${X}_1").tag == "v-${X}_1"
	images.parsed("").repository == ""
}

test_a_variable_at_the_end_may_hold_the_tag if {
	images.floating("gcr.io/${PROJECT_ID}/app")
	images.floating("a:latest")
	not images.floating("gcr.io/p/${_APP}")
	not images.floating("a:1")
	not images.floating("a:latest@sha256:0")
}

test_pushes_are_found_with_their_place if {
	doc := {
		"images": ["gcr.io/p/a:1", 7],
		"steps": [{"name": "x/docker", "args": ["push", "gcr.io/p/a:1"]}, {"name": "x", "script": "docker push -q \"gcr.io/p/b:2\""}],
	}
	pushes := images.pushes[0] with input.artifacts as [given.build(doc)]
	pushes == {"gcr.io/p/a:1": "/images/0", "gcr.io/p/b:2": "/steps/1/script"}
}

test_unseen_pushes_are_told_apart if {
	every text in ["skaffold run", "ko build ./cmd", "mvn compile jib:build", "./gradlew app:x jib"] {
		unseen := images.pushes_unseen[0] with input.artifacts as given.script(text)
		unseen == ["/steps/0/script"]
	}
	every text in ["skaffold build --push=false", "ko build --local ."] {
		none := images.pushes_unseen[0] with input.artifacts as given.script(text)
		none == []
	}
}

test_a_build_that_makes_nothing if {
	not images.makes(0) with input.artifacts as given.script("make")
}

test_an_image_may_be_listed_twice if {
	pushes := images.pushes[0] with input.artifacts as [given.build({"images": ["a/b:1", "a/c:1", "a/b:1"]})]
	pushes == {"a/b:1": "/images/0", "a/c:1": "/images/1"}
}
