"""HTTP byte by byte: for requests that no client library would send, and answers read without any mercy."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from .waiting import DEADLINE_SECONDS


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"


class Connection:
    """A TCP connection to an app, or any connected socket."""

    def __init__(self, target):
        if isinstance(target, socket.socket):
            self.socket = target
        else:
            address = urlsplit(target)
            self.socket = socket.create_connection((address.hostname, address.port), timeout=DEADLINE_SECONDS)
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends; a server that has hung up by now is no failure, its answer may be there to read."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def request(self, method, path, body=b"", headers=()):
        """Sends a request and reads its answer."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
        if body or method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.answer(has_body=method != "HEAD")

    def answer(self, has_body=True):
        """The next answer; None when the connection ends before it begins."""
        while b"\r\n\r\n" not in self._pending:
            if not self._receive():
                assert not self._pending, f"the connection ended within an answer: {self._pending!r}"
                return None
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        assert status_line.startswith("HTTP/1.1 "), status_line
        status = int(status_line.split()[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if status == 100:
            return self.answer(has_body)
        length = int(headers.get("content-length", "0")) if has_body and status not in (204, 304) else 0
        while len(self._pending) < length:
            assert self._receive(), f"the connection ended within a body of {length} bytes"
        body, self._pending = self._pending[:length], self._pending[length:]
        return Answer(status, headers, body)

    def answers_until_the_end(self):
        """Every answer until the server hangs up. What follows one that closes the connection is no answer."""
        answers = []
        while answer := self.answer():
            answers.append(answer)
            if answer.closes:
                while self._receive():
                    self._pending = b""
                break
        return answers

    def _receive(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self._pending += data
        return data
