package penstock.lib.shape_test

import data.penstock.lib.shape

wrong := [1, "x", true, null, [1], {"a": 1}]

test_whatever_comes_has_the_shape_that_is_read if {
	every value in wrong {
		is_array(shape.listed(value))
		is_object(shape.mapping(value))
		is_string(shape.text(value))
	}
	shape.texts(["a", 1, null, "b"]) == ["a", "b"]
}

test_fields_of_what_has_none_are_null if {
	shape.field("x", "a") == null
	shape.field({"a": 1}, "a") == 1
	shape.within({"a": {"b": 2}}, ["a", "b"]) == 2
	shape.within({"a": 3}, ["a", "b"]) == null
	shape.within([], ["a"]) == null
}

test_pointers_are_escaped if shape.pointer(["a/b", 0, "~c"]) == "/a~1b/0/~0c"

test_of_equal_keys_the_first_or_the_last_counts if {
	pairs := [["a", 1], ["b", 2], ["a", 3], ["c", 4], ["a", 5]]
	shape.first_of(pairs) == {"a": 1, "b": 2, "c": 4}
	shape.last_of(pairs) == {"a": 5, "b": 2, "c": 4}
	shape.first_of([]) == {}
	shape.last_of([["a", 1]]) == {"a": 1}
}
