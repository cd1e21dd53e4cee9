"""A server's user data under a real systemd: Debian 12 in systemd-nspawn, twice, as a machine that is restarted.

AWS is a stand-in program `aws` here. The release is Summit's of `heights build` at stage 2, on a machine with none of the
libraries that it is linked to; elsewhere it is a program that tells its environment: this is about what starts it.
Stage 4 is not here, since its shared folder is EFS. As root, with mmdebstrap and systemd-nspawn: `make boot` sees to that.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tarfile

import pytest
from support.aws.expressions import Expressions
from support.lab import Lab
from support.machines import make_debian, remove
from support.paths import HEIGHTS, SUMMIT_FOLDER

REGION = "eu-central-1"
PACKAGES = "systemd,systemd-sysv,dbus,curl,ca-certificates,perl-base,procps,e2fsprogs,python3"

# Answers whoever asks with its user and its environment.
PROGRAM = r"""#!/usr/bin/perl
use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalAddr => $ENV{HOST}, LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die $!;
while (my $c = $s->accept) {
  <$c>;
  my $text = join("", "uid=$<\n", map {"$_=$ENV{$_}\n"} sort keys %ENV);
  print $c "HTTP/1.0 200 OK\r\nContent-Length: ", length($text), "\r\n\r\n$text";
  close $c;
}
"""
# What a server asks of AWS.
AWS = """#!/bin/bash
echo "$AWS_REGION $*" >> /var/log/aws-calls
case "$1 $2" in
"s3 cp") cp /trial/release.tar.gz "${@: -1}" ;;
"dynamodb get-item") echo None ;;
"rds describe-db-instances") echo arn:the-secret ;;
"secretsmanager get-secret-value") [[ $* == *the-secret* ]] && echo '{"password": "a:b"}' || echo word ;;
"cloudformation signal-resource") ;;
*) exit 1 ;;
esac
"""
# cloud-init runs user data at every start; then whoever tests asks, notes the answer and ends the machine.
UNITS = {
    "user-data": ("basic.target", "/bin/bash /trial/user-data"),
    "trial": ("user-data.service", "/bin/bash /trial/ask"),
}
ASK = """for i in $(seq 60); do
  curl -fsS http://127.0.0.1:$(cat /trial/port)/readyz > /trial/answer && break
  sleep 0.5
done
[ ! -e /trial/further ] || /bin/bash /trial/further > /trial/said 2>&1
cp /run/heights/pgpass /trial/pgpass
systemctl show -p ActiveState -p NRestarts -p Result heights > /trial/unit
journalctl --no-pager > /trial/journal
tail -n 20 /var/log/heights/app.log >> /trial/journal
systemctl poweroff
"""


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """A Debian 12 that nobody has started yet."""
    root = tmp_path_factory.mktemp("boot") / "debian"
    make_debian(root, PACKAGES)
    return root


@pytest.fixture
def machine(debian, tmp_path):
    """A copy of it with a stand-in for AWS, and a release."""
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", debian, root], check=True)
    trial = root / "trial"
    trial.mkdir()
    write(trial / "run", PROGRAM)
    with tarfile.open(trial / "release.tar.gz", "w:gz") as archive:
        archive.add(trial / "run", "run")
    write(root / "usr/local/bin/aws", AWS)
    write(trial / "ask", ASK)
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    wanted.mkdir(parents=True, exist_ok=True)
    for name, (after, command) in UNITS.items():
        unit = root / f"etc/systemd/system/{name}.service"
        unit.write_text(f"[Unit]\nAfter={after}\n[Service]\nType=oneshot\nExecStart={command}\n")
        (wanted / unit.name).symlink_to(f"../{unit.name}")
    yield root
    remove(root)


def write(path, text):
    path.write_text(text)
    path.chmod(0o755)


def user_data(stage, folder):
    """That of the stage's first server, with stand-ins for what only AWS knows."""
    subprocess.run(
        [HEIGHTS, "template", "--stage", str(stage), "--regions", REGION, "--format", "json", "--fresh", "--app",
         SUMMIT_FOLDER, "--out", folder], check=True, capture_output=True, timeout=60)
    template = json.loads((folder / f"summit-{REGION}-compute.json").read_text())
    names = {name: "vol-0a1b2c" if name == "Disk" else name.lower() for name in template["Resources"]}
    given = {name: name.lower() for name, it in template["Parameters"].items() if "Default" not in it}
    expressions = Expressions(
        template, given, names, lambda name, attribute: f"{name}-{attribute}".lower(),
        {"Region": REGION, "StackName": "stack", "Partition": "aws", "AccountId": "1"}, [])
    for resource in template["Resources"].values():
        properties = resource["Properties"].get("LaunchTemplateData", resource["Properties"])
        if "UserData" in properties:
            return expressions.value(properties["UserData"]["Fn::Base64"])
    raise AssertionError("no server has user data")


