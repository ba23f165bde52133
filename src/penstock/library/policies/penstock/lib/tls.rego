# METADATA
# title: Verification switched off
# description: The ways in which tools are told to trust whoever answers.
package penstock.lib.tls

ways := concat("|", data.commands.tls_off)

# What switches verification off in a text, one word each; talking to oneself needs none.
switched_off(code) := {word |
	regex.match(ways, code)
	some command in regex.split(`[\n;|&]`, code)
	not regex.match(`https?://(?:localhost|127\.0\.0\.1)`, command)
	some match in regex.find_n(ways, command, 5)
	word := regex.replace(trim_space(match), `^.*[ \t]`, "")
}
