"""Trials of group against individual housing of calves, as effects to pool: read where they lie, never kept here.

Donadio et al. 2025, Journal of Dairy Science (doi 10.3168/jds.2024-25159) published the means of both sides with their
standard errors, by study and outcome; the workbooks are theirs, under the MIT licence.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

NAMES = {"ADG": "average daily gain (kg/d)", "WW": "weaning weight (kg)"}


def calves(shared: Path) -> pd.DataFrame:
    """Return one row per trial and outcome: how much more the group-housed calves had, its variance, and where from.

    Columns: outcome ("ADG", kg/d, or "WW", kg); study (authors and year, numbered where an article has several trials);
    article (its doi); effect (mean of the group-housed minus mean of the individually housed); variance (sum of the
    squared standard errors of the two means); group (calves in a pen: "pair", ...).

    None of the 44 rows of these two outcomes is left out.
    """
    folder = shared / "data/reference/calves_group_housing"
    trials = pd.read_excel(folder / "02_meta.xlsx", engine="calamine")
    outcomes = pd.read_excel(folder / "03_outcomes.xlsx", engine="calamine")
    rows = outcomes[outcomes["Variable"].isin(NAMES)].merge(trials, on="Study", validate="many_to_one")
    return pd.DataFrame(
        {
            "outcome": rows["Variable"],
            "study": rows["Authors"].str.strip() + " " + rows["Year"].astype("str"),
            "article": rows["doi"],
            "effect": rows["Treatment_Mean"] - rows["Control_Mean"],
            "variance": rows["Treatment_SEM"] ** 2 + rows["Control_SEM"] ** 2,
            "group": rows["Group_size_class"],
        }
    )


if __name__ == "__main__":  # the effects as the file that tests/referee/r/pooling.R reads: CALVES=this file
    import sys

    calves(Path(sys.argv[1])).to_csv(sys.argv[2], index=False)
