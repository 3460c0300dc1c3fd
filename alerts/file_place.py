"""Whether a file that is worked on is still the one that was opened."""

from pathlib import Path


class FilePlace:
    """One file as it was when this was made, told apart by device and inode.

    A database goes on writing into a file that was removed or replaced under it, and says nothing:
    whoever promises that something is kept looks here first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _identity(path)

    def is_kept(self) -> bool:
        """Whether the path still leads to that file; cheap."""
        return _identity(self.path) == self._file


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
