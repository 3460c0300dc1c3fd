"""`mentions list|show`: what was said, as it was judged and counted."""

from typing import Annotated

import typer

from pipeline.commands.output import (
    FINDING,
    Format,
    FormatOption,
    console,
    errors_told,
    plain,
    print_json,
    print_table,
    rfc3339,
)
from pipeline.commands.storage import DataOption, stores_at
from pipeline.commands.times import instant_argument
from pipeline.errors import SettingsError
from pipeline.judging.privacy import redact
from pipeline.judging.scorer import Label
from pipeline.stores import MentionFilter, MentionStore
from pipeline.wire import JudgedEntry

app = typer.Typer(help="What was said, as it was judged and counted.", no_args_is_help=True)
SHOWN = 100


@app.command("list")
def list_mentions(  # noqa: PLR0913  # each is an option of the command line
    brand: Annotated[str | None, typer.Option(help="Only of this brand.")] = None,
    since: Annotated[str | None, typer.Option(help="Only from this time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Only before this time.")] = None,
    label: Annotated[Label | None, typer.Option(help="Only those judged so.")] = None,
    late: Annotated[bool | None, typer.Option(help="Only late ones, or only the others.")] = None,
    own: Annotated[bool | None, typer.Option(help="Only the brand's own, or the others.")] = None,
    voices: Annotated[bool | None, typer.Option(help="Only voices, or only the others.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most this many.")] = 50,
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """List mentions, the newest first.

    Example: crisis-monitor mentions list --brand Acme --label negative --limit 20
    """
    with errors_told():
        wanted = MentionFilter(
            brand,
            None if since is None else instant_argument(since),
            None if until is None else instant_argument(until),
            label,
            own,
            late,
            voices,
        )
        store = MentionStore(stores_at(data).place, read_only=True)
        try:
            if brand is not None and brand not in (known := store.brands()):
                raise SettingsError(
                    f"nothing was ever heard of {brand!r} here; known: {', '.join(known) or 'none'}"
                )
            found = store.find(wanted, limit=limit)
        finally:
            store.close()
    if output is Format.JSON:
        print_json([document(entry) for entry in found])
        return
    print_table(
        f"{len(found)} mentions",
        ("time", "brand", "label", "language", "channel", "flags", "id", "text"),
        [
            (
                rfc3339(entry.mention.event_time),
                entry.brand,
                entry.judgement.label,
                entry.judgement.language,
                entry.mention.channel,
                ",".join(flags(entry)),
                entry.mention.id,
                redact(entry.mention.text)[:SHOWN],
            )
            for entry in found
        ],
    )


@app.command()
def show(
    mention_id: Annotated[str, typer.Argument(help="The mention's id.")],
    data: DataOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show one mention whole, once for each brand it concerns.

    Example: crisis-monitor mentions show 570306133677760513
    """
    with errors_told():
        store = MentionStore(stores_at(data).place, read_only=True)
        try:
            found = store.show(mention_id)
        finally:
            store.close()
    if not found:
        typer.echo(f"no mention with the id {mention_id!r} is kept here", err=True)
        raise typer.Exit(FINDING)
    if output is Format.JSON:
        print_json([document(entry) for entry in found])
        return
    for entry in found:
        for name, value in document(entry).items():
            console().print(f"[bold]{name}[/]: {plain(str(value))}")
        console().print()


def flags(entry: JudgedEntry) -> list[str]:
    """How a mention was counted, as words."""
    named = (
        ("voice", entry.voice),
        ("own", entry.own),
        ("delayed", entry.delayed),
        ("late", entry.late),
    )
    return [name for name, is_set in named if is_set]


def document(entry: JudgedEntry) -> dict[str, object]:
    """A judged mention for programs and for `show`."""
    mention, judgement = entry.mention, entry.judgement
    return {
        "id": mention.id,
        "brand": entry.brand,
        "source": mention.source,
        "channel": mention.channel,
        "kind": mention.kind,
        "event_time": rfc3339(mention.event_time),
        "ingested_at": rfc3339(mention.ingested_at),
        "author": {
            "id": mention.author.id,
            "handle": mention.author.handle,
            "name": mention.author.name,
            "followers": mention.author.followers,
        },
        "text": mention.text,
        "url": mention.url,
        "rating": mention.rating,
        "reach": mention.reach,
        "engagement": mention.engagement,
        "label": judgement.label,
        "negative": judgement.negative,
        "neutral": judgement.neutral,
        "positive": judgement.positive,
        "score": judgement.score,
        "language": judgement.language,
        "scorer": judgement.scorer,
        "copy": f"{entry.copy:016x}",
        "bucket": rfc3339(entry.bucket),
        "flags": flags(entry),
    }
