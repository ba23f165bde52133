"""The Dockerfile parser: any text gives instructions, with the lines they really stand on."""

from __future__ import annotations

from gate_stand_ins import judged
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.policy import Profile
from penstock.policy.dockerfile import Instruction, looks_like_one, parse


def only(text: str, cmd: str) -> Instruction:
    [found] = [each for each in parse(text).instructions if each.cmd == cmd]
    return found


def test_stages_know_their_names_bases_and_instructions() -> None:
    parsed = parse("ARG V=3\nFROM a:1 AS Build\nRUN x\nFROM --platform=linux/amd64 b:2\nCOPY --from=build /x /x\n")
    assert [(stage.name, stage.base) for stage in parsed.stages] == [("build", "a:1"), ("1", "b:2")]
    assert [each.cmd for each in parsed.preamble] == ["arg"]
    assert [each.cmd for each in parsed.stages[0].commands] == ["from", "run"]
    assert parsed.stages[1].commands[1].flags == ("--from=build",)


def test_a_continued_instruction_spans_its_lines_and_drops_comments_inside() -> None:
    run = only("FROM a\n\nRUN one \\\n  # not this\n\n  && two \\\n  && three\nUSER x\n", "run")
    assert (run.start_line, run.end_line) == (3, 7)
    assert run.value == ("one   && two   && three",)


def test_the_escape_directive_changes_what_continues_a_line() -> None:
    parsed = parse("# escape=`\nFROM a\nRUN one `\n  two\nRUN dir c:\\\n")
    assert [each.value for each in parsed.instructions if each.cmd == "run"] == [("one   two",), ("dir c:\\",)]


def test_json_form_is_told_from_shell_form() -> None:
    assert only('FROM a\nCMD ["node", "a b"]\n', "cmd").value == ("node", "a b")
    assert only('FROM a\nCMD ["node", "a b"]\n', "cmd").json
    assert not only("FROM a\nCMD ['node']\n", "cmd").json
    assert only('FROM a\nCMD [ "node", 1 ]\n', "cmd").value == ('[ "node", 1 ]',)


def test_pairs_are_unquoted_in_both_forms() -> None:
    assert only("FROM a\nENV A=\"b c\" D=e\\ f G='h'\n", "env").value == ("A=b c", "D=e f", "G=h")
    assert only("FROM a\nENV A b c\n", "env").value == ("A=b c",)
    assert only("FROM a\nARG A\n", "arg").value == ("A",)


def test_a_heredoc_is_a_body_and_what_follows_is_the_next_instruction() -> None:
    parsed = parse("FROM a\nRUN <<EOF\nUSER root\nmake\nEOF\nUSER app\n")
    assert [(each.cmd, each.start_line, each.end_line) for each in parsed.instructions] == [
        ("from", 1, 1),
        ("run", 2, 5),
        ("user", 6, 6),
    ]
    assert "USER root" in only("FROM a\nRUN <<EOF\nUSER root\nEOF\n", "run").value[0]


def test_a_heredoc_that_never_ends_hides_nothing() -> None:
    parsed = parse("FROM a\nRUN <<EOF\nUSER root\n")
    assert [each.cmd for each in parsed.instructions] == ["from", "run", "user"]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = "FROM a\nRUN one \\\n  && two\nUSER x\n"
    plain = [(each.cmd, each.value, each.start_line, each.end_line) for each in parse(text).instructions]
    odd = parse("\ufeff" + text.replace("\n", "\r\n"))
    assert [(each.cmd, each.value, each.start_line, each.end_line) for each in odd.instructions] == plain


def test_content_decides_what_a_dockerfile_is() -> None:
    assert looks_like_one("# x\nARG A=1\nFROM ${A}\n")
    assert looks_like_one("from a as b\n")
    assert not looks_like_one("from: a\n")
    assert not looks_like_one("From the docs of a project\n")
    assert not looks_like_one("")


LINES = """\
FROM a
FROM a AS b
RUN x
RUN x \\
  && y
# c
RUN <<EOF
EOF
COPY <<A <<B /x
A
B
CMD ["a"
CMD ["a"]
ENV A=b
ENV A
ENV "
ONBUILD RUN x
USER root
\\
# escape=`
x `
"""
WORDS = st.sampled_from(["", "\t", *LINES.splitlines()])


@given(st.lists(WORDS, max_size=30))
def test_instructions_stand_where_they_say_one_after_the_other(lines: list[str]) -> None:
    text = "\n".join(lines)
    before = 0
    for each in parse(text).instructions:
        assert before < each.start_line <= each.end_line <= len(lines)
        assert each.original == "\n".join(lines[each.start_line - 1 : each.end_line])
        before = each.end_line


@given(st.lists(WORDS, max_size=30))
def test_no_line_with_content_is_lost(lines: list[str]) -> None:
    covered = {
        number for each in parse("\n".join(lines)).instructions for number in range(each.start_line, each.end_line + 1)
    }
    left = [line for number, line in enumerate(lines, 1) if number not in covered]
    assert all(not line.strip() or line.strip().startswith("#") for line in left)


@given(st.text(max_size=300))
def test_any_text_is_parsed_and_judged(text: str) -> None:
    parse(text).as_data()
    judged({"Dockerfile": text, "k8s/a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"})


@given(st.binary(max_size=200), st.sampled_from(["cloudbuild.yaml", "k8s/a.yaml", "Dockerfile", ".env", "a.json"]))
def test_any_bytes_are_judged(content: bytes, path: str) -> None:
    other = {"k8s/other.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"}
    decision = judged({path: content, **other}, profile=Profile.ADVISORY)
    assert path in decision.files
