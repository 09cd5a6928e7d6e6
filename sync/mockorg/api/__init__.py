"""The REST API of the mock org: one module per resource, each a list of routes over the org model."""
