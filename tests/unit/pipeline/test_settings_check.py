"""Every mistake and warning, each with its line, key and nearest word."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings.check import findings_of
from pipeline.settings.draft import from_bytes
from pipeline.settings.findings import Finding, Weight
from pipeline.settings.starter import starter


def found(text: str | bytes, *, surroundings: bool = False) -> list[Finding]:
    body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return findings_of(from_bytes(body, Path("x.toml")), surroundings=surroundings)


def mistakes(text: str | bytes, *, surroundings: bool = False) -> list[Finding]:
    every = found(text, surroundings=surroundings)
    return [finding for finding in every if finding.weight is Weight.MISTAKE]


BRAND = '[[brands]]\nname = "Delta"\n'
HOOK = '[[receivers]]\nname = "team"\nkind = "webhook"\n'


@pytest.mark.parametrize(
    ("text", "line", "key", "said", "nearest"),
    [
        # keys
        ("[ingst]\nport = 1\n", 1, "ingst", "is no section", "ingest"),
        ("[ingest]\n\npotr = 1\n", 3, "ingest.potr", "no key of [ingest]", "port"),
        ("ingest.potr = 1\n", 1, "ingest.potr", "no key of [ingest]", "port"),
        ('sensitivity = "fewer"\n', 1, "sensitivity", "belongs in [detection]", ""),
        ("xyzzy = 1\n", 1, "xyzzy", "valid here: storage, ingest", ""),
        (BRAND + 'alises = ["D"]\n', 3, "brands[0].alises", "no key of [brands]", "aliases"),
        (
            "[policy.updates.critical]\n",
            1,
            "policy.updates.critical",
            "did you mean",
            "critical_public",
        ),
        ("[detection.flor]\nminimum = 1", 1, "detection.flor", "no key of [detection]", "floor"),
        # kinds of values
        ('[ingest]\nport = "x"\n', 2, "ingest.port", '"x" must be a whole number', ""),
        ("[ingest]\nport = true\n", 2, "ingest.port", "true must be a whole number", ""),
        ("[ingest]\nport = 1.0\n", 2, "ingest.port", "must be a whole number", ""),
        ("[ingest]\nport = 70000\n", 2, "ingest.port", "must be at most 65535", ""),
        ("[ingest]\nport = -1\n", 2, "ingest.port", "must be at least 0", ""),
        ("[policy]\nrounds = 0\n", 2, "policy.rounds", "must be at least 1", ""),
        ("[detection.severity]\nfold = nan\n", 2, "detection.severity.fold", "finite", ""),
        ("[detection.severity]\nfold = 1\n", 2, "detection.severity.fold", "more than 1", ""),
        ("[detection.floor]\nshare = true\n", 2, "detection.floor.share", "must be a number", ""),
        ("[[brands]]\nname = 5\n", 2, "brands[0].name", "5 must be text in quotes", ""),
        (BRAND + 'aliases = "D"\n', 3, "brands[0].aliases", 'must be a list: write ["D"]', ""),
        (BRAND + "aliases = [\n'ab',\n 1]\n", 5, "brands[0].aliases[1]", "must be text", ""),
        ('[brands]\nname = "x"\n', 1, "brands", "write [[brands]] with two brackets", ""),
        ("[[ingest]]\nport = 1\n", 1, "ingest", "write [ingest] with one bracket", ""),
        ("brands = [1]\n", 1, "brands[0]", "1 must be a table", ""),
        ("ingest = 1979-05-27\n", 1, "ingest", "must be a table", ""),
        ("[storage]\ndirectory = 1\n", 2, "storage.directory", "must be a path", ""),
        # durations
        ('[storage]\nlog_retention = "7"\n', 2, "storage.log_retention", "has no unit", ""),
        ("[storage]\nlog_retention = 7\n", 2, "storage.log_retention", "has no unit", ""),
        ("[storage]\nlog_retention = 7.5\n", 2, "storage.log_retention", "in quotes", ""),
        ('[storage]\nlog_retention = "0s"\n', 2, "storage.log_retention", "at least 1s", ""),
        ('[storage]\nlog_retention = "a week"\n', 2, "storage.log_retention", "is no duration", ""),
        (
            '[policy]\nacknowledge_within = "never"\n',
            2,
            "policy.acknowledge_within",
            "no duration",
            "",
        ),
        # choices
        ('[detection]\nsensitivity = "fewr"\n', 2, "detection.sensitivity", "none of", "fewer"),
        ('[[receivers]]\nname="a"\nkind="webhok"\n', 3, "receivers[0].kind", "none of", "webhook"),
        ('[ingest]\nunknown_brands = "acept"\n', 2, "ingest.unknown_brands", "none of", "accept"),
        # the page
        ('[page]\nhost = "0.0.0.0"\n', 2, "page.host", "asks nobody for a token", ""),
        ('[page]\nhost = "http://h"\n', 2, "page.host", "is no address", ""),
        ("[page]\nport = 8080\n", 2, "page.port", "the port of [ingest], too", ""),
        ('[page]\nenabled = "ja"\n', 2, "page.enabled", "must be true or false", ""),
        ('[page]\ntoken = "two words"\n', 2, "page.token", "holds spaces", ""),
        (
            '[page]\nallowed_hosts = ["a.example", "http://b.example"]\n',
            2,
            "page.allowed_hosts[1]",
            "no name of a machine",
            "",
        ),
        ('[page]\nsecret_env = "A"\n', 2, "page.secret_env", "is no key of [page]", ""),
        # TOML
        ("[ingest]\nport = \n", 2, "port", "is no TOML", ""),
        ("[storage]\nlog_retention = 7d\n", 2, "log_retention", '"7d"', ""),
        ("[storage]\ndirectory = data\n", 2, "directory", "text stands in quotes", ""),
        ('[storage]\ndirectory = "data\n', 2, "directory", "a quote is open", ""),
        ("[ingest]\nport = 1\n\nport = 2\n", 4, "ingest.port", "set twice", ""),
        ("[ingest\nport = 1\n", 1, "", "is no TOML", ""),
        ("[ingest]\n[ingest]\n", 2, "", "[ingest] is declared twice", ""),
        (b"[ingest]\n\nport = \xff\n", 3, "", "is not UTF-8", ""),
        ("a = " + "[" * 9_000, None, "", "nested too deeply", ""),
        # brands
        ("[[brands]]\naliases = ['ab']\n", 1, "brands[0].name", "is missing", ""),
        ('[[brands]]\nname = " "\n', 2, "brands[0].name", "is missing", ""),
        (BRAND + '[[brands]]\nname = "DELTA"\n', 4, "brands[1].name", "is taken on line 2", ""),
        ('[[brands]]\nname = "a\\nb"\n', 2, "brands[0].name", "control characters", ""),
        ('[[brands]]\nname = "a\\u202Eb"\n', 2, "brands[0].name", "control characters", ""),
        (f'[[brands]]\nname = "{"x" * 101}"\n', 2, "brands[0].name", "longer than 100", ""),
        ('[[brands]]\nname = "source:x"\n', 2, "brands[0].name", "silent source", ""),
        (BRAND + 'aliases = ["DL", ""]\n', 3, "brands[0].aliases[1]", "is empty", ""),
        (BRAND + 'aliases = ["d"]\n', 3, "brands[0].aliases[0]", "one letter", ""),
        (BRAND + 'aliases = ["--"]\n', 3, "brands[0].aliases[0]", "no letter or digit", ""),
        (BRAND + 'exclusions = ["delta"]\n', 3, "brands[0].exclusions[0]", "hides the alias", ""),
        (BRAND + 'exclusions = [""]\n', 3, "brands[0].exclusions[0]", "is empty", ""),
        (BRAND + 'handles = ["@"]\n', 3, "brands[0].handles[0]", "is empty", ""),
        (BRAND + 'handles = ["@de lta"]\n', 3, "brands[0].handles[0]", "holds a space", ""),
        (BRAND + 'zone = "Europe/Berln"\n', 3, "brands[0].zone", "no time zone", "Europe/Berlin"),
        (BRAND + 'zone = "berlin"\n', 3, "brands[0].zone", "no time zone", "Europe/Berlin"),
        (BRAND + 'zone = "new york"\n', 3, "brands[0].zone", "no time zone", "America/New_York"),
        (BRAND + 'zone = "../../etc/passwd"\n', 3, "brands[0].zone", "no time zone", ""),
        (BRAND + 'zone = ""\n', 3, "brands[0].zone", "no time zone", ""),
        (BRAND + 'languages = ["german"]\n', 3, "brands[0].languages[0]", "no language code", "de"),
        (BRAND + 'languages = ["en-US"]\n', 3, "brands[0].languages[0]", "no language", "en"),
        (BRAND + 'languages = ["xx"]\n', 3, "brands[0].languages[0]", "no language code", ""),
        (BRAND + "languages = []\n", 3, "brands[0].languages", "is empty", ""),
        (BRAND + "watch_reach = 0\n", 3, "brands[0].watch_reach", "at least 1", ""),
        (
            BRAND + '[[brands]]\nname = "Other"\naliases = ["x1", "delta"]\n',
            5,
            "brands[1].aliases[1]",
            'already means the brand "Delta"',
            "",
        ),
        (
            BRAND + 'handles = ["@d1"]\n[[brands]]\nname = "Other"\nhandles = ["D1"]\n',
            6,
            "brands[1].handles[0]",
            'already means the brand "Delta"',
            "",
        ),
        # receivers
        ('[[receivers]]\nkind = "console"\n', 1, "receivers[0].name", "is missing", ""),
        ("receivers = []\n", 1, "receivers", "nobody could be told", ""),
        (HOOK, 1, "receivers[0].url", "is missing", ""),
        (HOOK + 'url = "example.com/x"\n', 4, "receivers[0].url", "has no scheme", ""),
        (HOOK + 'url = "ftp://example.com"\n', 4, "receivers[0].url", 'the scheme "ftp"', ""),
        (HOOK + 'url = "https:///x"\n', 4, "receivers[0].url", "names no host", ""),
        (HOOK + 'url = "https://[::1/x"\n', 4, "receivers[0].url", "is no address", ""),
        (HOOK + 'url = "https://a b/x"\n', 4, "receivers[0].url", "names no host", ""),
        (HOOK + 'url = "https://h:99999/"\n', 4, "receivers[0].url", "is no address", ""),
        (
            HOOK + 'url = "https://h/"\nurl_env = "U"\n',
            4,
            "receivers[0].url",
            "stands beside url_env",
            "",
        ),
        (
            HOOK + 'url = "https://h/"\nsecret = "!!"\n',
            5,
            "receivers[0].secret",
            "is not base64",
            "",
        ),
        (
            HOOK + 'url = "https://h/"\nsecret = "whsec_MTIz"\n',
            5,
            "receivers[0].secret",
            "at least 16",
            "",
        ),
        (HOOK + 'url = "https://h/"\nzone = "GMT+1"\n', 5, "receivers[0].zone", "IANA name", ""),
        (HOOK + 'url = "https://h/"\ntimeout = "0s"\n', 5, "receivers[0].timeout", "at least", ""),
        # policy
        (
            '[[policy.steps]]\nreceivers = ["consle"]\n',
            2,
            "policy.steps[0].receivers[0]",
            "no configured receiver",
            "console",
        ),
        ("[[policy.steps]]\n", 1, "policy.steps[0].receivers", "reaches nobody", ""),
        ('[policy]\nops = ["x"]\n', 2, "policy.ops[0]", "configured: console", ""),
        ('[policy]\npublic_url = "h.example"\n', 2, "policy.public_url", "has no scheme", ""),
        (
            '[policy.updates.critical_public]\nfirst = "soon"\n',
            2,
            "policy.updates.critical_public.first",
            "is no duration",
            "",
        ),
        # the door
        ('[ingest]\nhost = "0.0.0.0"\n', 2, "ingest.host", "can be reached by others", ""),
        ('[ingest]\nhost = "::"\n', 2, "ingest.host", "can be reached by others", ""),
        ('[ingest]\nhost = "http://x"\n', 2, "ingest.host", "is no address", ""),
        ('[ingest]\nsecret = "*"\n', 2, "ingest.secret", "is not base64", ""),
        ('[ingest]\ntoken = "a b"\n', 2, "ingest.token", "spaces", ""),
        (
            (
                '[ingest]\nhost = "0.0.0.0"\n[[sources]]\nname = "a"\ntoken_env = "T"\n'
                '[[sources]]\nname = "b"\n'
            ),
            2,
            "ingest.host",
            "not every source asks for a key",
            "",
        ),
        # sources
        ('[[sources]]\nkind = "http"\n', 1, "sources[0].name", "is missing", ""),
        ('[[sources]]\nname = "f"\nkind = "file"\n', 1, "sources[0].path", "is missing", ""),
        (
            '[[sources]]\nname = "f"\nkind = "file"\npath = "x"\nmap = { txt = "b" }\n',
            5,
            "sources[0].map.txt",
            "no field of a mention",
            "text",
        ),
        (
            '[[sources]]\nname = "f"\nkind = "file"\npath = "x"\nmap = { body = "text" }\n',
            5,
            "sources[0].map.body",
            "the field comes first",
            "text",
        ),
        ('[[sources]]\nname = "f"\nlanguage = "english"\n', 3, "sources[0].language", "no", "en"),
        (
            '[[sources]]\nname = "f"\nkind = "file"\npath = "x"\nzone = "CET/x"\n',
            5,
            "sources[0].zone",
            "no time zone",
            "",
        ),
        # detection
        ('[detection]\nbucket = "7m"\n', 2, "detection.bucket", "does not divide an hour", ""),
        ('[detection]\nbucket = "2h"\n', 2, "detection.bucket", "does not divide an hour", ""),
    ],
)
def test_one_mistake_is_one_finding(
    text: str | bytes, line: int | None, key: str, said: str, nearest: str
) -> None:
    every = mistakes(text)
    assert [(each.line, each.key) for each in every] == [(line, key)], [e.text() for e in every]
    assert said in every[0].text()
    assert every[0].nearest == nearest
    assert every[0].place == "x.toml"


@pytest.mark.parametrize(
    ("text", "line", "key", "said"),
    [
        ("", None, "receivers", "wakes nobody"),
        (BRAND, 1, "brands[0]", "found by its name alone"),
        ('[page]\nhost = "0.0.0.0"\ntoken_env = "T"\n', 2, "page.host", "the token travels"),
        ('[page]\ntoken = "short"\n', 2, "page.token", "can be guessed"),
        ('[[brands]]\nname = "X"\naliases = ["Twitter"]', 2, "brands[0].name", "is one letter"),
        (BRAND + 'aliases = ["DL", "dl"]\n', 3, "brands[0].aliases[1]", "stands here twice"),
        (BRAND + 'exclusions = ["river"]\n', 3, "brands[0].exclusions[0]", "excludes nothing"),
        (BRAND + "watch_reach = 9\n", 3, "brands[0].watch_reach", "not used"),
        (BRAND + 'languages = ["sw"]\n', 3, "brands[0].languages[0]", "unscored"),
        (HOOK + 'url = "https://h/"\n', 1, "receivers[0]", "not signed"),
        (HOOK + 'url = "http://h.example/"\n', 4, "receivers[0].url", "not encrypted"),
        (
            HOOK + 'url = "https://h/"\nsecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NQ=="\n',
            5,
            "receivers[0].secret",
            "written in the configuration",
        ),
        ('[[receivers]]\nname = "a"\nurl = "https://h/"\n', 3, "receivers[0].url", "does nothing"),
        (
            (
                HOOK + 'url = "https://h/"\n[[receivers]]\nname = "c"\n'
                '[[policy.steps]]\nreceivers = ["c"]\n'
            ),
            1,
            "receivers[0]",
            "stands in no step",
        ),
        ('[ingest]\ntoken = "short"\n', 2, "ingest.token", "can be guessed"),
        ('[ingest]\nsecret = "whsec_MTIz"\n', 2, "ingest.secret", "can be guessed"),
        ('[[sources]]\nname = "s"\nseed = 4\n', 3, "sources[0].seed", "does nothing for kind http"),
        ('[storage]\nmentions_retention = "3d"\n', 2, "storage.mentions_retention", "7 days"),
        ('[storage]\nlog_retention = "1h"\n', 2, "storage.log_retention", "shorter than a day"),
        ('[detection]\nallowed_lateness = "3h"\n', 2, "detection.allowed_lateness", "delays"),
        (
            '[detection]\nbucket = "5m"\n[detection.floor]\nwindow = "7m"\n',
            4,
            "detection.floor.window",
            "multiple of 5m",
        ),
        (
            '[[policy.steps]]\nreceivers = ["console", "console"]\n',
            2,
            "policy.steps[0].receivers[1]",
            "stands here twice",
        ),
    ],
)
def test_a_warning_is_no_mistake(text: str, line: int | None, key: str, said: str) -> None:
    every = found(text)
    assert mistakes(text) == []
    assert any((each.line, each.key) == (line, key) and said in each.text() for each in every), [
        each.text() for each in every
    ]


def test_everything_wrong_is_reported_at_once_and_in_order() -> None:
    text = """
