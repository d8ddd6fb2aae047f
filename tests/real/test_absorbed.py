"""Effects after `|` on the agencies' files: the same estimates as dummies give, with errors as fixest counts them."""

from __future__ import annotations

from pathlib import Path

import pytest

import welfare as wf
from tests.real.frames import lice_counts, lice_months, pond_visits, salmon_cages
from tests.real.stored import agree

pytestmark = pytest.mark.real


@pytest.mark.parametrize("lice", ["motiles", "caligus"])
def test_lice_of_farm_months(shared: Path, lice: str) -> None:
    months = lice_months(shared)
    agree(
        wf.count_model(f"{lice} ~ audited | farm + month", months, cluster="farm"),
        "lice",
        f"{lice} months 2011-2016",
    )
    agree(
        wf.count_model(f"{lice} ~ audited | farm + month", lice_months(shared, last=2020), cluster="farm"),
        "lice",
        f"{lice} months 2011-2020",
    )


@pytest.mark.parametrize(("lice", "printed"), [("motiles", "1.094 0.919 1.303"), ("caligus", "1.698 1.147 2.513")])
def test_audited_months_to_the_printed_digits(shared: Path, lice: str, printed: str) -> None:
    fit = wf.count_model(f"{lice} ~ audited | farm + month", lice_months(shared), cluster="farm")
    row = fit.table.iloc[0][["ratio", "ratio_low", "ratio_high"]]
    assert " ".join(f"{value:.3f}" for value in row) == printed
    assert fit.clusters == 91
    assert "each farm and each month held fixed" in fit.text


@pytest.mark.parametrize("lice", ["motiles", "caligus"])
@pytest.mark.parametrize("last", [2016, 2020])
def test_lice_of_unaveraged_rows(shared: Path, lice: str, last: int) -> None:
    rows = lice_counts(shared)
    rows = rows[rows["year"] <= last]
    agree(wf.count_model(f"{lice} ~ audited | farm + month", rows, cluster="farm"), "lice", f"{lice} rows 2011-{last}")


@pytest.mark.parametrize("lice", ["motiles", "caligus"])
def test_lice_given_the_month_before(shared: Path, lice: str) -> None:
    months = lice_months(shared)
    fit = wf.count_model(f"{lice} ~ audited + np.log({lice}_before + 0.05) | farm + month", months, cluster="farm")
    agree(fit, "lice", f"{lice} months, given the month before", before=f"np.log({lice}_before + 0.05)")


def test_salmon_within_cage_and_month(shared: Path) -> None:
    cages = salmon_cages(shared)
    agree(wf.count_model("mortality ~ density | cage + month", cages, cluster="cage"), "salmon", "cage and month")
    agree(
        wf.count_model("mortality ~ density_earlier | cage + month", cages, cluster="cage"),
        "salmon",
        "cage and month, 8 weeks before",
    )


@pytest.mark.parametrize("harm", ["gulps", "out_of_range", "low_oxygen"])
def test_ponds_within_pond_and_month(shared: Path, harm: str) -> None:
    """Ponds and months without the harm say nothing of it and are left out, as separated."""
    visits = pond_visits(shared)
    agree(
        wf.count_model(f"{harm} ~ doublings | pond + month", visits, cluster="pond"), "ponds", f"{harm} pond and month"
    )
    agree(
        wf.count_model(f"{harm} ~ doublings + weight | month", visits, cluster="pond"),
        "ponds",
        f"{harm} month and weight",
    )
