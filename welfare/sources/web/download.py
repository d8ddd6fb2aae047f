"""One file from one address: limits on size and waiting, resumed where the server can, nothing half-written kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin, urlsplit

from welfare.errors import FetchFailed, FileAltered, NotData, TooLarge, Truncated, WelfareError
from welfare.schema.provenance import sha256 as file_sha256

if TYPE_CHECKING:  # nothing of the network is imported before something is downloaded
    import requests

Progress = Callable[[int, int | None], object]

WAITS_S: tuple[float, ...] = (0.5, 1, 2)  # before each new try
_LONGEST_WAIT_S = 30.0  # however long a server asks to be left alone
_MAX_REDIRECTS = 5
_CHUNK = 1 << 16
_SLOWEST_BYTES = 512  # a server that sends fewer within the time it may stay silent has stalled all the same
_PASSING = {429, 500, 502, 503, 504}  # what a server answers that may serve the file a moment later
_BY_HAND = "Download it in a browser, and list it in a MANIFEST.csv (how: docs/how-to/fetch)."


@dataclass(frozen=True)
class Retrieval:
    """What was learnt while a file was downloaded.

    Attributes
    ----------
    url, final_url : str
        The address asked for, and that which answered after redirects.
    at : datetime
        When the download ended, UTC.
    last_modified, etag : str
        What the server says of the file's version; empty if it says nothing.
    """

    url: str
    final_url: str
    at: datetime
    last_modified: str = ""
    etag: str = ""


class _TryAgain(Exception):
    """A failure that may pass; carries what to raise if it does not."""

    def __init__(self, error: WelfareError, wait_s: float = 0.0) -> None:
        super().__init__(str(error))
        self.error, self.wait_s = error, wait_s


def download(
    url: str, to: Path, *, sha256: str = "", max_bytes: int, timeout: float, progress: Progress | None = None
) -> Retrieval:
    """Download one file, whole or not at all.

    Parameters
    ----------
    url : str
        An http or https address.
    to : path
        Where the file goes; its folder must be there and the file must not.
    sha256 : str, optional
        What the file must hash to.
    max_bytes : int
        The largest size that is accepted.
    timeout : float
        Seconds that a server may take to answer, and may then stay silent.
    progress : callable, optional
        Called with the bytes that have come and those to come in all (None if the server does not say).

    Returns
    -------
    Retrieval

    Raises
    ------
    FetchFailed
        If the address cannot be reached, does not answer in time, answers with an error or redirects astray.
    Truncated
        If the connection keeps ending before the file does.
    TooLarge
        If the file is larger than it may be.
    NotData
        If what comes is empty, a web page, or JSON where a table was asked for.
    FileAltered
        If the file does not hash to what it must.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # it would print; what there is to say stands in the manifest
    fetcher = _Downloader(max_bytes, timeout, progress)
    known = f"sha256:{sha256}" if sha256 else None
    try:
        pooch.retrieve(url, known_hash=known, fname=to.name, path=to.parent, downloader=fetcher)
    except ValueError:
        if fetcher.retrieval is None or not sha256:
            raise
        raise FileAltered(
            f"the file's SHA-256 is {fetcher.sha256}, not {sha256}, and it was not kept",
            where=url,
            spoiled="Figures from it would not be those of the file that was checked.",
            todo="See at the publisher's whether the file was replaced; if so, give the new hash.",
        ) from None
    assert fetcher.retrieval is not None  # noqa: S101 (pooch called it, since the file was not there)
    return fetcher.retrieval


