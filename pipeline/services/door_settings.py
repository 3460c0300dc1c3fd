"""What the HTTP door is told, out of a configuration."""

from pipeline.decoding import SourceDefaults
from pipeline.settings import Settings
from pipeline.settings.sections.source import SourceKind, SourceSection
from pipeline.sources.http.settings import DEFAULT_SOURCE, HttpSettings, HttpSource, Limits


def http_settings(settings: Settings, *, event_mode: bool) -> HttpSettings:
    """Return what the door is told; with `event_mode` it also takes the end of the input."""
    ingest = settings.ingest
    sections = [each for each in settings.sources if each.kind is SourceKind.HTTP]
    sources = tuple(_http_source(each) for each in sections)
    return HttpSettings(
        sources=sources or (HttpSource(SourceDefaults(DEFAULT_SOURCE)),),
        secrets=ingest.secrets(),
        tokens=ingest.tokens(),
        limits=Limits(body_bytes=ingest.max_body_bytes, mentions=ingest.max_mentions),
        event_time=event_mode,
    )


def _http_source(section: SourceSection) -> HttpSource:
    return HttpSource(
        SourceDefaults(section.name, language=section.language, zone=section.zone or None),
        section.secrets(),
        section.tokens(),
    )
