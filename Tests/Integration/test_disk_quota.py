"""A disk that fills up: a warning at 80 %, writes refused at 100 % while reads go on, and room again without an outage."""

import itertools

import pytest

from support.databases import expect_sound
from support.pictures import png
from support.summit_api import Person
from support.visitors import Visitors
from support.waiting import wait_until

QUOTA_BYTES = 6 << 20


@pytest.fixture
def small(lab):
    """A lab whose disk is small, as one that was made long ago."""
    lab.up()
    lab.down()
    lab.change_state(diskBytes=QUOTA_BYTES)
    lab.up()
    return lab


def used(lab):
    return sum(path.stat().st_size for path in lab.data().rglob("*") if path.is_file())


def disk_line(lab):
    """What `status` says of the disk."""
    text = lab.heights("status").expect(0).out
    return next(line for line in text.splitlines() if line.startswith("  disk"))


def expect_507(answer):
    assert answer.status_code == 507, (answer.status_code, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 507 and problem["title"] and problem["detail"]


def test_a_full_disk_refuses_writes_keeps_reads_and_grows_without_a_failed_request(small):
    url = small.status()["appURL"]
    person = Person.sign_up(url)
    first = person.post("Written while there was room.")
    assert first.status_code == 201
    assert "full" not in disk_line(small)

    # To 80 %: a warning, and everything works.
    sizes = itertools.count(200_000)
    while used(small) < 0.85 * QUOTA_BYTES:
        answer = person.upload(png(next(sizes)))
        assert answer.status_code == 201, answer.text
    warning = wait_until(lambda: "nearly full" in disk_line(small) and disk_line(small), "status warns")
    assert "heights resize --disk" in warning
    assert person.post("Still room.").status_code == 201

    # To 100 %, by posts: the databases themselves run into the limit.
    text = "\N{SNOW CAPPED MOUNTAIN}" * 500
    for _ in range(20_000):
        answer = person.post(text)
        if answer.status_code != 201:
            break
    expect_507(answer)
    wait_until(lambda: "writes are refused" in disk_line(small), "status tells that the disk is full")
    expect_507(person.post("No room."))
    expect_507(person.upload(png(400_000)))
    expect_507(person.send("POST", "/api/waitlist", json={"email": "late@example.com"}))
    expect_507(person.send("PUT", f"/api/posts/{first.json()['id']}/like"))
    for path in ("/api/me", "/api/feed", "/api/popular", f"/api/posts/{first.json()['id']}", "/healthz", "/readyz"):
        assert person.get(path).status_code == 200, path
    expect_sound(small.data())
    assert used(small) < 1.5 * QUOTA_BYTES

    # Room again: no reader notices, and writes come back.
    with Visitors(url) as visitors:
        small.note(small.heights("resize", "--disk", "1GiB", "--json").expect(0).json)
    visitors.expect_no_failure()
    written = person.post("Room again.")
    assert written.status_code == 201, written.text
    wait_until(lambda: "full" not in disk_line(small), "status tells that there is room")
    assert person.get(f"/api/posts/{written.json()['id']}").status_code == 200
    expect_sound(small.data())
    person.close()


def test_a_restart_with_a_full_disk_serves_reads(small):
    url = small.status()["appURL"]
    person = Person.sign_up(url)
    post = person.post("Before.").json()["id"]
    sizes = itertools.count(300_000)
    while (answer := person.upload(png(next(sizes)))).status_code == 201:
        pass
    expect_507(answer)
    small.successor(small.kill("app"))
    assert person.get(f"/api/posts/{post}").status_code == 200
    assert person.get("/api/me").status_code == 200
    person.close()
    expect_sound(small.data())
