"""The engine's process: started, spoken to, killed and started again by the page's process."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

import msgspec
import structlog

from dashboards.demo import protocol as say

_log = structlog.get_logger(__name__)

_PATIENCE = 5.0
"""Seconds an engine gets to end by itself."""


class Engine:
    """One engine process; `hear` gets its reports, `gone` is told when it ended unasked.

    Both are called in a thread of its own. A command for an engine that is gone is dropped.
    """

    def __init__(
        self,
        begin: say.Begin,
        hear: Callable[[say.Report], None],
        gone: Callable[["Engine"], None],
    ) -> None:
        self._hear = hear
        self._gone = gone
        self._ending = False
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # this very program, in its own process
            # -P: a folder of the user's that is called like one of ours must not be taken for it.
            [sys.executable, "-P", "-m", "dashboards.demo.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # Ctrl-C is for us: we end it
        )
        self.tell(begin)
        self._reader = threading.Thread(target=self._read, name="demo engine", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is no more."""
        return self._process.poll() is not None

    def tell(self, command: say.Command) -> None:
        """Give a command."""
        with self._lock, suppress(OSError, ValueError):  # it is gone, and that is told elsewhere
            _pipe(self._process.stdin).write(say.line(command))
            _pipe(self._process.stdin).flush()

    def kill(self) -> None:
        """End it in the middle of whatever it does (SIGKILL), and wait until it is gone."""
        self._ending = True
        self._process.kill()
        self._finish()

    def stop(self) -> None:
        """Let it end by itself, else kill it."""
        self._ending = True
        self.tell(say.Stop())
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._finish()

    def _finish(self) -> None:
        self._process.wait()
        if threading.current_thread() is not self._reader:
            self._reader.join(_PATIENCE)
        self._close()

    def _close(self) -> None:
        with self._lock, suppress(OSError):
            _pipe(self._process.stdin).close()
        _pipe(self._process.stdout).close()

    def _read(self) -> None:
        for said in _pipe(self._process.stdout):
            try:
                report = say.reports.decode(said)
            except msgspec.DecodeError:  # cut off in the middle by a kill
                continue
            try:
                self._hear(report)
            except Exception:  # noqa: BLE001  # said aloud; the next report is heard all the same
                _log.exception("demo_report_failed")
        self._process.wait()
        if not self._ending:
            self._close()
            self._gone(self)


def _pipe(stream: "IO[bytes] | None") -> IO[bytes]:
    if stream is None:  # both were asked for
        raise AssertionError("no pipe")
    return stream
