"""What is wrong with a data folder, collected, each with file, line and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

MOST_PROBLEMS = 50


class DataError(Exception):
    """The folder cannot be loaded; `problems` holds one line per fault, with its place and the fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(slots=True)
class Problems:
    """Collects faults until there are too many to be worth reading."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, column: str, text: str) -> None:
        """Note a fault; after fifty, stop.

        Raises:
            DataError: when there are too many.
        """
        self.found.append(f"{file}:{line}: {column}: {text}" if column else f"{file}:{line}: {text}")
        if len(self.found) >= MOST_PROBLEMS:
            self.found.append("… and perhaps more; these were the first.")
            self.stop()

    def stop(self) -> NoReturn:
        """Give up.

        Raises:
            DataError: always.
        """
        raise DataError(self.found)

    def stop_if_any(self) -> None:
        """Give up if there are faults.

        Raises:
            DataError: with all of them.
        """
        if self.found:
            self.stop()
