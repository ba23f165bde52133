# METADATA
# title: Facts told with the files
# description: |
#   The scanner, the parser and the path check report findings by rule id; each rule claims its own. And the paths of
#   the repository.
package penstock.lib.facts

buckets := ["secret_findings", "parse_findings", "path_findings"]

all := [fact | some bucket in buckets; some fact in object.get(input.facts, bucket, [])]

# The paths of the repository, one a line.
paths := concat("\n", [path | some path in object.get(input, ["facts", "repo_paths"], []); is_string(path)])

# The findings reported for one rule id, in the shape every rule returns.
reported(id) := {finding |
	some fact in all
	fact.rule == id
	finding := {
		"file": fact.file,
		"index": object.get(fact, "index", 0),
		"pointer": object.get(fact, "pointer", ""),
		"line": object.get(fact, "line", 0),
		"args": {"detail": object.get(fact, "detail", "")},
	}
}
