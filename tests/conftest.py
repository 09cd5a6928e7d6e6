"""Puts this folder on the path, for `sizes`, and lets properties without a size of their own follow it."""

from hypothesis import settings
from sizes import examples

settings.register_profile("leadgate", max_examples=examples(100), deadline=None)
settings.load_profile("leadgate")
