# METADATA
# title: The self-test
# description: Echoes the nonce planted in the input, so that an answer that never ran the rules is recognised.
package penstock.main.selftest

nonce := input.facts.selftest
