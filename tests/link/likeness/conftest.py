from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

_COLUMNS = ["name", "other_names", "street", "city", "region", "postcode", "country", "activities"]


def table(*rows: dict[str, object], source: str = "made.up@1") -> pd.DataFrame:
    """Records in the columns that are compared; what a row does not state is missing."""
    frame = pd.DataFrame(list(rows), columns=[*_COLUMNS, "latitude_deg", "longitude_deg"])
    frame = frame.astype(dict.fromkeys(_COLUMNS, "str") | {"latitude_deg": "float64", "longitude_deg": "float64"})
    ids = [f"{source}#{number}" for number in range(1, len(rows) + 1)]
    return frame.assign(record_id=pd.Series(ids, dtype="str"), source_id=pd.Series(source, frame.index, dtype="str"))


@pytest.fixture(scope="session")
def records() -> Callable[..., pd.DataFrame]:
    return table
