"""The configuration file: which one it is, and its bytes."""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pipeline.errors import EnvironmentProblem
from pipeline.settings.text import visible

DEFAULT_FILE: Final = "crisis-monitor.toml"
FILE_VARIABLE: Final = "CRISIS_MONITOR_CONFIG"
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
STDIN: Final = Path("-")


class FileUnreadable(EnvironmentProblem):
    """The configuration file is not there or cannot be read."""


def chosen(path: Path | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """Return the file to read and whether somebody asked for it (the default may be absent)."""
    if path is not None:
        return path, True
    if environ.get(FILE_VARIABLE):
        return Path(environ[FILE_VARIABLE]), True
    return Path(DEFAULT_FILE), False


def read(file: Path, *, asked_for: bool = True) -> bytes:
    """Return the file's bytes; nothing when it is absent and nobody asked for it; `-` is stdin.

    Raises `FileUnreadable`.
    """
    shown = visible(file, 300)
    try:
        if file == STDIN:
            raw = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            _check_ends(file, shown)
            with file.open("rb") as stream:
                raw = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        if not asked_for:
            return b""
        raise FileUnreadable(
            f"{shown} does not exist: write one with `crisis-monitor config init NAME`"
        ) from None
    except PermissionError:
        raise FileUnreadable(f"{shown} may not be read: change its owner or mode") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "its name is not valid"
        raise FileUnreadable(f"{shown} cannot be read: {str(reason).lower()}") from None
    if len(raw) > MAX_FILE_BYTES:
        raise FileUnreadable(f"{shown} is larger than 16 MiB: that is no configuration")
    return raw


def _check_ends(file: Path, shown: str) -> None:
    """Refuse what may never end, or never begin: a pipe nobody writes to, a terminal, a socket."""
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode) and str(file) != os.devnull:
        raise FileUnreadable(
            f"{shown} is no regular file: name one, or `-` and send it to the standard input"
        )
