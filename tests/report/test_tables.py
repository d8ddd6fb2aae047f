"""Tables for people: every text escaped, numbers that line up, and words where a value is missing."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.report.tables import html_table


class _Cells(HTMLParser):
    """Reads a table back: each cell its text and classes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, set[str]]]] = []
        self.inside = False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append(("", set((dict(attrs).get("class") or "").split())))
            self.inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data):
        if self.inside:
            text, classes = self.rows[-1][-1]
            self.rows[-1][-1] = (text + data, classes)


def _read(frame, **how):
    reader = _Cells()
    reader.feed(html_table(frame, caption="what it shows", **how))
    return reader.rows


def _texts(frame, **how):
    return [[text for text, _ in row] for row in _read(frame, **how)]


def test_every_text_is_escaped():
    hostile = '<img src=x onerror="alert(1)">&'
    frame = pd.DataFrame({hostile: [hostile]})
    html = html_table(frame, caption=hostile, source=hostile, labels={hostile: hostile}, units={hostile: hostile})
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=&#34;alert(1)&#34;&gt;&amp;") >= 5


def test_a_formatter_cannot_put_tags_into_the_page():
    html = html_table(pd.DataFrame({"a": ["x"]}), caption="c", formats={"a": lambda value: f"<b>{value}</b>"})
    assert "<b>x" not in html
    assert "&lt;b&gt;x" in html


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, None], dtype="Int64"),
        pd.array([1.0, None], dtype="Float64"),
        np.array([1.0, np.nan]),
        pd.array([True, None], dtype="boolean"),
        pd.array(["x", None], dtype="str"),
        pd.to_datetime(["2024-05-01", None]),
        np.array(["x", pd.NA], dtype=object),
    ],
)
def test_a_missing_value_is_a_word_and_never_a_zero(column):
    (_, (_, (known, _)), (_, (text, classes))) = _read(pd.DataFrame({"group": ["a", "b"], "value": column}))
    assert text == "not collected"
    assert "missing" in classes
    assert known not in ("not collected", "0", "")


def test_the_word_for_missing_can_be_set_for_all_columns_or_by_column():
    frame = pd.DataFrame({"a": ["x"], "b": [np.nan], "c": [np.nan]})
    assert _texts(frame, missing="not stated")[1] == ["x", "not stated"]
    assert _texts(frame, missing={"b": "not estimated"})[1] == ["x", "not estimated", "not collected"]


def test_neighbours_missing_under_one_word_share_a_cell_and_the_head_of_the_row_stands_alone():
    frame = pd.DataFrame({"a": [None, "x"], "low": [np.nan, 1.0], "mid": [np.nan, np.nan], "high": [np.nan, 2.0]})
    html = html_table(frame, caption="c")
    assert _texts(frame)[1:] == [["not collected", "not collected"], ["x", "1", "not collected", "2"]]
    assert html.count('colspan="3"') == 1
    assert html.count("colspan") == 1


@pytest.mark.parametrize("given", [None, ".4f", ".1%"])
@pytest.mark.parametrize("small", [1e-7, 3e-300])
def test_a_positive_p_or_q_is_never_printed_as_zero(given, small):
    frame = pd.DataFrame({"q_value": [small, 0.0, 0.5, 0.25]})
    texts = [row[0] for row in _texts(frame, formats={"q_value": given} if given else None)[1:]]
    assert texts[0] == {None: "<0.01", ".4f": "<0.0001", ".1%": "<0.1%"}[given]
    assert float(texts[1].rstrip("%")) == 0


def test_a_number_just_below_zero_is_not_printed_as_zero_either():
    assert _texts(pd.DataFrame({"a": [-1e-9, -0.02]}), formats={"a": ".2f"})[1:] == [[">−0.01"], ["−0.02"]]


def test_text_that_holds_a_nought_is_left_as_it_is():
    assert _texts(pd.DataFrame({"a": ["0"]}), formats={"a": "s"})[1] == ["0"]


def test_a_hash_is_printed_whole_in_a_column_that_breaks():
    sha = "0123456789abcdef" * 4
    (_, (_, (text, classes)), _) = _read(pd.DataFrame({"file": ["a", "b"], "sha256": [sha, None]}))
    assert text == sha
    assert classes == {"code"}


