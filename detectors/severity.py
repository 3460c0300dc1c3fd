"""How bad it is."""

from enum import StrEnum


class Severity(StrEnum):
    """Three grades, in rising order; compare them by `rank`.

    >>> Severity.CRITICAL.rank > Severity.WARNING.rank > Severity.INFO.rank
    True
    """

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for critical."""
        return _RANKS[self]


_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
