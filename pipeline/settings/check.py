"""Everything that is wrong with a draft."""

from pipeline.settings.checks.brands import check_brands
from pipeline.settings.checks.detection import check_detection, check_storage
from pipeline.settings.checks.environment import check_environment
from pipeline.settings.checks.ingest import check_ingest
from pipeline.settings.checks.kafka import check_database, check_kafka
from pipeline.settings.checks.page import check_page
from pipeline.settings.checks.policy import check_policy
from pipeline.settings.checks.receivers import check_receivers
from pipeline.settings.checks.report import Report
from pipeline.settings.checks.sources import check_sources
from pipeline.settings.draft import Draft
from pipeline.settings.findings import Finding, Weight

_FAR = 2**31


def findings_of(draft: Draft, *, surroundings: bool = False) -> list[Finding]:
    """Return all mistakes and warnings by their lines; a mistake without a line comes first.

    With `surroundings` also what stands outside the file is looked at: environment variables,
    secret files, files to read. What is not understood is not checked for sense.
    """
    report = Report(draft, surroundings=surroundings)
    strangers = [] if draft.syntax_broken else check_environment(draft)
    if not draft.syntax_broken:
        for check in (
            check_storage,
            check_database,
            check_ingest,
            check_kafka,
            check_page,
            check_sources,
            check_detection,
            check_brands,
            check_receivers,
            check_policy,
        ):
            check(report)
    return sorted([*draft.findings, *strangers, *report.findings], key=_order)


def _order(finding: Finding) -> tuple[int, str, bool, str]:
    warning = finding.weight is Weight.WARNING
    line = (_FAR if warning else 0) if finding.line is None else finding.line
    return line, finding.place, warning, finding.key
