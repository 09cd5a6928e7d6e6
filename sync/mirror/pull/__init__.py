"""The pull: brings everything that changed in the org to the mirror, and proves that nothing is missing.

`run` orchestrates; `windows` says what to read, `columns` whether the org has it, `replication` up to when the org
vouches for it, `reading` reads it by the route that fits, `intake` takes it in and holds it against the org's count.
"""

from sync.mirror.pull.report import Progress, PullReport
from sync.mirror.pull.run import pull

__all__ = ["Progress", "PullReport", "pull"]
