"""Stop 7: artifacts become a decision; schemas, secrets, Rego."""
