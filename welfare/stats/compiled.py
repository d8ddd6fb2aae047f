"""Inner loops compiled on first use and kept on disk, until any source they may have been built from has changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

_LIBRARY = Path(__file__).parents[1]


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles a function with numba.

    numba keeps what it has compiled until the function's own file changes, although the functions and constants of
    other files are built into it: after an upgrade old code would go on giving numbers. Here it is kept until any
    compiled file of the same room (such as `welfare/patterns/scan`) reads differently.

    Parameters
    ----------
    **options
        As for `numba.njit`.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        from numba import njit

        kernel = njit(nogil=True, cache=True, **options)(function)
        kept: Any = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
        if not hasattr(kept, "_source_stamp"):
            # Another numba than this is written for: slow at each start, but never old code.
            return njit(nogil=True, **options)(function)
        kept._source_stamp = (kept._source_stamp, _fingerprint(_room(function)))
        return kernel

    return decorate


def _room(function: Callable[..., Any]) -> Path:
    file = Path(function.__code__.co_filename)
    if not file.is_relative_to(_LIBRARY):
        return file.parent
    return _LIBRARY.joinpath(*file.relative_to(_LIBRARY).parts[:-1][:2])


@cache
def _fingerprint(room: Path) -> str:
    """Return a hash of all files below a folder that have something compiled."""
    texts = [(path.relative_to(room).as_posix(), path.read_bytes()) for path in sorted(room.rglob("*.py"))]
    found = sha256()
    for name, text in texts:
        if b"@compiled(" in text or b"@njit(" in text:
            found.update(name.encode() + b"\0" + text + b"\0")
    return found.hexdigest()
