"""Numbers brought from the unit a file is in to the unit a column is in; the only module that knows pint."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.codes import code_map

# A closed list, in place of pint's own: there "hd" is a hectoday, and any two letters may be a prefix and a unit.
_DEFINITIONS = (
    "animal = [animal]",
    "event = [event]",
    "finding = [finding]",
    "task = [task]",
    "person = [person]",
    "degree = [angle]",
    "year = [year]",  # of 365 or 366 days: no factor leads from years to hours
    "min = [time]",
    "hour = 60 * min",
    "s = min / 60",
    "day = 24 * hour",
    "week = 7 * day",
    "kg = [mass]",
    "g = 0.001 * kg",
    "tonne = 1000 * kg",
    "lb = 0.45359237 * kg",
    "m = [length]",
    "cm = 0.01 * m",
    "mm = 0.001 * m",
    "ft = 0.3048 * m",
    "inch = 0.0254 * m",
    "yd = 0.9144 * m",
    "acre = 4046.8564224 * m ** 2",
    "ha = 10000 * m ** 2",
    "L = 0.001 * m ** 3",
    "mL = 0.001 * L",
    "US_gal = 3.785411784 * L",
    "imp_gal = 4.54609 * L",
    "thousand = 1000",
    "million = 1000000",
)
_ABBREVIATIONS = {"bpm": "bird/min", "bph": "bird/hour", "hpm": "head/min", "hph": "head/hour"}
_AMBIGUOUS = {
    "psf": "it may mean weight or pressure: write lb/ft2 for weight",
    "gal": "a gallon is 3.785411784 L in the United States and 4.54609 L elsewhere: write US gal or imp gal",
    "ton": "it may be 2,000 lb, 2,240 lb or 1,000 kg: write tonne, or convert to lb",
    "month": "months differ in length: write days, or weeks",
}
_ALSO = {"gals": "gal", "gallon": "gal", "gallons": "gal", "tons": "ton", "months": "month", "mo": "month"}
_IN_WORDS = {
    "[animal]": "animals",
    "[mass]": "weight",
    "[length]": "length",
    "[time]": "time",
    "[event]": "events",
    "[finding]": "findings",
    "[task]": "tasks",
    "[person]": "persons",
    "[angle]": "an angle",
    "[year]": "years",
}

Powers = dict[str, int]  # unit by its name in _DEFINITIONS, and its exponent


class Conversion(NamedTuple):
    """How numbers in one unit become numbers in another.

    Attributes
    ----------
    unit, into : str
        The unit of the file, as written there, and that of the column.
    factor : float
        What a number is multiplied by; with `inverse`, what is divided by it.
    inverse : bool
        Whether the unit is the other way up: cm2 per bird into animals/m2.
    how : str
        The same for people, e.g. ``lb/ft2 x 4.882428 = kg/m2``.
    """

    unit: str
    into: str
    factor: float
    inverse: bool
    how: str


def conversion(unit: str, into: str) -> Conversion:
    """Say how numbers in one unit become numbers in another.

    Parameters
    ----------
    unit : str
        As people write it: ``lb/ft2``, ``lbs per sq. ft.``, ``head per hour``, ``bpm``, ``cm2 per bird``, ``kg m-2``,
        ``1,000 head``. Animals of any kind are one dimension; with nothing before ``per`` they are meant.
    into : str
        A unit of `data/columns.csv`, such as ``animals/m2``.

    Returns
    -------
    Conversion

    Raises
    ------
    BadParameter
        If a word is unknown or has several meanings, or if no factor leads from one unit to the other.
    """
    unit, into = _fold(unit), _fold(into)
    number, powers = _parse(unit)
    number_into, powers_into = _parse(into)
    book = _pint()
    start, end = (book.Quantity(n, _expression(p)) for n, p in ((number, powers), (number_into, powers_into)))
    inverse = start.dimensionality != end.dimensionality
    if inverse and (1 / start).dimensionality != end.dimensionality:
        raise _no_factor(unit, into, start.dimensionality, end.dimensionality)
    factor = float(((1 / start if inverse else start) / end).to_base_units().magnitude)
    short, name = _short(number, powers), into
    if inverse:
        how = f"{factor:.7g} / ({short}) = {name}"
    else:
        how = f"{unit} = {name}" if factor == 1 else f"{short} x {factor:.7g} = {name}"
    return Conversion(unit, into, factor, inverse, how)


def convert(values: pd.Series, conversion: Conversion) -> pd.Series:
    """Bring numbers from one unit to another.

    Parameters
    ----------
    values : Series
        Numbers in ``conversion.unit``.
    conversion : Conversion
        What :func:`conversion` returned.

    Returns
    -------
    Series
        float64, in ``conversion.into``, under the same index. Where the unit is the other way up, a value of 0 or below
        is null: no density leaves an animal no room. Whoever asks should say so as the reason.
    """
    numbers = values.astype("float64")
    if conversion.inverse:
        return conversion.factor / numbers.where(numbers > 0)
    if conversion.factor < 1:
        return numbers / (1 / conversion.factor)  # 10,500 an hour is 175 a minute to the last digit: 1/60 is no float
    return numbers * conversion.factor


def _fold(unit: str) -> str:
    return re.sub(r"\s+", " ", unit).strip()


def _parse(unit: str) -> tuple[Fraction, Powers]:
    """Return the number and the powers of known units that a unit written by people stands for."""
    parts = re.split(r"/|\bper\b", _spelled(unit))
    number, powers = Fraction(1), Powers()
    if len(parts) > 1 and not parts[0].strip():
        parts[0] = "animal"
    for part, sign in zip(parts, [1] + [-1] * (len(parts) - 1), strict=True):
        words = part.split()
        if not words:
            raise BadParameter(f"{unit!r} is not a unit", todo="Write it as birds/min, kg/m2 or cm2/bird.")
        for word in words:
            if re.fullmatch(r"[1-9][\d,]{0,9}", word):
                number *= Fraction(int(word.replace(",", ""))) ** sign
            else:
                name, power = _known(word, unit)
                powers[name] = powers.get(name, 0) + sign * power
    return number, {name: power for name, power in powers.items() if power}


def _spelled(unit: str) -> str:
    """Return a unit in small letters and plain signs: ``lbs./sq. ft.`` as ``lbs/ft2``, ``kg·m⁻²`` as ``kg m-2``."""
    text = unicodedata.normalize("NFKC", unit).casefold().replace("\u2212", "-").replace("°", "degree")
    text = _ABBREVIATIONS.get(text.strip(" ."), text)
    text = re.sub(r"[·×*]+(?!\d)", " ", text.replace("**", "^"))  # a product; what is left is a power
    text = re.sub(r"(?<=[a-z])\.", " ", text).replace("^", "")
    text = re.sub(r"\b(?:live ?weight|lw)\b", "", text)
    text = re.sub(r"\b(us|imp)(?:erial)? ?gal(?:lon)?s?\b", r"\1gal", text)
    text = re.sub(r"\bgal(?:lon)?s? ?\((us|imp)(?:erial)?\)", r"\1gal", text)
    for word, power in (("sq(?:uare)?", 2), ("cu(?:bic)?", 3)):
        text = re.sub(rf"\b{word}[ -]*([a-z]+)\b", rf"\g<1>{power}", text)
    return text


def _known(word: str, unit: str) -> tuple[str, int]:
    found = re.fullmatch(r"([a-z]+)(-?[1-9])?", word)
    name = _ALSO.get(found[1], found[1]) if found else word
    names = code_map("unit_words", "word", "unit")
    if found and name in names:
        return names[name], int(found[2] or 1)
    raise BadParameter(
        f"the unit {unit!r} cannot be used: " + _AMBIGUOUS.get(name, f"{word!r} is not known"),
        spoiled="Every figure in it would be off by an unknown factor.",
        todo="Known words: data/codes/unit_words.csv; write it as birds/min, lb/ft2, kg/m2 or cm2/bird.",
    )


def _expression(powers: Powers) -> str:
    return " * ".join(f"{name} ** {power}" for name, power in powers.items()) or "dimensionless"


def _short(number: Fraction, powers: Powers) -> str:
    """Return a unit in the library's own spelling."""

    def side(sign: int, animal: str) -> str:
        named = [
            (animal if name == "animal" else name, abs(power)) for name, power in powers.items() if power * sign > 0
        ]
        return " ".join(name.replace("_", " ") + (str(power) if power > 1 else "") for name, power in named)

    above, below = side(1, "animals"), side(-1, "animal")
    lead = f"{number} " if number != 1 else ""
    return lead + (f"{above or '1'}/{below}" if below else above)


