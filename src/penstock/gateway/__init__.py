"""Stop 1: who asks, may they, how often."""
