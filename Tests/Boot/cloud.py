"""An account of AWS's with a stage in it, for servers to start in: MiniStack has the stage's stacks as they are, and engines
are behind the names that it gives out. What a server is told comes from these stacks alone."""

import json
import os
import secrets
import subprocess
import tempfile
from pathlib import Path

import boto3
from botocore.config import Config
from engines import Authority, Cache, Database, Door, Files, Layers
from network import ROUTER, add_address, remove_address
from server import Server
from support.aws import emulators
from support.aws.deployment import Deployment, Stack
from support.aws.endpoint import Endpoint
from support.lab import heights
from support.paths import AWS_TOOLS, HEIGHTS

REGION = "eu-central-1"
DATABASE, FOLLOWERS, CACHE = "10.18.0.11", {"B": "10.18.0.12", "C": "10.18.0.14"}, "10.18.0.13"
SERVERS = {"a": "10.18.1.1", "b": "10.18.2.1"}
# From stage 6 on: a server of each service, and the load balancers between them.
APART = {"web": "10.18.1.1", "accounts": "10.18.1.2", "posts": "10.18.2.2", "graph": "10.18.3.2"}
LAYERS = "10.18.0.20"
DISK = "vol-0a1b2c"
# What AWS gives to everybody: where Debian's servers get the agents from that Debian does not have.
AGENTS = {
    "amazon-ssm-agent": (f"amazon-ssm-{REGION}", "latest/debian_{arch}/amazon-ssm-agent.deb"),
    "amazon-cloudwatch-agent": (f"amazoncloudwatch-agent-{REGION}", "debian/{arch}/latest/amazon-cloudwatch-agent.deb"),
}
SERVICES = ("s3", "dynamodb", "rds", "secretsmanager", "cloudformation", "sts")


