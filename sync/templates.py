"""Where the shipped `mappings/` and `config/` lie: inside the wheel, or beside the package in a checkout.

`leadgate init` copies them into a working folder; nobody edits the installed copies.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def template_folder(name: str) -> Path:
    """The folder of templates called `mappings` or `config`.

    A wheel carries them under `sync/_data`. An editable install resolves `sync` to the checkout, where they stand at
    the top level.

    Raises:
        FileNotFoundError: When the installation is incomplete.
    """
    shipped = Path(str(files("sync").joinpath("_data", name)))
    if shipped.is_dir():
        return shipped
    checkout = Path(__file__).resolve().parent.parent / name
    if checkout.is_dir():
        return checkout
    raise FileNotFoundError(f"leadgate's own templates for {name}/ are missing from this installation")


def template_file(name: str) -> Path:
    """A single template file, such as `.env.example`; found as `template_folder` finds folders.

    Raises:
        FileNotFoundError: When the installation is incomplete.
    """
    for path in (Path(str(files("sync").joinpath("_data", name))), Path(__file__).resolve().parent.parent / name):
        if path.is_file():
            return path
    raise FileNotFoundError(f"leadgate's own template {name} is missing from this installation")


def policy_packs() -> dict[str, Path]:
    """The shipped policies by name: the moments at which teams convert, and two qualification frameworks."""
    folder = Path(str(files("sync").joinpath("policy", "packs")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def pack_cases(pack: str) -> Path:
    """The test cases that are shipped with a policy."""
    return Path(str(files("sync").joinpath("policy", "packs", "tests", f"{pack}.yaml")))