[ingest]
port = "x"
hots = "y"
[[brands]]
name = "KLM"
zone = "Europe/Amsterdm"
aliases = ["k", ""]
[[receivers]]
name = "team"
kind = "webhook"
url = "example.com"
timeout = 10s
[[policy.steps]]
receivers = ["tem"]
"""
    every = mistakes(text)
    assert [(each.line, each.key) for each in every] == [
        (3, "ingest.port"),
        (4, "ingest.hots"),
        (7, "brands[0].zone"),
        (8, "brands[0].aliases[0]"),
        (8, "brands[0].aliases[1]"),
        (12, "receivers[0].url"),
        (13, "timeout"),
        (15, "policy.steps[0].receivers[0]"),
    ]


def test_several_lines_that_are_no_toml_are_all_reported() -> None:
    text = '[storage]\nlog_retention = 7d\n[ingest]\nhost = "x\nport = \n'
    assert [each.line for each in mistakes(text)] == [2, 4, 5]


@pytest.mark.parametrize("door", ['secret_env = "S"', 'token_file = "t"'])
def test_a_key_opens_the_way_beyond_loopback(door: str) -> None:
    assert mistakes(f'[ingest]\nhost = "0.0.0.0"\n{door}\n') == []
    source = f'[ingest]\nhost = "0.0.0.0"\n[[sources]]\nname = "a"\n{door}\n'
    assert mistakes(source) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    assert mistakes(f'[ingest]\nhost = "{host}"\n') == []


def test_what_stands_outside_the_file_is_looked_at_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    (tmp_path / "empty").touch()
    (tmp_path / "plain").write_text("not base64!", encoding="utf-8")
    text = f"""
