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

texts(value) := [each | some each in listed(value); is_string(each)]

field(value, key) := object.get(mapping(value), key, null)

within(value, keys) := object.get(mapping(value), keys, null)

# The JSON pointer of a path.
pointer(path) := concat("", [sprintf("/%s", [escaped(part)]) | some part in path])

escaped(part) := replace(replace(part, "~", "~0"), "/", "~1") if is_string(part)

else := sprintf("%v", [part])
