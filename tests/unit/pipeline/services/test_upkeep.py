"""Stores of a road apart are kept as long as the configuration says, by whoever leads."""

from pathlib import Path

import pytest

from pipeline.judging.scorer import Judgement, Label
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.services import upkeep
from pipeline.services.upkeep import Upkeep
from pipeline.settings.durations import DAY
from pipeline.settings.sections.storage import StorageSection
from pipeline.stores.mentions import MentionFilter, MentionStore
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import VERSION, DeadLetter, JudgedEntry, JudgedEnvelope
from tests.scene import START, DrivenClock


def fill(place: Place) -> None:
    judgement = Judgement(Label.NEUTRAL, 0.0, 1.0, 0.0, 0.0, "en", "vader")
    mentions, rejected = MentionStore(place), RejectedStore(place)
    for number, at in enumerate((START - 100 * DAY, START - DAY)):
        entry = JudgedEntry("Acme", Mention(str(number), "door", at, at, "so"), judgement, 1, at)
        mentions.take([JudgedEnvelope(VERSION, [entry], number)], number)
        bad = Rejected(RejectedReason.INVALID, str(number), "no", b"{}", "door")
        rejected.take([DeadLetter(VERSION, bad, at)], number)
    mentions.close()
    rejected.close()


def kept(place: Place) -> tuple[int, int]:
    mentions, rejected = MentionStore(place), RejectedStore(place)
    try:
        return len(mentions.find(MentionFilter())), len(rejected.find())
    finally:
        mentions.close()
        rejected.close()


def test_what_is_too_old_goes_once_one_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    fill(place)
    passed = [0.0]
    monkeypatch.setattr(upkeep, "stopwatch", lambda: passed[0])
    leads = [False]
    keeping = Upkeep(place, StorageSection(), DrivenClock(START), lambda: leads[0])
    passed[0] = 10_000.0
    keeping.step()
    assert kept(place) == (2, 2)
    leads[0] = True
    keeping.step()
    assert kept(place) == (1, 1)
    keeping.close()
