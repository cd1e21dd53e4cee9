"""A server's user data under a real systemd: Debian 12 in systemd-nspawn, started by cloud-init, with a release of
`heights build`, in an account that has the stage's stacks (cloud.py). As root: `make boot` sees to what it needs.

Stand-ins are there for what has no engine: AWS's two agents, and Linux's NFS client, which not every kernel has.
"""

import contextlib
import shutil
import subprocess
import sys
import tarfile
import uuid

import pytest
import requests
from cloud import APART, SERVERS, Cloud
from engines import Authority
from network import own_mounts, own_network
from support.lab import Lab
from support.machines import make_debian
from support.paths import EXAMPLES, SUMMIT_FOLDER
from support.pictures import png
from support.waiting import wait_until
from visitor import Visitor

# What Debian's image has, and what a server would bring from Debian.
PACKAGES = ("systemd,systemd-sysv,dbus,cloud-init,curl,ca-certificates,perl-base,procps,e2fsprogs,python3,awscli,stunnel4,"
            "nfs-common,libnfs-utils")
# The kernel may have no NFS: the server is asked by a client of its own, through the tunnel, and what it gives is bound.
MOUNT = """#!/bin/sh
set -e
nfs-ls "nfs://127.0.0.1/?version=4&nfsport=20049" > /dev/null
exec mount --bind /trial "$2"
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boot")
    own_mounts(folder)
    return folder


@pytest.fixture(scope="session")
def authorities(place):
    """Whom servers believe: Amazon, as all do, and RDS's own, which its bundle tells."""
    return Authority(place, "amazon"), Authority(place, "rds")


@pytest.fixture(scope="session")
def debian(place, authorities):
    """A Debian 12 that nobody has started yet."""
    root = place / "debian"
    make_debian(root, PACKAGES)
    shutil.copy(authorities[0].file, root / "usr/local/share/ca-certificates/amazon.crt")
    subprocess.run(["chroot", root, "update-ca-certificates"], check=True, capture_output=True, timeout=60)
    # The AWS CLI believes a list of its own.
    with open(root / "usr/lib/python3/dist-packages/awscli/botocore/cacert.pem", "a") as file:
        file.write(authorities[0].file.read_text())
    subprocess.run(["systemctl", "--root", root, "enable", "systemd-networkd"], check=True, capture_output=True,
                   timeout=60)
    (root / "etc/cloud/cloud.cfg.d/boot.cfg").write_text(
        "datasource_list: [NoCloud]\nnetwork: {config: disabled}\nlocale: false\n")
    mount = root / "sbin/mount.nfs4"
    mount.unlink()
    mount.write_text(MOUNT)
    mount.chmod(0o755)
    return root


@pytest.fixture(scope="session")
def release(place):
    lab = Lab()
    try:
        path = place / "release.tar.gz"
        lab.heights("build", "--out", path).expect(0)
        yield path
    finally:
        lab.end()


# The guestbook, packed by hand as docs/deploy.md tells: Python alone is on the machine, and AWS asks for /readyz.
RUN = """#!/bin/sh
cd "$(dirname "$0")" && PYTHONPATH=lib exec python3 -m gunicorn --config gunicorn.conf.py served:app
"""
SERVED = """from app import app
app.add_url_rule("/readyz", view_func=app.view_functions["health"])
"""
GUESTBOOK = EXAMPLES / "Guestbook"
# A worker of it, which greets once a start, in its own name.
WORK = """#!/bin/sh
cd "$(dirname "$0")/.." && PYTHONPATH=lib exec python3 greet.py
"""
GREET = """import os, time, uuid
import psycopg
assert "PORT" not in os.environ and "HOST" not in os.environ
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    # Without the app, which makes the table, there would be none.
    connection.execute("INSERT INTO entries (id, name, text) VALUES (%s, 'greeter', %s)", (uuid.uuid4(), f"by {os.getpid()}"))
print("the worker has greeted", flush=True)
time.sleep(1 << 20)
"""


