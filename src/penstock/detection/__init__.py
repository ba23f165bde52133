"""Stop 3: a repository becomes facts; one module per language, one ordered list."""
