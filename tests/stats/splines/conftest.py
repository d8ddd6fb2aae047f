from __future__ import annotations

import io
import shutil
import subprocess

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def motorcycles() -> pd.DataFrame:
    """Head acceleration after an impact, 133 rows of R's MASS: another's data, read from there and not kept here."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("R is not installed (make referee): MASS::mcycle is read from it")
    done = subprocess.run(
        [rscript, "--vanilla", "-e", "write.csv(MASS::mcycle, row.names = FALSE)"], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"R has no MASS: {done.stderr.strip()}")
    return pd.read_csv(io.StringIO(done.stdout)).astype(float)
