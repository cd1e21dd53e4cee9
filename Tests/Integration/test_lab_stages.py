"""Stages 3 to 5 from nothing, on real engines: the app works, every host is told, and nothing is left behind."""

import os
import pwd
import shutil
import signal
import subprocess

import pytest
import requests

from support.paths import HEIGHTS
from support.pictures import png
from support.summit_api import Person

DATABASES = {"database-a.etcd", "database-a.patroni", "database-b.etcd", "database-b.patroni", "database-c.etcd"}
SERVERS = {"server-a", "server-b", "front-door", "dns"}
HOSTS = {
    3: {"app", "dns", "database-a.postgres"},
    4: DATABASES | SERVERS,
    5: DATABASES | SERVERS | {
        "cache-a.redis", "cache-a.sentinel", "cache-b.redis", "cache-b.sentinel", "cache-c.sentinel",
        "load-balancer-a.haproxy", "load-balancer-b.haproxy", "edge-1.varnish", "edge-2.varnish", "objects.ministack"},
}


def expect_it_works(lab):
    """Somebody signs up, posts, and reads the post, over connections that may lead to other servers."""
    person = Person.sign_up(lab.status()["appURL"])
    identifier = person.post("from the valley").json()["id"]
    for _ in range(6):
        person.session.close()
        assert person.get(f"/api/posts/{identifier}").json()["text"] == "from the valley"
    return person, identifier


@pytest.mark.parametrize("stage", [3, 4, 5])
def test_a_stage_starts_from_nothing_and_leaves_nothing(lab, stage):
    lab.up("--stage", stage)
    lines = lab.wait_until_all_ready()
    assert set(lines) == HOSTS[stage]
    _expect_roles(lines)
    _expect_table(lab, lines.values())
    person, _ = expect_it_works(lab)
    _expect_photo_everywhere(lab, person, lines)
    assert lab.down() == {"stopped": True}
    lab.expect_nothing_left()


def _expect_photo_everywhere(lab, person, lines):
    """Every server has a photo that one of them took."""
    picture = png(4000)
    url = person.upload(picture).json()["url"]
    servers = [f'{line["address"]}:{lab.http_port}' for name, line in lines.items() if name.startswith("server-")]
    for server in servers or [person.url.removeprefix("http://")]:
        photo = requests.get(f"http://{server}{url}", timeout=10)
        assert photo.status_code == 200 and photo.content == picture, server


def _expect_roles(lines):
    """One leads the databases and the caches, and somebody follows in step."""
    roles = [line.get("role") for name, line in lines.items() if name.endswith((".patroni", ".postgres"))]
    assert sorted(roles) in (["leader"], ["leader", "sync_standby"])
    roles = [line.get("role") for name, line in lines.items() if name.endswith(".redis")]
    assert sorted(roles) in ([], ["follower", "leader"])


def _expect_table(lab, lines):
    """`status` tells people of each host: its address, role, health and lag."""
    told = lab.heights("status").expect(0).out
    heading = next(line for line in told.splitlines() if line.startswith("HOST"))
    assert heading.split()[:6] == ["HOST", "PROCESS", "ADDRESS", "ROLE", "HEALTH", "LAG"]
    for line in lines:
        rows = [row for row in told.splitlines() if f' {line["pid"]} ' in row]
        assert len(rows) == 1 and line.get("address", "127.0.0.1") in rows[0] and " ready " in rows[0], told


def test_a_stage_comes_back_with_its_data(lab):
    lab.up("--stage", 5)
    person, identifier = expect_it_works(lab)
    lab.down()
    assert lab.up()["stage"] == 5
    assert set(lab.wait_until_all_ready()) == HOSTS[5]
    person.url = lab.status()["appURL"]
    assert person.get(f"/api/posts/{identifier}").json()["text"] == "from the valley"


def test_a_stage_comes_back_with_what_was_written_while_its_first_zone_was_dark(lab):
    lab.up("--stage", 4)
    person, _ = expect_it_works(lab)
    lab.ask("cutPower", zone="local-a")
    posts = [person.post(f"in the dark {number}") for number in range(20)]
    taken = [post.json()["id"] for post in posts if post.status_code == 201]
    assert taken
    # The member of that zone is behind now: it must not be waited for, and must not lead.
    lab.down()
    lab.up()
    lab.wait_until_all_ready()
    person.url = lab.status()["appURL"]
    assert all(person.get(f"/api/posts/{identifier}").status_code == 200 for identifier in taken)


