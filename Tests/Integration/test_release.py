"""`heights build`: a release has all that it needs, and one that no server could start is refused."""

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
from pathlib import Path

import pytest
import requests

from support.paths import SUMMIT
from support.ports import free_port
from support.summit_api import Person
from support.waiting import wait_until

# Parts of glibc, which belong to the machine.
OF_GLIBC = ("ld-linux", "libc.so", "libm.so", "libmvec.so", "libpthread.so", "libdl.so", "librt.so", "libresolv.so",
            "libutil.so", "libnss_")


@pytest.fixture
def release(lab, tmp_path):
    path = tmp_path / "a release.tar.gz"
    return path, lab.heights("build", "--out", path, "--json").expect(0).json


def unpacked(path, folder):
    with tarfile.open(path) as archive:
        archive.extractall(folder)
    return folder


def test_a_release_runs_with_nothing_but_glibc_of_the_machine(release, tmp_path):
    folder = unpacked(release[0], tmp_path / "opt")
    assert json.loads((folder / "release.json").read_text()) == release[1]
    port = free_port()
    (tmp_path / "data").mkdir()
    environment = {"HOST": "127.0.0.1", "PORT": str(port), "HEIGHTS_STAGE": "2", "HEIGHTS_DATA_DIR": str(tmp_path / "data")}
    process = subprocess.Popen([folder / "run"], cwd="/", env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url), "the app answers")
        Person.sign_up(url).post("from a release")
        for path in ("/", "/openapi.json", "/favicon.ico"):
            assert requests.get(url + path, timeout=10).status_code == 200, path
        lines = [line.split(maxsplit=5) for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines()]
        files = {words[5].strip() for words in lines if len(words) == 6 and ".so" in words[5]}
        foreign = {file for file in files if not file.startswith(str(folder))}
        assert {file for file in foreign if not os.path.basename(file).startswith(OF_GLIBC)} == set()
        assert len(files - foreign) > 5
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(url):
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def test_a_release_has_a_program_for_each_process_of_a_worker(lab, tmp_path):
    lab.become({"heights.json": """{ name: 'two', title: 'Two', services: { web: { run: ['/usr/bin/env'], listens: 'port' } },
        workers: { say: { run: ['/usr/bin/printf', '%s', "it's"], count: 2 } } }"""})
    lab.heights("build", "--out", tmp_path / "two.tar.gz").expect(0)
    folder = unpacked(tmp_path / "two.tar.gz", tmp_path / "opt")
    assert sorted(path.name for path in (folder / "workers").iterdir()) == ["say", "say.2"]
    for name in ("say", "say.2"):
        said = subprocess.run([folder / "workers" / name], cwd="/", env={}, capture_output=True, text=True, timeout=30)
        assert said.stdout == "it's", said


def test_a_release_starts_the_program_of_the_service_that_a_server_is_for(lab, tmp_path):
    lab.become({"heights.json": """{ name: 'two', title: 'Two', launch: 'Launch', services: {
        web: { run: ['/usr/bin/printf', '%s', 'all'], calls: ['posts', 'people', 'files'] },
        posts: { run: ['/usr/bin/printf', '%s', "it's"] }, people: { run: ['/usr/bin/env', 'HEIGHTS=1'] }, files: {} } }"""})
    (lab.folder / "Launch").mkdir()
    lab.heights("build", "--out", tmp_path / "two.tar.gz").expect(0)
    folder = unpacked(tmp_path / "two.tar.gz", tmp_path / "opt")
    assert sorted(path.name for path in (folder / "bin").iterdir()) == ["env", "printf"]

    def said(**environment):
        return subprocess.run([folder / "run"], cwd="/", env=environment, capture_output=True, text=True, timeout=30).stdout

    assert said() == said(HEIGHTS_SERVICE="") == said(HEIGHTS_SERVICE="web") == said(HEIGHTS_SERVICE="files") == "all"
    assert said(HEIGHTS_SERVICE="posts") == "it's"
    assert f"LD_LIBRARY_PATH={folder}/lib" in (told := said(HEIGHTS_SERVICE="people")) and "HEIGHTS=1" in told, told


