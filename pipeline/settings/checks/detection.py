"""[detection] and [storage]: numbers that do not fit one another."""

from pipeline.settings.checks.report import Report
from pipeline.settings.durations import DAY, HOUR, format_duration


def check_detection(report: Report) -> None:
    """Check that buckets tile the hour and that windows hold whole buckets."""
    detection = report.document.detection
    if HOUR % detection.bucket:
        report.mistake(
            ("detection", "bucket"),
            f'"{format_duration(detection.bucket)}" does not divide an hour',
            'write "60s", "2m", "5m" ...',
        )
    elif detection.floor.window % detection.bucket:
        report.warning(
            ("detection", "floor", "window"),
            "is not a whole number of buckets and is rounded",
            f"write a multiple of {format_duration(detection.bucket)}",
        )
    if detection.allowed_lateness > HOUR:
        report.warning(
            ("detection", "allowed_lateness"),
            f'delays every page by "{format_duration(detection.allowed_lateness)}"',
            "write a minute or two; mentions of slow sources are counted through max_delay",
        )


def check_storage(report: Report) -> None:
    """Check that what is kept is kept for as long as it is looked at."""
    storage = report.document.storage
    if storage.mentions_retention < 7 * DAY:
        report.warning(
            ("storage", "mentions_retention"),
            "is shorter than the 7 days an incident's drivers are compared with",
            'write "7d" or more',
        )
    if storage.log_retention < DAY:
        report.warning(
            ("storage", "log_retention"),
            "is shorter than a day: an outage overnight would lose mentions",
            'write "1d" or more',
        )
    if not str(storage.directory).strip() or "\0" in str(storage.directory):
        report.mistake(("storage", "directory"), "is no path", "write a folder")
