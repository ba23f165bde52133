"""Files of an earlier pipeline are named by the run that leaves them behind, with what to do."""

from __future__ import annotations


def test_files_of_an_earlier_target_are_named_until_they_are_gone(command_line, example):
    repo = example("quote-service")
    sentence = "Create CI/CD pipeline for quote-service"
    first = command_line.json("generate", sentence, "--repo", repo, "--target", "gke")
    assert first["former_files"] == []
    left = [path for path in first["artifacts"] if path.startswith("deploy/quote-service/k8s/")]
    assert left
    moved = command_line.run("generate", sentence, "--repo", repo, "--target", "cloud-run")
    assert moved.returncode == 0, moved.stderr
    told = moved.stdout.split("No longer part of the pipeline")[1].split("\n\n")[0]
    assert [line.removeprefix("  - ") for line in told.split("\n") if line.startswith("  - ")] == left
    assert "Delete those of no use: git rm FILE." in told
    again = command_line.json("generate", sentence, "--repo", repo)
    assert again["former_files"] == left
    for path in left:
        (repo / path).unlink()
    gone = command_line.json("generate", sentence, "--repo", repo)
    assert gone["former_files"] == []
    assert "No longer" not in command_line.run("generate", sentence, "--repo", repo).stdout


def test_a_service_that_the_next_pipeline_leaves_out_is_named_loudly(command_line, example):
    shop = example("shop")
    command_line.json("generate", "pipeline", "--repo", shop, "--path", "catalog")
    second = command_line.json("generate", "pipeline", "--repo", shop, "--path", "web")
    assert second["assumptions"][0].startswith("The pipeline before also deployed catalog;")
    assert second["questions"][0] == "Shall catalog really not be deployed any more?"
