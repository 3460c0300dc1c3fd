"""A secret that never shows itself."""

import base64
import binascii
from typing import Final, Never, final

_PREFIX: Final = "whsec_"
_FEWEST_BYTES: Final = 16


@final
class SigningSecret:
    """The key a webhook is signed with; printing, logging or pickling it shows nothing.

    Takes the usual spelling, `whsec_` and base64. Raises `ValueError`, whose text does not hold
    the secret, when it is not that or has fewer than 16 bytes.

    >>> SigningSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    SigningSecret(...)
    """

    __slots__ = ("_key",)

    def __init__(self, spelling: str) -> None:
        try:
            key = base64.b64decode(spelling.strip().removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(
                "the signing secret is not base64: write whsec_ and the base64 of 24 random bytes"
            ) from None
        if len(key) < _FEWEST_BYTES:
            raise ValueError(
                f"the signing secret has {len(key)} bytes; at least {_FEWEST_BYTES} are wanted"
            )
        self._key = key

    def reveal(self) -> bytes:
        """Hand out the key itself, for signing only."""
        return self._key

    def __repr__(self) -> str:
        return "SigningSecret(...)"

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written anywhere")