@pytest.mark.parametrize("name", ["standby.signal", "recovery.signal"])
def test_a_database_that_is_alone_leads_whatever_patroni_has_left_there(lab, name):
    """A leader that was without its majority for a moment has been told to follow, before the climb was undone."""
    lab.up("--stage", 3)
    lab.wait_until_all_ready()
    lab.down()
    data = next(lab.home.glob("engines/database-a/*/PG_VERSION")).parent
    (data / name).touch()
    shutil.chown(data / name, *(lambda owner: (owner.st_uid, owner.st_gid))(data.stat()))
    lab.up()
    lab.wait_until_all_ready()
    expect_it_works(lab)


@pytest.mark.parametrize("stage", [2, 4])
def test_what_the_user_has_set_for_other_databases_and_caches_leads_no_app_there(lab, stage):
    elsewhere = ["DATABASE_URL=postgresql://127.0.0.1:1/other", "DATABASE_READ_URL=postgresql://127.0.0.1:1/other",
                 "REDIS_URL=redis://127.0.0.1:1", "PGHOSTADDR=127.0.0.1", "PGPORT=1", "PGSERVICE=elsewhere", "PGSSLMODE=require",
                 "PGUSER=somebody", "PGOPTIONS=-c default_transaction_read_only=on"]
    lab.up("--stage", stage, wrapper=["env", *elsewhere])
    lab.wait_until_all_ready()
    expect_it_works(lab)


def test_two_labs_run_side_by_side(make_lab):
    labs = [make_lab(), make_lab()]
    for lab, stage in zip(labs, [3, 4]):
        lab.up("--stage", stage)
    assert labs[0].region != labs[1].region
    person, _ = expect_it_works(labs[0])
    expect_it_works(labs[1])
    person.url = labs[1].status()["appURL"]
    assert person.get(f"/api/accounts/{person.name}").status_code == 404
    labs[0].down()
    expect_it_works(labs[1])


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_up_has_all(lab):
    lab.up("--stage", 4)
    person, identifier = expect_it_works(lab)
    assert len(lab._seen) > 20
    os.kill(lab.supervisor.pid, signal.SIGKILL)
    lab.expect_nothing_left()
    assert lab.up()["stage"] == 4
    person.url = lab.status()["appURL"]
    assert person.get(f"/api/posts/{identifier}").json()["text"] == "from the valley"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_an_ordinary_user_needs_no_rights(lab):
    user = pwd.getpwnam("nobody")
    # What is below a home that is closed to others can't be run by them.
    reachable = subprocess.run(["setpriv", f"--reuid={user.pw_uid}", "--clear-groups", "test", "-x", HEIGHTS],
                               timeout=60)
    if reachable.returncode != 0:
        pytest.skip(f"{HEIGHTS} is closed to other users")
    shutil.chown(lab.folder, user.pw_uid, user.pw_gid)
    os.chmod(lab.folder, 0o755)
    wrapper = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    lab.up("--stage", 4, wrapper=wrapper)
    expect_it_works(lab)
    for line in lab.wait_until_all_ready().values():
        assert os.stat(f'/proc/{line["pid"]}').st_uid == user.pw_uid
    lab.ask("cutPower", zone="local-a")
    lab.ask("restorePower", zone="local-a")
    lab.wait_until_all_ready()


PORT_APP = """
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get(self.path[1:], "").encode()
        self.send_response(404 if self.path == "/readyz" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def test_any_program_that_listens_on_its_port_runs_from_stage_3_on(lab):
    (lab.folder / "app.py").write_text(PORT_APP)
    (lab.folder / "heights.json").write_text(
        "{ name: 'plain', title: 'Plain', launch: 'Launch', databases: { notes: {} },"
        " services: { web: { run: ['python3', 'app.py'], databases: ['notes'], listens: 'port' } } }")
    assert "listens on its port" in lab.heights("up", "--port", 0, "--console-port", 0, "--stage", 2).expect(2).err
    assert lab.up()["stage"] == 3
    assert set(lab.wait_until_all_ready()) == {"database-a.postgres", "server-a", "front-door", "dns"}

    import requests
    url = lab.status()["appURL"]
    address = requests.get(url + "/DATABASE_URL", timeout=10).text
    assert address.startswith("postgresql://app@127.") and "/plain?" in address
    environment = {**os.environ, "PGPASSFILE": requests.get(url + "/PGPASSFILE", timeout=10).text}
    done = subprocess.run(["psql", address, "-Atc", "select current_user"], env=environment, capture_output=True, text=True,
                          timeout=60)
    assert done.stdout == "app\n", done.stderr
