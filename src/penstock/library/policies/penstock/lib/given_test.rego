# METADATA
# title: Inputs for tests
# description: Short ways to write the files a test needs.
package penstock.lib.given_test

file(kind, path, doc) := {"path": path, "kind": kind, "index": 0, "origin": "existing", "doc": doc}

build(doc) := file("cloudbuild", "cloudbuild.yaml", doc)

steps(list) := [build({"steps": list})]

# A build of one step: a shell's -c, a script, a program with its args.
shell(text) := steps([{"name": "ubuntu:24.04", "entrypoint": "bash", "args": ["-c", text]}])

script(text) := steps([{"name": "ubuntu:24.04", "script": text}])

program(image, args) := steps([{"name": image, "args": args}])

dockerfile(commands) := {
	"path": "Dockerfile",
	"kind": "dockerfile",
	"index": 0,
	"origin": "existing",
	"doc": null,
	"preamble": [],
	"stages": [{"name": "0", "base": "scratch", "commands": commands}],
}

instruction(cmd, value) := {"cmd": cmd, "value": value, "flags": [], "start_line": 7, "end_line": 7, "json": false}

run(text) := [dockerfile([instruction("run", [text])])]

job(name, raw) := file("github-workflow", ".github/workflows/ci.yml", {"name": "ci", "jobs": {name: raw}})

workflow(step) := [job("build", {"steps": [step]})]

target(name, more) := file("clouddeploy", "clouddeploy.yaml", object.union(
	{"kind": "Target", "metadata": {"name": name}, "run": {"location": "projects/p/locations/l"}},
	more,
))

pipeline(stages) := file("clouddeploy", "clouddeploy.yaml", {
	"kind": "DeliveryPipeline",
	"metadata": {"name": "shop"},
	"serialPipeline": {"stages": stages},
})

pod(container) := file("k8s", "k8s/app.yaml", {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "app"},
	"spec": {"template": {"spec": {"containers": [container]}}},
})

pointers(findings) := {finding.pointer | some finding in findings}