def test_a_short_table_is_marked_to_stay_on_one_page_and_a_long_one_is_not():
    frame = pd.DataFrame({"a": range(40)})
    assert "brief" in html_table(frame, caption="c", rows=5)
    assert "brief" not in html_table(frame, caption="c")


def test_a_zero_is_a_zero_and_not_missing():
    (_, (_, (text, classes))) = _read(pd.DataFrame({"group": ["a"], "count": pd.array([0], dtype="Int64")}))
    assert text == "0"
    assert "missing" not in classes


def test_numbers_stand_to_the_right_and_words_do_not():
    frame = pd.DataFrame({"group": ["a"], "count": [3], "rate": [1.5], "said": ["w" * 40], "ok": [True]})
    head, body = _read(frame)
    assert ["n" in classes for _, classes in body] == [False, True, True, False, False]
    assert [classes for _, classes in head] == [classes for _, classes in body]


def test_an_identifier_is_kept_on_one_line_and_a_sentence_wraps():
    head, _ = _read(
        pd.DataFrame({"id": ["us.osha.severe_injury@2025-06"], "why": ["a sentence of more than twenty letters"]})
    )
    assert [classes for _, classes in head] == [{"short"}, {"long"}]


def test_a_column_of_numbers_has_one_number_of_decimals():
    frame = pd.DataFrame({"rate": [0.0, 12.345, 3.1], "small": [0.0123, 0.5, 0.045], "count": [1234567, 0, 3]})
    assert _texts(frame)[1:] == [["0.00", "0.012", "1,234,567"], ["12.35", "0.500", "0"], ["3.10", "0.045", "3"]]


def test_negative_and_infinite_numbers_have_true_signs():
    assert _texts(pd.DataFrame({"a": [-1.25, np.inf, -np.inf, 2.0]}))[1:] == [["−1.25"], ["∞"], ["−∞"], ["2.00"]]


def test_years_have_no_separator_and_dates_no_clock():
    frame = pd.DataFrame({"year": [2024], "price_year": [2025], "day": pd.to_datetime(["2024-05-01"])})
    assert _texts(frame)[1] == ["2024", "2025", "2024-05-01"]


def test_formats_labels_and_units_are_followed():
    frame = pd.DataFrame({"p_value": [0.01234], "low_end": [1.0]})
    head, body = _texts(frame, formats={"p_value": ".3f"}, labels={"p_value": "p"}, units={"low_end": "per 1,000"})
    assert head == ["p", "low endper 1,000"]
    assert body[0] == "0.012"


def test_a_limit_of_rows_says_of_how_many():
    frame = pd.DataFrame({"a": range(1234)})
    html = html_table(frame, caption="c", rows=10)
    assert "First 10 of 1,234 rows." in html
    assert html.count("<tr>") == 11
    assert "of 1,234 rows" not in html_table(frame, caption="c")


def test_decimals_are_those_of_the_whole_column_not_of_the_rows_shown():
    frame = pd.DataFrame({"a": [1.0, 2.0, 0.123, 0.456, 0.789]})
    assert _texts(frame, rows=2)[1:] == _texts(frame)[1:3]


def test_each_row_of_simulated_data_says_so():
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert _texts(frame, simulated=True) == [["Data", "a", "b"], ["SIMULATED", "1", "3"], ["SIMULATED", "2", "4"]]
    assert _texts(frame.head(0), simulated=True)[1] == ["SIMULATED", "no rows"]
    assert "SIMULATED" not in html_table(frame, caption="c")


def test_a_table_without_rows_says_so():
    assert _texts(pd.DataFrame({"a": [], "b": []}))[1] == ["no rows"]


def test_the_first_column_heads_its_row():
    html = html_table(pd.DataFrame({"a": ["x"], "b": ["y"]}), caption="c")
    assert '<th scope="row" class="short">x</th>' in html
    assert '<td class="short">y</td>' in html


@pytest.mark.parametrize("option", ["labels", "units", "formats", "missing"])
def test_an_option_for_a_column_that_is_not_there_is_refused(option):
    with pytest.raises(BadParameter, match=f"{option} names columns the table does not have: rat"):
        html_table(pd.DataFrame({"rate": [1.0]}), caption="c", **{option: {"rat": ".1f"}})


def test_a_list_in_a_cell_is_a_value():
    assert _texts(pd.DataFrame({"a": ["x"], "b": [[1, 2]]}))[1] == ["x", "[1, 2]"]
