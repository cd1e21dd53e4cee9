"""`heights deploy` against an emulator: through the real AWS CLI, change sets and all."""

import base64
import hashlib
import json
import os
import pty
import signal
import subprocess
import tarfile

import pytest
from support.aws.emulators import CREDENTIALS
from support.aws.endpoint import Endpoint
from support.lab import Outcome
from support.paths import AWS_TOOLS, HEIGHTS, SUMMIT_FOLDER
from support.waiting import DEADLINE_SECONDS, wait_until

REGION = "eu-central-1"


@pytest.fixture
def release(tmp_path):
    """A release as servers take it."""
    program = tmp_path / "run"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    path = tmp_path / "summit.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(program, "run")
    return path


@pytest.fixture
def cloud(ministack, request):
    """MiniStack behind an endpoint that makes whole stages possible."""
    endpoint = Endpoint(ministack)
    request.addfinalizer(endpoint.end)
    return endpoint


@pytest.fixture
def environment(tmp_path):
    """A machine with the AWS CLI, somebody who is signed in, and no other settings."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return {**settings, **CREDENTIALS, "HOME": str(tmp_path), "PATH": f"{AWS_TOOLS}:{os.environ['PATH']}"}


def words_of(endpoint, stage, *more):
    return [
        str(word) for word in [
            HEIGHTS, "deploy", "--stage", stage, "--region", REGION, "--domain", "summit.example.org",
            "--endpoint-url", endpoint, "--app", SUMMIT_FOLDER, *more]]


def deploy(endpoint, environment, stage, *more):
    words = words_of(endpoint, stage, *more)
    done = subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
    return Outcome(words[1:], done.returncode, done.stdout, done.stderr)


def objects(client, bucket):
    return {it["Key"]: it for it in client.list_objects_v2(Bucket=bucket).get("Contents", [])}


# What it does

def test_a_stage_is_made_then_nothing_changes_then_it_is_updated_to_the_next_ones(cloud, environment, release):
    s3, rds = cloud.emulator.client("s3"), cloud.emulator.client("rds")
    first = deploy(cloud.url, environment, 2, "--artifact", release, "--yes", "--json").expect(0)
    stacks = {stack["name"]: stack for stack in first.json["stacks"]}
    assert {stack["change"] for stack in stacks.values()} == {"created"}
    assert list(stacks)[-1] == f"summit-{REGION}-compute"
    # Every template came as `heights template` writes it.
    assert set(cloud.templates) == set(stacks)
    assert "AWS::EC2::Instance" in json.dumps(cloud.templates[f"summit-{REGION}-compute"])

    bucket = stacks[f"summit-{REGION}-data"]["outputs"]["ReleasesBucket"]
    (key,) = objects(s3, bucket)
    assert key.startswith("releases/") and key.endswith(".tar.gz")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == release.read_bytes()

    again = deploy(cloud.url, environment, 2, "--artifact", release, "--yes", "--json").expect(0).json["stacks"]
    assert {stack["change"] for stack in again} == {"unchanged"}
    assert {stack["name"]: stack["outputs"] for stack in again} == {
        name: stack["outputs"] for name, stack in stacks.items()}

    # No climb moves what is there; without data there is nothing to move.
    calls = len(cloud.calls)
    refused = deploy(cloud.url, environment, 3, "--yes", "--json").expect(1).json
    assert refused["outcome"] == "other_stage" and "was deployed for stage 2" in refused["message"]
    assert set(cloud.calls[calls:]) <= {"GetCallerIdentity", "DescribeStacks"}

    # Servers keep the release that they have when none is named.
    second = deploy(cloud.url, environment, 3, "--fresh", "--yes", "--json").expect(0)
    changes = {stack["name"]: stack["change"] for stack in second.json["stacks"]}
    assert changes["summit-global"] == "unchanged" and changes[f"summit-{REGION}-data"] == "updated"
    assert len(rds.describe_db_instances()["DBInstances"]) == 1
    cloudformation = cloud.emulator.client("cloudformation")
    compute = cloudformation.describe_stacks(StackName=f"summit-{REGION}-compute")["Stacks"][0]
    parameters = {it["ParameterKey"]: it["ParameterValue"] for it in compute["Parameters"]}
    assert f"releases/{parameters['Release']}.tar.gz" == key

    fifth = deploy(cloud.url, environment, 5, "--fresh", "--artifact", release, "--yes").expect(0)
    assert "there already" in fifth.err and "static files: uploaded" in fifth.err
    assert "ACTION" in fifth.err and "AWS::CloudFront::Distribution" in fifth.err
    static = cloudformation.describe_stacks(StackName=f"summit-{REGION}-data")["Stacks"][0]["Outputs"]
    static = next(it["OutputValue"] for it in static if it["OutputKey"] == "StaticFilesBucket")
    keys = set(objects(s3, static))
    assert {"static/summit.css", "static/favicon.svg"} < keys and len(keys) == 4
    # As the app's pages name it (HeightsKit's Assets).
    css_hash = hashlib.sha256((SUMMIT_FOLDER / "Public" / "summit.css").read_bytes()).hexdigest()
    hashed = f"static/summit.{css_hash[:16]}.css"
    for_good = s3.head_object(Bucket=static, Key=hashed)
    assert (for_good["ContentType"], for_good["CacheControl"]) == ("text/css", "public, max-age=31536000, immutable")
    css = s3.head_object(Bucket=static, Key="static/summit.css")
    assert css["ContentType"] == "text/css" and css["CacheControl"] == "public, max-age=300"


def key_of(secret):
    """The public half of the key that is made of a secret, as placements have it; by OpenSSL."""
    seed = hashlib.sha256(secret.encode()).digest()
    made = subprocess.run(
        ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"], timeout=60, check=True, capture_output=True,
        input=bytes.fromhex("302e020100300506032b657004220420") + seed)
    return base64.urlsafe_b64encode(made.stdout[-32:]).decode().rstrip("=")


def test_services_that_are_apart_are_told_of_each_other_before_they_start(cloud, environment, release):
    words = ["--fresh", "--artifact", release, "--yes"]
    first = deploy(cloud.url, environment, 6, *words, "--json").expect(0)
    outputs = {stack["name"]: stack["outputs"] for stack in first.json["stacks"]}
    data = outputs[f"summit-{REGION}-data"]
    told = first.err.splitlines()
    assert told.index("placement: written (epoch 1)") < min(
        index for index, line in enumerate(told) if line.startswith(f"summit-{REGION}-compute"))

    dynamodb, secrets = cloud.emulator.client("dynamodb"), cloud.emulator.client("secretsmanager")
    placement = lambda: json.loads(dynamodb.get_item(
        TableName=data["PlacementTable"], Key={"id": {"S": "placement"}})["Item"]["document"]["S"])
    document = placement()
    assert document["services"] == {
        name: {"addresses": [f"{name}.{REGION}.summit.example.org:443"], "callers": ["web"], "share": 1024, "tls": True}
        for name in ("accounts", "posts", "graph")}
    secret = secrets.get_secret_value(SecretId=data["WebServiceKeySecret"])["SecretString"]
    assert document["keys"] == {"web": [key_of(secret)]}
    assert secret not in first.out + first.err
    assert document["clusters"]["main"]["members"][0] == f"{data['DatabaseAddress']}:5432"
    assert document["sessions"] == ["redis", "dynamodb"]

    # A second one has nothing to write; one with a new key keeps the one before, which what runs signs with.
    assert "placement: no change" in deploy(cloud.url, environment, 6, *words).expect(0).err
    secrets.put_secret_value(SecretId=data["WebServiceKeySecret"], SecretString="another\n")
    assert "placement: written (epoch 2)" in deploy(cloud.url, environment, 6, *words).expect(0).err
    assert placement()["keys"] == {"web": [key_of(secret), key_of("another\n")]}


def test_moto_agrees_on_a_single_server(moto, environment, release, request):
    endpoint = Endpoint(moto)
    request.addfinalizer(endpoint.end)
    # moto is the one that makes servers, and no bucket that releases could go to.
    made = deploy(endpoint.url, environment, 2, "--fresh", "--yes", "--json").expect(0).json
    outputs = {stack["name"]: stack["outputs"] for stack in made["stacks"]}
    address = outputs[f"summit-{REGION}-compute"]["AddressA"]
    found = moto.client("ec2").describe_addresses(PublicIps=[address])["Addresses"][0]
    assert found["InstanceId"].startswith("i-")
    again = deploy(endpoint.url, environment, 3, "--fresh", "--yes", "--json").expect(0).json
    outputs = {stack["name"]: stack["outputs"] for stack in again["stacks"]}
    assert outputs[f"summit-{REGION}-compute"]["AddressA"] == address


# What it refuses

def test_a_replacement_of_data_is_refused_and_changes_nothing(cloud, environment):
    deploy(cloud.url, environment, 3, "--fresh", "--yes").expect(0)
    rds = cloud.emulator.client("rds")
    # Somebody has made the database without encryption, which can't be added later.
    spoil(cloud, f"summit-{REGION}-data", "Database", StorageEncrypted=False)
    before = rds.describe_db_instances()["DBInstances"]

    refused = deploy(cloud.url, environment, 3, "--fresh", "--yes", "--json").expect(1).json
    assert refused["outcome"] == "refused" and refused["stack"] == f"summit-{REGION}-data"
    assert [loss["resource"] for loss in refused["losses"]] == ["Database"]
    assert "StorageEncrypted" in refused["losses"][0]["reason"]
    assert "--allow-replacement" in refused["message"]
    after = rds.describe_db_instances()["DBInstances"]
    assert [it["DBInstanceIdentifier"] for it in after] == [it["DBInstanceIdentifier"] for it in before]
    assert not after[0]["StorageEncrypted"]
    sets = cloud.client("cloudformation").list_change_sets(StackName=f"summit-{REGION}-data")["Summaries"]
    assert not [it for it in sets if it["ExecutionStatus"] == "AVAILABLE"], "a change set was left behind"

    deploy(cloud.url, environment, 3, "--fresh", "--yes", "--allow-replacement").expect(0)


def spoil(cloud, stack, resource, **properties):
    """Updates a stack behind our back to other properties of a resource."""
    client = cloud.client("cloudformation")
    template = json.loads(json.dumps(cloud.templates[stack]))
    template["Resources"][resource]["Properties"].update(properties)
    parameters = client.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
    client.update_stack(
        StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": it["ParameterKey"], "UsePreviousValue": True} for it in parameters])
    wait_until(lambda: status(cloud, stack) == "UPDATE_COMPLETE", "it is spoilt")


def status(cloud, stack, region=REGION):
    return cloud.client("cloudformation", region).describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]


# MiniStack refuses it when it makes it, not before.
BROKEN = {"Broken": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Id": "a"}]}}}


def test_a_change_set_that_is_refused_is_told_in_the_words_of_cloudformation(ministack, environment):
    # Straight at MiniStack, which knows no Elastic IP and no server.
    failed = deploy(ministack.url, environment, 2, "--yes", "--json").expect(1).json
    assert failed["error"] == "aws_call_failed" and "Unrecognized resource types" in failed["message"]


def test_an_update_that_fails_is_told_with_its_events_and_leaves_all_as_it_was(cloud, environment):
    deploy(cloud.url, environment, 2, "--fresh", "--yes").expect(0)
    stack = f"summit-{REGION}-network"
    cloud.additions[stack] = BROKEN
    failed = deploy(cloud.url, environment, 3, "--fresh", "--yes", "--json").expect(1).json
    assert failed["outcome"] == "failed" and failed["stack"] == stack
    assert [it["resource"] for it in failed["failures"]] == ["Broken"]
    assert "metric math" in failed["failures"][0]["reason"]
    assert "UPDATE_ROLLBACK_COMPLETE" in failed["message"] and "as it was before" in failed["message"]
    assert status(cloud, stack) == "UPDATE_ROLLBACK_COMPLETE"
    # Mended, it goes on from there.
    cloud.additions.clear()
    deploy(cloud.url, environment, 3, "--fresh", "--yes").expect(0)


def test_a_stack_whose_creation_failed_has_to_be_deleted_first(cloud, environment):
    cloud.additions["summit-global"] = BROKEN
    failed = deploy(cloud.url, environment, 2, "--fresh", "--yes", "--json").expect(1).json
    remedy = "aws cloudformation delete-stack --stack-name summit-global --region us-east-1"
    assert failed["outcome"] == "failed" and "ROLLBACK_COMPLETE" in failed["message"] and remedy in failed["message"]
    cloud.additions.clear()
    stuck = deploy(cloud.url, environment, 2, "--fresh", "--yes", "--json").expect(1).json
    assert stuck["outcome"] == "stuck" and remedy in stuck["message"]


# Without what it needs

def test_without_the_cli_it_says_how_to_install_it(cloud, environment, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    told = deploy(cloud.url, {**environment, "PATH": str(tools)}, 2, "--yes").expect(1)
    assert told.err.startswith("heights: the AWS CLI is not in PATH") and "apt-get install awscli" in told.err
    assert not cloud.calls


def test_without_credentials_it_says_how_to_sign_in(cloud, environment):
    anonymous = {key: value for key, value in environment.items() if key not in CREDENTIALS}
    # Nobody but the CLI may be asked: an instance would lend it a role.
    told = deploy(cloud.url, {**anonymous, "AWS_EC2_METADATA_DISABLED": "true"}, 2, "--yes", "--json").expect(1)
    assert told.json["error"] == "no_credentials"
    assert "Unable to locate credentials" in told.json["message"] and "aws configure" in told.json["message"]
    assert cloud.calls == []


def test_without_a_terminal_somebody_has_to_say_yes(cloud, environment):
    told = deploy(cloud.url, environment, 2).expect(2)
    assert "--yes" in told.err and not cloud.calls


@pytest.mark.parametrize("words, message", [
    (["--stage", "8"], "--stage is '8': expected a whole number from 1 to 7"),
    (["--stage", "7"], "--stage is '7', at which the app can't run on AWS yet"),
    (["--region", "eu-central-9"], "--region: 'eu-central-9' is no commercial region of AWS"),
    (["--domain", "not a name"], "'not a name' can't be a domain"),
    (["--endpoint-url", "here"], "--endpoint-url is 'here': expected a URL"),
    (["--artifact", "/nowhere"], "--artifact is '/nowhere', which can't be read"),
])
def test_wrong_use_is_told_before_anything_is_asked(environment, words, message):
    standard = {"--stage": "2", "--region": REGION, "--domain": "a.example.org", "--yes": None}
    standard.update(dict([words]))
    line = [part for pair in standard.items() for part in pair if part]
    done = subprocess.run(
        [HEIGHTS, "deploy", "--app", SUMMIT_FOLDER, *line], env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and message in done.stderr, done.stderr


def test_a_release_that_no_server_could_start_is_told(cloud, environment, tmp_path):
    zipped, without_program = tmp_path / "release.zip", tmp_path / "release.tar.gz"
    zipped.write_bytes(b"PK\3\4")
    with tarfile.open(without_program, "w:gz") as archive:
        archive.add(zipped, "bin/run")
    for wrong in (zipped, without_program):
        told = deploy(cloud.url, environment, 2, "--artifact", wrong, "--yes").expect(2)
        assert "expected a .tar.gz with a program `run`" in told.err and not cloud.calls


# Between people and AWS

class Terminal:
    """A deployment that somebody watches and answers."""

    def __init__(self, words, environment):
        self.primary, secondary = pty.openpty()
        self.process = subprocess.Popen(
            words, env={**environment, "TERM": "dumb"}, stdin=secondary, stdout=secondary, stderr=secondary,
            start_new_session=True)
        os.close(secondary)
        os.set_blocking(self.primary, False)
        self.text = ""

    def wait_for(self, words):
        def seen():
            try:
                self.text += os.read(self.primary, 65536).decode(errors="replace")
            except (BlockingIOError, OSError):
                pass
            return words in self.text

        wait_until(seen, f"'{words}' is shown; there is:\n{self.text}")

    def type(self, line):
        os.write(self.primary, line.encode() + b"\n")

    def end(self):
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        os.close(self.primary)


@pytest.fixture
def terminal(request):
    def start(words, environment):
        terminal = Terminal(words, environment)
        request.addfinalizer(terminal.end)
        return terminal

    return start


def test_each_change_set_waits_for_a_yes(cloud, environment, terminal):
    watched = terminal(words_of(cloud.url, 2, "--fresh"), environment)
    watched.wait_for("Carry this out in summit-global? [y/N]")
    assert "HostedZone" in watched.text
    watched.type("y")
    watched.wait_for(f"Carry this out in summit-{REGION}-network? [y/N]")
    watched.type("")
    watched.wait_for(f"nothing was changed in summit-{REGION}-network")
    assert watched.process.wait(60) == 1
    assert "ExecuteChangeSet" in cloud.calls and cloud.calls[-1] == "DeleteChangeSet"


def test_ctrl_c_leaves_no_change_set_behind(cloud, environment, terminal):
    watched = terminal(words_of(cloud.url, 2, "--fresh"), environment)
    watched.wait_for("Carry this out in summit-global? [y/N]")
    os.killpg(watched.process.pid, signal.SIGINT)
    watched.wait_for("stopped; no stack was being changed")
    assert watched.process.wait(60) == 1
    assert "ExecuteChangeSet" not in cloud.calls and cloud.calls[-1] == "DeleteChangeSet"
