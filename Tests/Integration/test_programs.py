"""Services that have programs of their own: one binary or several, from stage 6 on."""

import json
import os
import re
import shutil

import pytest

from support.paths import SUMMIT
from support.summit_api import Person
from support.waiting import wait_until


def make_program(lab, name, more=b""):
    """Summit under another name, perhaps with other bytes at its end, which nobody reads."""
    path = lab.folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(SUMMIT.read_bytes() + more)
    path.chmod(0o755)
    return path


def run_posts_by(lab, program):
    """Has heights.json say with what `posts` is started; returns the line where it says so."""
    path = lab.folder / "heights.json"
    text, count = re.subn(
        r"posts: \{ (run: \[[^]]*\], )?databases", f'posts: {{ run: ["bin/{program}"], databases', path.read_text())
    assert count == 1
    path.write_text(text)
    return text[:text.index("posts: { run")].count("\n") + 1


def programs(lab):
    """By service, the programs of its processes that are ready, as the kernel names them; all of the app is `app`."""
    found = {}
    for line in lab.status()["processes"]:
        name = re.match(r"service-([a-z]+)-[a-c]\d*$|(server)-[a-c]\d*$", line["name"])
        if name and line["health"] == "ready":
            found.setdefault(name[1] or "app", []).append(os.readlink(f"/proc/{line['pid']}/exe"))
    return found


# As the kernel names it.
PROGRAM = SUMMIT.resolve()


def programs_of(posts, others=PROGRAM):
    """One in each zone."""
    return {service: [str(others)] * 3 for service in ("web", "accounts", "graph")} | {"posts": [str(posts)] * 3}


def released(lab, number, name):
    """Where a release has the program of `posts`, and that of the others."""
    folder = lab.home / "releases" / str(number)
    return folder / ".services" / "posts" / name, folder / ".program" / "summit"


@pytest.fixture
def app(lab):
    """Summit, of which `posts` is `bin/one`; not started."""
    make_program(lab, "one")
    run_posts_by(lab, "one")
    return lab


def test_a_program_that_is_not_there_or_may_not_be_executed_is_told_with_its_service(lab):
    line = run_posts_by(lab, "one")
    told = lab.heights("up", "--port", 0, "--console-port", 0, "--detach").expect(1).err
    path = lab.folder / "bin" / "one"
    assert f"services/posts/run: expected a program, found none at {path}: build it" in told, told
    assert f"(heights.json:{line})" in told, told
    make_program(lab, "one").chmod(0o644)
    for words in (["up", "--port", 0, "--console-port", 0, "--detach"], ["build", "--out", lab.folder / "x.tar.gz"]):
        told = lab.heights(*words).expect(1).err
        assert f"services/posts/run: expected a program, found {path}, which may not be executed" in told, told


def test_each_service_comes_up_with_its_own_program_when_a_climb_takes_them_apart(app):
    """The number of `posts` is what heights.json says, so that the autoscaler adds one of them."""
    lab = app
    manifest = lab.folder / "heights.json"
    manifest.write_text(manifest.read_text().replace('databases: ["posts"] }', 'databases: ["posts"], scale: { min: 4 } }'))
    lab.up("--stage", 5)
    lab.wait_until_all_ready()
    assert programs(lab) == {"app": [str(PROGRAM)] * 2}, "until then the first program is all of the app"
    person = Person.sign_up(lab.status()["appURL"])
    # How much a climb carries is tried elsewhere; here forty processes start, and other tests run beside.
    load = lab.load(rate=20, seconds=240, users=8).wait_until_it_flows()
    lab.heights("climb", "--to", 6).expect(0)
    one = lab.folder / "bin" / "one"
    wait_until(lambda: len(programs(lab)["posts"]) == 4, "the autoscaler has added one")
    lab.wait_until_all_ready()
    assert programs(lab) == programs_of(one) | {"posts": [str(one)] * 4}
    assert json.loads((lab.home / "placement.json").read_text())["services"]["posts"]["share"] == 1024
    lab.heights("scale", "posts=5").expect(0)
    assert programs(lab)["posts"] == [str(one)] * 5
    assert person.post("by a program of its own").status_code == 201
    load.stop().finish_without_failure()
    lab.verify()
    person.close()

    # What is said anew holds from the next start on.
    two = make_program(lab, "two")
    run_posts_by(lab, "two")
    lab.down()
    lab.up()
    lab.wait_until_all_ready()
    assert programs(lab) == programs_of(two) | {"posts": [str(two)] * 5}


def test_a_release_has_the_program_of_each_service_and_is_gone_back_from_with_it(app, tmp_path):
    lab = app
    lab.up("--stage", 6)
    lab.wait_until_all_ready()
    assert programs(lab) == programs_of(lab.folder / "bin" / "one")

    # Another program of one service is another release, and so are other bytes of it.
    make_program(lab, "two")
    run_posts_by(lab, "two")
    assert lab.heights("deploy", "--lab", "--json").expect(0).json == {"outcome": "running", "release": 2}
    assert programs(lab) == programs_of(*released(lab, 2, "two"))
    make_program(lab, "two", more=b"\0")
    lab.heights("deploy", "--lab", "--json").expect(0)
    assert programs(lab) == programs_of(*released(lab, 3, "two"))

    # One that is none: `posts` is taken back, who came to it before as well.
    shutil.copy("/bin/true", lab.folder / "bin" / "three")
    run_posts_by(lab, "three")
    told = lab.heights("deploy", "--lab").expect(1)
    assert re.search(r"release 4 was taken back, and the app runs release 3: service-posts-\w+ ", told.err), told.err
    assert "accounts: release 4" in told.err and "web: release 4" not in told.err, told.err
    assert programs(lab) == programs_of(*released(lab, 3, "two"))

    # One that is not there is told before any process is touched.
    run_posts_by(lab, "gone")
    told = lab.heights("deploy", "--lab").expect(1)
    assert "services/posts/run: expected a program, found none at" in told.err, told.err

    lab.heights("rollback", 1).expect(0)
    assert programs(lab) == programs_of(*released(lab, 1, "one"))
    # It comes back with it, whatever is in the folder by then.
    make_program(lab, "gone")
    lab.down()
    # A book of an earlier version has one program for all services.
    state = lab.state
    book = state["releases"]
    lab.up()
    lab.wait_until_all_ready()
    assert programs(lab) == programs_of(*released(lab, 1, "one"))
    lab.down()
    for release in book["all"]:
        del release["services"]
    lab.change_state(releases=book)
    lab.up()
    lab.wait_until_all_ready()
    program = released(lab, 1, "one")[1]
    assert programs(lab) == programs_of(program, program)
