"""Where the helper program is.  Knows nothing of GDB."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..errors import GoctxError

__all__ = ["find_helper"]

ROOT = Path(__file__).resolve().parents[3]  # holds gdb/ and, once built, build/
VARIABLE = "GOCTX_HELPER"


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def find_helper(setting: str | None = None) -> Path:
    """The helper: as set, by the environment, as built, or in PATH.

    A path that the user names is never replaced by another one.

    Args:
        setting: value of `set goctx helper`

    Raises:
        GoctxError: there is none, with all places looked at
    """
    for origin, named in (
        ("set goctx helper", setting),
        (VARIABLE, os.environ.get(VARIABLE)),
    ):
        if named:
            path = Path(named).expanduser().absolute()
            if _is_program(path):
                return path
            raise GoctxError(
                f"there is no helper program at {path} (named by {origin})",
                f"give the path of the program goctx; `make` in {ROOT} builds it",
            )
    built = ROOT / "build" / "goctx"
    if _is_program(built):
        return built
    found = shutil.which("goctx")
    if found:
        return Path(found).absolute()
    raise GoctxError(
        f"the helper program is not built (looked for {built}, then for goctx in PATH)",
        f"run `make` in {ROOT}, or name it with `set goctx helper PATH`",
    )
