"""Another user of the machine, who tries every door of a lab with what needs no secret. Reads doors from standard input,
one JSON list [kind, address, port] in all, and prints what each answered. Standard library alone: it is run by the
system's Python as somebody who may not read this folder."""

import json
import socket
import ssl
import sys

# A name that leads here, as a page in a browser may have one, and that page.
FOREIGN = "Host: lab.example.com\r\nOrigin: http://lab.example.com\r\n"
SECONDS = 3


def say(address, port, data, wrap=None):
    """What is answered to `data`, as text; `closed` when nothing is."""
    received = b""
    try:
        with socket.create_connection((address, port), timeout=SECONDS) as plain:
            connection = wrap(plain) if wrap else plain
            connection.sendall(data)
            while len(received) < 65536:
                some = connection.recv(65536)
                if not some:
                    break
                received += some
                if b"\r\n" in received and not received.startswith(b"HTTP/"):
                    break
    except OSError as error:
        if not received:
            return f"closed ({type(error).__name__})"
    return received.decode("latin-1") or "closed"


def request(method, path, body="", fields=FOREIGN):
    return (f"{method} {path} HTTP/1.1\r\n{fields}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n\r\n{body}").encode()


def etcd(address, port):
    loose = ssl.create_default_context()
    loose.check_hostname, loose.verify_mode = False, ssl.CERT_NONE
    put = request("POST", "/v3/kv/put", '{"key": "YQ==", "value": "YQ=="}')
    ask = [put, request("GET", "/health"), request("GET", "/version"), request("GET", "/members"), request("POST", "/raft")]
    return [say(address, port, data) for data in ask] + [
        say(address, port, data, lambda plain: loose.wrap_socket(plain)) for data in ask]


def patroni(address, port):
    command = '{"postgresql": {"parameters": {"archive_mode": "on", "archive_command": "touch /tmp/intruder"}}}'
    orders = [("PATCH", "/config", command), ("PUT", "/config", command), ("POST", "/restart", "{}"), ("POST", "/reload", ""),
              ("DELETE", "/restart", ""), ("POST", "/reinitialize", "{}"), ("POST", "/sigterm", ""),
              ("POST", "/switchover", '{"leader": "database-a"}'), ("POST", "/failover", '{"candidate": "database-b"}'),
              ("DELETE", "/switchover", "")]
    # heights:guess
    guess = FOREIGN + "Authorization: Basic aGVpZ2h0czpndWVzcw==\r\n"
    return [say(address, port, request(*order, fields=fields)) for order in orders for fields in (FOREIGN, guess)]


def redis(address, port):
    words = ["PING", "INFO", "CONFIG SET dir /tmp", "REPLICAOF 127.0.0.1 1", "GET session:x", "AUTH guess", "AUTH app guess"]
    return [say(address, port, (line + "\r\n").encode()) for line in words]


def sentinel(address, port):
    words = ["PING", "SENTINEL MASTERS", "SENTINEL SET cache quorum 1", "SENTINEL FAILOVER cache", "SENTINEL REMOVE cache",
             "SENTINEL MONITOR other 127.0.0.1 1 1", "PUBLISH __sentinel__:hello 127.0.0.1,1,x,9,cache,127.0.0.1,1,9",
             "AUTH guess", "AUTH app guess"]
    return [say(address, port, (line + "\r\n").encode()) for line in words]


def postgres(address, port):
    def start(user):
        text = f"user\0{user}\0database\0postgres\0\0".encode()
        return (8 + len(text)).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + text

    def ask(user):
        with socket.create_connection((address, port), timeout=SECONDS) as connection:
            connection.sendall(start(user))
            answer = connection.recv(4096)
        return f"{chr(answer[0])}{int.from_bytes(answer[5:9], 'big')}"

    return [ask(user) for user in ("postgres", "app", "replicator")]


def store(address, port):
    signed = ("Host: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20261129/us-east-1/s3/aws4_request, "
              "SignedHeaders=host;x-amz-date, Signature=00\r\nX-Amz-Date: 20261129T000000Z\r\n")
    asked = [("PUT", "/summit-objects/static/summit.0000000000000000.css"), ("GET", "/"), ("GET", "/summit-objects"),
             ("DELETE", "/summit-objects"), ("POST", "/_ministack/reset"), ("GET", "/_ministack/health"), ("OPTIONS", "/")]
    fields = [FOREIGN, signed, FOREIGN + "Authorization: Bearer guess\r\n"]
    return [say(address, port, request(method, path, fields=field)) for method, path in asked for field in fields]


def app(address, port):
    """The app's own door, or one that leads to it: what is for the lab alone is not there."""
    return [say(address, port, request(method, path, fields=fields)) for method, path in
            (("GET", "/metrics"), ("POST", "/drain"), ("POST", "/objects/copy?to=s3"), ("BAN", "/"), ("PURGE", "/"))
            for fields in (FOREIGN, "Host: localhost\r\n")]


def console(address, port):
    own = f"Host: 127.0.0.1:{port}\r\n"
    # A foreign name, a foreign page, and neither of them but no token.
    return [say(address, port, request("GET", "/")),
            say(address, port, request("POST", "/actions/climb", "{}", own + "Origin: http://lab.example.com\r\n")),
            say(address, port, request("POST", "/actions/climb", "{}", own))]


def dns(address, port):
    # Who is example.com? (RFC 1035: 12 bytes of header, the name, type A, class IN.)
    question = b"\0\7\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as socket_:
        socket_.settimeout(SECONDS)
        socket_.sendto(question, (address, port))
        return [f"rcode {socket_.recv(512)[3] & 15}"]


def varnish(address, port):
    """Its command line: it greets with a challenge."""
    return [say(address, port, b"ban obj.status != 0\n")]


def claim(address, port):
    """Listens so that no other lab takes the region; nobody ever answers."""
    return [say(address, port, b"x\r\n")]


if __name__ == "__main__":
    print(json.dumps([globals()[kind](address, port) for kind, address, port in json.loads(sys.argv[1])]))
