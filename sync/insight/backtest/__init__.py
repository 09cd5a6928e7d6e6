"""What policies would have done in the org's own past, against what people did; strictly by what was known then."""
