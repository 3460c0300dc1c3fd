import msgspec
import pytest

from alerts.feed import TimePassed
from alerts.heard import decide_signal
from alerts.incident import Opened
from alerts.notification import Reason
from alerts.policy import LifecycleSettings
from alerts.store import open_store
from detectors.brand import BrandDetectors
from detectors.observation import Bucket
from detectors.settings import Detection
from detectors.severity import Severity
from detectors.signal import SignalKind
from pipeline.folding.brand import BrandRow, Totals
from pipeline.reconciling import differences, reconcile
from tests.scene import POLICY, Recorder, event_alerter, signal

START = 1_700_000_040_000
MINUTE = 60_000


def row(brand: str = "Acme", *, buckets: int = 3, **totals: int) -> BrandRow:
    detectors = BrandDetectors(brand, Detection())
    for number in range(buckets):
        detectors.close(Bucket(START + number * MINUTE, MINUTE, 0), {})
    end = START + buckets * MINUTE
    return BrandRow(1, brand, end, Totals(**totals), {}, {}, detectors.state())


def with_story(found: BrandRow, **story: object) -> BrandRow:
    crisis = found.detectors.crisis
    told = msgspec.structs.replace(crisis.story, **story)
    state = msgspec.structs.replace(
        found.detectors, crisis=msgspec.structs.replace(crisis, story=told)
    )
    return msgspec.structs.replace(found, detectors=state)


def with_attention(found: BrandRow, **attention: object) -> BrandRow:
    state = msgspec.structs.replace(
        found.detectors,
        attention=msgspec.structs.replace(found.detectors.attention, **attention),
    )
    return msgspec.structs.replace(found, detectors=state)


def test_equal_rows_stay_as_they_are_and_nothing_is_said() -> None:
    one = row(mentions=5)
    done = reconcile(one, row(mentions=5), Detection(), whole=True)
    assert done.row == one
    assert done.signals == []
    assert differences(one, done.row, Detection(), "UTC") == []


def test_numbers_of_surges_never_go_back() -> None:
    done = reconcile(with_story(row(), number=5, seq=9), row(), Detection(), whole=True)
    assert done.row.detectors.crisis.story.number == 5
    done = reconcile(row(), with_story(row(), number=7), Detection(), whole=True)
    assert done.row.detectors.crisis.story.number == 7
    assert done.signals == []


def test_a_surge_both_hold_for_open_keeps_its_story_and_says_its_level() -> None:
    known = with_story(row(), number=2, seq=4, open=True, opened_at=START, reason="said so")
    found = with_story(row(), number=1, seq=1, open=True, opened_at=START + MINUTE)
    done = reconcile(known, found, Detection(), whole=True)
    story = done.row.detectors.crisis.story
    assert (story.number, story.seq, story.open, story.opened_at) == (2, 5, True, START)
    (signal,) = done.signals
    assert (signal.id, signal.kind) == ("Acme:negative_surge:2:5", SignalKind.LEVEL)
    assert signal.severity is known.detectors.crisis.story.severity


def test_a_surge_only_the_present_holds_for_open_is_ended() -> None:
    known = with_story(row(), number=2, seq=4, open=True, opened_at=START)
    done = reconcile(known, row(), Detection(), whole=True)
    assert [each.id for each in done.signals] == ["Acme:negative_surge:2:5"]
    assert done.signals[0].kind is SignalKind.ENDED
    assert not done.row.detectors.crisis.story.open


def test_a_surge_only_the_rebuilt_holds_for_open_is_left_to_the_next_bucket() -> None:
    found = with_story(row(), number=1, seq=3, open=True, opened_at=START)
    done = reconcile(row(), found, Detection(), whole=True)
    assert done.signals == []
    story = done.row.detectors.crisis.story
    assert (story.number, story.open) == (1, False)


def test_attention_is_reconciled_alike() -> None:
    known = with_attention(row(), number=3, seq=1, open=True, opened_at=START)
    done = reconcile(known, row(), Detection(), whole=True)
    assert [each.id for each in done.signals] == ["Acme:volume:3:2"]
    assert not done.row.detectors.attention.open
    done = reconcile(row(), known, Detection(), whole=True)
    assert done.signals == []
    assert (done.row.detectors.attention.number, done.row.detectors.attention.open) == (3, False)
    done = reconcile(known, with_attention(row(), number=1, open=True), Detection(), whole=True)
    assert done.signals == []
    assert (done.row.detectors.attention.number, done.row.detectors.attention.open) == (3, True)


@pytest.mark.parametrize("known_open", [True, False])
@pytest.mark.parametrize("found_open", [True, False])
def test_no_signal_opens_an_incident(*, known_open: bool, found_open: bool) -> None:
    known = with_story(row(), number=2, seq=4, open=known_open, opened_at=START)
    found = with_story(row(), number=2, seq=1, open=found_open, opened_at=START)
    for said in reconcile(known, found, Detection(), whole=True).signals:
        assert said.kind is SignalKind.ENDED or known_open
        events = decide_signal(None, said, START + 10 * MINUTE, LifecycleSettings())
        if said.kind is SignalKind.ENDED:
            assert not any(isinstance(event, Opened) for event in events)


def test_sums_stay_where_the_beginning_is_gone() -> None:
    present, rebuilt = row(mentions=500), row(mentions=20)
    assert reconcile(present, rebuilt, Detection(), whole=False).row.totals.mentions == 500
    assert reconcile(present, rebuilt, Detection(), whole=True).row.totals.mentions == 20


def test_differences_are_named_as_people_know_them() -> None:
    present = with_story(row(mentions=5), number=2)
    rebuilt = row(buckets=3, mentions=7)
    found = {
        each.what: (each.present, each.rebuilt)
        for each in differences(present, rebuilt, Detection(), "UTC")
    }
    assert found["mentions"] == ("5", "7")
    assert found["surges so far"] == ("2", "0")
    assert found["numbers of detectors that differ"] == ("0", "1")


@pytest.mark.parametrize("found_open", [True, False])
@pytest.mark.parametrize("known_open", [True, False])
@pytest.mark.parametrize("grave", [False, True])
def test_nobody_is_paged_by_a_rebuild(*, known_open: bool, found_open: bool, grave: bool) -> None:
    end = START + 3 * MINUTE
    severity = Severity.CRITICAL if grave else Severity.WARNING
    known = with_story(row(), number=1, seq=1, open=known_open, opened_at=START, severity=severity)
    found = with_story(
        row(), number=4, seq=9, open=found_open, opened_at=START, severity=Severity.CRITICAL
    )
    signals = reconcile(known, found, Detection(), whole=True).signals
    assert all(each.bucket_end == end for each in signals)
    store, recorder = open_store("sqlite://"), Recorder()
    alerter = event_alerter(store, recorder, msgspec.structs.replace(POLICY, rounds=1))
    opening = signal(START, severity=severity)
    alerter.apply([(0, opening), (1, TimePassed(START + 2 * MINUTE))], 0)
    pages = [said.reason for said in recorder.said].count("page")
    alerter.apply([*((2, each) for each in signals), (3, TimePassed(end))], 0)
    reasons = [Reason(said.reason) for said in recorder.said]
    assert [reason for reason in reasons if reason.is_page] == [Reason.PAGE] * pages
    with store.read() as view:
        (incident,) = view.incidents()
    assert incident.is_open == (found_open or not known_open)
    store.close()
