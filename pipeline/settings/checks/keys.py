"""Signing secrets and bearer tokens that can do their work."""

import base64
import binascii

from alerts.notifiers.secret import SigningSecret
from pipeline.settings.checks.report import Report
from pipeline.settings.positions import KeyPath
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.keyed import Keyed, Signed, Tokened

_SHORTEST_KEY = 16
_SHORTEST_TOKEN = 16
_HOW = "make one with `openssl rand -base64 32` and write whsec_ before it"


def check_signing(report: Report, path: KeyPath, section: Signed) -> None:
    """Check the secret that our own messages are signed with."""
    for secret in report.check_places(path, section, "secret"):
        try:
            SigningSecret(secret.reveal())
        except ValueError as problem:
            wrong, _, mend = str(problem).partition(": ")
            report.mistake((*path, given(section, "secret")), wrong, mend or _HOW)


def check_keys(report: Report, path: KeyPath, section: Keyed) -> None:
    """Check the secrets and tokens that senders show us."""
    for secret in report.check_places(path, section, "secret"):
        here = (*path, given(section, "secret"))
        size = _size(secret)
        if size == 0:
            report.mistake(here, "the signing secret is not base64", _HOW)
        elif size < _SHORTEST_KEY:
            report.warning(here, f"the signing secret has {size} bytes and can be guessed", _HOW)
    check_tokens(report, path, section)


def check_tokens(report: Report, path: KeyPath, section: Tokened) -> None:
    """Check the tokens that senders, and people, show us."""
    for token in report.check_places(path, section, "token"):
        here = (*path, given(section, "token"))
        if any(each.isspace() or not each.isascii() for each in token.reveal()):
            report.mistake(here, "the token holds spaces or non-ASCII characters", "choose another")
        elif len(token.reveal()) < _SHORTEST_TOKEN:
            report.warning(
                here,
                f"the token has fewer than {_SHORTEST_TOKEN} characters and can be guessed",
                "make one with `openssl rand -hex 32`",
            )


def given(section: Signed | Tokened, kind: str) -> str:
    """Return the key that says where the secret, token or url is."""
    return next(key for key in (kind, f"{kind}_env", f"{kind}_file") if getattr(section, key))


def _size(secret: Secret) -> int:
    """How many bytes the base64 of a secret holds, with or without its padding; 0 if it is none."""
    written = secret.reveal().strip().removeprefix("whsec_").rstrip("=")
    try:
        return len(base64.b64decode(written + "=" * (-len(written) % 4), validate=True))
    except (binascii.Error, ValueError):
        return 0
