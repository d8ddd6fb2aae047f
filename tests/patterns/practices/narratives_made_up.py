"""Made-up findings with narratives: facilities cite rules more or less often, and have words of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd

WORDS = (  # noqa: SIM905
    "pen gate floor ramp chute water bedding prod stunner bolt chain rail truck door wall light noise steam hose hook "
    "knife table drain slope latch hinge panel fence crate bucket"
).split()


def findings(seed: int, *, facilities: int = 60, each: int = 8, marking: float = 0.0) -> pd.DataFrame:
    """Return findings; `marking` is by how much the word "trampled" raises the logarithm of the odds of no rule."""
    rng = np.random.default_rng(seed)
    facility = np.repeat(np.arange(facilities), each)
    own = rng.dirichlet(np.full(len(WORDS), 0.8), facilities)
    said = [rng.choice(WORDS, 5, replace=False, p=0.5 * own[place] + 0.5 / len(WORDS)) for place in facility]
    trampled = rng.random(len(facility)) < 0.3
    odds = rng.normal(-0.5, 1.0, facilities)[facility] + marking * trampled
    no_rule = rng.random(len(facility)) < 1 / (1 + np.exp(-odds))
    opening = ["We saw an animal " + ("trampled" if hurt else "waiting") for hurt in trampled]
    return pd.DataFrame(
        {
            "facility_id": [f"us.fsis:{place:04d}" for place in facility],
            "narrative": [
                f"{start} at the {', the '.join(words)}." for start, words in zip(opening, said, strict=True)
            ],
            "rule_cited": np.where(no_rule, None, "313.1"),
        }
    )
