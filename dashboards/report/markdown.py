"""One incident as Markdown: for a wiki, a chat or a post-mortem."""

import re
from collections.abc import Iterable, Sequence

from alerts.facts import has_mentions
from alerts.incident import Level
from alerts.notification import Outcome
from alerts.plain import link, one_line
from alerts.wording import counted, name, percent
from dashboards.report.account import Account
from dashboards.report.times import duration, moment, short
from dashboards.report.words import (
    OUTCOMES,
    RULES,
    happened,
    post_of,
    reasons,
    summary,
    verdict,
    what,
)

_ACTIVE = re.compile(r"([\\`*_\[\]{}|~$^=!#@]|:(?! |\d\d\b(?!:)))")
_STARTS = re.compile(r"^(\s*)([-+>]|\d{1,9}[.)])")


def plain(text: str, limit: int = 4_000) -> str:
    r"""Text of anybody as Markdown that shows it and does nothing: on one line, all escaped.

    No emphasis, code, link, image, table cell, heading, mention or HTML can come of it, in
    CommonMark or GitHub's dialect.

    >>> print(plain("a|b <b>*c*</b> [x](javascript:1)"))
    a\|b &lt;b&gt;\*c\*&lt;/b&gt; \[x\](javascript\:1)
    """
    line = one_line(text, limit)
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = _ACTIVE.sub(r"\\\1", line)
    line = re.sub(r"(?i)\bwww\.", lambda found: found[0][:-1] + "\\.", line)
    return _STARTS.sub(_unstarted, line)


def _unstarted(found: re.Match[str]) -> str:
    space, mark = found[1], found[2]
    return f"{space}{mark[:-1]}\\{mark[-1]}"


def markdown(account: Account, zone: str, now: int) -> str:
    """The whole report as Markdown; `now` is when it was asked for (people's time, ms)."""
    incident = account.incident
    lines = [
        f"# {plain(name(incident.brand))}: {incident.severity}, {moment(incident.opened_at, zone)}",
        "",
        plain(summary(account, zone)),
        "",
        *_table(("", ""), _numbers(account, zone)),
        "",
        "## Time line",
        "",
        *_table(
            ("when", "what", "who"),
            [
                (
                    short(event.at, zone),
                    _with_post(plain(happened(event, zone)), post_of(event)),
                    plain(name(event.by)) or "system",
                )
                for event in account.told
            ],
        ),
    ]
    if account.levels:
        lines += ["", f"In between it was said {len(account.levels)} times how high it stood."]
    lines += ["", "## What was said to whom", "", *_said(account, zone)]
    if has_mentions(incident) or account.drivers:
        lines += ["", "## What drove it", "", *_drivers(account)]
        lines += ["", "## Samples", "", *_samples(account, zone)]
    lines += [
        "",
        "---",
        f"Incident `{_code(incident.id)}`, as of {moment(now, zone)}.",
        "Samples are masked: handles, e-mail addresses, telephone and card numbers are hidden.",
        "",
    ]
    return "\n".join(lines)


def _numbers(account: Account, zone: str) -> list[tuple[str, str]]:
    incident, course, peak = account.incident, account.course, account.peak
    rows = [("rule", RULES[incident.rule]), ("why", plain(what(incident)))]
    if has_mentions(incident):
        rows += [
            ("at its opening", _level(incident.opening)),
            ("furthest above the usual", f"{_level(peak)}, {short(peak.event_time, zone)}"),
        ]
    return [
        *rows,
        ("noticed", f"{duration(course.to_notice)} after its opening"),
        ("first page", duration(course.to_page, "none was delivered")),
        ("acknowledged", duration(course.to_acknowledge, "never")),
        ("first update", duration(course.to_update, "none recorded")),
        ("over", duration(course.to_resolve, "not yet")),
        ("verdict", verdict(incident)),
    ]


def _level(level: Level) -> str:
    share = f"{percent(level.share)} negative"
    usual = "" if level.still_learning else f" (usually {percent(level.usual_share)})"
    return f"{counted(level)}; {share}{usual}"


def _said(account: Account, zone: str) -> list[str]:
    if not account.said:
        return ["Nothing."]
    return _table(
        ("when", "why", "to", "outcome", "headline"),
        [
            (
                short(each.row.notification.at, zone),
                reasons(each.row.notification),
                plain(name(each.row.notification.receiver)),
                _outcome(each.row.outcome, each.row.detail),
                "" if each.read is None else plain(each.read.title),
            )
            for each in account.said
        ],
    )


def _outcome(outcome: Outcome, detail: str) -> str:
    if outcome is Outcome.DELIVERED or not detail:
        return OUTCOMES[outcome]
    return f"{OUTCOMES[outcome]}: {plain(detail, 200)}"


def _drivers(account: Account) -> list[str]:
    if not account.drivers:
        return ["Nothing stood out against what is usual for the brand."]
    return [
        f"- {plain(driver.phrase, 200)} ({plain(driver.kind, 30)}, {driver.count} negatives)"
        + ("" if driver.sample is None else f": \u201c{plain(driver.sample.text, 300)}\u201d")
        for driver in account.drivers
    ]


def _samples(account: Account, zone: str) -> list[str]:
    if not account.samples:
        return ["None are kept."]
    return [
        f"- \u201c{plain(each.text, 400)}\u201d ({plain(name(each.channel)) or 'unnamed'}, "
        f"{short(each.event_time, zone)}){_with_post('', link(each.url))}"
        for each in account.samples
    ]


def _with_post(text: str, post: str) -> str:
    """A text with the link that was checked to be one."""
    return f"{text} <{_address(post)}>" if post else text


def _address(post: str) -> str:
    """An address inside <>, where nothing is unescaped; it holds no space, no < and no >."""
    return post.replace("|", "%7C")


def _code(text: str) -> str:
    """Text between backticks: one line, without a backtick or a table's border."""
    return one_line(text, 400).replace("`", "'").replace("|", "/")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
