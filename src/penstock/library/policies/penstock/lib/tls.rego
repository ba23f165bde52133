# METADATA
# title: Verification switched off
# description: The ways in which tools are told to trust whoever answers.
package penstock.lib.tls

import data.penstock.lib.runs

ways := concat("|", data.commands.tls_off)

# Only these are looked at closely; the end of a line may be the end of a text.
suspects := [run |
	regex.match(concat("", ["(?m)", ways]), runs.text)
	some run in runs.everything
	regex.match(ways, run.code)
]

# What switches verification off in a text, one word each; talking to oneself needs none.
switched_off(code) := {word |
	some command in regex.split(`[\n;|&]`, code)
	not regex.match(`https?://(?:localhost|127\.0\.0\.1)`, command)
	some match in regex.find_n(ways, command, 5)
	word := regex.replace(trim_space(match), `^.*[ \t]`, "")
}
