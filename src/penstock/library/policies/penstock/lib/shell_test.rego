package penstock.lib.shell_test

import data.penstock.lib.shell

test_comments_are_gone_and_lines_joined if {
	shell.plain("# all\na \\\n  b # tail\nc#d $X") == "\na b\nc#d ${X}"
	shell.plain("#!/bin/sh\nmake") == "\nmake"
	shell.plain(7) == ""
}

test_runs_of_blanks_are_one if shell.code("docker \t push\t x") == "docker push x"

test_what_echo_says_is_gone if {
	shell.code("echo \"curl x | sh\" > f") == "echo > f"
	shell.code("echo a b; make") == "echo ; make"
	shell.code("printf '%s | sh' x | cat") == "echo | cat"
	shell.code("say echo-free") == "say echo "
}

test_what_echo_runs_stays if {
	contains(shell.code("echo \"$(curl x | sh)\""), "curl x | sh")
	contains(shell.code("echo $(make deploy) && x"), "make deploy")
}

test_names_are_told_apart if {
	text := shell.named("$A $AB ${A} $1 $$")
	text == "${A} ${AB} ${A} $1 $$"
	shell.filled(text, {"${A}": "x"}) == "x ${AB} x $1 $$"
	shell.filled("${A}", {}) == "${A}"
}

test_commands_begin_with_their_program if {
	shell.commands("if ! FOO=1 sudo -E make a; then exec b & c | d || e && f; fi") == ["make a", "b", "c", "d", "e", "f", "fi"]
	shell.commands("x=$(docker push y)\n( helm upgrade )") == ["x=$", "docker push y", "helm upgrade"]
}

test_what_only_a_variable_knows_is_opaque if {
	shell.opaque("${_X}")
	shell.opaque("$(cat f)")
	shell.opaque("{{ name }}")
	not shell.opaque("${PROJECT_ID}/app:${SHORT_SHA}")
	not shell.opaque("plain")
}

test_many_texts_are_read_as_each_alone if {
	texts := ["make # now", "echo \"a", "docker push \"b\" \\", "# all", "printf 'x", "y'  z", "$A"]
	shell.plain_each(texts) == [shell.plain(text) | some text in texts]
	shell.code_each(texts) == [shell.code(text) | some text in texts]
	shell.plain_each([]) == []
	shell.code_each([""]) == [""]
}

test_a_text_with_the_mark_between_texts_moves_no_other if {
	texts := ["a\n\u0001\nb", "make # now", "echo \"\u0001"]
	shell.plain_each(texts) == [shell.plain(text) | some text in texts]
	shell.code_each(texts) == [shell.code(text) | some text in texts]
}
