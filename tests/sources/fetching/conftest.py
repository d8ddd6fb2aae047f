"""A web server on this machine that answers as agencies' servers do on bad days."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from welfare.sources.web import download

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        answers = self.server.answers[self.path]
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *words: object) -> None:
        """Say nothing: what was asked is in `asked`."""

    def give(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer with a status, headers (written with _ for -) and a body; the length is stated unless given."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class Web(ThreadingHTTPServer):
    """Answers by path; of several answers to one path each is given once, the last ever after."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        self.faults: list[object] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Note that a client hung up, which standard error need not hear of."""
        self.faults.append(client_address)

    def at(self, path: str, *answers: Answer) -> str:
        """Answer so at a path, and return its address."""
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.server_port}{path}"


@contextmanager
def serving() -> Iterator[Web]:
    with Web() as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield web
        finally:
            web.closing.set()
            web.shutdown()
            thread.join()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """The server, and a library that waits for it hardly at all."""
    monkeypatch.setattr(download, "WAITS_S", (0.01, 0.01, 0.01))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server


def left_in(folder: Path) -> list[str]:
    """What a folder holds, without the empty file that keeps two fetches out of each other's way."""
    return sorted(path.name for path in folder.rglob("*") if path.name != ".MANIFEST.csv.lock")


def file(body: bytes, **headers: str) -> Answer:
    return lambda handler: handler.give(200, body, **headers)


def status(code: int, **headers: str) -> Answer:
    return lambda handler: handler.give(code, b"an error", **headers)


def redirect(to: str) -> Answer:
    return lambda handler: handler.give(302, Location=to)


def cut(body: bytes, after: int, **headers: str) -> Answer:
    """State the length of the whole body and hang up early."""
    return lambda handler: handler.give(200, body[:after], **headers, Content_Length=str(len(body)))


def rest(body: bytes, **headers: str) -> Answer:
    """Give the part that is asked for, as a server that can resume does."""

    def answer(handler: Handler) -> None:
        begins = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        content_range = f"bytes {begins}-{len(body) - 1}/{len(body)}"
        handler.give(206, body[begins:], Content_Range=content_range, **headers)

    return answer


def silent(handler: Handler) -> None:
    """Take the question and never answer."""
    handler.server.closing.wait(10)


def stalls(body: bytes) -> Answer:
    """Begin well, then fall silent."""

    def answer(handler: Handler) -> None:
        handler.give(200, body, Content_Length=str(len(body) + 1))
        handler.wfile.flush()
        handler.server.closing.wait(10)

    return answer


def trickles(handler: Handler) -> None:
    """Send a byte now and then, for ever."""
    handler.give(200, Content_Length="1000000")
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b"a")
        handler.wfile.flush()


def endless(chunk: bytes, times: int) -> Answer:
    """Send chunks without ever having stated a length."""

    def answer(handler: Handler) -> None:
        handler.give(200, Content_Length="")
        for _ in range(times):
            handler.wfile.write(chunk)

    return answer
