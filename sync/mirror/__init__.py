"""The local copy of the org: every version of every record, in one DuckDB file per org."""
