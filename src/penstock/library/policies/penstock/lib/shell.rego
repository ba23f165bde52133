# METADATA
# title: Shell text
# description: |
#   What a shell would run: comments are gone, continued lines are joined, and what echo or printf only print is left
#   out. Variables are spelled ${NAME}, so that values can be filled in without mistaking one name for another.
package penstock.lib.shell

# echo or printf with its words, up to a pipe, a redirect or the end; what stands in $( ) still runs and is kept.
said := concat("", [
	`\b(?:echo|printf)\b`,
	`(?:[^"'|;&<>()\n\x01\\$`, "`", `]|\\.|\$[^("'\x01]|"(?:\\.|[^"\x01\\$`, "`", `]|\$[^("\x01])*"|'[^'\x01]*')*`,
])

# What may stand before the program of a command.
lead := concat("", [
	`(?m)^[ \t]*(?:(?:if|then|else|elif|do|while|until|!|time|exec|nohup|eval|sudo|-[A-Za-z]+`,
	`|[A-Za-z_][A-Za-z0-9_]*=[^ \t\n]*)[ \t]+)*`,
])

# Stands for the braces of a value while values are filled in, so that none is filled in twice.
brace := "\u0001{"

# Many texts are worked through faster as one, parted by lines that no shell text has.
seam := "\n\u0001\n"

plain_each(texts) := parted if {
	not contains(concat("", texts), "\u0001")
	parted := split(plain(concat(seam, texts)), seam)
	count(parted) == count(texts)
} else := [plain(text) | some text in texts]

code_each(texts) := parted if {
	not contains(concat("", texts), "\u0001")
	parted := split(code(concat(seam, texts)), seam)
	count(parted) == count(texts)
} else := [code(text) | some text in texts]

plain(text) := "" if {
	not is_string(text)
} else := named(text) if {
	not regex.match(`[#\\]`, text)
} else := named(regex.replace(uncommented, `[ \t]*\\\r?\n[ \t]*`, " ")) if {
	uncommented := regex.replace(regex.replace(text, `(?m)^[ \t]*#.*$`, ""), `(?m)[ \t]#[ \t!].*$`, "")
}

code(plain_text) := regex.replace(plain_text, `[ \t]{2,}|\t`, " ") if {
	not regex.match(`echo|printf`, plain_text)
} else := regex.replace(regex.replace(plain_text, said, "echo "), `[ \t]{2,}|\t`, " ")

# $NAME becomes ${NAME}.
named(text) := text if {
	not contains(text, "$")
} else := regex.replace(text, `\$([A-Za-z_][A-Za-z0-9_]*)`, "$${${1}}")

# Fills in values; keys are spelled ${NAME}, values are kept.
filled(text, values) := text if {
	not contains(text, "${")
} else := replace(strings.replace_n(values, text), brace, "${")

# A value that is only filled in: names in it stay names, or a few of them could grow without end.
kept(value) := replace(value, "${", brace)

# The single commands of a text, each beginning with its program.
commands(code_text) := [command |
	broken := regex.replace(code_text, `[ \t]*(?:[\n;|()\x60]|&&|&[ \t])`, "\n")
	some command in split(regex.replace(broken, lead, ""), "\n")
	command != ""
]

# Whether a text still holds a variable whose value nobody here knows. Cloud Build's own names are values enough.
opaque(text) if {
	contains(text, "$")
	contains(regex.replace(text, builtin, ""), "$")
}

opaque(text) if contains(text, "{{")

builtin := concat("", [
	`\$\{(?:PROJECT_ID|PROJECT_NUMBER|BUILD_ID|LOCATION|TRIGGER_NAME|TRIGGER_BUILD_CONFIG_PATH|COMMIT_SHA|REVISION_ID`,
	`|SHORT_SHA|REPO_NAME|REPO_FULL_NAME|BRANCH_NAME|TAG_NAME|REF_NAME|SERVICE_ACCOUNT|SERVICE_ACCOUNT_EMAIL)\}`,
])