class Cloud:
    """One stage of an app. `end()` takes all of it down."""

    def __init__(self, stage, authorities, folder, app):
        """`authorities` is (that of AWS's doors, RDS's own)."""
        self.stage = stage
        self._folder = folder
        self._ends = []
        self._amazon, self._rds = authorities
        try:
            self._make(app)
        except BaseException:
            self.end()
            raise

    def _make(self, app):
        self._account = self._ending(emulators.account())
        heights("template", "--stage", self.stage, "--regions", REGION, "--domain", "example.com", "--format", "json",
                "--fresh", "--app", app, "--out", self._folder / "stacks").expect(0)
        self._deployment = Deployment(self._account)
        self._stacks = {stack.name: stack for stack in Stack.all_in(self._folder / "stacks")}
        if self.stage < 6:
            for stack in self._stacks.values():
                self._deployment.apply(stack)
        else:
            self._deploy(app)
        self._data = self._deployment.outputs(self._name("data"))
        self.names = {f"{name}.{REGION}.amazonaws.com": ROUTER for name in SERVICES}
        self.names["truststore.pki.rds.amazonaws.com"] = ROUTER
        buckets = [value for name, value in self._data.items() if name.endswith("Bucket")]
        for bucket in buckets + [bucket for bucket, _ in AGENTS.values()]:
            self.names[f"{bucket}.s3.{REGION}.amazonaws.com"] = ROUTER
        if self.stage == 4:
            self.names[f"{self._data['FilesId']}.efs.{REGION}.amazonaws.com"] = ROUTER
            self.files = self._ending(Files())
        certificate = self._amazon.certificate(*self.names, ROUTER)
        self._ending(Door(self._account.port, certificate, self._rds.file))
        if self.stage >= 3:
            self._add_databases()
        if self.stage >= 5:
            self._add_cache()
        if self.stage >= 6:
            behind = {f"{name}.{REGION}.example.com": APART[name] for name in APART if name != "web"}
            self.names.update(dict.fromkeys(behind, self._address(LAYERS)))
            self._ending(Layers(LAYERS, behind, self._amazon))
        self._publish_agents()

    def _deploy(self, app):
        """By `heights deploy`, which tells services of each other besides."""
        endpoint = self._ending(Endpoint(self._account))
        settings = {**os.environ, **emulators.CREDENTIALS, "HOME": str(self._folder), "PATH": f"{AWS_TOOLS}:{os.environ['PATH']}"}
        done = subprocess.run(
            [HEIGHTS, "deploy", "--stage", str(self.stage), "--region", REGION, "--domain", "example.com", "--endpoint-url",
             endpoint.url, "--app", app, "--fresh", "--yes"], env=settings, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        for stack in self._stacks.values():
            self._deployment.adopt(stack)

    def _name(self, kind):
        return next(name for name in self._stacks if name.endswith(f"-{REGION}-{kind}"))

    def _ending(self, part):
        self._ends.append(part.end)
        return part

    def _address(self, address):
        add_address(address)
        self._ends.append(lambda: remove_address(address))
        return address

    def client(self, service):
        """Of the account's owner, through its door."""
        return boto3.client(
            service, region_name=REGION, endpoint_url=f"https://{ROUTER}", verify=str(self._amazon.file),
            aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))

    @property
    def log_group(self):
        """Where the words of apps go."""
        return self._deployment.physical_ids(self._name("compute"))["AppLog"]

    # Engines

    def _add_databases(self):
        database = self.client("rds").describe_db_instances(
            DBInstanceIdentifier=self._data["DatabaseName"])["DBInstances"][0]
        self._secret = database["MasterUserSecret"]["SecretArn"]
        master = json.loads(self.client("secretsmanager").get_secret_value(SecretId=self._secret)["SecretString"])
        name = self._data["DatabaseAddress"]
        self.names[name] = self._address(DATABASE)
        self.database = self._ending(Database(
            DATABASE, name, self._rds, master=(master["username"], master["password"])))
        for letter, address in FOLLOWERS.items():
            if follower := self._data.get(f"DatabaseReader{letter}Address"):
                self.names[follower] = self._address(address)
                self._ending(Database(address, follower, self._rds, leader=self.database))

    def renew_password(self):
        """As RDS does every seven days; here those who have come with the old one have to come again."""
        word = "new:" + secrets.token_hex(8)
        self.database.sql(f"ALTER ROLE heights PASSWORD '{word}'")
        self.client("secretsmanager").put_secret_value(
            SecretId=self._secret, SecretString=json.dumps({"username": "heights", "password": word}))
        self.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'heights'")

    def _add_cache(self):
        outputs = self._deployment.outputs(self._name("cache"))
        word = self.client("secretsmanager").get_secret_value(SecretId=outputs["CacheTokenSecret"])["SecretString"]
        # What a deployment has written is the emulator's word for it.
        own = outputs["CacheAddress"]
        self.cache_name = own if self.stage >= 6 else f"master.{own.split('.')[0]}.euc1.cache.amazonaws.com"
        self.names[self.cache_name] = self._address(CACHE)
        self._ending(Cache(CACHE, self.cache_name, self._amazon, word))

    # What is published

    def publish(self, release):
        """As `heights deploy` does."""
        self.client("s3").upload_file(str(release), self._data["ReleasesBucket"], "releases/current.tar.gz")

    def _publish_agents(self):
        s3 = self.client("s3")
        arch = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True,
                              timeout=60).stdout.strip()
        for package, (bucket, key) in AGENTS.items():
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            s3.delete_public_access_block(Bucket=bucket)
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]}))
            s3.upload_file(str(self._package(package)), bucket, key.format(arch=arch))

    def _package(self, name):
        """A package that notes how its program is called: the agents come from AWS alone."""
        root = Path(tempfile.mkdtemp(dir=self._folder))
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: stand-in\n")
        program = root / "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
        if name == "amazon-cloudwatch-agent":
            program.parent.mkdir(parents=True)
            program.write_text('#!/bin/sh\necho "$@" >> /var/log/agent\ncat /etc/heights/logs.json >> /var/log/agent\n')
            program.chmod(0o755)
        path = self._folder / f"{name}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, path], check=True, capture_output=True,
                       timeout=60)
        return path

    # Servers

    def user_data(self, index, kind="compute"):
        """That of a server: each has its own up to stage 4, from then on all of a group have the same."""
        name = self._name(kind)
        resources = self._stacks[name].template["Resources"].values()
        found = [properties["UserData"]["Fn::Base64"] for properties in (
            resource["Properties"].get("LaunchTemplateData", resource["Properties"]) for resource in resources)
            if "UserData" in properties]
        # What the emulator can't tell: it makes no disks, and caches only with Docker.
        known = {"Disk": DISK}
        if self.stage >= 5:
            known["CacheAddress"] = self.cache_name
        return self._deployment.value(name, found[min(index, len(found) - 1)], known)

    def server(self, debian, letter, words=()):
        index = sorted(SERVERS).index(letter)
        port = 80 if self.stage < 5 else 8080
        words = [*words, f"--bind={self.files.shared}:/trial"] if self.stage == 4 else words
        server = Server(debian, self._folder / f"server-{letter}", letter, SERVERS[letter], port, self.names,
                        self.user_data(index), words)
        self._ends.append(server.remove)
        return server

    def service(self, debian, name):
        """A server of a service, from stage 6 on."""
        kind = "compute" if name == "web" else f"compute-{name}"
        server = Server(debian, self._folder / f"server-{name}", name, APART[name], 8080, self.names,
                        self.user_data(0, kind))
        self._ends.append(server.remove)
        return server

    def sessions(self):
        """How many items the table of sessions has."""
        return self.client("dynamodb").scan(TableName=self._data["SessionsTable"], Select="COUNT")["Count"]

    def end(self):
        """The last first."""
        errors = []
        while self._ends:
            try:
                self._ends.pop()()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]
