"""The section on the account: each number once and rounded one way, each figure traced, nothing unverified unsaid."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from welfare.accounting.ledger import account
from welfare.report.balance import account_section
from welfare.report.document import Disclosure, Document, Section, TableBlock

pytest.importorskip("matplotlib").use("Agg")


def section(simulated: bool = False) -> Section:
    acct = account("broiler_conventional", against="broiler_better_chicken_commitment")
    return account_section(SimpleNamespace(account=acct, simulated=simulated))


def words(of: Section, simulated: bool = False) -> str:
    html = Document("t", "s", [of], simulated=simulated).html()
    main = html[html.index("<main") : html.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


@pytest.fixture(scope="module")
def shown() -> Section:
    return section()


def tables(of: Section) -> dict[str, TableBlock]:
    blocks = [inner for block in of.blocks for inner in (block.blocks if isinstance(block, Disclosure) else [block])]
    return {block.caption: block for block in blocks if isinstance(block, TableBlock)}


def table(of: Section, start: str) -> TableBlock:
    return next(block for caption, block in tables(of).items() if caption.startswith(start))


def test_a_number_is_printed_the_same_way_everywhere(shown):
    said = words(shown)
    assert "33,003" not in said
    assert "33,004" not in said
    assert said.count("33,000 h more") == 1
    # The figure, the paragraph and the table.
    assert len(re.findall(r"33,000\b", said)) >= 3
    for share in ("37.5", "24.4", "35.5", "35.4"):
        assert f"less by {share}% of the conventional figure" in said
        assert f"−{share}" in said
    assert not re.search(r"0\.35|−0\.36|36%|38%", said)


def test_who_bears_it_gives_directions_and_no_number_again(shown):
    block = table(shown, "Who bears")
    assert list(block.frame.columns) == ["bearer", "line", "side"]
    counts = block.frame["side"].value_counts()
    assert set(counts.index) == {"lost", "saved", "either way", "not quantified"}
    assert counts["either way"] == 2
    for side, count in counts.items():
        assert f"{count} {side}" in block.caption


def test_money_without_an_interval_is_one_row(shown):
    rows = table(shown, "Money").frame
    assert list(rows["at"]) == ["single figure"]
    # 1 USD/kg x 1.8 kg x 1,000 birds, saved.
    assert (rows[["animal_weight_zero", "willingness_to_pay", "intrinsic"]] == -1800).all(axis=None)


def test_the_prices_carry_their_warning(shown):
    assert "not been verified" in table(shown, "Where the answer flips").caption


def test_each_parameter_is_traced(shown):
    frame = table(shown, "The parameters used").frame
    disabling = frame[frame["what"].str.contains(r"pain\.broiler\.conv\.disabling")].iloc[0]
    assert disabling["value"] == "50.27 (33.01 to 67.53 holds 90%)"
    assert disabling["what"].startswith("disabling pain per broiler")
    assert disabling["address"].startswith("https://")
    cost = frame[frame["what"].str.contains(r"cost\.broiler\.ecc\.natfood")].iloc[0]
    assert cost["checked"] == "not verified (abstract)"
    wur = frame[frame["what"].str.contains(r"cost\.broiler\.ecc\.wur")].iloc[0]
    assert (wur["value"], wur["unit"]) == ("18 to 19", "% change")


def test_what_is_published_is_told_from_what_is_simulated(shown):
    sentence = "The account below uses published figures, not simulated ones"
    assert sentence in words(section(simulated=True), simulated=True)
    assert sentence not in words(shown)
