"""The templates of every stage and region: clean for cfn-lint, without a failed check of checkov, YAML the same as JSON."""

import base64
import hashlib
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from support.paths import AWS_TOOLS, HEIGHTS, SUMMIT_FOLDER

HOMES = {
    1: ["eu-central-1"], 2: ["eu-central-1"], 3: ["eu-central-1"], 4: ["eu-central-1"], 5: ["eu-central-1"],
    6: ["eu-central-1"], 7: ["eu-central-1,us-east-1", "eu-central-1,eu-west-1,us-east-1"],
}
STAGES = [(stage, regions) for stage, all_regions in HOMES.items() for regions in all_regions]

REGIONS = [
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1",
    "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
    "il-central-1", "me-central-1", "me-south-1", "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1",
    "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
    "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
]
WITHOUT_AMPLIFY = {
    "af-south-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
    "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1",
}


def write(folder, stage, regions, *options):
    """Writes the templates and gives the index."""
    command = [HEIGHTS, "template", "--stage", stage, "--regions", regions, "--domain", "example.com", "--app",
               SUMMIT_FOLDER, "--out", folder, *options]
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=60)
    return json.loads((folder / "stacks.json").read_text())["stacks"]


def lint(region, files):
    # In me-south-1 cfn-lint has an older schema of database servers: it asks for StorageEncrypted beside a key, where a
    # rule of its own forbids it for a replica, as CloudFormation's reference does.
    ignored = ["--ignore-checks", "E3003"] if region == "me-south-1" else []
    command = [AWS_TOOLS / "cfn-lint", *ignored, "--regions", region, "--format", "parseable", "--template", *files]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, f"{region}\n" + "\n".join(line[:300] for line in (run.stdout + run.stderr).splitlines()[:20])


def lint_all(jobs):
    """Lints files by region, on both cores: it takes a core a while."""
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda job: lint(*job), jobs))


def by_region(folder, stacks):
    return [(region, [folder / stack["file"] for stack in stacks if stack["region"] == region])
            for region in sorted({stack["region"] for stack in stacks})]


# JSON says the same, as test_yaml_says_what_json_says shows.
def test_cfn_lint_finds_nothing_at_any_stage(tmp_path):
    jobs = []
    for number, (stage, regions) in enumerate(STAGES):
        folder = tmp_path / str(number)
        jobs += by_region(folder, write(folder, stage, regions))
    lint_all(jobs)


def test_cfn_lint_finds_nothing_at_any_size(tmp_path):
    jobs = []
    for stage, users in [(2, 100), (3, 1_000), (4, 5_000), (5, 50_000), (6, 500_000), (7, 10_000_000)]:
        folder = tmp_path / str(stage)
        jobs += by_region(folder, [stack for stack in write(folder, stage, HOMES[stage][0], "--users", str(users))
                                   if stack["kind"] in ("data", "cache", "compute")])
    lint_all(jobs)


# What regions differ in: the types of servers that they have, and whether they have Amplify.
def test_cfn_lint_finds_nothing_in_any_region(tmp_path):
    lint_all([(region, parts_that_differ(tmp_path / region, region)) for region in REGIONS])


def parts_that_differ(folder, region):
    parts = {3: ["data"], 4: ["data"], 6: ["data", "cache", "compute"], 7: ["data-accounts-1", "replicas"]}
    if region == "us-west-1":
        parts = {3: ["data"], 4: ["data"], 5: ["data", "cache", "compute"]}
    if region not in WITHOUT_AMPLIFY:
        parts[1] = ["launch"]
    files = []
    for stage, names in parts.items():
        other = "eu-central-1" if region == "us-east-1" else "us-east-1"
        write(folder / str(stage), stage, f"{region},{other}" if stage == 7 else region)
        files += [folder / str(stage) / f"summit-{region}-{name}.yaml" for name in names]
    return files


def test_a_region_without_what_a_stage_needs_is_refused(tmp_path):
    for stage, region, told in [
        (1, "eu-south-2", "has no Amplify Hosting"), (6, "us-west-1", "has 2 zones"),
        (5, "eu-central-9", "did you mean eu-central-1?"),
    ]:
        command = [HEIGHTS, "template", "--stage", str(stage), "--regions", region, "--app", SUMMIT_FOLDER]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert run.returncode == 2 and told in run.stderr and run.stdout == "", run


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """What checkov says of all stages, and the suppressions of each resource: {(file, resource): {check: comment}}."""
    folder = tmp_path_factory.mktemp("templates")
    skips = {}
    for stage, regions in STAGES:
        own = folder / f"{stage}-{regions.count(',') + 1}"
        for stack in write(own, stage, regions):
            for name, resource in load(own / stack["file"])["Resources"].items():
                for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                    skips[f"/{own.name}/{stack['file']}", name, skip["id"]] = skip["comment"]
    command = [AWS_TOOLS / "checkov", "--directory", folder, "--framework", "cloudformation", "--skip-download",
               "--compact", "--output", "json"]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    report = json.loads(run.stdout)
    return (report[0] if isinstance(report, list) else report)["results"], skips


def found(results):
    return {(check["file_path"], check["resource"].split(".")[-1], check["check_id"]) for check in results}


# checkov tells no severities without its service, so that none may fail, high or not.
def test_checkov_fails_no_check(checked):
    results, _ = checked
    assert found(results["failed_checks"]) == set()
    assert not results.get("parsing_errors")
    assert len(results["passed_checks"]) > 1000


