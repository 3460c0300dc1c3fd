"""What is wrong with a configuration: where, what, and how to mend it."""

from enum import StrEnum

import msgspec

from pipeline.errors import SettingsError
from pipeline.settings.positions import KeyPath
from pipeline.settings.text import visible


class Weight(StrEnum):
    """A mistake keeps the program from starting; a warning does not."""

    MISTAKE = "mistake"
    WARNING = "warning"


class Finding(msgspec.Struct, frozen=True, rename={"place": "file"}):
    """One thing found. `place` is a file or an environment variable, `line` counts from 1.

    `key` names the setting (`receivers[0].url`); `wrong` and `mend` are safe to print; `nearest`
    is the valid word most like the one written, or empty. Never holds a secret.
    """

    weight: Weight
    place: str
    line: int | None
    key: str
    wrong: str
    mend: str = ""
    nearest: str = ""

    @property
    def is_of_a_key(self) -> bool:
        """Whether it is about a signing secret or a bearer token."""
        return self.key.rpartition(".")[2].partition("_")[0] in {"secret", "token"}

    @property
    def is_of_the_database(self) -> bool:
        """Whether it is about the stores' database."""
        return self.key.startswith("storage.database")

    def text(self) -> str:
        """One line: place, line, weight, key, what is wrong, how to mend it."""
        where = self.place if self.line is None else f"{self.place}:{self.line}"
        said = (
            f"{where}: {self.weight}: {self.key}: {self.wrong}"
            if self.key
            else (f"{where}: {self.weight}: {self.wrong}")
        )
        return f"{said}: {self.mend}" if self.mend else said


class MistakesFound(SettingsError):  # named as the tree in pipeline.errors  # noqa: N818  # named as the tree in pipeline.errors
    """A configuration with mistakes; its text lists every one, `findings` holds them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        count = len(findings)
        first = "1 mistake" if count == 1 else f"{count} mistakes"
        lines = "\n".join(f"  {finding.text()}" for finding in findings)
        super().__init__(f"the configuration has {first}:\n{lines}")


def key_text(path: KeyPath) -> str:
    """Write a path as people read it: `receivers[0].url`; odd keys are quoted.

    >>> key_text(("receivers", 0, "a b"))
    'receivers[0]."a b"'
    """
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        else:
            plain = part.isascii() and part.replace("_", "").replace("-", "").isalnum()
            shown = part[:60] if plain else f'"{visible(part, 60)}"'
            written += f".{shown}" if written else shown
    return written
