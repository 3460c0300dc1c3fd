from datetime import datetime

from tests.bench.airline import CRISES, EASTERN, MEME, Opened, Result, Run, document


def opened(brand: str, day: int, hour: int, minute: int = 0) -> Opened:
    moment = datetime(2015, 2, day, hour, minute, tzinfo=EASTERN)
    return Opened(brand, int(moment.timestamp() * 1000))


def run(*each: Opened) -> Run:
    return Run(0, "UTC", list(each))


def test_a_window_holds_its_own_brand_between_its_hours() -> None:
    airways, southwest, _ = CRISES
    assert airways.holds(opened("US Airways", 21, 22))
    assert airways.holds(opened("US Airways", 22, 17, 59))
    assert not airways.holds(opened("US Airways", 22, 18))
    assert not airways.holds(opened("United", 22, 3))
    assert not southwest.holds(opened("Southwest", 21, 11, 59))


def test_a_run_counts_once_in_a_window_and_everything_else_is_listed() -> None:
    result = Result(
        [
            run(opened("US Airways", 22, 0), opened("US Airways", 22, 10)),
            run(opened("US Airways", 22, 0), opened("US Airways", 23, 10)),
            run(opened("JetBlue", 23, 14)),
        ]
    )
    assert [result.in_window(window) for window in CRISES] == [2, 0, 0]
    assert result.in_window(MEME) == 1
    told = document(result, "balanced")
    assert told["others_a_run"] == 0.667
    assert told["others"] == [
        {
            "brand": "US Airways",
            "opened_at": "2015-02-23T10:00-05:00",
            "hours": 0,
            "zone": "UTC",
        },
        {"brand": "JetBlue", "opened_at": "2015-02-23T14:00-05:00", "hours": 0, "zone": "UTC"},
    ]
