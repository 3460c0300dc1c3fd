"""The logs and the fold's rows, kept in one SQLite file."""

from pipeline.log.database import translated
from pipeline.log.lock import EngineLock
from pipeline.log.sqlite import FoldRows, LogKind, SqliteLog, StoredRejected

__all__ = ["EngineLock", "FoldRows", "LogKind", "SqliteLog", "StoredRejected", "translated"]