def _no_factor(unit: str, into: str, dimensions: Any, dimensions_into: Any) -> BadParameter:
    weighed = {"[mass]", "[animal]"} <= set(dimensions) | set(dimensions_into)
    return BadParameter(
        f"no factor leads from {unit!r} to {into!r}: one is {_dimension(dimensions)}, "
        f"the other {_dimension(dimensions_into)}",
        spoiled="The column would hold another quantity than its name says.",
        todo="An average weight per animal would be needed, which the library does not assume: "
        "fill the column that is in the file's own kind of unit."
        if weighed
        else "Name another column for it, or correct the unit.",
    )


def _dimension(powers: Any) -> str:
    """Return a dimension in words, such as weight per area."""

    def side(sign: int) -> str:
        words = []
        for name, power in sorted(powers.items()):
            if power * sign > 0:
                size = abs(int(power))
                word = {("[length]", 2): "area", ("[length]", 3): "volume"}.get((name, size))
                words.append(word or _IN_WORDS[name] + (f" to the power {size}" if size > 1 else ""))
        return " and ".join(words)

    above, below = side(1), side(-1)
    return (f"{above} per {below}" if above and below else f"one per {below}" if below else above) or "a bare number"


@cache
def _pint() -> Any:
    """Return pint's registry of these units only, in exact fractions."""
    import pint

    book: Any = pint.UnitRegistry(None, non_int_type=Fraction)
    book.load_definitions(list(_DEFINITIONS))
    return book
