"""An org's records as a folder of CSV files, one per object, as Data Loader exports them; with org.yaml beside them.

Headers are API names. Valid ids are kept. Any other value in an id or reference column is a key, such as `lead-17` or
`1`, and becomes the same id wherever it stands in whatever file. Users, queues and record types of org.yaml can be
named by their username, name or developer name.
"""

from __future__ import annotations

from .dump import dump_folder
from .load import LoadReport, load_folder, org_from_folder
from .problems import DataError

__all__ = ["DataError", "LoadReport", "dump_folder", "load_folder", "org_from_folder"]
