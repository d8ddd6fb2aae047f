import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from welfare.accounting.ledger import COLUMNS, Account, account
from welfare.accounting.parameters import Book, parameters
from welfare.accounting.scenarios import Line, Scenario, ScenarioLine, lines, scenario, scenarios
from welfare.accounting.simulate import entries
from welfare.errors import BadParameter, NoBareNumber, WelfareError

CONVENTIONAL, BETTER = "broiler_conventional", "broiler_better_chicken_commitment"
NUMBERS = ["low", "median", "high", "mean"]


@pytest.fixture(scope="module")
def acct() -> Account:
    return account(CONVENTIONAL, against=BETTER)


def with_parameters(book: Book, **changes) -> Book:
    return Book(book.name, {**book.parameters, **changes}, book.sha256)


def test_the_table_has_its_columns_and_natural_units_first(acct):
    assert tuple(acct.table.columns[:9]) == COLUMNS
    assert list(acct.table["account"].drop_duplicates()) == ["animals", "produced", "natural", "human", "social"]
    assert list(acct.table["line"][:4]) == [
        f"{level} pain" for level in ("Excruciating", "Disabling", "Hurtful", "Annoying")
    ]
    assert set(acct.table["unit"][:4]) == {"h per 1,000 birds"}


def test_statuses_are_the_worst_of_the_inputs(acct):
    by_line = acct.table.set_index("line")["status"]
    assert by_line["Disabling pain"] == "primary"
    assert by_line["production cost (Wageningen Economic Research for Eurogroup for Animals)"] == "secondary"
    assert by_line["production cost in money (Nature Food)"] == "unverified"  # abstract x unverified
    assert by_line["deaths on the farm"] == "not quantified"


def test_a_line_without_a_figure_is_missing_with_a_reason_and_never_zero(acct):
    absent = acct.table[acct.table["status"] == "not quantified"]
    assert absent[NUMBERS].isna().all(axis=None)
    assert (absent["reason"] != "").all()
    assert set(acct.dropped["row"]) == set(absent["line"])
    assert {"deaths on the farm", "risk of a pandemic"} <= set(acct.dropped["row"])


def test_both_signs_are_kept_and_sponsors_are_named(acct):
    median = acct.table.set_index("line")["median"]
    assert median["Disabling pain"] > 0 > median["Annoying pain"]
    costs = acct.table[acct.table["bearer"] == "operator"].set_index("line")
    assert costs.index.str.contains("Eurogroup|AVEC|Nature Food").all()
    wur, avec, natfood = costs[["low", "high"]].to_numpy()
    # Shares of the conventional figure, in percent: the published extra of the Commitment with its sign turned.
    assert list(wur) == pytest.approx([-19, -18], rel=1e-12)
    assert list(avec) == [-37.5, -37.5]
    assert list(natfood) == [-1800.0, -1800.0]  # 1 USD/kg x 1.8 kg/bird x 1,000 birds
    assert median["greenhouse gases per kg (ADAS for AVEC)"] == pytest.approx(-24.4, rel=1e-12)
    assert median["feed per kg (ADAS for AVEC)"] == pytest.approx(-35.5, rel=1e-12)


def test_an_interval_without_a_shape_keeps_its_bounds_and_has_no_median(acct):
    wur = acct.table.set_index("line").loc["production cost (Wageningen Economic Research for Eurogroup for Animals)"]
    assert wur[["median", "mean"]].isna().all()
    assert wur["interval"] == "lowest to highest reported, not drawn"
    arrival = acct.levels.set_index(["scenario", "line"]).loc[(CONVENTIONAL, "dead on arrival at the plant")]
    assert list(arrival[["low", "median", "high", "mean"]]) == pytest.approx([0.3, 0.6, 0.9, 0.8])
    assert arrival["interval"].startswith("middle half")


def test_seconds_become_hours_exactly(acct):
    slaughter = acct.levels.set_index(["scenario", "line"]).loc[(CONVENTIONAL, "Excruciating pain at slaughter")]
    assert slaughter["median"] == pytest.approx(6.4 * 1000 / 3600, rel=1e-12)


def test_a_scenario_against_itself_differs_by_exactly_nothing():
    table = account(CONVENTIONAL, against=CONVENTIONAL).table
    quantified = table[table["status"] != "not quantified"]
    assert (quantified[NUMBERS] == 0).all(axis=None)
    assert len(quantified) >= 4


def test_a_parameter_used_on_both_sides_has_the_same_draws():
    one, two = scenario(CONVENTIONAL), scenario(BETTER)
    shared_row = next(row for row in one.rows if row.line == "pain.disabling")
    moved = shared_row.model_copy(update={"scenario": two.name})
    other = dataclasses.replace(two, rows=tuple(moved if r.line == moved.line else r for r in two.rows))
    table = account(one, against=other).table.set_index("line")
    assert (table.loc["Disabling pain", NUMBERS] == 0).all()
    assert table.loc["Hurtful pain", "high"] > 0