@contextlib.contextmanager
def disk(path):
    """A new disk, as the words by which systemd-nspawn takes it over under the name that Linux gives to an EBS volume."""
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    made = subprocess.run(["losetup", "--find", "--show", path], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"there is no disk to give to a machine here: {made.stderr.strip()}")
    device = made.stdout.strip()
    try:
        yield [f"--bind={device}:/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0a1b2c",
               f"--property=DeviceAllow={device} rwm"]
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def boot(root, words=()):
    """Starts the machine and waits for its end; what its app answered, as a dictionary."""
    trial = root / "trial"
    for name in ("answer", "pgpass", "unit", "journal"):
        (trial / name).unlink(missing_ok=True)
    subprocess.run(
        ["systemd-nspawn", "--quiet", "-D", root, "--register=no", "--keep-unit", "--private-network", *words, "--boot"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    journal = (trial / "journal").read_text(errors="replace")
    answer = (trial / "answer").read_text() if (trial / "answer").exists() else ""
    assert answer, f"the app never answered:\n{journal[-4000:]}"
    unit = dict(line.split("=", 1) for line in (trial / "unit").read_text().split())
    assert unit == {"ActiveState": "active", "NRestarts": "0", "Result": "success"}, journal[-4000:]
    return answer


def facts(answer):
    return dict(line.split("=", 1) for line in answer.splitlines())


@pytest.mark.parametrize("stage", [2, 3])
def test_a_single_server_starts_its_app_and_keeps_its_disk_over_a_restart(machine, tmp_path, stage):
    (machine / "trial/user-data").write_text(user_data(stage, tmp_path / "templates"))
    (machine / "trial/port").write_text("80")
    with disk(tmp_path / "disk") as words:
        for _ in range(2):
            check(facts(boot(machine, words)), machine, stage, "80")
    found = subprocess.run(["blkid", "-o", "value", "-s", "TYPE", tmp_path / "disk"], capture_output=True, text=True)
    assert found.stdout.strip() == "ext4"
    assert os.listdir(machine / "var/lib/heights") == [], "something was written beside the disk"


SIGN_UP = """curl -fsS -H 'Content-Type: application/json' http://127.0.0.1/api/accounts -d '
{"name": "ada", "displayName": "Ada", "email": "ada@example.com", "password": "a long password"}'"""
LOG_IN = """curl -fsS -H 'Content-Type: application/json' http://127.0.0.1/api/sessions -d '
{"name": "ada", "password": "a long password"}'"""


@pytest.fixture
def release(tmp_path):
    lab = Lab()
    try:
        path = tmp_path / "release.tar.gz"
        lab.heights("build", "--out", path).expect(0)
        yield path
    finally:
        lab.end()


def test_a_release_of_heights_build_serves_and_has_its_accounts_after_a_restart(machine, release, tmp_path):
    """The machine has none of the libraries that the app is linked to."""
    libraries = {path.name for path in machine.glob("usr/lib/*/lib*.so*")}
    assert not any(name.startswith(("libpq.", "libmicrohttpd.", "libswiftCore.")) for name in libraries)
    shutil.copy(release, machine / "trial/release.tar.gz")
    (machine / "trial/user-data").write_text(user_data(2, tmp_path / "templates"))
    (machine / "trial/port").write_text("80")
    with disk(tmp_path / "disk") as words:
        for script in (SIGN_UP, LOG_IN):
            (machine / "trial/further").write_text(script)
            assert json.loads(boot(machine, words)) == {"state": "ready", "stage": 2}
            assert '"name":"ada"' in (machine / "trial/said").read_text().replace(" ", "")


def test_a_server_of_a_group_starts_its_app_and_after_a_restart_again(machine, tmp_path):
    (machine / "trial/user-data").write_text(user_data(5, tmp_path / "templates"))
    (machine / "trial/port").write_text("8080")
    for _ in range(2):
        told = facts(boot(machine))
        check(told, machine, 5, "8080")
        assert told["REDIS_URL"].startswith("rediss://:word@")
    calls = (machine / "var/log/aws-calls").read_text()
    assert calls.count("s3 cp") == 2 and all(line.startswith(REGION) for line in calls.splitlines())


def check(told, machine, stage, port):
    """That the app has what its stage promises."""
    assert told["uid"] != "0" and told["PORT"] == port and told["HEIGHTS_STAGE"] == str(stage)
    assert told.get("DATABASE_URL", "").startswith("postgresql://heights@") == (stage >= 3)
    if stage >= 3:
        # libpq reads it so: what separates is behind a backslash.
        assert (machine / "trial/pgpass").read_text().rstrip().endswith(r":5432:*:heights:a\:b")
