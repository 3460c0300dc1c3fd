"""Which cell of the week's season an instant lies in, in a brand's own zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

QUARTER = 15 * 60_000
"""No zone changes its offset but at a multiple of a quarter of an hour."""
_SATURDAY = 5


class Seasons:
    """Cells of zones: the hour of the day, plus 24 on Saturday and Sunday (0 to 47).

    >>> Seasons().cell("America/New_York", 1424548800000)  # Saturday 21 Feb 2015, 20:00 UTC
    39
    """

    __slots__ = ("_cells", "_quarter", "_zones")

    def __init__(self) -> None:
        self._zones: dict[str, ZoneInfo] = {}
        self._cells: dict[str, int] = {}
        self._quarter = -1

    def cell(self, zone: str, instant: int) -> int:
        """The cell of this instant; raise ZoneInfoNotFoundError for a zone nobody knows."""
        quarter = instant // QUARTER
        if quarter != self._quarter:
            self._cells = {}
            self._quarter = quarter
        cell = self._cells.get(zone)
        if cell is None:
            info = self._zones.get(zone)
            if info is None:
                info = self._zones[zone] = ZoneInfo(zone)
            local = datetime.fromtimestamp(instant // 1000, UTC).astimezone(info)
            cell = local.hour + (24 if local.weekday() >= _SATURDAY else 0)
            self._cells[zone] = cell
        return cell
