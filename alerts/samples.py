"""What people said, as a page shows it: masked samples, what drives them, languages, channels."""

from typing import Protocol

import msgspec

from detectors.reading import Rule


class Sample(msgspec.Struct, frozen=True):
    """One negative mention, already masked (handles, links, addresses, numbers).

    `url` is its link, empty where it has none.
    """

    id: str
    text: str
    url: str = ""
    channel: str = ""
    language: str = ""
    event_time: int = 0


class Driver(msgspec.Struct, frozen=True):
    """One thing that the negatives of a crisis have in common and usual ones have not.

    `kind` is word, phrase, hashtag, link, author or conversation; `phrase` at most 60 characters
    on one line, names of brands, people and numbers masked (a stranger's words all the same:
    escape them); `count` the independent voices; `sample` one of the mentions, masked.
    """

    kind: str
    phrase: str
    count: int
    sample: Sample | None = None


class Samples(msgspec.Struct, frozen=True):
    """A few samples, how many negatives there were by language and channel, what drives them."""

    samples: tuple[Sample, ...] = ()
    languages: tuple[tuple[str, int], ...] = ()
    channels: tuple[tuple[str, int], ...] = ()
    drivers: tuple[Driver, ...] = ()


class SampleSource(Protocol):
    """The mention store, as a page asks it."""

    def samples(self, brand: str, rule: Rule, around: int, limit: int) -> Samples | None:
        """Give at most `limit` samples of what was said just before `around` (event time).

        None: the mentions of that bucket are not there yet; asking again soon may help.
        """
        ...


class NoSamples:
    """Stands in where mentions are not kept, so that a page goes out without waiting."""

    def samples(self, brand: str, rule: Rule, around: int, limit: int) -> Samples | None:
        """Give none, and say that there is nothing to wait for."""
        del brand, rule, around, limit
        return Samples()