def test_the_reverse_account_is_the_mirror(acct):
    mirror = account(BETTER, against=CONVENTIONAL).table.set_index("line")
    straight = acct.table.set_index("line")
    np.testing.assert_allclose(mirror["low"], -straight["high"], rtol=1e-9)
    np.testing.assert_allclose(mirror["mean"], -straight["mean"], rtol=1e-9)


def test_the_same_seed_gives_the_same_account_and_another_does_not(acct):
    pd.testing.assert_frame_equal(acct.table, account(CONVENTIONAL, against=BETTER, seed=0).table)
    assert not acct.table.equals(account(CONVENTIONAL, against=BETTER, seed=1).table)


def test_adding_a_parameter_moves_no_other(acct):
    book = parameters("us_broiler")
    extra = book["pain.broiler.conv.hurtful"].model_copy(update={"id": "pain.broiler.new"})
    longer = Book(book.name, {"pain.broiler.new": extra, **book.parameters}, book.sha256)
    pd.testing.assert_frame_equal(acct.table, account(CONVENTIONAL, against=BETTER, book=longer).table)


def test_without_uncertainty_there_is_no_spread():
    book = parameters("us_broiler")
    flat = {n: p.model_copy(update={"distribution": "point"}) for n, p in book.items() if p.distribution == "normal"}
    table = account(CONVENTIONAL, against=BETTER, book=with_parameters(book, **flat)).table.set_index("line")
    disabling = table.loc["Disabling pain"]
    assert disabling["low"] == disabling["high"] == disabling["mean"]
    assert disabling["mean"] == pytest.approx(1000 * (50.27 - 17.26), rel=1e-12)
    assert disabling["interval"] == "single figure: no interval held"


def test_levels_scale_with_the_number_of_birds():
    book = parameters("us_broiler")
    drawn = entries(scenario(CONVENTIONAL), book, 500, 0)["pain.disabling"].quantity.draws
    row = lines()["pain.disabling"]
    assert row.scaling == 1000
    assert drawn.mean() / row.scaling == pytest.approx(50.27, abs=0.1)


def test_an_input_in_the_wrong_unit_is_refused():
    book = parameters("us_broiler")
    wrong = book["pain.broiler.conv.disabling"].model_copy(update={"unit": "ratio"})
    with pytest.raises(BadParameter, match=r"pain\.disabling"):
        account(CONVENTIONAL, against=BETTER, book=with_parameters(book, **{wrong.id: wrong}))


def test_money_of_two_currencies_is_not_mixed():
    book = parameters("us_broiler")
    pounds = book["yield.broiler.meat"].model_copy(update={"currency": "GBP", "price_year": 2025})
    with pytest.raises(BadParameter, match="mixes money"):
        account(CONVENTIONAL, against=BETTER, book=with_parameters(book, **{pounds.id: pounds}))


def test_alternatives_are_not_made_into_an_interval():
    book = parameters("us_broiler")
    options = book["pain.broiler.conv.disabling"].model_copy(update={"distribution": "scenarios"})
    with pytest.raises(BadParameter, match="alternatives"):
        account(CONVENTIONAL, against=BETTER, book=with_parameters(book, **{options.id: options}))


def test_an_interval_against_draws_has_no_difference():
    book = parameters("us_broiler")
    shapeless = book["pain.broiler.conv.disabling"].model_copy(update={"distribution": "none"})
    table = account(CONVENTIONAL, against=BETTER, book=with_parameters(book, **{shapeless.id: shapeless})).table
    row = table.set_index("line").loc["Disabling pain"]
    assert pd.isna(row["low"])
    assert "without a shape" in row["reason"]


def test_a_later_figure_is_not_counted_on_an_earlier_day():
    earlier = account(CONVENTIONAL, against=BETTER, book=parameters("us_broiler", on="2024-01-01"))
    row = earlier.table.set_index("line").loc["production cost in money (Nature Food)"]
    assert row["status"] == "not quantified"
    assert "2024-01-01" in row["reason"]
    assert earlier.switching().empty
    assert "not known" in earlier.text.split("Where the answer flips:")[1]


@pytest.mark.parametrize("convert", [float, int, complex])
def test_an_account_is_not_one_number(acct, convert):
    with pytest.raises(NoBareNumber):
        convert(acct)


