"""How the panel's templates write the demonstration's own things."""

from hashlib import blake2b

from markupsafe import Markup

from alerts.times import rfc3339
from pipeline.demo.outcome import summary


class Words:
    """Functions for templates."""

    summary = staticmethod(summary)

    @staticmethod
    def clock(at: int) -> Markup:
        """The time of day, large: UTC as text, put into the viewer's zone by page.js."""
        said = rfc3339(at)
        return Markup('<time datetime="{}" data-form="clock">{}</time>').format(said, said[11:16])

    @staticmethod
    def name(key: str) -> str:
        """An element's id that stays with its message, whatever its key holds."""
        return blake2b(key.encode("utf-8", "replace"), digest_size=6).hexdigest()

    @staticmethod
    def passing(speed: float) -> str:
        """How much of the story passes in a second.

        >>> Words.passing(14.0), Words.passing(800.0), Words.passing(9000.0)
        ('1 s = 14 s', '1 s = 13 min', '1 s = 2.5 h')
        """
        if speed < 60:
            return f"1 s = {speed:.0f} s"
        if speed < 7_200:
            return f"1 s = {speed / 60:.0f} min"
        return f"1 s = {speed / 3600:.1f} h"
