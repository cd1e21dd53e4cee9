"""Runs Summit with people and load, and takes the README's pictures of it in a real browser.

Called by scripts/screenshots, which sets up what is needed: `screenshots.py FOLDER`.
"""

import math
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests" / "Integration"))

import requests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from support import pictures
from support.lab import Lab
from support.summit_api import Person

PEOPLE = [("mira", "Mira Hofer"), ("jonas_k", "Jonas Keller"), ("aiko", "Aiko Tanaka"), ("lena", "Lena Brunner")]
POSTS = [
    ("jonas_k", "Fog until 2,400 m, then this.", False),
    ("aiko", "The new via ferrata is open again. Bring gloves, the cables are cold in the morning.", False),
    ("lena", "Thunderstorm by noon, they said. It was eleven. We ran.", False),
    ("mira", "Left the hut at three, stood on top at half past five. The valley was still asleep.", True),
]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab()
    try:
        snapshot = lab.up()
        people = {name: sign_up(snapshot["appURL"], name, title) for name, title in PEOPLE}
        write_posts(people)
        with_browser(1280, 800, lambda browser: picture_of_summit(browser, snapshot["appURL"], people, folder))
        lab.load(rate=250, seconds=40, users=40).finish()
        load = lab.load(rate=600, seconds=40, users=40)
        lab.heights("resize", "--type", "m7g.large", "--disk", "100GiB").expect(0)
        with_browser(1440, 1180, lambda browser: picture_of_console(browser, snapshot["consoleURL"], load, folder))
    finally:
        lab.end()


def sign_up(url, name, title):
    person = Person(url, requests.Session(), name, "a long enough password")
    answer = person.send("POST", "/api/accounts", json={
        "name": name, "displayName": title, "email": f"{name}@example.com", "password": person.password})
    assert answer.status_code == 201, answer.text
    return person


def write_posts(people):
    posts = []
    for author, text, has_photo in POSTS:
        person = people[author]
        photo = person.upload(sunrise(960, 540)).json()["key"] if has_photo else None
        answer = person.send("POST", "/api/posts", json={"text": text, "photo": photo})
        assert answer.status_code == 201, answer.text
        posts.append(answer.json()["id"])
    for index, person in enumerate(people.values()):
        for post in posts[index:]:
            person.send("PUT", f"/api/posts/{post}/like")
        for other in people:
            if other != person.name:
                person.send("PUT", f"/api/accounts/{other}/follow")


def picture_of_summit(browser, url, people, folder):
    browser.get(url)
    browser.add_cookie({"name": "session", "value": people["mira"].session.cookies["session"]})
    browser.get(url)
    browser.find_element(By.TAG_NAME, "article")
    browser.save_screenshot(str(folder / "summit.png"))


def picture_of_console(browser, url, load, folder):
    browser.get(url)
    load.finish()
    WebDriverWait(browser, 20).until(lambda b: "m7g.large" in b.find_element(By.TAG_NAME, "body").text)
    browser.save_screenshot(str(folder / "console.png"))


def with_browser(width, height, body):
    options = webdriver.ChromeOptions()
    for argument in ["--headless=new", f"--window-size={width},{height}", "--hide-scrollbars"]:
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to have one as root
    browser = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))
    try:
        # The window counts its frame: the page shall have exactly this size.
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        body(browser)
    finally:
        browser.quit()


def sunrise(width, height):
    """A picture as a PNG: three ridges before a morning sky."""
    rows = [b"".join(bytes(colour(x / width, y / height)) for x in range(width)) for y in range(height)]
    return pictures.encoded(width, rows)


def colour(x, y):
    ridges = [(0.55, 0.10, 3, (126, 138, 168)), (0.68, 0.09, 5, (84, 98, 128)), (0.82, 0.07, 8, (38, 52, 66))]
    for level, swing, waves, shade in reversed(ridges):
        edge = level - swing * (math.sin(waves * x * 2.1 + level * 9) + 0.5 * math.sin(waves * x * 5.3))
        if y > edge:
            return shade
    glow = max(0.0, 1 - math.hypot(x - 0.66, (y - 0.46) * 0.8) * 2.2)
    return tuple(min(255, int(base + rise * y + glow * warm)) for base, rise, warm in [(88, 150, 90), (112, 110, 60), (160, 40, 0)])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
