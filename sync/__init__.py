"""leadgate: the gate between Lead and Opportunity in Salesforce.

The flow: `pull` fills the mirror, `policy` decides, `plan` freezes what to do, `apply` does it once, the `ledger`
remembers. Only `sync.salesforce` speaks to an org; only `sync.workspace` knows which concrete parts are in use.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("leadgate")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.0.0"

__all__ = ["__version__"]
