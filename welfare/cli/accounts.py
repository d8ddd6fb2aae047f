"""Commands that account for a practice, and list the numbers an account may use."""

from __future__ import annotations

from welfare.cli.page import AsJson, as_table, say, say_json, wrapped


def parameters(book: str, /, *, on: str | None = None, as_json: AsJson = False) -> None:
    """List the numbers an account may use, with their sources.

    Parameters
    ----------
    book
        Name of the book, such as us_broiler.
    on
        Day (YYYY-MM-DD): leave out what describes a later time.
    as_json
        Machine-readable: also what each number means, where to read it, and notes.
    """
    from welfare.accounting.parameters import parameters as open_book

    chosen = open_book(book, on=on)
    about = {"book": chosen.name, "on": None if chosen.on is None else str(chosen.on), "sha256": chosen.sha256}
    if as_json:
        rows = [parameter.model_dump(mode="json") for parameter in chosen.values()]
        say_json({**about, "parameters": rows, "dropped": chosen.dropped.to_dict("records")})
        return
    shown = chosen.table[["id", "low", "central", "high", "mean", "unit", "status", "source"]]
    left_out = "" if chosen.dropped.empty else as_table(chosen.dropped, f"Left out on {chosen.on}")
    title = f"Book {chosen.name}; its files' SHA-256 is {chosen.sha256}"
    say(as_table(shown, title, number=lambda value: f"{value:,.10g}"), left_out)


def account(
    scenario: str,
    /,
    *,
    against: str,
    book: str | None = None,
    draws: int = 10_000,
    seed: int = 0,
    as_json: AsJson = False,
) -> None:
    """Account for a practice against an alternative.

    Parameters
    ----------
    scenario
        The practice, such as broiler_conventional.
    against
        The alternative, such as broiler_better_chicken_commitment.
    book
        Parameter book; by default the one the scenario names.
    draws
        Number of draws, at least 100.
    seed
        0 or more.
    as_json
        Machine-readable.
    """
    from welfare.accounting.ledger import account as account_for
    from welfare.accounting.parameters import parameters as open_book

    done = account_for(scenario, against=against, book=open_book(book) if book else None, draws=draws, seed=seed)
    if as_json:
        say_json(done.record())
        return
    views = ["animal_weight_zero", "willingness_to_pay", "intrinsic"]
    say(
        wrapped(done.text),
        "\n".join(wrapped(f"- {note}") for note in done.notes),
        as_table(
            done.table[["line", "low", "median", "high", "unit", "status"]],
            f"In natural units, {done.scenario} less {done.against}: above 0 is lost, below 0 saved",
            missing="no figure",
        ),
        as_table(
            done.money.drop(columns="reason").dropna(subset=views, how="all").reset_index(),
            "In money: three whole views side by side, never added; what is not here is not monetised",
            missing="not monetised",
        ),
        as_table(done.bearers[["bearer", "line", "side"]], "Who bears it"),
        as_table(
            done.switching()[["quantity", "unit", "low", "median", "high", "never"]],
            "Where the answer flips; never: the share of draws in which no price flips it",
            missing="no price",
        ),
        as_table(done.dropped.rename(columns={"row": "line"}), "Not counted, and why"),
    )