[ingest]
secret_env = "NOT_SET_HERE"
token_file = "{tmp_path}/empty"
[[sources]]
name = "f"
kind = "file"
path = "{tmp_path}/nothing.csv"
[[sources]]
name = "s"
secret_file = "{tmp_path}/plain"
[[receivers]]
name = "r"
kind = "webhook"
url_file = "{tmp_path}/nothing"
secret_file = "{tmp_path}"
"""
    assert mistakes(text) == []
    every = mistakes(text, surroundings=True)
    assert [(each.line, each.key) for each in every] == [
        (3, "ingest.secret_env"),
        (4, "ingest.token_file"),
        (8, "sources[0].path"),
        (11, "sources[1].secret_file"),
        (15, "receivers[0].url_file"),
        (16, "receivers[0].secret_file"),
    ]
    assert all(each.mend for each in every)


@given(st.binary(max_size=80))
@settings(deadline=None, max_examples=150)
def test_no_bytes_raise(body: bytes) -> None:
    for finding in found(body):
        assert finding.text().isprintable()


_TOKENS = [
    "\n", "[", "]", "[[", "]]", "=", ".", ",", '"', "'", "{", "}", "#", "1", "true", "1979-05-27",
    "storage", "ingest", "sources", "detection", "brands", "receivers", "policy", "steps", "name",
    "kind", "url", "zone", "aliases", "updates", "critical_public", "first", "floor", "map",
    '"a"', '""', '"45s"', '"\\u202e"', "port", "secret", "inf", "nan", "-1", " ",
]  # fmt: skip


@given(st.lists(st.sampled_from(_TOKENS), max_size=40).map("".join))
@settings(deadline=None, max_examples=300)
def test_no_text_of_the_right_words_raises(text: str) -> None:
    for finding in found(text):
        assert finding.text().isprintable()
        assert finding.line is None or finding.line <= text.count("\n") + 1


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_a_damaged_file_never_raises(data: st.DataObject) -> None:
    lines = starter("KLM").replace("\n#", "\n").splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(
            st.sampled_from(["", lines[at][::-1], lines[at] * 2, lines[at][:-1], "[[x]]", "x = 1"])
        )
    found("\n".join(lines))
