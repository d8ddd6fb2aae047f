"""What inspection changes in the agencies' own files, shown by the parts that need nobody's identity."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.real.frames import lice_months
from tests.real.stored import ratio
from welfare.patterns.detection.detection import detection
from welfare.patterns.detection.estimates import MORE
from welfare.patterns.detection.watchers.contrast import visit_contrast

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def months(shared: Path) -> pd.DataFrame:
    return lice_months(shared)


@pytest.mark.parametrize(
    ("lice", "printed", "flag"),
    [("motiles", ("1.094", "0.919", "1.303"), ""), ("caligus", ("1.698", "1.147", "2.513"), MORE)],
)
def test_audited_months_hold_the_ratio_of_the_count_model(months, lice, printed, flag):
    fit = visit_contrast(months, by="audited", facility="farm", found=lice, period="month")
    row = fit.table.iloc[0]
    assert tuple(f"{row[name]:.3f}" for name in ("estimate", "low", "high")) == printed
    stored = ratio("lice", f"{lice} months 2011-2016", "audited")
    assert (row["estimate"], row["low"], row["high"]) == pytest.approx(stored, rel=1e-4)
    assert row["reason"] == flag
    assert (fit.both, fit.reference) == (71, "0")


def test_files_without_inspectors_say_so(months):
    seen = months.assign(lousy=(months["motiles"] > 3).astype(int))
    told = detection(seen, facility="farm", found="lousy", period="month", replicates=0)
    reasons = told.table[told.table["status"] == "cannot tell"].set_index("part")["reason"]
    assert reasons["inspectors"] == "no column of inspectors"
    assert reasons["districts"] == "no column of districts"
    # Lice come and go over six years: the order of the records refutes a problem that is there throughout.
    assert told.parts["occupancy"].clumping.p_value < 1e-10
    assert "come in runs" in told.parts["occupancy"].text
