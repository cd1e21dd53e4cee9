"""Summit's API, as a person's client uses it."""

import itertools
import secrets

import requests

from .waiting import DEADLINE_SECONDS

_numbers = itertools.count()


class Person:
    """Somebody with an account and a session."""

    def __init__(self, url, session, name, password):
        self.url = url
        self.session = session
        self.name = name
        self.password = password

    @staticmethod
    def sign_up(url):
        """A new account."""
        name = f"p{next(_numbers)}_{secrets.token_hex(4)}"
        password = "a long password"
        session = requests.Session()
        person = Person(url, session, name, password)
        answer = person.send("POST", "/api/accounts", json={
            "name": name, "displayName": f"Person {name}", "email": f"{name}@example.com", "password": password})
        assert answer.status_code == 201, answer.text
        return person

    @property
    def cookie(self):
        return f"session={self.session.cookies['session']}"

    def send(self, method, path, **options):
        return self.session.request(method, self.url + path, timeout=DEADLINE_SECONDS, **options)

    def log_in(self):
        return self.send("POST", "/api/sessions", json={"name": self.name, "password": self.password})

    def get(self, path):
        return self.send("GET", path)

    def post(self, text):
        return self.send("POST", "/api/posts", json={"text": text})

    def upload(self, data):
        return self.send("POST", "/api/media", files={"photo": ("photo.png", data, "image/png")})

    def close(self):
        self.session.close()


def begin_post(connection, person, text):
    """Sends a post up to the middle of its body, and returns the rest."""
    body = f'{{"text": "{text}"}}'.encode()
    head = ["POST /api/posts HTTP/1.1", "Host: localhost", f"Cookie: {person.cookie}", f"Content-Length: {len(body)}",
            "Content-Type: application/json"]
    connection.send("\r\n".join(head).encode() + b"\r\n\r\n" + body[:10])
    return body[10:]
