"""Whether a page would reach somebody: receivers, their secrets, the way to them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from pipeline.checkup.line import Line, State, fail, ok, warn
from pipeline.settings import ReceiverKind, ReceiverSection, SecretUnavailable, Settings
from pipeline.settings.text import visible

_PATIENCE = 4.0
_CLOCKS_APART = 60_000
_SIGNED_FOR = 5
"""Minutes: the tolerance of Standard Webhooks."""


def check_people(settings: Settings, now: int, *, connect: bool) -> Iterator[Line]:
    """Look at every receiver and at whom the first step reaches; nothing is sent to them.

    With `connect` a webhook's server is asked for the headers of its address (HEAD).
    """
    with ThreadPoolExecutor(max_workers=8) as pool:
        told = list(
            pool.map(lambda each: _receiver(each, now, connect=connect), settings.receivers)
        )
    yield from told
    failing = {
        receiver.name
        for receiver, line in zip(settings.receivers, told, strict=True)
        if line.state is State.FAIL
    }
    yield _pages(settings, failing)


def _pages(settings: Settings, failing: set[str]) -> Line:
    policy = settings.policy()
    kinds = {receiver.name: receiver.kind for receiver in settings.receivers}
    reached = [name for step in policy.steps for name in step]
    awake = [name for name in reached if kinds.get(name) not in (None, ReceiverKind.CONSOLE)]
    if not awake:
        return fail(
            "pages",
            "go to the console alone: tonight they would wake nobody",
            "add a [[receivers]] of kind webhook and name it in [[policy.steps]]",
        )
    usable = [name for name in awake if name not in failing]
    if not usable:
        names = visible(", ".join(dict.fromkeys(awake)), 200)
        return fail(
            "pages",
            f"would reach nobody: {names} cannot be used",
            "mend what is said above of each receiver",
        )
    if not set(usable) & set(policy.steps[0]):
        if set(awake) & set(policy.steps[0]):
            return warn(
                "pages",
                "the first step cannot be reached: somebody is woken only after it goes unanswered",
                "mend what is said above of its receivers",
            )
        return warn(
            "pages",
            "the first step is the console: somebody is woken only after it goes unanswered",
            "name a webhook in the first of [[policy.steps]]",
        )
    return ok("pages", f"go to {visible(', '.join(dict.fromkeys(usable)), 200)}")


def _receiver(receiver: ReceiverSection, now: int, *, connect: bool) -> Line:
    subject = f"receiver {visible(receiver.name)}"
    if receiver.kind is ReceiverKind.CONSOLE:
        return ok(subject, "the console")
    try:
        url = receiver.address().reveal()
        secrets = receiver.secrets()
    except SecretUnavailable as problem:
        wrong, _, mend = str(problem).partition(": ")
        return fail(subject, wrong, mend or "correct the configuration")
    if not connect:
        return ok(subject, "was not asked (--no-connect)")
    line = _reach(subject, url, now)
    if not secrets and line.state == "ok":
        return warn(subject, f"{line.said}; nothing sent to it is signed", "set secret_env")
    return line


def _reach(subject: str, url: str, now: int) -> Line:
    host = visible(_host(url))
    try:
        answer = httpx.head(url, timeout=_PATIENCE, follow_redirects=False)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
        return fail(subject, "its address cannot be used", "write https://HOST/PATH")
    except httpx.ConnectError as problem:
        if "CERTIFICATE_VERIFY_FAILED" in str(problem):
            return fail(
                subject, f"the certificate of {host} is not trusted", "mend it, or its chain"
            )
        return fail(subject, f"{host} cannot be reached", "check its name, the network, the proxy")
    except (httpx.HTTPError, OSError) as problem:
        return fail(
            subject,
            f"{host} did not answer within {_PATIENCE:.0f} s ({type(problem).__name__})",
            "check that its server is up",
        )
    return _answered(subject, host, answer, now)


def _answered(subject: str, host: str, answer: httpx.Response, now: int) -> Line:
    apart = _clocks_apart(answer.headers.get("date"), now)
    if apart is not None and abs(apart) > _CLOCKS_APART:
        return warn(
            subject,
            f"the clock of {host} differs from this machine's by {abs(apart) // 1000} s; "
            f"signatures are refused beyond {_SIGNED_FOR} min",
            "set the clocks (NTP)",
        )
    if answer.is_redirect:
        return warn(
            subject,
            f"{host} redirects, which is not followed",
            "write the address it redirects to",
        )
    if answer.is_server_error and answer.status_code != httpx.codes.NOT_IMPLEMENTED:
        return warn(subject, f"{host} answered {answer.status_code}", "look at its server")
    return ok(subject, f"{host} can be reached")


def _host(url: str) -> str:
    """Return the host alone: the path of a webhook is often its secret."""
    try:
        return urlsplit(url).hostname or "its host"
    except ValueError:
        return "its host"


def _clocks_apart(date: str | None, now: int) -> int | None:
    """Milliseconds by which the other side's clock is ahead, None when it does not say."""
    if not date:
        return None
    try:
        return int(parsedate_to_datetime(date).timestamp() * 1000) - now
    except (ValueError, TypeError, OverflowError):
        return None