@pytest.fixture(scope="session")
def guestbook(place):
    folder = place / "guestbook"
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
         "--only-binary=:all:", "--python-version", "3.11", "--target", folder / "lib", "--requirement",
         GUESTBOOK / "requirements.txt"], check=True, timeout=600)
    for name in ("app.py", "gunicorn.conf.py"):
        shutil.copy(GUESTBOOK / name, folder / name)
    shutil.copytree(GUESTBOOK / "templates", folder / "templates")
    (folder / "served.py").write_text(SERVED)
    (folder / "greet.py").write_text(GREET)
    (folder / "workers").mkdir()
    for program, text in ((folder / "run", RUN), (folder / "workers" / "greet", WORK)):
        program.write_text(text)
        program.chmod(0o755)
    path = place / "guestbook.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        archive.add(folder, ".")
    return path


@pytest.fixture(scope="session")
def network(debian, release, guestbook):
    """After what comes from elsewhere: from here on nothing does."""
    own_network()


@pytest.fixture
def make_cloud(network, authorities, release, tmp_path):
    with contextlib.ExitStack() as stack:
        def make(stage, app=SUMMIT_FOLDER, release=release):
            cloud = Cloud(stage, authorities, tmp_path, app)
            stack.callback(cloud.end)
            cloud.publish(release)
            return cloud

        yield make


@pytest.fixture
def disk(tmp_path):
    """A new disk, and the words by which systemd-nspawn takes it over under the name that Linux gives to an EBS volume."""
    path = tmp_path / "disk"
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    made = subprocess.run(["losetup", "--find", "--show", path], capture_output=True, text=True, timeout=60)
    if made.returncode != 0:
        pytest.skip(f"there is no disk to give to a machine here: {made.stderr.strip()}")
    device = made.stdout.strip()
    try:
        yield path, [f"--bind={device}:/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0a1b2c",
                     f"--property=DeviceAllow={device} rwm"]
    finally:
        subprocess.run(["losetup", "--detach", device], check=True, timeout=60)


def start(servers):
    for server in servers:
        server.start()
    for server in servers:
        server.wait_until_ready()


def expect_told(cloud, servers):
    """Each has found all that its stage has, has told its stack, and brings its app's words to the log."""
    for server in servers:
        assert f'"log_group_name":"{cloud.log_group}"' in server.run("cat", "/var/log/agent")
        said = server.run("cat", "/var/log/heights/app.log")
        # RDS keeps the second one where nobody sees it.
        assert "with one copy" not in said
        if cloud.stage >= 5:
            # The app would go without it.
            assert "redis leader found" in said
            # The stack is known, and the server may tell it; there is nothing that it waits for.
            assert "cannot be signaled" in server.run("journalctl", "--no-pager", "-u", "heights-ready")


def restart(servers):
    for server in servers:
        server.stop()
    start(servers)


def write_and_read_after_a_restart(servers, stage):
    """What is written by the one is read by each, at once and after all have been restarted."""
    for server in servers:
        assert requests.get(f"{server.url}/readyz", timeout=10).json() == {"state": "ready", "stage": stage}
    visitor = Visitor(servers[0].url)
    picture = png(20_000)
    photo = visitor.upload(servers[-1].url, picture)
    posts = [visitor.post(server.url, f"by {server.url}") for server in servers]
    read(visitor, servers, posts, photo, picture)
    restart(servers)
    read(visitor, servers, posts, photo, picture)
    visitor.post(servers[-1].url, "after the restart")


def read(visitor, servers, posts, photo, picture):
    for server in servers:
        assert visitor.get(server.url, "/api/me").json()["name"] == visitor.name
        for post in posts:
            assert visitor.get(server.url, f"/api/posts/{post}").json()["text"].startswith("by ")
        assert visitor.get(server.url, photo).content == picture


