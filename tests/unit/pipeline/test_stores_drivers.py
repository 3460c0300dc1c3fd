"""Drivers from the mention store: bounded reading, and never in the way of a page."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from detectors.reading import Rule
from pipeline.stores import MentionFilter, MentionStore
from pipeline.stores import drivers as reading
from pipeline.stores import samples as sampling
from pipeline.stores.drivers import read_drivers
from pipeline.stores.samples import MentionSamples
from pipeline.wire import VERSION, JudgedEntry, JudgedEnvelope
from tests.unit.pipeline.makers import DAY, HOUR, MINUTE, T0
from tests.unit.pipeline.test_drivers import NEUTRAL, calm, crowd, said
from tests.unit.pipeline.test_embedded import make_engine


def filled(directory: Path, *entries: JudgedEntry) -> MentionStore:
    store = MentionStore(directory, durable=False)
    voices = [replace(each, voice=True) for each in entries]
    for at in range(0, len(voices), 5_000):
        store.take([JudgedEnvelope(VERSION, voices[at : at + 5_000])], offset=at + 1)
    return store


class Counting(MentionStore):
    """Notes how many rows are touched."""

    touched = 0

    def glance(
        self, wanted: MentionFilter, *, rows: int, newest: bool = False, others_every: int = 0
    ) -> tuple[list[JudgedEntry], int]:
        found = super().glance(wanted, rows=rows, newest=newest, others_every=others_every)
        self.touched += found[1]
        return found


def test_the_brand_is_asked_alone_and_a_sample_is_masked(tmp_path: Path) -> None:
    window = crowd(12, "check-in broken, write to ann@example.org")
    others = [replace(each, brand="Other") for each in crowd(30, "the card is dead", "o")]
    store = filled(tmp_path, *window, *others, *calm(300))
    (driver,) = read_drivers(store, "Acme", T0 - HOUR, T0 + HOUR)
    assert (driver.kind, driver.phrase, driver.count) == ("phrase", "check-in broken", 12)
    assert driver.sample is not None
    assert "ann@" not in driver.sample.text
    assert read_drivers(store, "Acme", T0 + HOUR, T0 + 2 * HOUR) == ()
    assert read_drivers(store, "nobody", T0 - HOUR, T0 + HOUR) == ()
    assert read_drivers(store, "Acme", T0 - HOUR, T0 + HOUR, limit=0) == ()


def test_what_is_answered_is_looked_up_outside_the_span(tmp_path: Path) -> None:
    root = said("root", "We are closed today", "them", at=T0 - 2 * HOUR, judgement=NEUTRAL)
    answers = [
        replace(each, mention=replace(each.mention, conversation_id="root"))
        for each in crowd(8, "zzz")
    ]
    store = filled(tmp_path, root, *answers, *calm(300))
    (driver,) = read_drivers(store, "Acme", T0 - HOUR, T0 + HOUR)
    assert (driver.kind, driver.phrase) == ("conversation", "We are closed today")
    assert driver.sample is not None
    assert driver.sample.id == "root"


def test_a_crisis_that_began_before_the_span_is_not_what_is_usual(tmp_path: Path) -> None:
    begun = [
        replace(each, mention=replace(each.mention, event_time=T0 - 2 * HOUR + at))
        for at, each in enumerate(crowd(200, "the card is dead", "b"))
    ]
    store = filled(tmp_path, *begun, *crowd(12, "the card is dead"), *calm(300))
    (driver,) = read_drivers(store, "Acme", T0, T0 + HOUR)
    assert driver.phrase == "card dead"


def test_however_much_was_said_a_bounded_part_of_it_is_read(tmp_path: Path) -> None:
    loud = [
        said(f"l{n}", f"late again {n:x}zz", at=T0 - DAY + n * DAY // 30_000) for n in range(30_000)
    ]
    filled(tmp_path, *loud, *crowd(25, "check-in broken")).close()
    store = Counting(tmp_path)
    assert read_drivers(store, "Acme", T0, T0 + HOUR)[0].phrase == "check-in broken"
    assert store.touched < 20_000 + 10_000
    store.touched = 0
    read_drivers(store, "Acme", T0 - DAY, T0 + HOUR)  # the whole day is asked for
    assert store.touched < 10_000
    assert (
        len(reading._said(store, "Acme", T0 - DAY, T0 + HOUR)) <= reading.NEGATIVES
    )  # what is read has no other window
    part = reading._said(store, "Acme", T0 - DAY, T0 + HOUR)  # the same
    early = [each for each in part if each.mention.event_time < T0 - DAY // 2]
    assert len(early) > 100  # not the newest alone


def test_slices_leave_nothing_out_of_a_quiet_span(tmp_path: Path) -> None:
    entries = calm(200)
    store = filled(tmp_path, *entries)
    usual = reading._usual(store, "Acme", T0, float("inf"))
    assert usual is not None
    negative = {each.mention.id for each in entries if each.judgement is not NEUTRAL}
    assert negative <= {each.mention.id for each in usual}
    assert len({each.mention.id for each in usual}) == len(usual)


def test_a_page_goes_without_drivers_rather_than_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    del caplog
    engine = make_engine(tmp_path)
    store = filled(tmp_path, *crowd(12, "check-in broken"), *calm(300))
    around = T0 + 10 * MINUTE

    def asked() -> tuple[str, ...] | None:
        found = samples.samples("Acme", Rule.NEGATIVE_SURGE, around, 3)
        assert found is not None
        assert len(found.samples) == 3
        return tuple(each.phrase for each in found.drivers)

    samples = MentionSamples(engine.log, store)

    def faulty(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(sampling, "read_drivers", faulty)
    assert asked() == ()
    monkeypatch.setattr(sampling, "read_drivers", read_drivers)
    time = [0.0]
    monkeypatch.setattr(sampling, "stopwatch", lambda: time[0])
    samples = MentionSamples(engine.log, store)
    samples._wanted["Acme", around] = (0, -sampling.WAIT)  # all of the wait is over
    assert asked() == ()
    time[0] = 2 * 60.0  # a later message has time again
    assert asked() == ("check-in broken",)
    monkeypatch.setattr(sampling, "read_drivers", faulty)
    assert asked() == ("check-in broken",)  # found once for all receivers


def test_a_search_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path, *crowd(12, "check-in broken"), *calm(300))
    time = iter(range(10_000))
    monkeypatch.setattr(reading, "stopwatch", lambda: float(next(time)))
    assert read_drivers(store, "Acme", T0 - HOUR, T0 + HOUR, patience=3.0) == ()
