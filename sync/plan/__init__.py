"""What to do about the decisions: actions, preflight, matching, packing, guards; pure."""