class _Downloader:
    """What pooch calls to fill its temporary file."""

    def __init__(self, max_bytes: int, timeout: float, progress: Progress | None) -> None:
        self.max_bytes, self.timeout, self.progress = max_bytes, timeout, progress
        self.retrieval: Retrieval | None = None
        self.sha256 = ""
        self._version = ""  # the server's word for the version that is half here, if it can send the rest of it

    def __call__(self, url: str, output_file: str, pooch: object) -> None:  # noqa: ARG002 (pooch's own signature)
        path = Path(output_file)
        with _session() as session, path.open("wb") as sink:
            response = self._with_patience(session, url, sink)
        refuse_answer(path, url)
        self.sha256 = file_sha256(path)
        said = {name: re.sub(r"\s+", " ", response.headers.get(name, ""))[:200] for name in ("Last-Modified", "ETag")}
        self.retrieval = Retrieval(url, response.url, datetime.now(UTC), said["Last-Modified"], said["ETag"])

    def _with_patience(self, session: requests.Session, url: str, sink: BinaryIO) -> requests.Response:
        for wait_s in (*WAITS_S, None):
            try:
                return self._attempt(session, url, sink)
            except _TryAgain as passing:
                if wait_s is None:
                    raise passing.error from None
                time.sleep(max(wait_s, min(passing.wait_s, _LONGEST_WAIT_S)))
        raise AssertionError("the last try returns or raises")  # pragma: no cover

    def _attempt(self, session: requests.Session, url: str, sink: BinaryIO) -> requests.Response:
        have = sink.tell() if self._version else 0
        rest = {"Range": f"bytes={have}-", "If-Range": self._version} if have else {}
        with _open(session, url, rest, self.timeout) as response:
            _require_file(response, url)
            if response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                begins = have
            elif response.status_code == 200:
                begins = 0
            else:
                self._version = ""
                raise _TryAgain(
                    FetchFailed("the server sent another part than was asked for", where=url, todo=_BY_HAND)
                )
            sink.seek(begins)
            sink.truncate()
            self._version = _resumable(response)
            self._stream(response, url, sink, begins)
            return response

    def _stream(self, response: requests.Response, url: str, sink: BinaryIO, begins: int) -> None:
        coded = response.headers.get("Content-Encoding", "identity") != "identity"
        length = response.headers.get("Content-Length", "")
        total = begins + int(length) if length.isdecimal() and not coded else None
        self._require_size(total or begins, url)
        done = counted = begins
        since = time.monotonic()
        while chunk := _next_chunk(response, url, f"{done:,} of {total:,}" if total else f"{done:,}", self.timeout):
            done += len(chunk)
            self._require_size(done, url)
            sink.write(chunk)
            if self.progress:
                self.progress(done, total)
            if done - counted >= _SLOWEST_BYTES:
                counted, since = done, time.monotonic()
            elif time.monotonic() - since > self.timeout:
                raise _TryAgain(_stalled(url, f"{done:,}", self.timeout))

    def _require_size(self, size: int, url: str) -> None:
        if size > self.max_bytes:
            raise TooLarge(
                f"the file has {size:,} bytes or more, and at most {self.max_bytes:,} are accepted; nothing was kept",
                where=url,
                spoiled="The disk could fill up.",
                todo="If the file is meant to be so large, allow it with max_bytes.",
            )


