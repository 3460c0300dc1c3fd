"""Environment variables that look like the program's own, and are read by nobody."""

from pipeline.settings.document import Document
from pipeline.settings.draft import Draft
from pipeline.settings.environment import meant_by
from pipeline.settings.findings import Finding, Weight
from pipeline.settings.text import visible


def check_environment(draft: Draft) -> list[Finding]:
    """Warn of each such variable: an underscore too few, and its value goes unheard."""
    found = []
    for name in draft.strangers():
        meant = meant_by(Document, name)
        place = f"environment variable {visible(name, 120)}"
        mend = f"write {meant}" if meant else "a setting is written CRISIS_MONITOR__SECTION__KEY"
        found.append(Finding(Weight.WARNING, place, None, "", "is read by nobody", mend, meant))
    return found
