"""docs/mock-org.md, written from the mock org itself: `python -m sync.mockorg.reference > docs/mock-org.md`.

`head.md` is written by hand; everything below it comes from the routes, the SOAP operations, the SOQL grammar, the
settings of org.yaml, the faults, the control path and the register of behaviours. A test compares the file with what
this prints and runs its examples, so the page can't fall behind the code.
"""
