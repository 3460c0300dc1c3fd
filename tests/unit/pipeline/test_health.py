from pipeline.health import Health, Ill


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_ready_only_once_everything_expected_is_well() -> None:
    health = Health(Watch())
    health.expect("log")
    health.expect("alerts")
    health.well("log")
    assert [(one.component, one.ill) for one in health.reasons()] == [("alerts", Ill.STARTING)]
    health.well("alerts")
    assert health.reasons() == ()


def test_a_failure_lasts_until_it_is_taken_back() -> None:
    health = Health(Watch())
    health.failed("log", "the disk is full")
    health.failed("log", "the disk is full still")
    assert [one.detail for one in health.reasons()] == ["the disk is full still"]
    assert health.stalled() == ()
    health.well("log")
    assert health.reasons() == ()


def test_who_is_not_heard_of_in_time_has_stalled() -> None:
    watch = Watch()
    health = Health(watch)
    health.watch("engine", within=5_000)
    watch.seconds = 5.0
    assert health.stalled() == ()
    watch.seconds = 6.0
    assert [(one.component, one.detail) for one in health.stalled()] == [
        ("engine", "not heard of for 6 s")
    ]
    assert health.reasons() == health.stalled()
    health.beat("engine")
    assert health.stalled() == ()
    watch.seconds = 60.0
    health.unwatch("engine")
    assert health.stalled() == ()
    health.beat("engine")
    assert health.reasons() == ()


def test_reasons_come_by_name() -> None:
    watch = Watch()
    health = Health(watch)
    for component in ("b", "a", "c"):
        health.failed(component, "x")
        health.watch(f"{component}2", within=1)
    watch.seconds = 1.0
    assert [one.component for one in health.reasons()] == ["a", "b", "c", "a2", "b2", "c2"]
