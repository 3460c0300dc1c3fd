"""The logs and the fold's rows, kept in one SQLite file."""

from pipeline.log.database import translated
from pipeline.log.kind import LogKind
from pipeline.log.lock import EngineLock
from pipeline.log.rejections import Rejections, StoredRejected
from pipeline.log.sqlite import FoldRows, SqliteLog

__all__ = [
    "EngineLock",
    "FoldRows",
    "LogKind",
    "Rejections",
    "SqliteLog",
    "StoredRejected",
    "translated",
]
