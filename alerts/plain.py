"""Text of strangers made harmless for one line of plain text.

What a name or a post may not do: break the line, reverse the reading direction, hide characters,
pile up marks, or go on for ever. Markup is left as it is: each channel escapes for its own
format.
"""

import unicodedata

MARKS = 3
"""Combining marks kept in a row: enough for every written language."""
SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")
BREAKS = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, halves of characters, unassigned ones, line and paragraph ends: read as a space."""
JOINERS = frozenset("\u200c\u200d")
"""Non-joiner and joiner: Persian and emoji are wrong without them, and they hide nothing."""


def one_line(text: str, limit: int) -> str:
    r"""Return text as at most `limit` visible characters on one line.

    >>> one_line("fine\u202e\n  now\x00", 20)
    'fine now'
    >>> one_line("a long story", 8)
    'a long…'
    """
    kept: list[str] = []
    marks = 0
    for char in text[: 8 * limit]:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if marks > MARKS:
            continue
        if kind == "Cf" and char not in JOINERS:
            continue
        kept.append(" " if kind in BREAKS else char)
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: max(0, limit - 1)].rstrip() + "…"


def unpiled(text: str) -> str:
    r"""Return text with at most `MARKS` combining marks in a row, so that none reaches over lines.

    Everything else is left as it is.

    >>> len(unpiled("Z" + 90 * "\u0351")), unpiled("fine\n  now")
    (4, 'fine\n  now')
    """
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in {"Mn", "Me"} else 0
        if marks <= MARKS:
            kept.append(char)
    return "".join(kept)


def encodable(text: str) -> str:
    r"""Return text as it is, with `?` for halves of characters, which no encoder takes.

    No mention brings them and no command takes them; one that came otherwise must not keep
    anybody from being told.

    >>> encodable("Citro\u00ebn\n"), encodable("Acme\udcff")
    ('Citroën\n', 'Acme?')
    """
    return text.encode("utf-8", "replace").decode()


def link(address: str, limit: int = 500) -> str:
    r"""Return an address that is one http(s) link and nothing else, or the empty string.

    >>> link("https://example.org/p/1"), link("javascript:alert(1)"), link("https://a b")
    ('https://example.org/p/1', '', '')
    """
    address = address.strip()
    good = address.lower().startswith(("https://", "http://")) and len(address) <= limit
    clean = address.isprintable() and not any(c.isspace() or c in "<>\"'`\\" for c in address)
    return address if good and clean else ""


def shell_word(word: str) -> str:
    r"""Return a word as a command line takes it, on one line and with nothing hidden.

    >>> print(shell_word("united:negative_surge:2015-02-22T14:00:00Z"))
    united:negative_surge:2015-02-22T14:00:00Z
    >>> print(shell_word("O'Hare; rm"))
    'O'"'"'Hare; rm'
    >>> print(shell_word("a" + chr(10) + chr(0x202E)))
    $'a\u000a\u202e'
    """
    if word and SAFE.issuperset(word):
        return word
    if not word.isprintable():
        return "$'" + "".join(_escaped(char) for char in word) + "'"
    return "'" + word.replace("'", "'\"'\"'") + "'"


def _escaped(char: str) -> str:
    """Return a character inside $'...' of bash and zsh."""
    if char in "\\'":
        return "\\" + char
    return (
        char
        if char.isprintable()
        else f"\\U{ord(char):08x}"
        if ord(char) > 0xFFFF
        else (f"\\u{ord(char):04x}")
    )


def path_segment(word: str) -> str:
    """Return a word as one segment of an address (RFC 3986, UTF-8).

    >>> path_segment("a b/c:1")
    'a%20b%2Fc%3A1'
    """
    unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~"
    return "".join(
        chr(byte) if chr(byte) in unreserved else f"%{byte:02X}"
        for byte in word.encode("utf-8", "replace")
    )
