from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from alerts.plain import one_line
from dashboards.report.markdown import plain
from tests.browser.hostile import texts
from tests.nasties import TEXTS

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = st.sampled_from((*TEXTS[:-2], *texts(3, 390)))
ANY = st.one_of(
    HOSTILE, st.text(max_size=80), st.text("\\`*_[]()<>&|~$^=!#@:-+>1. ah", max_size=60)
)


def leaves(tokens: list[Token]) -> list[Token]:
    found = []
    for token in tokens:
        found += leaves(token.children) if token.children is not None else [token]
    return found


def shown(tokens: list[Token]) -> str:
    return "".join(token.content for token in leaves(tokens) if token.type.startswith("text"))


@given(ANY)
@example("- list")
@example("1. list")
@example("1) list")
@example("> quote")
@example("# heading")
@example("=== ")
@example("www.evil.example https://evil.example")
@settings(deadline=None, max_examples=300)
def test_any_text_is_shown_as_it_is_and_is_nothing_else(text: str) -> None:
    tokens = PARSER.parse(plain(text))
    kinds = {token.type for token in leaves(tokens)}
    assert kinds <= {"paragraph_open", "paragraph_close", "text", "text_special"}
    assert shown(tokens) == one_line(text, 4_000)


@given(st.lists(ANY, min_size=2, max_size=2))
@settings(deadline=None, max_examples=150)
def test_a_table_keeps_its_cells(cells: list[str]) -> None:
    rows = "| a | b |\n|---|---|\n| " + " | ".join(f"x{plain(cell)}" for cell in cells) + " |"
    tokens = PARSER.parse(rows)
    assert [token.type for token in tokens].count("td_open") == 2
    assert not {token.type for token in leaves(tokens)} & {"html_inline", "html_block", "image"}
    assert "link_open" not in {token.type for token in leaves(tokens)}


def test_a_list_item_in_quotes_is_one_item() -> None:
    for text in (*TEXTS[:-2], *texts(5, 390)):
        tokens = PARSER.parse(f"- \u201c{plain(text, 300)}\u201d")
        kinds = [token.type for token in leaves(tokens)]
        assert kinds.count("list_item_open") == 1
        assert set(kinds) <= {
            *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
            *("paragraph_open", "paragraph_close", "text", "text_special"),
        }


def test_links_of_bare_addresses_are_broken() -> None:
    said = plain("see www.evil.example, HTTPS://evil.example or mailto:a@b.example :skull:")
    assert "www." not in said
    assert "://" not in said.replace("\\:", "")
    assert "@b" not in said.replace("\\@", "")