def test_programs_of_one_name_are_told(lab, tmp_path):
    lab.become({"heights.json": """{ name: 'two', title: 'Two', launch: 'Launch', services: {
        web: { run: ['/usr/bin/env'], calls: ['posts'] }, posts: { run: ['./env'] } } }"""})
    (lab.folder / "Launch").mkdir()
    (lab.folder / "env").write_bytes(Path("/usr/bin/env").read_bytes())
    (lab.folder / "env").chmod(0o755)
    told = lab.heights("build", "--out", tmp_path / "two.tar.gz").expect(1).err
    assert "have one name in different folders" in told and "call one of them otherwise" in told, told


def test_the_same_app_gives_the_same_release(lab, release, tmp_path):
    again = tmp_path / "again.tar.gz"
    lab.heights("build", "--out", again).expect(0)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (release[0], again)]
    assert digests[0] == digests[1]


def test_a_program_that_is_a_script_is_not_packed_by_half(lab, tmp_path):
    script = lab.folder / "start"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    manifest = lab.folder / "heights.json"
    manifest.write_text(manifest.read_text().replace(json.dumps(str(SUMMIT)), '"./start"'))
    outcome = lab.heights("build", "--out", tmp_path / "release.tar.gz").expect(1)
    assert "is no program that was linked but a script" in outcome.err
    assert list(tmp_path.glob("release*")) == []


def test_a_file_that_the_app_reads_and_that_is_not_there_is_missed_before_anything_is_packed(lab, tmp_path):
    manifest = lab.folder / "heights.json"
    manifest.write_text(manifest.read_text().replace('"openapi.json"', '"openapi.json", "Texts"'))
    outcome = lab.heights("build", "--out", tmp_path / "release.tar.gz").expect(1)
    assert "files: 'Texts' is not in" in outcome.err
    assert list(tmp_path.glob("release*")) == []


@pytest.mark.parametrize("out, reason", [("missing/x.tar.gz", "is no folder"), (".", "which is a folder")])
def test_where_nothing_can_be_written_is_told_before_the_build(lab, tmp_path, out, reason):
    manifest = lab.folder / "heights.json"
    manifest.write_text(manifest.read_text().replace("{", '{ build: ["touch", "built"],', 1))
    assert reason in lab.heights("build", "--out", tmp_path / out).expect(2).err
    assert not (lab.folder / "built").exists()


def archive(path, **files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("_json", ".json"))
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return path


def facts(architecture="aarch64", glibc="2.34"):
    return json.dumps({"app": "summit", "architecture": architecture, "glibc": glibc, "libraries": 1}).encode()


ELF = b"\x7fELF" + bytes(14)


@pytest.mark.parametrize("files, reason", [
    ({"run": b"#!/bin/sh\n", "release_json": facts("x86_64")}, "built for x86_64"),
    ({"run": b"#!/bin/sh\n", "release_json": facts(glibc="2.40")}, "needs glibc 2.40"),
    ({"run": ELF + b"\x3e\x00"}, "built for x86_64"),
    ({"run": ELF + b"\xf3\x00"}, "built for machine 243"),
])
def test_a_release_that_no_server_could_start_is_refused_before_anything_is_asked_of_aws(lab, tmp_path, files, reason):
    path = archive(tmp_path / "release.tar.gz", **files)
    outcome = lab.heights("deploy", "--stage", 2, "--region", "eu-central-1", "--domain", "example.com", "--artifact", path,
                          "--yes").expect(2)
    assert reason in outcome.err


@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere it may be one that servers can start")
def test_a_release_of_this_machine_is_refused_for_the_servers_of_the_templates(lab, release):
    outcome = lab.heights("deploy", "--stage", 2, "--region", "eu-central-1", "--domain", "example.com", "--artifact",
                          release[0]).expect(2)
    assert "built for x86_64, and the servers of the templates are aarch64" in outcome.err
