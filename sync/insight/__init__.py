"""What the mirror and the org tell about themselves: read-only."""
