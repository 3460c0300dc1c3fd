import re
from pathlib import Path

import msgspec
import pytest

from pipeline.intake import Disposition, Receipt
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.sources.http.answers import Refused, composer, problem

SAID = Mention("1", "http", 0, 0, "text")
NONE = Rejected(RejectedReason.UNDATED, "http:x:4", "no time", b"{}")


def test_each_line_gets_its_result_and_the_counts_add_up() -> None:
    compose = composer([1, 3, 4, 9], [SAID, SAID, NONE, SAID])
    answer = compose(Receipt((Disposition.LATE, Disposition.NO_BRAND, Disposition.ACCEPTED)))
    assert msgspec.json.decode(answer) == {
        "accepted": 2,
        "rejected": 1,
        "ignored": 1,
        "late": 1,
        "results": [
            {
                "line": 1,
                "status": "accepted",
                "reason": "late",
                "detail": "accepted, late: stored, not counted",
            },
            {
                "line": 3,
                "status": "ignored",
                "reason": "no_brand",
                "detail": "ignored: concerns no configured brand",
            },
            {"line": 4, "status": "rejected", "reason": "undated", "detail": "no time"},
            {"line": 9, "status": "accepted", "reason": None, "detail": None},
        ],
    }


@pytest.mark.parametrize("disposition", list(Disposition))
def test_every_disposition_has_an_answer(disposition: Disposition) -> None:
    assert composer([1], [SAID])(Receipt((disposition,)))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_receipt_that_does_not_fit_is_a_fault(count: int) -> None:
    with pytest.raises(ValueError, match="receipt names"):
        composer([1, 2], [SAID, SAID])(Receipt((Disposition.ACCEPTED,) * count))


def test_a_refusal_is_json_with_a_reason() -> None:
    assert msgspec.json.decode(problem(Refused.TOO_LARGE, 'a "big" body')) == {
        "error": "too_large",
        "detail": 'a "big" body',
    }


def test_the_page_names_every_refusal() -> None:
    page = (Path(__file__).parents[3] / "docs" / "http.md").read_text("utf-8")
    named = re.findall(r"^\| \d{3} \| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(reason.value for reason in Refused)
