"""Somebody who uses Summit by several servers, as if they were one."""

import secrets

import requests

from support.waiting import DEADLINE_SECONDS


class Visitor:
    """Has an account, and the cookies that servers have given: a load balancer before them has the TLS that these ask for."""

    def __init__(self, url):
        self._cookies = {}
        self.name = f"p{secrets.token_hex(6)}"
        answer = self.send(url, "POST", "/api/accounts", json={
            "name": self.name, "displayName": "Ada", "email": f"{self.name}@example.com", "password": "a long password"})
        assert answer.status_code == 201, answer.text

    def send(self, url, method, path, **options):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        answer = requests.request(method, url + path, headers=headers, timeout=DEADLINE_SECONDS, **options)
        self._cookies.update({cookie.name: cookie.value for cookie in answer.cookies})
        return answer

    def post(self, url, text):
        """The new post's id."""
        answer = self.send(url, "POST", "/api/posts", json={"text": text})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def upload(self, url, picture):
        """Where the photo is from now on."""
        answer = self.send(url, "POST", "/api/media", files={"photo": ("photo.png", picture, "image/png")})
        assert answer.status_code == 201, answer.text
        return answer.json()["url"]

    def get(self, url, path):
        answer = self.send(url, "GET", path)
        assert answer.status_code == 200, f"{url}{path}: {answer.status_code} {answer.text[:300]}"
        return answer