def _session() -> requests.Session:
    import requests

    class OneStep(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """Leave redirects to _open: requests would read their bodies first, however long."""

    session = OneStep()
    session.headers["User-Agent"] = f"welfare/{version('welfare')} ({session.headers['User-Agent']})"
    session.headers["Accept-Encoding"] = "identity"  # the publisher's bytes, whose count is the stated length
    return session


def _next_chunk(response: requests.Response, url: str, so_far: str, timeout: float) -> bytes:
    """Return whatever has come, not a full chunk: so that one byte a minute does not pass for a download."""
    import urllib3

    try:
        return response.raw.read1(_CHUNK, decode_content=True)
    except urllib3.exceptions.TimeoutError:
        raise _TryAgain(_stalled(url, so_far, timeout)) from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _TryAgain(
            Truncated(
                f"the connection ended after {so_far} bytes ({type(error).__name__}); nothing was kept",
                where=url,
                spoiled="Records at the end of the file would be missing.",
                todo="Try again later.",
            )
        ) from None


def _open(session: requests.Session, url: str, headers: dict[str, str], timeout: float) -> requests.Response:
    """Ask for an address and follow its redirects, few and only over the web."""
    import requests

    address = url
    for _ in range(_MAX_REDIRECTS + 1):
        try:
            response = session.get(address, headers=headers, stream=True, allow_redirects=False, timeout=timeout)
        except requests.exceptions.SSLError as error:
            raise FetchFailed(f"the connection is not secure ({error})", where=address, todo=_BY_HAND) from None
        except requests.exceptions.Timeout:
            raise _TryAgain(_stalled(address, "0", timeout)) from None
        except requests.exceptions.ConnectionError as error:
            reason = getattr(error.args[0], "reason", error) if error.args else error  # the cause inside urllib3's own
            what = f"the server cannot be reached ({re.sub(r'^.*?[(].*?[)]: ', '', str(reason))})"
            raise _TryAgain(FetchFailed(what, where=address, todo="Check the network, or try again later.")) from None
        except requests.exceptions.RequestException as error:
            raise FetchFailed(f"the address cannot be asked for ({error})", where=address, todo=_BY_HAND) from None
        if not response.is_redirect:
            return response
        response.close()
        address = next_address(address, response.headers["Location"])
    raise FetchFailed(f"the address redirects more than {_MAX_REDIRECTS} times", where=url, todo=_BY_HAND)


def next_address(address: str, location: str) -> str:
    """Return where a redirect leads.

    Raises
    ------
    FetchFailed
        If it leads away from the web, or from a secure connection to one that is not.
    """
    try:
        there = urljoin(address, location)
        secure, scheme = urlsplit(address).scheme == "https", urlsplit(there).scheme
    except ValueError:
        there, secure, scheme = location, True, "none"
    if scheme == "https" or (scheme == "http" and not secure):
        return there
    raise FetchFailed(
        f"the address redirects to {there[:200]}, which is {'not secure' if scheme == 'http' else 'no web address'}",
        where=address,
        spoiled="The file could be anybody's.",
        todo=_BY_HAND,
    )


def _require_file(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status in (200, 206, 416):
        return
    what = f"the server answers {status} {response.reason}"
    if status in _PASSING:
        asked = response.headers.get("Retry-After", "")
        error = FetchFailed(what, where=url, todo="Try again later.")
        raise _TryAgain(error, float(asked) if asked.isdecimal() else 0.0)
    if status in (404, 410):
        what += ": the file is no longer at this address"
        raise FetchFailed(
            what, where=url, todo="Look for its new address on the publisher's page, and name it with url."
        )
    if status in (401, 403):
        what += ": the site does not let programs download it"
    raise FetchFailed(what, where=url, todo=_BY_HAND)


def _resumable(response: requests.Response) -> str:
    """Return the server's word for this version of the file if it can send the rest of it later, else nothing."""
    headers = response.headers
    if headers.get("Content-Encoding", "identity") != "identity":
        return ""
    if response.status_code == 200 and headers.get("Accept-Ranges") != "bytes":
        return ""
    etag = headers.get("ETag", "")
    return etag if etag.startswith('"') else headers.get("Last-Modified", "")  # a weak ETag is no word for bytes


def _stalled(url: str, so_far: str, timeout: float) -> FetchFailed:
    what = f"the server fell silent for {timeout:g} seconds after {so_far} bytes; nothing was kept"
    return FetchFailed(what, where=url, todo="Try again later, or allow more with timeout.")


def refuse_answer(path: Path, url: str) -> None:
    """Refuse what a web site answers in place of a file, whatever it calls it.

    Raises
    ------
    NotData
        If the file is empty, a web page, or JSON where the address promises a table.
    """
    with path.open("rb") as stream:
        start = stream.read(2000).replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \t\r\n").lower()
    promised_json = urlsplit(url).path.lower().endswith(("json", ".zip"))
    if not start:
        found = "an empty file"
    elif re.match(rb"<(!doctype|!--|\?xml|[a-z]+[\s/>])", start):
        found = "a web page"
    elif not promised_json and re.match(rb'[{\[]\s*["{\[]', start):
        found = "JSON"
    else:
        return
    raise NotData(
        f"what came is {found}, not the file, and was not kept",
        where=url,
        spoiled="An error page kept as data would look like an agency without facilities.",
        todo=f"Open the address in a browser to see what the site says. {_BY_HAND}",
    )