def test_every_check_that_is_skipped_is_justified(checked):
    results, skips = checked
    assert found(results["skipped_checks"]) == set(skips), "a suppression that suppresses nothing is to go"
    assert all(len(comment) > 30 for comment in skips.values())


# Functions in their short forms, as JSON has them in the long ones.
class Loader(yaml.SafeLoader):
    pass


def function(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", function)


def load(path):
    return yaml.load(path.read_text(), Loader)


@pytest.mark.parametrize("stage, regions", STAGES)
def test_yaml_says_what_json_says(tmp_path, stage, regions):
    stacks = write(tmp_path / "yaml", stage, regions)
    write(tmp_path / "json", stage, regions, "--format", "json")
    for stack in stacks:
        text = json.loads((tmp_path / "json" / stack["file"].replace(".yaml", ".json")).read_text())
        assert load(tmp_path / "yaml" / stack["file"]) == text, stack["name"]


def start_scripts(folder):
    """What a server of stage 4 runs at its start: the whole, and the programs that it writes, by their names."""
    stacks = write(folder, 4, "eu-central-1")
    file = next(folder / stack["file"] for stack in stacks if stack["kind"] == "compute")
    template = load(file)
    user_data = template["Resources"]["ServerA"]["Properties"]["UserData"]["Fn::Base64"]["Fn::Join"][1]
    head = user_data[0]["Fn::Sub"]
    boot = (head if isinstance(head, str) else head[0]) + template["Mappings"]["Texts"]["Boot"]["Text"]
    assert boot.startswith("#cloud-boothook\n#!/bin/bash\n")
    programs = re.findall(r"/usr/local/bin/(\S+) <<'END'\n(.*?)^END$", boot, re.DOTALL | re.MULTILINE)
    return {"boot": boot, **dict(programs)}


def test_what_a_server_runs_at_its_start_is_valid_shell(tmp_path):
    scripts = start_scripts(tmp_path)
    assert set(scripts) == {
        "boot", "heights-install", "heights-secrets", "heights-placement", "heights-fetch", "heights-ready"}
    for script in scripts.values():
        run = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, timeout=20)
        assert run.returncode == 0, run.stderr


def test_a_server_writes_the_passwords_of_its_databases_where_libpq_reads_them(tmp_path):
    secrets = {"one": r"a:b\c'$x", "two": "plain"}
    aws = f"""#!/usr/bin/env python3
import json, sys
words, secrets = sys.argv[1:], {secrets!r}
value = lambda name: words[words.index(name) + 1]
if words[:2] == ["rds", "describe-db-instances"]:
    print("secret-of-" + value("--db-instance-identifier"))
elif value("--secret-id") == "cache":
    print("token")
elif value("--secret-id") == "key":
    print(json.dumps("a secret\\n"))
else:
    print(json.dumps({{"username": "heights", "password": secrets[value("--secret-id").removeprefix("secret-of-")]}}))
"""
    (tmp_path / "bin").mkdir()
    for name, text in {"aws": aws, "chown": "#!/bin/sh\n"}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    databases = "one@eu-central-1:a.example,b.example two@us-east-1:c.example"
    (tmp_path / "app.env").write_text(
        f"DATABASES='{databases}'\nCACHE='cache.example'\nCACHE_SECRET='cache'\nHEIGHTS_SERVICE='web'\nSERVICE_KEY='key'\n"
        f"HEIGHTS_SERVICE_KEY_FILE='{tmp_path / 'service-key'}'\n")
    script = start_scripts(tmp_path)["heights-secrets"]
    script = script.replace("/etc/heights", str(tmp_path)).replace("/run/heights", str(tmp_path))
    run = subprocess.run(["bash"], input=script, text=True, timeout=60, capture_output=True,
                         env={"PATH": f"{tmp_path / 'bin'}:/usr/local/bin:/usr/bin:/bin"})
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "pgpass").read_text().splitlines() == [
        r"a.example:5432:*:heights:a\:b\\c'$x", r"b.example:5432:*:heights:a\:b\\c'$x",
        "c.example:5432:*:heights:plain",
    ]
    assert (tmp_path / "pgpass").stat().st_mode & 0o777 == 0o600
    # Of the secret's bytes, all of them: whoever deploys makes the same of it.
    key = base64.urlsafe_b64encode(hashlib.sha256(b"a secret\n").digest()).decode().rstrip("=")
    assert (tmp_path / "service-key").read_text() == f"web {key}\n"
    assert (tmp_path / "service-key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets.env").read_text() == "REDIS_URL=rediss://:token@cache.example:6379\n"


def test_without_a_folder_all_templates_are_printed():
    words = ["template", "--stage", "3", "--regions", "eu-central-1", "--domain", "example.com", "--app", SUMMIT_FOLDER]
    printed = {
        kind: subprocess.run([HEIGHTS, *words, "--format", kind], check=True, capture_output=True, text=True, timeout=60)
        for kind in ("yaml", "json")
    }
    documents = list(yaml.load_all(printed["yaml"].stdout, Loader))
    assert documents == list(json.loads(printed["json"].stdout).values())
    assert [document["Description"].split(":")[0] for document in documents] == ["summit"] * 4
    assert printed["yaml"].stderr == ""
