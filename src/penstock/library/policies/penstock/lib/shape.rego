# METADATA
# title: The shape of parsed files
# description: |
#   A file may hold anything where a list, a mapping or a text should stand. Rules read through these, so that a wrong
#   type is somebody else's finding (the schema's) and never the end of the evaluation.
package penstock.lib.shape

listed(value) := value if is_array(value)

else := []

mapping(value) := value if is_object(value)

else := {}

text(value) := value if is_string(value)

else := ""

# A field of a mapping that is a text, a list; what is anything else counts as empty.
said(fields, key) := value if {
	value := fields[key]
	is_string(value)
} else := ""

entries(fields, key) := value if {
	value := fields[key]
	is_array(value)
} else := []

texts(value) := [each | some each in listed(value); is_string(each)]

field(value, key) := object.get(mapping(value), key, null)

within(value, keys) := object.get(mapping(value), keys, null)

# [key, value] pairs as an object, where the first value of a key counts, or the last.
first_of(pairs) := {pair[0]: pair[1] | some pair in pairs} if {
	once(pairs)
} else := firsts if {
	ranked := sort([[pair[0], at, pair[1]] | some at, pair in pairs])
	firsts := {each[0]: each[2] | some at, each in ranked; not ranked[at - 1][0] == each[0]}
}

last_of(pairs) := {pair[0]: pair[1] | some pair in pairs} if {
	once(pairs)
} else := lasts if {
	ranked := sort([[pair[0], at, pair[1]] | some at, pair in pairs])
	lasts := {each[0]: each[2] | some at, each in ranked; not ranked[at + 1][0] == each[0]}
}

once(pairs) if count({pair[0] | some pair in pairs}) == count(pairs)

# The JSON pointer of a path.
pointer(path) := concat("", [sprintf("/%s", [escaped(part)]) | some part in path])

escaped(part) := replace(replace(part, "~", "~0"), "/", "~1") if is_string(part)

else := sprintf("%v", [part])
