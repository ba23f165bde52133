"""The nouns of the house (docs/glossary.md); imports nothing of ours."""
