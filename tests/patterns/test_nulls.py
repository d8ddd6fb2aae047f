"""The check of false-alarm rates can fail, in both directions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.patterns.nulls import at_level


def test_the_band_holds_the_level() -> None:
    rng = np.random.default_rng(0)
    at_level(lambda seed: bool(rng.random() < 0.05), 500)
    with pytest.raises(AssertionError, match="at most"):
        at_level(lambda seed: bool(rng.random() < 0.15), 500)
    with pytest.raises(AssertionError, match="at least"):
        at_level(lambda seed: False, 500)
