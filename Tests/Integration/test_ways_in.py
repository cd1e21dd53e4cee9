"""`heights shell HOST` and `heights psql DATABASE`: the ways in for people, at every stage that has hosts, as root and as
an ordinary user."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from support.lab import Lab, Outcome, heights
from support.paths import HEIGHTS
from support.waiting import DEADLINE_SECONDS, wait_until

NOBODY = pwd.getpwnam("nobody")
AS_NOBODY = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
WHO = "id -u; readlink /proc/self/ns/pid; readlink /proc/self/ns/mnt; readlink /proc/self/ns/net; stat -Lc %d:%i .; echo $HEIGHTS_HOST"


def wrapper_of(owner):
    if owner == "ourselves":
        return []
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    if subprocess.run([*AS_NOBODY, "test", "-x", HEIGHTS], timeout=DEADLINE_SECONDS).returncode != 0:
        pytest.skip(f"{HEIGHTS} is closed to other users")
    return AS_NOBODY


LABS = [(stage, owner, "machine") for stage in (3, 4, 5) for owner in ("ourselves", "nobody")]
LABS += [(5, owner, "own") for owner in ("ourselves", "nobody")]


@pytest.fixture(scope="module", params=LABS, ids=lambda it: f"{it[0]}-{it[1]}-{it[2]}")
def entered(request):
    stage, owner, network = request.param
    wrapper = wrapper_of(owner)
    lab = Lab()
    try:
        if wrapper:
            shutil.chown(lab.folder, NOBODY.pw_uid, NOBODY.pw_gid)
            os.chmod(lab.folder, 0o755)
        if network == "own":
            lab.have_own_network()
        lab.wrapper = wrapper
        lab.up("--stage", stage, wrapper=wrapper)
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


def command(lab, *words):
    """Ours come before what is handed on, so `--app` does as well."""
    first, *rest = map(str, words)
    return [*getattr(lab, "wrapper", []), str(HEIGHTS), first, "--app", str(lab.folder), *rest]


def run(lab, *words, typed="", **variables):
    done = subprocess.run(command(lab, *words), input=typed, capture_output=True, text=True, timeout=DEADLINE_SECONDS,
                          env={**os.environ, **variables})
    return Outcome([str(word) for word in words], done.returncode, done.stdout, done.stderr)


def ask(lab, database, query):
    return run(lab, "psql", database, "-At", "-c", query).expect(0).out.strip()


# A shell

def test_a_shell_is_on_every_host_where_and_as_whom_its_processes_are(entered):
    places = {}
    for line in entered.wait_until_all_ready().values():
        if line.get("host"):
            places.setdefault(line["host"], []).append(place(Path(f"/proc/{line['pid']}")))
    assert set(places) >= {"server-a", "database-a"}
    for host, known in places.items():
        told = run(entered, "shell", host, typed=WHO + "\nexit 3\n").expect(3).out.splitlines()
        assert told[:-1] in known and told[-1] == host, (told, known)


def place(process):
    """What `WHO` tells of a process."""
    folder = (process / "cwd").stat()
    return [str(process.stat().st_uid), os.readlink(process / "ns" / "pid"), os.readlink(process / "ns" / "mnt"),
            os.readlink(process / "ns" / "net"), f"{folder.st_dev}:{folder.st_ino}"]


def test_what_is_piped_into_a_shell_is_carried_out_to_its_end(entered):
    done = run(entered, "shell", "database-a", typed="echo 'a  b' >&2\ncat <<X\n$((6 * 7))\nX\nfalse\n").expect(1)
    assert (done.out, done.err) == ("42\n", "a  b\n")


def test_an_unknown_host_is_wrong_use_and_the_known_are_told(entered):
    for name in ("database-z", "", "-", "../database-a"):
        done = run(entered, "shell", name, typed="echo in\n").expect(2)
        assert done.out == "" and "unknown host" in done.err and "database-a" in done.err, done
    assert "needs HOST" in run(entered, "shell").expect(2).err
    assert "unexpected 'ls'" in run(entered, "shell", "database-a", "ls").expect(2).err


def test_a_host_whose_zone_has_no_power_is_not_called_unknown(entered):
    if entered.state["stage"] == 3:
        pytest.skip("the power of the only zone can't be cut")
    entered.ask("cutPower", zone="local-b")
    try:
        done = run(entered, "shell", "server-b", typed="echo in\n").expect(1)
        assert done.out == "" and "server-b" in done.err and "unknown" not in done.err, done
    finally:
        entered.ask("restorePower", zone="local-b")
        entered.wait_until_all_ready()


# A database

def test_psql_is_the_apps_user_in_that_database_at_the_leader(entered):
    leader = next(line for line in entered.wait_until_all_ready().values()
                  if line["name"].startswith("database-") and line.get("role") == "leader")
    asked = "SELECT current_user, current_database(), inet_server_addr(), pg_is_in_recovery()"
    assert ask(entered, "posts", asked) == f"app|posts|{leader['address']}|f"
    assert ask(entered, "accounts", "SELECT count(*) FROM accounts") == "0"


def test_what_is_piped_into_psql_is_carried_out_and_its_exit_code_is_told(entered):
    done = run(entered, "psql", "posts", "-At", typed="SELECT 6 * 7;\n\\echo 'a  b'\nSELECT 2;\n").expect(0)
    assert (done.out, done.err) == ("42\na  b\n2\n", "")
    assert "nothing_at_all" in run(entered, "psql", "posts", "-c", "SELECT * FROM nothing_at_all").expect(1).err
    run(entered, "psql", "posts", "-v", "ON_ERROR_STOP=1", typed="SELECT 1/0;\n").expect(3)


def test_what_psql_is_told_reaches_it_unharmed(entered):
    own = subprocess.run([*entered.wrapper, "psql", "--help"], capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert run(entered, "psql", "posts", "--help").expect(0).out == own.stdout
    told = ["-At", "-v", "x=a  'b' \"c\"\n$HOME;", "-v", "empty=", "-c", "SELECT 'a  b'", "--command=SELECT '--json'"]
    assert run(entered, "psql", "posts", *told).expect(0).out == "a  b\n--json\n"
    done = run(entered, "psql", "posts", *told[:5], typed="SELECT :'x', '[' || :'empty' || ']';\n").expect(0)
    assert done.out == "a  'b' \"c\"\n$HOME;|[]\n"
    # To psql it is the end of options, and to us nothing.
    assert run(entered, "psql", "posts", "-Atc", "SELECT 7", "--").expect(0).out == "7\n"
    assert run(entered, "psql", "--", "posts", "-Atc", "SELECT 8").expect(0).out == "8\n"
    # Ours have an end at DATABASE.
    assert "unrecognized option" in run(entered, "psql", "posts", "--json").expect(1).err


def test_what_is_set_for_other_databases_changes_nothing(entered):
    foreign = {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "somebody", "PGPASSWORD": "guess", "PGDATABASE": "other",
               "PGSERVICE": "elsewhere", "PGSSLMODE": "require", "PGHOSTADDR": "127.0.0.1",
               "PGTARGETSESSIONATTRS": "read-only", "PGREQUIRESSL": "1", "PGCHANNELBINDING": "require"}
    failed = {}
    for name, value in foreign.items():
        done = run(entered, "psql", "posts", "-Atc", "SELECT current_user", **{name: value})
        if (done.code, done.out) != (0, "app\n"):
            failed[name] = done.err
    assert failed == {}


def test_an_unknown_database_is_wrong_use_and_the_known_are_told(entered):
    for name in ("nothing", "", "postgres", "posts?user=postgres", "posts&user=postgres"):
        done = run(entered, "psql", name, "-c", "SELECT 1").expect(2)
        assert done.out == "" and "unknown database" in done.err and "accounts, graph, posts" in done.err, done
    # Behind the end of options it is a name as any other, and there is none like it.
    for name in ("--list", "-l", "--help"):
        assert f"unknown database '{name}'" in run(entered, "psql", "--", name).expect(2).err
    assert "unknown option '--list'" in run(entered, "psql", "--list").expect(2).err
    assert "needs DATABASE" in run(entered, "psql").expect(2).err


def test_no_secret_is_in_an_argument_of_a_way_in(entered):
    words = {path.read_text().strip() for path in (entered.home / "secrets").iterdir() if path.suffix != ".pem"}
    words |= {word.rpartition(":")[2] for word in words}
    assert len(words) > 3 and all(len(word) >= 40 for word in words)
    for way, hello, goodbye in ((("psql", "posts", "-At"), "SELECT 'here';\n", "\\q\n"),
                                (("shell", "database-a"), "echo here\n", "exit\n")):
        with subprocess.Popen(
                command(entered, *way), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as child:
            child.stdin.write(hello)
            assert child.stdout.readline() == "here\n"
            told = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in with_children(child.pid)]
            assert told and all(told)
            assert not [line for line in told for word in words if word.encode() in line]
            child.stdin.write(goodbye)
            child.stdin.close()
            assert child.wait(DEADLINE_SECONDS) == 0


def with_children(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [it for child in children for it in with_children(int(child))]


def test_the_way_to_a_database_leads_to_the_new_leader_after_a_switchover(entered):
    if entered.state["stage"] == 3:
        pytest.skip("a server alone has nobody to hand over to")
    before = ask(entered, "posts", "SELECT inet_server_addr()")
    lines = entered.wait_until_all_ready().values()
    follower = next(line for line in lines if line.get("role") == "sync_standby")
    entered.ask("switchover", host=follower["host"])
    wait_until(lambda: entered.status_of(follower["name"]).get("role") == "leader", f"{follower['host']} leads")
    entered.wait_until_all_ready()
    after = ask(entered, "posts", "CREATE TEMPORARY TABLE way_in (x int); SELECT inet_server_addr()").splitlines()[-1]
    assert after == follower["address"] != before


# What there is no way into

def test_at_a_stage_whose_databases_are_files_psql_says_so(summit):
    done = run(summit, "psql", "posts", "-c", "SELECT 1").expect(2)
    assert "heights psql does not work at stage 2" in done.err and done.out == ""
    assert run(summit, "shell", "server-a", typed="echo $HEIGHTS_HOST").expect(0).out == "server-a\n"


def test_where_no_lab_runs_the_ways_in_say_so(make_lab):
    lab = make_lab()
    for words in (["psql", "posts", "-c", "SELECT 1"], ["shell", "database-a"]):
        done = run(lab, *words).expect(1)
        assert done.out == "" and done.err == f"heights: nothing runs in {lab.folder}; start it with `heights up`\n"


def test_a_database_that_is_named_like_an_option_is_refused(make_lab):
    lab = make_lab()
    text = lab.manifest()
    for name in ("--list", "-c", "posts?user=postgres", "a b"):
        (lab.folder / "heights.json").write_text(text.replace("graph:", f"'{name}':"))
        done = lab.heights("up", "--port", 0, "--console-port", 0, "--detach", "--stage", 3).expect(2)
        assert name in done.err and "heights.json:" in done.err, done


def test_help_is_the_ways_own_until_a_database_is_named(make_lab):
    lab = make_lab()
    for way in ("shell", "psql"):
        for done in (heights(way, "--help"), run(lab, way, "--help")):
            assert f"Usage: heights {way}" in done.expect(0).out and "Example: heights" in done.out
