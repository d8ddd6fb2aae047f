"""What a profile says in words."""

from __future__ import annotations

import pandas as pd

from welfare.schema.results import count_reasons


def spread_in_words(phi: float, by_chance: float, overdispersion: str, *, alike: bool) -> str:
    """Say whether facilities differ beyond chance, and whether that was allowed for.

    Parameters
    ----------
    phi, by_chance : float
        As seen, and as chance alone would give.
    overdispersion : str
        How spread was allowed for.
    alike : bool
        Whether they differ among themselves no more than by chance: phi may then be high as all lie to one side.
    """
    seen = f"(phi {phi:.3g}; chance alone would give {by_chance:.3g})"
    if overdispersion == "none":
        return f"Ordinary differences between them were not allowed for {seen}"
    if phi > by_chance and alike:
        return (
            f"The rule allows for how far their counts lie from the expected ones {seen}; among themselves they differ "
            "no more than by chance"
        )
    if phi > by_chance:
        return f"The rule allows for ordinary differences between them {seen}"
    return f"As a whole they differ no more than by chance {seen}"


def sentences(table: pd.DataFrame, what: str, wider: str, dropped: pd.DataFrame, fdr: float, caution: str) -> str:
    """Return the paragraph of a profile.

    Parameters
    ----------
    table : DataFrame
        Of the profile.
    what : str
        What is compared, e.g. "facilities".
    wider : str
        About the spread between them.
    dropped : DataFrame
        Columns row, reason.
    fdr : float
        False-discovery rate of the flags.
    caution : str
        What the text ends with.
    """
    above, below = (int((table["flagged"] == side).sum()) for side in ("above", "below"))
    width = float((table["rank_high"] - table["rank_low"]).median()) + 1
    out_of = f" in {table['trials'].sum():,.0f} trials" if "trials" in table else ""
    left_out = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    ending = f" {caution.strip()}" if caution.strip() else ""
    return (
        f"{len(table):,} {what} had {table['observed'].sum():,.0f} events{out_of} where "
        f"{amount(table['expected'].sum())} were expected. {above:,} had more than their peers and {below:,} had "
        f"fewer, by a rule under which at most about {fdr * 100:g}% of those named would be named by chance. {wider}. "
        f"Ranks are loose: half of them could hold any of {width:,.0f} or more of the {len(table):,} ranks.{left_out} "
        f"Being named says that the count differs from the expected one, not why.{ending}"
    )


def amount(expected: float) -> str:
    """Write an expected count: one decimal, or where that would read as none, two digits."""
    return f"{expected:,.1f}" if expected >= 0.1 else f"{expected:.2g}"


def notes(table: pd.DataFrame, what: str, rows: int, *, alike: bool, overdispersion: str, law: str) -> tuple[str, ...]:
    """Return what a user of the figures should know.

    Parameters
    ----------
    table : DataFrame
        Of the profile.
    what : str
        What is compared.
    rows : int
        Of the panel.
    alike : bool
        Whether no spread beyond chance was found.
    overdispersion : str
        How spread was allowed for.
    law : str
        Of counts with spread, e.g. "negative_binomial".
    """
    allowed = {
        "additive": "z_adjusted adds a variance between facilities to that of chance (additive overdispersion, tau2)",
        "multiplicative": "z_adjusted divides by the root of phi where that is above 1 (multiplicative overdispersion)",
        "none": "Spread between them was left out on request, so that ordinary differences may be flagged",
    }[overdispersion]
    counted = "the count" if law == "negative_binomial" else "the count out of its trials"
    said = [
        f"{allowed}; p-values are tails of {counted} with such a spread; flags control the false-discovery rate "
        "(Benjamini-Hochberg)."
        if overdispersion != "none"
        else f"{allowed}; p-values are tails of {counted} under chance alone."
    ]
    if rows > len(table):
        said.append(f"{rows:,} rows of the panel were added up to {len(table):,} {what}, or left out.")
    if table["observed"].sum() == 0:
        said.append(
            "None had any event: all share one ratio, 0, with an upper end; whether some are better than others these "
            "records cannot tell, nor whether anybody looked."
        )
    sparse = float((table["expected"] < 5).mean())
    if sparse > 0.2:
        said.append(
            f"{sparse:.0%} of {what} expected fewer than five events: z is rough there, so read the p-value and "
            "the exact interval instead."
        )
    if alike:
        said.append(
            "The counts show no spread beyond chance: every shrunken ratio is that of all together, and none can "
            "be ranked before another."
        )
    if len(table) < 20:
        said.append(
            f"{len(table)} {what} are few to measure spread between them by: shrunken intervals and chances allow for "
            "that, p-values and flags take the spread found as known."
        )
    total = float(table["observed"].sum() / table["expected"].sum())
    if not 0.95 < total < 1.05:
        said.append(f"Together they had {total:.2f} times what was expected: all are compared with that 1.")
    return tuple(said)


__all__ = ["amount", "notes", "sentences", "spread_in_words"]
