"""Signatures of Standard Webhooks (https://www.standardwebhooks.com), scheme v1.

The package `standardwebhooks` reads the clock by itself and takes only bodies that are UTF-8,
so the few lines are written out here; the tests hold them against that package.
"""

import base64
import binascii
import hmac

from pipeline.errors import SettingsError

PREFIX = "whsec_"
TOLERANCE = 5 * 60_000
"""Milliseconds by which the sender's clock may differ from ours."""

_MOST_SIGNATURES = 16


def signing_key(secret: str, where: str) -> bytes:
    """Read a secret: base64 with or without `whsec_` before it.

    Raises SettingsError, naming `where` and never the secret.

    >>> signing_key("whsec_c2VjcmV0", "here")
    b'secret'
    """
    encoded = secret.strip().removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise SettingsError(
            f"{where}: the signing secret is not base64; make one with"
            " `openssl rand -base64 32` and write whsec_ before it"
        )
    return key


def sign(key: bytes, request_id: str, seconds: int, body: bytes) -> str:
    """Sign what a request carries; `seconds` since 1970-01-01 UTC.

    >>> sign(b"secret", "1", 2, b"{}")
    'v1,72EbzgLDv52tyOY4YC27IQSjiGr5nutKKXvEM56cM3U='
    """
    content = b"%b.%d.%b" % (request_id.encode(), seconds, body)
    digest = hmac.digest(key, content, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_by_one_of(
    keys: tuple[bytes, ...], signatures: str, request_id: str, seconds: int, body: bytes
) -> bool:
    """Tell whether one of the space-separated signatures was made with one of the keys.

    Every pair is compared, in constant time each.
    """
    given = [
        signature.encode("utf-8", "surrogatepass")
        for signature in signatures.split()[:_MOST_SIGNATURES]
    ]
    found = False
    for key in keys:
        expected = sign(key, request_id, seconds, body).encode()
        for signature in given:
            found |= hmac.compare_digest(expected, signature)
    return found
