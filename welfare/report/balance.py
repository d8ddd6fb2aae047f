"""The section on what is saved and what is lost, natural units first."""

from __future__ import annotations

from welfare.report.document import Disclosure, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.words import svg


def account_section(findings: Findings) -> Section:
    """Set out the account: hours of pain, natural units, the money panel, who bears it, where the answer flips."""
    from welfare.figures.money import hours
    from welfare.figures.numbers import short

    account = findings.account
    pain = account.table[account.table["unit"].str.startswith("h ") & account.table["median"].notna()]
    caption = "Hours of pain: conventional broilers less Better Chicken Commitment broilers"
    natural = account.table[["line", "bearer", "unit", "low", "median", "high", "interval", "status"]]
    money = account.money.reset_index()
    money = money[
        money["animal_weight_zero"].notna() | money["willingness_to_pay"].notna() | money["intrinsic"].notna()
    ]
    return Section(
        "What is saved and what is lost",
        [
            FigureBlock(
                svg(hours(pain), caption, findings), caption, "Welfare Footprint Project; parameters in the appendix"
            ),
            Prose(_paragraphs(account.text)),
            TableBlock(
                natural,
                "The account in natural units",
                "Parameter book us_broiler",
                formats=dict.fromkeys(("low", "median", "high"), short),
                missing="not quantified",
            ),
            TableBlock(
                money[
                    ["line", "at", "animal_weight_zero", "willingness_to_pay", "intrinsic", "currency", "price_year"]
                ],
                "Money, three views side by side, never summed; lines without a price are in the table above",
                "Parameter book us_broiler",
                missing="not monetised",
            ),
            TableBlock(
                account.switching()[["quantity", "unit", "low", "median", "high", "never", "reason"]],
                "Where the answer flips",
                formats={"low": short, "median": short, "high": short, "never": ".1%"},
                missing="no price flips it",
            ),
            Disclosure(
                "Who bears it",
                [TableBlock(account.bearers.reset_index(drop=True), "Who bears each line", missing="not quantified")],
            ),
            Disclosure("Notes", [Prose("\n".join(f"- {note}" for note in account.notes))]),
        ],
        lead="Conventional broilers set against the Better Chicken Commitment, per 1,000 birds, natural units first.",
    )


_NEW_PARAGRAPH = (
    " What is saved:",
    " What is lost:",
    " The figures for",
    " Who bears it:",
    " Where the answer flips:",
    " Not counted,",
    " Hours are",
)


def _paragraphs(text: str) -> str:
    for start in _NEW_PARAGRAPH:
        text = text.replace(start, f"\n\n{start.strip()}", 1)
    return text
