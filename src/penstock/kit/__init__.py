"""Small tools that know nothing of Penstock: clock, ids, guarded YAML, positions in JSON and TOML, child processes."""
