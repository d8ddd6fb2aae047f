"""What every result has in common."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pandas as pd
import pytest

from welfare.schema.results import Result, count_reasons, no_rows_dropped


@dataclass(frozen=True, repr=False)
class Finding(Result):
    dispersion: float


@pytest.fixture
def finding() -> Finding:
    table = pd.DataFrame({"term": ["speed"], "estimate": [0.25]})
    return Finding(table, "Faster & worse <so far>.", no_rows_dropped(), ("Injuries end in 2017 & <stop>.",), 1.5)


def test_a_result_shows_its_words_before_its_numbers(finding):
    shown = repr(finding)
    assert shown.startswith("Faster & worse <so far>.\n\n")
    assert "speed" in shown
    assert "0.25" in shown


def test_a_long_table_is_shortened(finding):
    long = Result(pd.DataFrame({"n": range(500)}), "Many.", no_rows_dropped(), ())
    assert len(repr(long).splitlines()) < 40


def test_a_notebook_shows_words_table_and_notes_with_signs_escaped(finding):
    html = finding._repr_html_()
    assert "<p>Faster &amp; worse &lt;so far&gt;.</p>" in html
    assert "<li>Injuries end in 2017 &amp; &lt;stop&gt;.</li>" in html
    assert "<table" in html


def test_a_result_is_frozen(finding):
    with pytest.raises(FrozenInstanceError):
        finding.text = "Nothing to see."


def test_nothing_dropped_is_an_empty_frame_and_said_in_words():
    assert list(no_rows_dropped()) == ["row", "reason"]
    assert no_rows_dropped().empty
    assert count_reasons(no_rows_dropped()) == "no row was left out"


def test_reasons_are_counted_most_frequent_first():
    dropped = pd.DataFrame({"row": range(1_203), "reason": ["separated"] * 3 + ["missing"] * 1_200})
    assert count_reasons(dropped) == "1,200 missing, 3 separated"
