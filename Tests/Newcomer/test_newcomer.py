"""The README's first walk on a machine that has nothing yet: a new Debian 12 in systemd-nspawn, with a Swift toolchain and
what the README asks for beside it. Nothing of Heights' is built or installed there, so whatever a lab needs comes while it
runs.

As root, with mmdebstrap and systemd-nspawn: `make newcomer` sees to that."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.machines import make_debian, remove
from support.paths import REPOSITORY

# What the README asks for, what the toolchain itself needs, and sudo.
PACKAGES = ("git,make,gcc,g++,libc6-dev,binutils,libcurl4,libedit2,libncurses6,libsqlite3-0,libxml2,tzdata,"
            "sudo,ca-certificates,procps")
TOOLCHAIN = Path(shutil.which("swift")).resolve().parents[2]
# With a blank in it, as a folder of people's may have.
HOME = "/home/newcomer/my code/heights"

# A walk builds all of Heights, and the first one its Debian too.
pytestmark = pytest.mark.timeout(3600)


def walk(root, user, script, seconds=1500):
    """Runs lines of bash in Heights' folder, on a terminal, as a person would; what was said. Fails when a line does, or
    when it takes longer. Its processes end with it."""
    (root / "walk").write_text(f"set -euxo pipefail\n{script}\n")
    done = subprocess.run(
        ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--as-pid2", "--console=read-only",
         "--directory", root, f"--bind-ro={TOOLCHAIN}", "--user", user, "--chdir", HOME, *settings(),
         "timeout", "--foreground", str(seconds), "bash", "/walk"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + 60)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{user}: code {done.returncode}\n{said[-6000:]}"
    return said


def settings():
    """The environment: another language and time than ours, and this machine's way to the package registries."""
    values = {"PATH": f"{TOOLCHAIN}/usr/bin:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "Asia/Kathmandu"}
    values |= {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")}
    return [f"--setenv={name}={value}" for name, value in values.items()]


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two of Debian 12 on which nobody has run anything, with a clone of Heights."""
    root = tmp_path_factory.mktemp("newcomer") / "debian"
    make_debian(root, PACKAGES)
    # Certificates that this machine trusts besides Debian's.
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs/ca-certificates.crt")
    (root / "etc/hosts").write_text("127.0.0.1 localhost debian\n")
    (root / "etc/hostname").write_text("debian\n")
    subprocess.run(["chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "newcomer"], check=True,
                   timeout=600)
    rule = root / "etc/sudoers.d/newcomer"
    rule.write_text("newcomer ALL=(ALL) NOPASSWD: ALL\n")
    rule.chmod(0o440)
    folder = root / HOME.lstrip("/")
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", REPOSITORY, folder], check=True, timeout=600)
    subprocess.run(["chroot", root, "chown", "-R", "newcomer:", "/home/newcomer"], check=True, timeout=600)
    unused = root.with_name("unused")
    subprocess.run(["cp", "-a", root, unused], check=True, timeout=600)
    yield root, unused
    for folder in (root, unused):
        remove(folder)


@pytest.fixture
def debian(machines):
    return machines[0]


@pytest.fixture
def debian_of_root(machines):
    """One on which nobody has walked. What the other walk has built is there, if it has, since that takes minutes; the
    libraries that were installed for it are not."""
    walked, unused = (root / HOME.lstrip("/") for root in machines)
    if (walked / ".build").exists():
        subprocess.run(["cp", "-a", walked / ".build", unused], check=True, timeout=600)
        (unused / ".build/heights-built").unlink()
    subprocess.run(["chown", "-R", "root:", unused], check=True, timeout=600)
    return machines[1]


def test_a_person_who_may_use_sudo_walks_to_stage_5_with_one_run_of_the_lab(debian):
    walk(debian, "newcomer", """
        ./heights up --stage 1 --detach
        ./heights status --json > ~/before.json
        ./heights climb
        ./heights load --rate 50 --duration 5
        ./heights climb --to 4
        ./heights ledger verify
        ./heights climb --to 5
        ./heights ledger verify
        ./heights status --json > ~/after.json
        ./heights down
        """)
    before, after = (json.loads((debian / f"home/newcomer/{name}.json").read_text()) for name in ("before", "after"))
    assert (before["stage"], after["stage"]) == (1, 5)
    assert before["supervisorPid"] == after["supervisorPid"]
    assert {line["health"] for line in after["processes"]} == {"ready"}
    # No mail server and no scheduler comes along.
    assert not any((debian / "usr/sbin" / name).exists() for name in ("exim4", "cron"))


def test_root_starts_at_a_stage_whose_engines_and_user_are_not_there_yet(debian_of_root):
    walk(debian_of_root, "root", """
        ./heights up --stage 1 --detach
        ./heights climb --to 3
        ./heights down
        """)
