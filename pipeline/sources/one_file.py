"""One file on its way to being read: how far it is, and what is wrong with the whole of it."""

from collections.abc import Callable, Iterator, Sequence

from pipeline.mention import Mention, Rejected
from pipeline.sources.json_lines import JsonLines
from pipeline.sources.order import Survey
from pipeline.sources.tabular import Table

Items = Iterator[list[Mention | Rejected]]


class OneFile:
    """One file on its way: its form, and how far it is (half of it the first pass)."""

    def __init__(
        self, form: Table | JsonLines, label: str, size: int, heard: Callable[[], None]
    ) -> None:
        self.form = form
        self.label = label
        self.size = size
        self.done = 0
        self._heard = heard
        self._mentions = False
        self._rejected = 0

    def complaints(self) -> list[str]:
        """Say what is wrong with the whole of it, once it was read: a line each."""
        said = []
        if self.form.ends_after is not None:
            said.append(
                f"{self.label}: damaged or cut off after line {self.form.ends_after}; "
                "what follows was not read"
            )
        if self.form.swallowed:
            said.append(f"{self.label}: {self.form.swallowed}")
        if not self._mentions:
            rows = f": {self._rejected:,} rejected" if self._rejected else ""
            said.append(f"no mention in {self.label}{rows}")
        return said

    def survey(self) -> Survey:
        """Take the first pass."""
        return self.form.survey(self._moved)

    def chunks(
        self, seen: Survey, now: int | None, ingested_at: int | None, *, weight: float
    ) -> Items:
        """Take the second pass; it is worth `weight` of the second half."""

        def moved(position: int) -> None:
            self._moved(self.size + int(position * weight))

        for chunk in self.form.chunks(seen.misdated, moved, now=now, ingested_at=ingested_at):
            if chunk:
                if not self._mentions:
                    self._look_at(chunk)
                yield chunk

    def merged(self, share: float) -> None:
        """Note how much of what was sorted has been given."""
        self._moved(int(self.size * (1.5 + share / 2)))

    def finish(self) -> None:
        """Note that all is given."""
        self._moved(2 * self.size)

    def _look_at(self, chunk: Sequence[Mention | Rejected]) -> None:
        self._mentions = any(isinstance(item, Mention) for item in chunk)
        self._rejected += len(chunk)

    def _moved(self, done: int) -> None:
        self.done = min(max(self.done, done), 2 * self.size)
        self._heard()
