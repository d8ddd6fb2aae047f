"""Every exception of the library: each says what is wrong, where, what it would have spoiled and what to do."""

from __future__ import annotations


class WelfareError(Exception):
    """Base of every error this library raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    where : str
        File, line and column, as far as they are known.
    spoiled : str
        What would have been wrong downstream had the library gone on.
    todo : str
        What the reader can do about it.
    """

    def __init__(self, what: str, *, where: str = "", spoiled: str = "", todo: str = "") -> None:
        self.what, self.where, self.spoiled, self.todo = what, where, spoiled, todo
        sentences = [f"{where}: {what}" if where else what, spoiled, todo]
        super().__init__(" ".join(s if s.endswith((".", "?", ".)")) else f"{s}." for s in sentences if s))


class RecordsLeftOut(UserWarning):
    """Records that a result could not use: not an error, but not silent either."""


class FileMissing(WelfareError):
    """A file or folder that was asked for is not there."""


class NotData(WelfareError):
    """A file holds something other than the records its name promises: nothing, or an HTML page."""


class WrongEncoding(WelfareError):
    """A file's bytes are not in the encoding its source publishes in."""


class Truncated(WelfareError):
    """A file ends early, or a record in it has too few or too many fields."""


class FileAltered(WelfareError):
    """A file is not the one that the manifest beside it describes."""


class RewrittenAtSource(UserWarning):
    """A publisher now serves other bytes for a vintage that is already held: both are kept, and this says so."""


class FetchFailed(WelfareError):
    """A file could not be downloaded from its publisher, or not be stored."""


class TooLarge(WelfareError):
    """A download, or a file unpacked from one, is larger than it may be."""


class UnsafeArchive(WelfareError):
    """An archive holds a path out of it, a link, an encrypted file or a bomb."""


class UnknownSource(WelfareError):
    """No registered source has a file with these headers."""


class HeaderDrift(WelfareError):
    """A file is nearly that of a registered source, but columns were added, dropped or renamed."""


class BadValue(WelfareError):
    """A cell cannot be read as what its column holds."""


class ContractBroken(WelfareError):
    """A table does not satisfy the contract of its kind."""


class NoVintage(WelfareError):
    """A record does not say as of when it is true."""


class SourceMissing(WelfareError):
    """A study needs a source that the data folder does not hold."""


class NoDenominator(WelfareError):
    """A rate was asked for without the exposure it would be a rate of."""


class NotEstimable(WelfareError):
    """The data cannot answer what was asked of a model."""


class BadParameter(WelfareError):
    """A parameter record, or an argument, is not usable as given."""


class NoBareNumber(WelfareError, TypeError):
    """A result that only means something with its parts was asked for as one number."""


class MissingExtra(WelfareError, ImportError):
    """An optional dependency is needed: the message gives the pip command."""