@pytest.mark.parametrize("keep", ["operator only", "empty", "humans only"])
def test_an_account_cannot_be_cut_down_to_the_saving(acct, keep):
    rows = {
        "operator only": acct.table["bearer"] == "operator",
        "empty": acct.table["bearer"] == "nobody",
        "humans only": acct.table["account"] != "animals",
    }[keep]
    with pytest.raises(WelfareError, match="animals"):
        dataclasses.replace(acct, table=acct.table[rows])


def test_an_account_cannot_be_built_from_a_scenario_of_savings_only():
    full = scenario(BETTER)
    saving = dataclasses.replace(full, rows=tuple(row for row in full.rows if row.line.startswith("cost.")))
    with pytest.raises(BadParameter, match="animals"):
        account(saving, against=CONVENTIONAL)


def test_an_account_needs_its_levels_and_its_money_panel(acct):
    with pytest.raises(BadParameter, match="levels"):
        dataclasses.replace(acct, levels=acct.levels[acct.levels["bearer"] == "operator"])
    with pytest.raises(BadParameter, match="money"):
        dataclasses.replace(acct, money=acct.money[["intrinsic"]])
    with pytest.raises(BadParameter, match="set against"):
        dataclasses.replace(acct, against="")


def test_no_public_function_of_the_room_returns_the_saving_alone():
    # What gives figures of a whole scenario gives all its lines.
    shown = entries(scenario(BETTER), parameters("us_broiler"), 200, 0)
    assert {"pain.disabling", "cost.natfood"} <= set(shown)


@pytest.mark.parametrize("against", [None, 1])
def test_a_scenario_needs_a_counterfactual(against):
    with pytest.raises(BadParameter, match="alternative"):
        account(CONVENTIONAL, against=against)
    with pytest.raises(TypeError):
        account(CONVENTIONAL)


def test_scenarios_of_different_animals_are_not_compared():
    hens = dataclasses.replace(scenario(BETTER), species="laying hen")
    with pytest.raises(BadParameter, match="laying hen"):
        account(CONVENTIONAL, against=hens)
    with pytest.raises(BadParameter, match="Known scenarios"):
        account("hen_cage", against=CONVENTIONAL)


@pytest.mark.parametrize("draws", [0, 99, 1000.0, "many"])
def test_too_few_draws_are_refused(draws):
    with pytest.raises(BadParameter, match="draws"):
        account(CONVENTIONAL, against=BETTER, draws=draws)


def test_every_line_has_a_bearer_and_a_side(acct):
    bearers = acct.bearers
    assert len(bearers) == len(acct.table)
    side = bearers.set_index("line")["side"]
    assert side["Disabling pain"] == "lost"
    assert side["Annoying pain"] == "saved or lost"
    assert side["greenhouse gases per kg (ADAS for AVEC)"] == "saved"
    assert side["deaths on the farm"] == "not quantified"


def part(text: str, start: str, end: str) -> str:
    return text.split(start)[1].split(end)[0]


def test_the_paragraph_has_its_parts_in_order(acct):
    parts = (
        "Keeping conventional broilers",
        "The Better Chicken Commitment is a pledge",
        "What is saved:",
        "What is lost:",
        "What may go either way:",
        "rival estimates",
        "Who bears it:",
        "Where the answer flips:",
        "These prices rest on",
        "Not counted",
    )
    places = [acct.text.index(words) for words in parts]
    assert places == sorted(places)
    assert "nan" not in acct.text


def test_a_share_names_the_whole_that_it_is_a_share_of(acct):
    # 37.5% more under the Commitment is 37.5% of the conventional figure, but 27.3% of the Commitment's.
    saved = part(acct.text, "What is saved:", "What is lost:")
    for words in (
        "association), less by 37.5% of the conventional figure",
        "Animals), less by 18 to 19% of the conventional figure",
        "greenhouse gases per kg (ADAS for AVEC), less by 24.4% of the conventional figure",
        "feed per kg (ADAS for AVEC), less by 35.5% of the conventional figure",
        "water per kg (ADAS for AVEC), less by 35.4% of the conventional figure",
    ):
        assert words in saved
    assert "% less" not in acct.text
    shares = acct.table[acct.table["line"].str.contains("AVEC|Wageningen")]
    assert set(shares["unit"]) == {"% of the conventional figure"}
    mirror = account(BETTER, against=CONVENTIONAL)
    assert "association), more by 37.5% of the conventional figure" in part(mirror.text, "What is lost:", "What may")
    assert mirror.table.set_index("line").loc["feed per kg (ADAS for AVEC)", "median"] == pytest.approx(35.5, rel=1e-12)


