"""Sessions: the ways to log in, and what renews them."""