@pytest.mark.parametrize("stage", [2, 3])
def test_a_single_server_serves_and_has_what_was_written_after_a_restart(make_cloud, debian, disk, stage):
    """The machine has none of the libraries that the app is linked to."""
    libraries = {path.name for path in debian.glob("usr/lib/*/lib*.so*")}
    assert not any(name.startswith(("libpq.", "libmicrohttpd.", "libswiftCore.")) for name in libraries)
    cloud = make_cloud(stage)
    server = cloud.server(debian, "a", disk[1])
    start([server])
    expect_told(cloud, [server])
    write_and_read_after_a_restart([server], stage)
    server.stop()
    found = subprocess.run(["blkid", "-o", "value", "-s", "TYPE", disk[0]], capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "ext4"
    assert list((server.root / "var/lib/heights").iterdir()) == [], "something was written beside the disk"


def test_a_password_that_rds_renews_is_used_for_new_connections(make_cloud, debian, disk):
    cloud = make_cloud(3)
    server = cloud.server(debian, "a", disk[1])
    start([server])
    cloud.renew_password()
    # Its timer does so every ten minutes.
    server.run("systemctl", "start", "heights-secrets")
    Visitor(server.url).post(server.url, "with the new password")


@pytest.mark.parametrize("stage", [4, 5])
def test_two_servers_are_one_to_people_and_have_what_was_written_after_a_restart(make_cloud, debian, stage):
    cloud = make_cloud(stage)
    servers = [cloud.server(debian, letter) for letter in SERVERS]
    start(servers)
    expect_told(cloud, servers)
    write_and_read_after_a_restart(servers, stage)


def test_services_that_are_apart_call_each_other_and_have_sessions_in_the_table(make_cloud, debian):
    cloud = make_cloud(6)
    servers = {name: cloud.service(debian, name) for name in APART}
    start(servers.values())
    web = servers["web"]
    visitor, picture = Visitor(web.url), png(20_000)
    photo = visitor.upload(web.url, picture)
    posts = [visitor.post(web.url, f"by {number}") for number in range(3)]
    assert cloud.sessions() > 0
    read(visitor, [web], posts, photo, picture)
    # Nothing is kept where it would go with its server.
    for server in servers.values():
        assert "/var/lib/heights" not in server.run("sh", "-c", "find /var/lib/heights -name '*.db*'")
    # Nobody is answered who is not known as a caller.
    refused = requests.post(f"{servers['posts'].url}/services/posts/popular", json={}, timeout=30)
    assert refused.status_code == 401, refused.text
    assert requests.get(f"{servers['posts'].url}/api/posts/{posts[0]}", timeout=30).status_code == 404
    secret = web.run("stat", "-c", "%U %a", "/run/heights/service-key").split()
    assert secret == ["heights", "600"]
    restart(servers.values())
    read(visitor, [web], posts, photo, picture)


def test_an_app_in_another_language_that_is_packed_by_hand_finds_its_database_and_its_cache(make_cloud, debian, guestbook):
    server = make_cloud(5, GUESTBOOK, guestbook).server(debian, "a")
    start([server])
    form = {"id": str(uuid.uuid4()), "name": "ada", "text": "a line"}
    assert requests.post(f"{server.url}/entries", data=form, allow_redirects=False, timeout=60).status_code == 303
    restart([server])
    assert requests.get(f"{server.url}/entries/{form['id']}", timeout=60).json()["text"] == "a line"
    assert "a line" in requests.get(f"{server.url}/", timeout=60).text
    assert "the cache is away" not in server.run("cat", "/var/log/heights/app.log")


def test_workers_run_beside_the_app_and_end_with_it(make_cloud, debian, guestbook):
    server = make_cloud(5, GUESTBOOK, guestbook).server(debian, "a")
    start([server])
    unit = "heights-worker@greet"
    greetings = lambda: server.run("cat", "/var/log/heights/app.log").count("the worker has greeted")
    wait_until(lambda: greetings() == 1, "the worker has greeted")
    wait_until(lambda: "greeter" in page(server), "people see it")
    server.run("systemctl", "kill", "--signal", "KILL", unit)
    wait_until(lambda: greetings() == 2, "the worker is started again")
    server.run("systemctl", "stop", "heights")
    assert "ActiveState=inactive" in server.run("systemctl", "show", "--property", "ActiveState", unit)


def page(server):
    return requests.get(f"{server.url}/", timeout=60).text
