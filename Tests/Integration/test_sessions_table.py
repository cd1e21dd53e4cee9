"""The table of sessions that the lab runs: it keeps what it has acknowledged, and lets nobody in who has not signed."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from support.paths import HEIGHTS
from support.ports import free_port
from support.waiting import wait_until

ROOT = Path(__file__).parents[2]
GATE = ROOT / "Sources" / "Lab" / "Engines" / "Gate"
TABLE = "app-sessions"
LATER = 4_000_000_000


class Table:
    """As the lab starts it, with a port and a folder of its own."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        settings = {"table": TABLE, "expires": "expires", "file": str(folder / "items.sqlite"), "id": "a-key",
                    "secret": "its secret", "control": "the lab"}
        (folder / "settings.json").write_text(json.dumps(settings))
        self.start()

    def start(self):
        environment = {
            "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "MINISTACK_REGION": "us-east-1",
            "SERVICES": "dynamodb", "STATE_DIR": str(self.folder), "TMPDIR": str(self.folder), "LOG_LEVEL": "WARNING",
            "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nowhere.sock", "PATH": os.environ["PATH"],
            # It runs where its source is, which tests leave as it was.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.process = subprocess.Popen(
            [ROOT / ".venv-lab" / "bin" / "python", GATE / "table.py", self.folder / "settings.json"], env=environment)
        wait_until(lambda: self.ask("GET", "/")[0] == 200, "the table answers")

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return None, ""
        finally:
            connection.close()

    def ask_twice_targeted(self, body, headers):
        """With a second target, which MiniStack would go by."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.putrequest("POST", "/", skip_accept_encoding=True, skip_host=True)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                connection.putheader(name, value)
            connection.putheader("X-Amz-Target", "DynamoDB_20120810.DeleteTable")
            connection.endheaders(body)
            return connection.getresponse().status
        finally:
            connection.close()

    def limit(self, **limits):
        return self.ask("POST", "/_lab/limits", json.dumps(limits), {"Authorization": "Bearer the lab"})

    def client(self, key="a-key", secret="its secret", attempts=1):
        return boto3.client(
            "dynamodb", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": attempts}, connect_timeout=5, read_timeout=5))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def table(tmp_path):
    table = Table(tmp_path)
    yield table
    table.kill()


def key(name):
    return {"pk": {"S": name}, "sk": {"S": "session"}}


def code(call):
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"]


def test_what_it_has_acknowledged_is_there_after_it_was_killed(table):
    acknowledged, is_over = [], threading.Event()

    def write(writer):
        client, number = table.client(), 0
        while not is_over.is_set():
            number += 1
            name = f"{writer}-{number}"
            try:
                if number % 3:
                    client.put_item(TableName=TABLE, Item=key(name) | {"n": {"N": str(number)}})
                else:
                    client.batch_write_item(RequestItems={
                        TABLE: [{"PutRequest": {"Item": key(name) | {"n": {"N": str(number)}}}},
                                {"DeleteRequest": {"Key": key(f"{writer}-{number - 1}")}}]})
                acknowledged.append((name, number))
            except (ClientError, EndpointConnectionError, HTTPClientError):
                # Killed: whether that one happened is nobody's promise, and it is not written again.
                time.sleep(0.05)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        enough = len(acknowledged) + 60
        wait_until(lambda: len(acknowledged) > enough, "writes are acknowledged")
        table.kill()
        table.start()
    is_over.set()
    for writer in writers:
        writer.join(30)
        assert not writer.is_alive()

    found = {item["pk"]["S"] for page in table.client().get_paginator("scan").paginate(TableName=TABLE) for item in page["Items"]}
    # What was deleted in one go with the write after it.
    deleted = {f"{name.split('-')[0]}-{number - 1}" for name, number in acknowledged if number % 3 == 0}
    missing = [name for name, _ in acknowledged if name not in found and name not in deleted]
    # A batch that nobody acknowledged may have deleted the one before.
    after = {f"{name.split('-')[0]}-{int(name.split('-')[1]) - 1}" for name in found}
    assert [name for name in missing if name not in after] == [], f"of {len(acknowledged)}"
    assert not deleted & found


def test_of_conditional_writes_at_the_same_time_one_happens(table):
    won = []

    def begin(number):
        client = table.client()
        try:
            client.put_item(
                TableName=TABLE, Item=key("one") | {"by": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(pk)")
            won.append(number)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    item = table.client().get_item(TableName=TABLE, Key=key("one"), ConsistentRead=True)["Item"]
    assert [int(item["by"]["N"])] == won


def test_nobody_gets_in_who_has_not_signed_what_arrives(table):
    table.client().put_item(TableName=TABLE, Item=key("mine"))
    read = {"TableName": TABLE, "Key": key("mine")}
    assert code(lambda: table.client(secret="another").get_item(**read)) == "InvalidSignatureException"
    assert code(lambda: table.client(key="test", secret="test").get_item(**read)) == "InvalidSignatureException"
    # An account of MiniStack's, which gets in there by its number.
    assert code(lambda: table.client(key="000000000000").get_item(**read)) == "InvalidSignatureException"

    # The signature of one request carries no other: body, target, path, query and method are in it.
    signed = {}
    client = table.client()
    client.meta.events.register(
        "before-send.dynamodb.GetItem", lambda request, **_: signed.update(body=request.body, headers=dict(request.headers)))
    client.get_item(**read)
    body = signed["body"] if isinstance(signed["body"], bytes) else signed["body"].encode()
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in signed["headers"].items()}
    target = "X-Amz-Target"
    assert table.ask("POST", "/", body, headers)[0] == 200, "the same once more"
    for what, changed in {
        "body": ("POST", "/", body.replace(b"mine", b"your"), headers),
        "target": ("POST", "/", body, headers | {target: headers[target].replace("GetItem", "DeleteItem")}),
        "path": ("POST", "/x", body, headers),
        "query": ("POST", "/?x=1", body, headers),
        "method": ("PUT", "/", body, headers),
        "nothing": ("POST", "/", body, {target: headers[target]}),
        "bearer": ("POST", "/", body, {target: headers[target], "Authorization": "Bearer the lab"}),
    }.items():
        status, text = table.ask(*changed)
        assert status == 400 and "InvalidSignatureException" in text, (what, status, text)
    # Other doors of MiniStack's, also for whoever has the key.
    for method, path in [("GET", "/_ministack/health"), ("POST", "/_ministack/reset"), ("GET", "/_localstack/health")]:
        assert table.ask(method, path)[0] == 400, path
        assert table.ask(method, path, body, headers)[0] == 400, path
    assert table.ask_twice_targeted(body, headers) == 400
    assert table.client().get_item(**read)["Item"] == key("mine")


def test_the_key_permits_what_the_template_of_aws_grants_and_no_more(table):
    client = table.client()
    for call in (lambda: client.delete_table(TableName=TABLE), lambda: client.list_tables(),
                 lambda: client.create_backup(TableName=TABLE, BackupName="all"),
                 lambda: client.update_table(TableName=TABLE, BillingMode="PROVISIONED")):
        assert code(call) == "AccessDeniedException"
    template = subprocess.run(
        [HEIGHTS, "template", "--stage", "6", "--app", ROOT / "Examples" / "Summit", "--out", table.folder / "stacks"],
        capture_output=True, text=True, timeout=120)
    assert template.returncode == 0, template.stderr
    stacks = [path.read_text() for path in (table.folder / "stacks").iterdir()]
    granted = {action for text in stacks for action in re.findall(r"dynamodb:(\w+)", text)}
    known = {"PartiQLUpdate" if action == "BatchExecuteStatement" else action for action in actions()}
    assert known - {"DescribeTable"} <= granted


def actions():
    """Of the gate."""
    text = (GATE / "table.py").read_text()
    return set(text.split("ACTIONS = {")[1].split("}")[0].replace('"', "").replace("\n", " ").replace(",", " ").split())


def test_what_has_expired_is_gone_when_it_starts_anew(table):
    client = table.client()
    client.put_item(TableName=TABLE, Item=key("gone") | {"expires": {"N": "1"}})
    client.put_item(TableName=TABLE, Item=key("there") | {"expires": {"N": str(LATER)}})
    client.put_item(TableName=TABLE, Item=key("odd") | {"expires": {"S": "soon"}})
    table.kill()
    table.start()
    assert {item["pk"]["S"] for item in table.client().scan(TableName=TABLE)["Items"]} == {"there", "odd"}


def test_limits_are_set_by_the_lab_alone_and_end_with_the_process(table):
    read = {"TableName": TABLE, "Key": key("none")}
    assert table.ask("POST", "/_lab/limits", "{}")[0] == 403
    assert table.ask("POST", "/_lab/limits", "{}", {"Authorization": "Bearer its secret"})[0] == 403
    for wrong in ("", "[]", "{\"perSecond\": -1}", "{\"delayMs\": \"1\"}", "{\"delayMs\": 60001}", "{\"rate\": 1}", "3"):
        assert table.ask("POST", "/_lab/limits", wrong, {"Authorization": "Bearer the lab"})[0] == 400, wrong
    assert table.limit(perSecond=0)[0] == 200
    assert code(lambda: table.client().get_item(**read)) == "ThrottlingException"
    assert table.limit(perSecond=20)[0] == 200
    # What waits and tries again gets through, as with AWS.
    for _ in range(5):
        table.client(attempts=10).get_item(**read)
    assert table.limit(perSecond=0)[0] == 200
    table.kill()
    table.start()
    table.client().get_item(**read)