def test_what_may_go_either_way_is_neither_saved_nor_lost(acct):
    named = acct.text.split("What is saved:")[1]
    lost, open_part = part(named, "What is lost:", "What may"), part(named, "go either way:", "The figures for")
    # Published: 50.27 - 17.26 = 33.01 h a bird.
    assert "Disabling pain, 33,000 h more (12,500 to 53," in lost
    for level in ("Hurtful", "Annoying"):
        assert f"{level} pain" in open_part
        assert f"{level} pain" not in named.split("What may go either way:")[0]
    spans = acct.table[(acct.table["low"] < 0) & (acct.table["high"] > 0)]
    assert len(spans) == 2


def test_the_prices_say_that_they_rest_on_figures_not_verified(acct):
    said = part(acct.text, "These prices rest on ", "Not counted")
    assert said.startswith("figures that have not been verified and whose own doubt is in no interval: ")
    assert "additional cost of slower-growing chicken per kg meat" in said
    assert "read in an abstract only" in said
    assert "meat sold per bird" in said
    assert "1,800 USD (2025 prices, year assumed) less, not verified" in acct.text
    book = parameters("us_broiler")
    checked = {
        name: book[name].model_copy(update={"status": "primary", "address": "https://example.org"})
        for name in ("cost.broiler.ecc.natfood", "yield.broiler.meat")
    }
    assert "not verified" not in account(CONVENTIONAL, against=BETTER, book=with_parameters(book, **checked)).text
    half = with_parameters(book, **{"yield.broiler.meat": checked["yield.broiler.meat"]})
    assert "rest on one figure that has not been verified" in account(CONVENTIONAL, against=BETTER, book=half).text


def test_each_figure_is_traced_to_its_source(acct):
    inputs, book = acct.inputs.set_index("id"), parameters("us_broiler")
    quantified = acct.table.loc[acct.table["low"].notna(), "sources"].str.split(" ; ").explode()
    assert set(quantified) <= set(inputs.index)
    for name, row in inputs.iterrows():
        held = book[name]
        assert (row["source"], row["address"], row["unit"]) == (held.source, held.address, held.unit)
        assert row["verified"] == held.verified
    disabling = inputs.loc["pain.broiler.conv.disabling"]
    assert list(disabling[["low", "central", "high", "interval_mass"]]) == [33.01, 50.27, 67.53, 0.9]


def test_the_levels_of_pain_say_what_they_mean():
    assert [name for name, line in lines().items() if line.meaning] == [
        f"pain.{level}" for level in ("excruciating", "disabling", "hurtful", "annoying")
    ]


def test_the_banner_names_what_is_not_verified(acct):
    assert acct.notes[0].startswith("NOT VERIFIED")
    for name in ("yield.broiler.meat", "cost.broiler.ecc.natfood"):
        assert name in acct.notes[0]
    assert any("can exceed the clock" in note for note in acct.notes)
    assert any("set to the bound" in note for note in acct.notes)
    assert any(acct.book_sha256 in note for note in acct.notes)


def test_an_account_against_itself_says_that_nothing_differs():
    text = account(CONVENTIONAL, against=CONVENTIONAL).text
    assert "What is saved: nothing that is quantified." in text
    assert "What is lost: nothing that is quantified." in text


def test_the_record_is_plain_json(acct):
    again = json.loads(json.dumps(acct.record(), allow_nan=False))
    assert again["seed"] == 0
    assert len(again["table"]) == len(acct.table)
    assert again["money"][0]["animal_weight_zero"] is None
    assert "<table" in acct._repr_html_()


def test_scenario_data_is_checked():
    assert list(scenarios().columns) == ["scenario", "title", "species", "book", "base", "scope"]
    for fault in (
        {"basis": "level"},
        {"basis": "not_quantified"},
        {"basis": "extra", "parameters": "a.b"},
        {"basis": "extra", "counted_from": "s", "parameters": "a.b"},
        {"basis": "extra", "counted_from": "t"},
        {"basis": "level", "parameters": "a.b", "counted_from": "t"},
    ):
        with pytest.raises(ValueError, match=r"level|remark|extra"):
            ScenarioLine.model_validate({"scenario": "s", "line": "l", **fault})
    with pytest.raises(ValueError, match="greater than 0"):
        Line.model_validate({**lines()["ghg"].model_dump(), "scaling": 0})


def test_a_line_that_only_one_scenario_has_is_listed_as_left_out():
    full = scenario(BETTER)
    shorter: Scenario = dataclasses.replace(full, rows=tuple(r for r in full.rows if r.line != "ghg"))
    left_out = account(CONVENTIONAL, against=shorter).dropped.set_index("row")["reason"]
    assert "only one" in left_out["greenhouse gases per kg (ADAS for AVEC)"]


def test_the_figure_is_of_the_differences_in_hours(acct):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot as plt

    ax = acct.plot()
    words = " ".join(text.get_text() for text in ax.texts)
    assert "Disabling pain" in words
    assert "production cost" not in words
    plt.close("all")
