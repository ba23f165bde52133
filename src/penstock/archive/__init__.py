"""Stop 10: a write-once copy of the artifacts for auditors."""
