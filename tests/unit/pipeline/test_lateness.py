"""Late or not, as a writer without a fold says it: what the fold itself would say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.intake import Disposition
from pipeline.lateness import Lateness
from tests.unit.pipeline.makers import HOUR, MINUTE, T0, make_fold, mention, tick


@given(
    now=st.integers(0, 3 * HOUR),
    ago=st.integers(-MINUTE, 4 * HOUR),
    source=st.sampled_from(("s", "polled")),
)
@settings(deadline=None, max_examples=200)
def test_it_says_what_the_fold_says(now: int, ago: int, source: str) -> None:
    delays = {"polled": 2 * HOUR}
    fold = make_fold(max_delay=delays)
    fold.apply(tick(T0))
    fold.apply(tick(T0 + now))
    each = mention("a", T0 + now - ago, source=source)
    said = Lateness(max_delay=delays).of(Disposition.ACCEPTED, each, T0 + now)
    assert (said is Disposition.LATE) == fold.would_be_late(source, each.event_time)


def test_what_concerns_nobody_stays_so_and_a_log_without_time_knows_nothing_late() -> None:
    old = mention("a", T0)
    assert Lateness().of(Disposition.NO_BRAND, old, T0 + 9 * HOUR) is Disposition.NO_BRAND
    assert Lateness().of(Disposition.ACCEPTED, old, None) is Disposition.ACCEPTED
