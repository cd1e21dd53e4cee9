"""What a lab holds, seen from the inside with its own secrets: two of these differ when somebody has changed something."""

import base64
import http.client
import json
import os
import socket
import subprocess
from urllib.parse import urlsplit

import boto3
import requests

from .lab import heights

ROWS = {"accounts": "SELECT * FROM accounts ORDER BY id", "posts": "SELECT * FROM posts ORDER BY id",
        "graph": "SELECT * FROM follows ORDER BY 1, 2", "sessions": "SELECT token_hash, account_id FROM sessions ORDER BY 1"}
KEPT = "kept"


def secret(lab, name):
    return (lab.home / "secrets" / name).read_text().strip()


def inside(lab, addresses):
    """`addresses` by kind of door (doors.py)."""
    status = lab.status()
    console = ask(urlsplit(status["consoleURL"]).netloc + "/snapshot")
    return {
        "stage": status["stage"], "doors": status["openDoors"],
        "processes": {f"{line['name']}, {line['pid']}": line["restarts"] for line in status["processes"]},
        "console": {key: console[key] for key in ("jobs", "operation", "climb")},
        "patroni": [ask(f"{address}:{port}/config") for address, port in addresses["patroni"]],
        "etcd": etcd(lab), "objects": objects(lab, addresses["store"][0]),
        # The app's own keys come and go.
        "redis": [redis(lab, "cache", address, port, "MGET", KEPT, "intruder") for address, port in addresses["redis"]],
        "sentinels": [named(redis(lab, "sentinels", address, port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "cache"), addresses)
                      for address, port in addresses["sentinel"]],
        "rows": {database: rows(lab, database, query) for database, query in ROWS.items()},
    }


def named(leader, addresses):
    """Sentinels may choose another of the lab's on a busy machine; a foreign one is what somebody told them."""
    return "one of the lab's" if (leader[0], int(leader[1])) in {tuple(it[:2]) for it in addresses["redis"]} else leader


def ask(address):
    return requests.get(f"http://{address}", timeout=10).json()


def etcd(lab):
    """The keys, and the values of those that Patroni does not renew all the time."""
    everything = base64.b64encode(b"\0").decode()
    pairs = ask_etcd(lab, "database-a", "/v3/kv/range", {"key": everything, "range_end": everything})["kvs"]
    values = {base64.b64decode(pair["key"]).decode(): base64.b64decode(pair.get("value", "")).decode() for pair in pairs}
    return {key: value if key.endswith(("/config", "/initialize")) else "" for key, value in values.items()}


def etcd_members(lab):
    """By the host: the number by which its member of etcd is known to the others."""
    members = ask_etcd(lab, "database-c", "/v3/cluster/member/list", {})["members"]
    return {member["name"]: member["ID"] for member in members}


def ask_etcd(lab, host, path, question):
    connection = http.client.HTTPConnection("etcd")
    connection.sock = socket.socket(socket.AF_UNIX)
    # Through a descriptor: the whole path may be longer than a socket's may be.
    descriptor = os.open(lab.home / "engines" / host, os.O_PATH)
    try:
        connection.sock.connect(f"/proc/self/fd/{descriptor}/client:0")
        connection.request("POST", path, json.dumps(question))
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
        os.close(descriptor)


def objects(lab, door):
    store = boto3.client("s3", endpoint_url=f"http://{door[0]}:{door[1]}", region_name="us-east-1",
                         aws_access_key_id=secret(lab, "objects-key-id"), aws_secret_access_key=secret(lab, "objects-key"))
    try:
        names = [bucket["Name"] for bucket in store.list_buckets()["Buckets"]]
        found = {name: store.list_objects_v2(Bucket=name).get("Contents", []) for name in names}
        return {name: {it["Key"]: it["ETag"] for it in contents} for name, contents in found.items()}
    finally:
        store.close()


def redis(lab, name, address, port, *words):
    done = subprocess.run(["redis-cli", "-h", address, "-p", str(port), *words], capture_output=True, text=True, check=True,
                          env={**os.environ, "REDISCLI_AUTH": secret(lab, name)}, timeout=60)
    return done.stdout.splitlines()


def rows(lab, database, query):
    return heights("psql", "--app", lab.folder, database, "-Atc", query).expect(0).out
