"""A mention as people are shown it beside an alert: masked and of bounded length."""

from alerts.samples import Sample
from pipeline.judging.privacy import redact
from pipeline.wire import JudgedEntry

LONGEST = 280
"""Characters of a sample's text."""


def sample_of(entry: JudgedEntry) -> Sample:
    """Return the mention with handles, addresses and telephone numbers masked, cut at 280."""
    mention = entry.mention
    text = redact(mention.text, handles=True)
    return Sample(
        mention.id,
        text if len(text) <= LONGEST else text[: LONGEST - 1] + "…",
        mention.url,
        mention.channel,
        entry.judgement.language,
        mention.event_time,
    )
