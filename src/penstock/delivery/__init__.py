"""Stop 9: artifacts become files, a commit or a pull request."""
