"""Bulk API 2.0: query and ingest jobs as state machines over the org, with results as CSV files."""
