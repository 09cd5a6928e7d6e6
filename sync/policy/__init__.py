"""What makes a lead ready: the written policy, read, checked, compiled and explained; pure."""
