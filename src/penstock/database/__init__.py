"""Stop 8: one transaction records the promise; plain SQL, numbered migrations."""
