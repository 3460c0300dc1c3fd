"""The data folder: it can be written, the disk keeps what it confirms, and there is room."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.checkup.line import Line, fail, ok, warn
from pipeline.clock import stopwatch
from pipeline.settings.text import visible

LEAST_FREE = 200 * 1024 * 1024
LITTLE_FREE = 1024 * 1024 * 1024
LITTLE_SHARE = 0.05
FEWEST_FILES = 1000
SLOW_WRITE = 0.2
_FAR_AWAY = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"})


def check_folder(directory: Path) -> Iterator[Line]:
    """Look at the data folder, or at the place where it will be made."""
    place = existing(directory)
    shown = visible(directory.absolute(), 300)
    if place.exists() and not place.is_dir():
        yield fail("data folder", f"{shown}: {visible(place, 300)} is a file", "move it away")
        return
    trial = _trial(place)
    if trial is not None:
        yield fail(
            "data folder",
            f"{shown} cannot be written: {trial}",
            "change its owner or mode, or choose another ([storage] directory)",
        )
        return
    made = "" if place == directory else " will be made at the first start"
    yield ok("data folder", f"{shown}{made or ' can be written'}")
    yield _room(place)
    yield _keeps(place)


def existing(directory: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    here = directory
    while not os.path.lexists(here) and here != here.parent:
        here = here.parent
    return here


def _trial(place: Path) -> str | None:
    """Write a file and remove it; None when that went well, else why not."""
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".crisis-monitor-trial-") as stream:
            stream.write(b"trial")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as problem:
        return (problem.strerror or type(problem).__name__).lower()
    return None


def _room(place: Path) -> Line:
    usage = shutil.disk_usage(place)
    status = os.statvfs(place)
    free = f"{usage.free / 1024**3:.1f} GiB free"
    share = usage.free / usage.total if usage.total else 1.0
    if usage.free < LEAST_FREE:
        return fail("disk", f"nearly full: {free}", "make room, or move the data folder")
    if status.f_files and status.f_favail < FEWEST_FILES:
        return fail(
            "disk", f"no more than {status.f_favail} files can be made", "remove files (inodes)"
        )
    if usage.free < LITTLE_FREE or (share < LITTLE_SHARE and usage.free < 20 * LITTLE_FREE):
        return warn("disk", f"little room: {free} ({share:.0%})", "make room soon")
    return ok("disk", free)


def _keeps(place: Path) -> Line:
    """Whether SQLite's write-ahead log works here, and how long a confirmed write takes."""
    kind = _kind_of(place)
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".crisis-monitor-trial-") as folder:
            connection = sqlite3.connect(Path(folder) / "trial.db", isolation_level=None)
            try:
                (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("CREATE TABLE trial (number INTEGER)")
                begun = stopwatch()
                connection.execute("INSERT INTO trial VALUES (1)")
                took = stopwatch() - begun
            finally:
                connection.close()
    except (OSError, sqlite3.Error) as problem:
        return fail(
            "confirmed writes",
            f"SQLite cannot write here: {visible(problem)}",
            "put the data folder on a local disk",
        )
    if mode != "wal":
        return fail(
            "confirmed writes",
            "this file system has no shared memory, so SQLite's WAL does not work",
            "put the data folder on a local disk",
        )
    if kind in _FAR_AWAY:
        return warn(
            "confirmed writes",
            f"the data folder is on a network file system ({kind}), where SQLite can lose data",
            "put it on a local disk",
        )
    said = f"WAL works; one took {took * 1000:.1f} ms"
    if took > SLOW_WRITE:
        return warn("confirmed writes", said, "a faster disk lets senders wait less")
    return ok("confirmed writes", said)


def _kind_of(place: Path) -> str:
    """Return the file system's kind where the system tells it (Linux), else ""."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        target = place.resolve()
    except OSError:
        return ""
    best = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        mounted = fields[1].replace("\\040", " ")
        if target.is_relative_to(mounted) and len(mounted) >= len(best[0]):
            best = (mounted, fields[2])
    return best[1]
