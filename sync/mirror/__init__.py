"""The mirror: the org's records on this machine, every version seen, one DuckDB file per org.

`sync.mirror.pull` fills it from an `OrgReader`; everything that decides, plans or reports reads it through
`sync.mirror.store.Mirror`. It is a cache: deleting the file loses the versions seen before, nothing else, and
`leadgate pull` builds it again.
"""
