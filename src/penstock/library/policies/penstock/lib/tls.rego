# METADATA
# title: Verification switched off
# description: The ways in which tools are told to trust whoever answers.
package penstock.lib.tls

# What switches verification off in a text, one word each; talking to oneself needs none.
switched_off(code) := {word |
	some pattern in data.commands.tls_off
	some match in regex.find_n(pattern, code, 5)
	not regex.match(`https?://(?:localhost|127\.0\.0\.1)`, match)
	word := regex.replace(trim_space(match), `^.*[ \t]`, "")
}
