"""[policy]: steps that lead to somebody."""

from pipeline.settings.checks.receivers import check_url
from pipeline.settings.checks.report import Report
from pipeline.settings.positions import KeyPath
from pipeline.settings.sections.receiver import ReceiverKind
from pipeline.settings.text import nearest, visible


def check_policy(report: Report) -> None:
    """Check that every step and list names receivers that exist, and that they reach somebody."""
    policy = report.document.policy
    known = [receiver.name for receiver in report.document.receivers]
    used: set[str] = set()
    for number, step in enumerate(policy.steps):
        path: KeyPath = ("policy", "steps", number)
        if not step.receivers:
            report.mistake((*path, "receivers"), "is empty: the step reaches nobody", "name one")
        _check_names(report, (*path, "receivers"), step.receivers, known)
        used.update(step.receivers)
    for key, names in (("lead", policy.lead), ("ops", policy.ops), ("info", policy.info)):
        _check_names(report, ("policy", key), names, known)
        used.update(names)
    if policy.public_url:
        check_url(report, ("policy", "public_url"), policy.public_url, shown=True)
    if policy.steps:
        used |= {nearest(name, known) for name in used}
        for number, receiver in enumerate(report.document.receivers):
            if receiver.name and receiver.name not in used:
                report.warning(
                    ("receivers", number),
                    f'"{visible(receiver.name)}" stands in no step: it is told nothing',
                    "name it in a step, or remove it",
                )
    if all(receiver.kind is ReceiverKind.CONSOLE for receiver in report.document.receivers):
        report.warning(
            ("receivers",),
            "the only receiver is the console: a page wakes nobody",
            "add a receiver of kind webhook",
        )


def _check_names(report: Report, path: KeyPath, names: tuple[str, ...], known: list[str]) -> None:
    for number, name in enumerate(names):
        report.check_known((*path, number), name, known, "receiver")
        if name in names[:number]:
            report.warning((*path, number), f'"{visible(name)}" stands here twice', "remove one")
