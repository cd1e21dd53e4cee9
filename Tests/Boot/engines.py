"""The engines that AWS's services are counterparts of, set up as those are: names of AWS, TLS, passwords."""

import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from network import METADATA, ROUTER
from support.waiting import DEADLINE_SECONDS, wait_until

POSTGRES = Path("/usr/lib/postgresql/15/bin")


class Authority:
    """Vouches for names. `file` is what others believe it by."""

    def __init__(self, folder, name):
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2", "-subj",
                 f"/CN={name}", "-keyout", self._key, "-out", self.file)

    def certificate(self, *names):
        """The files of a certificate and its key."""
        stem = Path(tempfile.mkdtemp(dir=self._folder)) / "server"
        key, request, out = f"{stem}.key", f"{stem}.csr", f"{stem}.pem"
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-subj", f"/CN={names[0][:60]}",
                 "-keyout", key, "-out", request)
        kinds = ["IP" if name.replace(".", "").isdigit() else "DNS" for name in names]
        extension = "subjectAltName=" + ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names))
        Path(f"{stem}.ext").write_text(extension)
        _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "1",
                 "-extfile", f"{stem}.ext", "-out", out)
        return Path(out), Path(key)


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


class Engine:
    """A process with a folder of its own, as its own user."""

    def __init__(self, user):
        self.user = user
        self.folder = Path(tempfile.mkdtemp(prefix="heights-boot-"))
        shutil.chown(self.folder, user)
        self._process = None

    def start(self, *words, ending=signal.SIGTERM):
        self._ending = ending
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                list(map(str, words)), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self.user,
                group=self.user, extra_groups=[])

    def run(self, *words, given=None):
        done = subprocess.run(
            list(map(str, words)), cwd=self.folder, input=given, capture_output=True, text=True, user=self.user,
            group=self.user, extra_groups=[], timeout=60)
        assert done.returncode == 0, f"{words[0]}: {done.stderr}"
        return done.stdout

    def own(self, files, name):
        """Copies of a certificate and its key that the engine alone may read."""
        copies = [self.folder / f"{name}.pem", self.folder / f"{name}.key"]
        for source, copy in zip(files, copies):
            shutil.copy(source, copy)
            shutil.chown(copy, self.user)
            copy.chmod(0o600)
        return copies

    def wait(self, condition, what):
        """Until it is so, unless the engine ends before."""
        def holds():
            assert self._process.poll() is None, "it has ended"
            return condition()

        try:
            wait_until(holds, what)
        except AssertionError as error:
            log = self.log
            self.end()
            raise AssertionError(f"{type(self).__name__}: {error}\n{log}") from None

    @property
    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def end(self):
        if self._process:
            self._process.send_signal(self._ending)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(DEADLINE_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


class Database(Engine):
    """PostgreSQL as RDS has it: nobody comes without TLS, and its master is no superuser."""

    def __init__(self, address, name, authority, master=None, leader=None):
        """`master` is (user, password) of a leader; a follower has those of its leader."""
        super().__init__("postgres")
        self._data = self.folder / "data"
        self._make(leader)
        certificate, key = self.own(authority.certificate(name), "server")
        settings = {
            "listen_addresses": f"'{address}'", "unix_socket_directories": f"'{self.folder}'", "ssl": "on",
            "ssl_cert_file": f"'{certificate}'", "ssl_key_file": f"'{key}'", "wal_level": "logical", "fsync": "off",
            "password_encryption": "'scram-sha-256'", "hot_standby_feedback": "on", "rds.extensions": "'plpgsql'"}
        with open(self._data / "postgresql.auto.conf", "a") as file:
            file.writelines(f"{key} = {value}\n" for key, value in settings.items())
        (self._data / "pg_hba.conf").write_text(
            "local all,replication rdsadmin trust\nhostssl all all 0.0.0.0/0 scram-sha-256\n")
        self.start(POSTGRES / "postgres", "-D", self._data, ending=signal.SIGINT)
        self.wait(self._answers, f"it answers at {address}")
        if leader is None:
            self._make_master(*master)

    def _make(self, leader):
        if leader is None:
            self.run(POSTGRES / "initdb", "-D", self._data, "-U", "rdsadmin", "--no-sync", "--encoding", "UTF8", "--locale",
                     "C.UTF-8", "--auth", "trust")
        else:
            self.run(POSTGRES / "pg_basebackup", "-D", self._data, "-U", "rdsadmin", "-h", leader.folder, "-R",
                     "--checkpoint=fast", "--no-sync")

    def _answers(self):
        return subprocess.run(
            [POSTGRES / "pg_isready", "-q", "-h", self.folder, "-U", "rdsadmin"], timeout=60).returncode == 0

    def _make_master(self, user, password):
        quoted = password.replace("'", "''")
        self.sql(f"""
            CREATE ROLE rds_superuser IN ROLE pg_monitor, pg_signal_backend;
            CREATE ROLE "{user}" LOGIN CREATEDB CREATEROLE IN ROLE rds_superuser PASSWORD '{quoted}';
            CREATE DATABASE app OWNER "{user}";""")

    def sql(self, text, database="postgres"):
        """What psql says to it."""
        statements = [statement for statement in text.split(";") if statement.strip()]
        return "".join(self.run(
            POSTGRES / "psql", "-h", self.folder, "-U", "rdsadmin", "-d", database, "-qAt", "-v", "ON_ERROR_STOP=1",
            given=statement + ";") for statement in statements).strip()


class Cache(Engine):
    """Redis as ElastiCache has it."""

    def __init__(self, address, name, authority, password):
        super().__init__("redis")
        certificate, key = self.own(authority.certificate(name), "server")
        settings = self.folder / "redis.conf"
        settings.write_text(
            f"port 0\ntls-port 6379\nbind {address}\ntls-cert-file {certificate}\ntls-key-file {key}\n"
            f"tls-ca-cert-file {certificate}\ntls-auth-clients no\nrequirepass {password}\nsave \"\"\n"
            "maxmemory-policy allkeys-lfu\n")
        settings.chmod(0o600)
        shutil.chown(settings, self.user)
        self.start("redis-server", settings)
        self.wait(lambda: accepts(address, 6379), "it listens")


class Files(Engine):
    """An NFS server as EFS has it behind its TLS. `shared` is what it gives."""

    PORT = 12049

    def __init__(self):
        super().__init__("root")
        self.shared = self.folder / "shared"
        self.shared.mkdir()
        settings = self.folder / "ganesha.conf"
        settings.write_text(f"""
            NFS_CORE_PARAM {{ Protocols = 4; NFS_Port = {self.PORT}; Bind_addr = 127.0.0.1; Enable_NLM = false;
              Enable_RQUOTA = false; }}
            NFSV4 {{ Grace_Period = 0; Lease_Lifetime = 5; RecoveryRoot = {self.folder}; }}
            EXPORT {{ Export_Id = 1; Path = {self.shared}; Pseudo = /; Access_Type = RW; Squash = No_Root_Squash;
              Protocols = 4; SecType = sys; FSAL {{ Name = VFS; }} }}
            """)
        self.start("ganesha.nfsd", "-F", "-f", settings, "-L", self.folder / "log", "-p", self.folder / "pid")
        self.wait(lambda: accepts("127.0.0.1", self.PORT), "it listens")


class Door(Engine):
    """HAProxy before AWS's interfaces: it takes TLS off, as AWS's own doors do."""

    def __init__(self, port, certificate, database_authority):
        super().__init__("haproxy")
        certificate, key = self.own(certificate, "server")
        both = self.folder / "both.pem"
        both.write_text(certificate.read_text() + key.read_text())
        bundle = self.folder / "bundle.pem"
        shutil.copy(database_authority, bundle)
        bundle.chmod(0o644)
        settings = self.folder / "haproxy.cfg"
        settings.write_text(f"""
            defaults
              timeout connect 5s
              timeout client 120s
              timeout server 120s
            frontend interfaces
              mode http
              bind {ROUTER}:443 ssl crt {both}
              http-request set-header X-Forwarded-Proto https
              acl is_truststore req.hdr(host) truststore.pki.rds.amazonaws.com
              acl is_bundle path /global/global-bundle.pem
              http-request return status 200 content-type text/plain file {bundle} if is_truststore is_bundle
              http-request deny deny_status 404 if is_truststore
              default_backend account
            frontend metadata
              mode http
              bind {METADATA}:80
              acl is_metadata path_beg /latest/
              http-request deny deny_status 404 unless is_metadata
              default_backend account
            backend account
              mode http
              server ministack 127.0.0.1:{port}
            listen files
              mode tcp
              bind {ROUTER}:2049 ssl crt {both}
              server files 127.0.0.1:{Files.PORT}
            """)
        # It binds low ports as root, then is its own user.
        with open(settings, "a") as file:
            file.write(f"global\n  user {self.user}\n  group {self.user}\n")
        self.user = "root"
        self.start("haproxy", "-db", "-f", settings)
        self.wait(lambda: accepts(ROUTER, 443), "it listens")


class Layers(Engine):
    """HAProxy as the load balancers between services: each is asked by its own name, within TLS."""

    def __init__(self, address, servers, authority):
        """`servers` is {name: address of who answers by it}."""
        super().__init__("haproxy")
        certificate, key = self.own(authority.certificate(*servers), "server")
        both = self.folder / "both.pem"
        both.write_text(certificate.read_text() + key.read_text())
        settings = self.folder / "haproxy.cfg"
        backends = "".join(f"backend {name}\n  server one {where}:8080\n" for name, where in servers.items())
        settings.write_text(
            f"global\n  user {self.user}\n  group {self.user}\n"
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
            f"frontend services\n  bind {address}:443 ssl crt {both}\n  use_backend %[req.hdr(host),lower]\n{backends}")
        # It binds low ports as root, then is its own user.
        self.user = "root"
        self.start("haproxy", "-db", "-f", settings)
        self.wait(lambda: accepts(address, 443), "it listens")


def accepts(address, port):
    """Whether somebody listens there."""
    try:
        socket.create_connection((address, port), timeout=5).close()
        return True
    except OSError:
        return False
