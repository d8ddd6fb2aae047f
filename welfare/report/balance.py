"""The section on what keeping a practice saves and what it costs, natural units first."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from welfare.report.document import Block, Disclosure, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.tables import Format
from welfare.report.words import svg

if TYPE_CHECKING:
    from welfare.accounting.ledger import Account

_BOUNDS = ("low", "median", "high")
_VIEWS = {
    "animal_weight_zero": "animals count for nothing",
    "willingness_to_pay": "what people would pay for them",
    "intrinsic": "animals count for themselves",
}
_SOURCE = "the parameters in the last table of this section, each with its address"


def account_section(findings: Findings) -> Section:
    """Set out the account: pain, natural units, money, where the answer flips, who bears it, and the sources."""
    account = findings.account
    stamped = "The account below uses published figures, not simulated ones; it is stamped as part of this document."
    return Section(
        "Keeping conventional broilers instead of the Better Chicken Commitment: what it saves, what it costs",
        [
            *([Prose(stamped)] if findings.simulated else []),
            _hours(findings),
            _levels_of_pain(),
            Prose(_paragraphs(account.text)),
            _natural(account),
            *_money(account),
            _flips(account),
            Disclosure("Who bears it", [_bearers(account)]),
            Disclosure("What is not counted, and why", [_not_counted(account)]),
            Disclosure("Where each figure comes from", [_parameters(account)]),
            Disclosure("Notes", [Prose("\n".join(f"- {note}" for note in account.notes))]),
        ],
        lead="Told from the side of keeping conventional broilers: saved is what there is less of with them than under "
        "the Better Chicken Commitment, lost what there is more of. Per 1,000 birds, natural units first.",
        anchor="what-is-saved-and-what-is-lost",
    )


def _hours(findings: Findings) -> Block:
    from welfare.accounting.narrative import rounded
    from welfare.figures.money import hours

    table = findings.account.table
    pain = table[table["unit"].str.startswith("h ") & table["median"].notna()]
    # The figure prints what it is given, so it is given what the text and the tables print.
    pain = pain.assign(**{name: pain[name].map(rounded) for name in _BOUNDS})
    caption = "Hours of pain: conventional broilers less Better Chicken Commitment broilers"
    return FigureBlock(svg(hours(pain), caption, findings), caption, f"Welfare Footprint Project; {_SOURCE}")


def _levels_of_pain() -> Block:
    """Say what the words for pain mean."""
    from welfare.accounting.scenarios import lines

    said = [f"- {line.name}: {line.meaning}." for line in lines().values() if line.meaning]
    source = "https://welfarefootprint.org/technical-definitions/pain-intensities"
    return Prose(
        f"What the four levels of pain mean, after the definitions of the Welfare Footprint Institute ({source}):\n\n"
        + "\n".join(said)
    )


def _natural(account: Account) -> Block:
    counted = account.table[account.table["low"].notna()]
    return TableBlock(
        counted[["line", "unit", *_BOUNDS, "interval", "status"]],
        "The account in natural units: conventional less Commitment, so above 0 is lost and below 0 saved",
        _SOURCE,
        labels={"interval": "low and high are", "status": "least certain source"},
        formats=_written(_BOUNDS),
        missing="none published",
    )


def _money(account: Account) -> list[Block]:
    """Show what is in money under the three views, one row where low, median and high are one number."""
    money = account.money.reset_index().dropna(subset=list(_VIEWS), how="all")
    same = money.groupby("line", sort=False)[list(_VIEWS)].transform("nunique").le(1).all(axis=1)
    rows = money.assign(at=money["at"].mask(same, "single figure")).drop_duplicates(["line", "at"])
    if rows.empty:
        return [Prose("In money: no line has a price.")]
    return [
        Prose(
            "In money, three views of what animals are worth stand side by side, each a whole view, never summed: in "
            "one animals count for nothing, in one for what people would pay for them, in one for themselves. What a "
            "producer pays is the same under each. What the animals bear has no price in any of them: none held fits."
        ),
        TableBlock(
            rows[["line", "at", *_VIEWS, "currency", "price_year"]],
            "Money, per 1,000 birds: conventional less Commitment, so below 0 is saved; "
            "lines without a price are in the table above",
            _SOURCE,
            labels=_VIEWS,
            formats=_written(_VIEWS),
            missing="not monetised",
        ),
    ]


def _flips(account: Account) -> Block:
    from welfare.accounting.narrative import written

    flips = account.switching()
    weak = flips["status"].isin(["abstract", "unverified", "judgement"]).any()
    return TableBlock(
        flips[["quantity", "unit", *_BOUNDS, "never"]],
        "Where the answer flips" + ("; these prices rest on figures that have not been verified" if weak else ""),
        _SOURCE,
        labels={"never": "share of draws in which no price flips it"},
        formats={**_written(_BOUNDS), "never": lambda share: f"{written(100 * share)}%"},
        missing="no price flips it",
    )


def _bearers(account: Account) -> Block:
    """Say who bears each line and which way it goes; the numbers are in the table of natural units."""
    from welfare.accounting.narrative import EITHER_WAY

    bearers = account.bearers[["bearer", "line", "side"]]
    bearers = bearers.assign(side=bearers["side"].replace(dict.fromkeys(EITHER_WAY, "either way")))
    counts = ", ".join(f"{count} {side}" for side, count in bearers["side"].value_counts().items())
    return TableBlock(bearers, f"Who bears each of {len(bearers)} lines: {counts}", labels={"side": "direction"})


def _not_counted(account: Account) -> Block:
    return TableBlock(
        account.dropped, "Lines without a figure on one side or both", labels={"row": "line", "reason": "why"}
    )


def _parameters(account: Account) -> Block:
    """Trace each figure of the account to who published it."""
    counted = account.table.loc[account.table["low"].notna(), "sources"]
    ids = {name for sources in counted for name in sources.split(" ; ")}
    used = account.inputs[account.inputs["id"].isin(ids)]
    frame = used.assign(
        what=used["description"] + ", " + used["system"] + " [" + used["id"] + "]",
        value=[_as_published(row) for row in used.to_dict("records")],
        unit=used["unit"].replace("relative_change", "% change").str.replace("_", " "),
        checked=used["verified"].map({True: "verified", False: "not verified"}) + " (" + used["status"] + ")",
    )
    columns = ["what", "value", "unit", "source", "data_period", "jurisdiction", "address", "checked", "note"]
    return TableBlock(
        frame[columns].replace("", None),
        f"The parameters used, from the book {account.book}. Verified: the source was read at the address, itself "
        "(primary) or through another (secondary); the remark says where a copy was read",
        f"the book's files, SHA-256 {account.book_sha256}",
        labels={
            "source": "published by",
            "data_period": "year",
            "jurisdiction": "country",
            "checked": "status",
            "note": "remark",
        },
        missing="not given",
    )


def _as_published(row: Mapping[Hashable, Any]) -> str:
    """Write a parameter's value as its source gives it, not rounded, e.g. ``50.27 (33.01 to 67.53 holds 90%)``."""
    import pandas as pd

    scale = 100 if row["unit"] == "relative_change" else 1
    values = (row[name] for name in ("low", "central", "high"))
    low, central, high = ("" if pd.isna(value) else f"{scale * value:,.10g}" for value in values)
    mass = "" if pd.isna(row["interval_mass"]) or not central else f" holds {row['interval_mass']:.0%}"
    span = f"{low} to {high}{mass}" if low and high else ""
    return f"{central} ({span})" if central and span else central or span


def _written(columns: Mapping[str, str] | tuple[str, ...]) -> dict[str, Format]:
    from welfare.accounting.narrative import written

    return dict.fromkeys(columns, lambda value: written(value).replace("-", "−"))


_NEW_PARAGRAPH = (
    " Figures are",
    " What is saved:",
    " What is lost:",
    " What may go either way:",
    " The figures for",
    " Who bears it:",
    " Where the answer flips:",
    " These prices rest",
    " Not counted,",
    " Hours are",
)


def _paragraphs(text: str) -> str:
    for start in _NEW_PARAGRAPH:
        text = text.replace(start, f"\n\n{start.strip()}", 1)
    return text
