import pytest

from pipeline.decoding import SourceDefaults
from pipeline.errors import SettingsError
from pipeline.settings.secrets import Secret
from pipeline.sources.http.settings import HttpSettings, HttpSource, check_binding, is_loopback

SIGNING = Secret("whsec_c2VjcmV0")
TOKEN = Secret("token-of-the-door")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST.", "::1"])
def test_loopback_needs_no_secret(host: str) -> None:
    assert is_loopback(host)
    check_binding(host, has_secret=False)


@pytest.mark.parametrize("host", ["0.0.0.1", "::", "", "192.168.1.2", "example.org", "localhost.a"])
def test_beyond_loopback_a_secret_is_a_must(host: str) -> None:
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1"):
        check_binding(host, has_secret=False)
    check_binding(host, has_secret=True)


def test_a_source_left_open_leaves_the_door_open() -> None:
    own = HttpSource(SourceDefaults("shop"), tokens=(TOKEN,))
    bare = HttpSource(SourceDefaults("http"))
    assert not HttpSettings().guarded
    assert HttpSettings(sources=(own,)).guarded
    assert not HttpSettings(sources=(own, bare)).guarded
    assert HttpSettings(sources=(own, bare), secrets=(SIGNING,)).guarded


def test_credentials_of_its_own_outrank_the_doors() -> None:
    own = HttpSource(SourceDefaults("shop"), tokens=(Secret("own"),))
    bare = HttpSource(SourceDefaults("http"))
    settings = HttpSettings(sources=(own, bare), secrets=(SIGNING,), tokens=(TOKEN,))
    assert settings.credentials(own).tokens == (b"own",)
    assert settings.credentials(own).keys == ()
    assert settings.credentials(bare).keys == (b"secret",)


def test_requests_without_a_source_are_of_http_or_the_only_one() -> None:
    shop, http = HttpSource(SourceDefaults("shop")), HttpSource(SourceDefaults("http"))
    assert HttpSettings(sources=(shop, http)).default_source == http
    assert HttpSettings(sources=(shop,)).default_source == shop


@pytest.mark.parametrize("value", ["", "  ", "two words", "ümlaut", "line\nbreak"])
def test_an_unusable_token_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(SettingsError, match="the HTTP door: a bearer token") as caught:
        HttpSettings(tokens=(Secret(value),))
    assert not value.strip() or value not in str(caught.value)


def test_an_unusable_signing_secret_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match="source 'shop'"):
        HttpSettings(sources=(HttpSource(SourceDefaults("shop"), secrets=(Secret("no!"),)),))


def test_two_sources_of_one_name_and_no_source_are_refused() -> None:
    shop = HttpSource(SourceDefaults("shop"))
    with pytest.raises(SettingsError, match="two HTTP sources"):
        HttpSettings(sources=(shop, shop))
    with pytest.raises(SettingsError, match="no source"):
        HttpSettings(sources=())


def test_settings_never_show_a_secret() -> None:
    shown = repr(HttpSettings(secrets=(SIGNING,), tokens=(TOKEN,)))
    assert "c2VjcmV0" not in shown
    assert "token-of" not in shown
