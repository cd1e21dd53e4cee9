"""By which names a door of the app is asked, and by which not."""

from .raw_http import Connection

# `hosts` in heights.json.
FURTHER = ["tunnel.example.com", ".tunnel.example.org"]
# What stands in Host, and whether that is a name of the app.
HOSTS = {
    "127.0.0.1:1": True, "LOCALHOST.": True, "a.localhost:80": True, "[::1]:80": True, "summit.test": True,
    "www.Summit.test:8080": True, "tunnel.example.com": True, "deep.in.tunnel.example.org": True,
    "lab.example.com": False, "localhost.example.com": False, "127.0.0.1.example.com": False, "127.0.0": False,
    "xsummit.test": False, "summit.test.example.com": False, "a.tunnel.example.com": False, "tunnelxexample.com": False,
    "127.0.0.1:x": False, "": False, "lab.example.com,localhost": False,
}


def misjudged(address, port, path="/healthz"):
    """Those that are let in and should not be, or the reverse, each with the status of its answer."""
    told = {host: status(address, port, host, path) for host in HOSTS}
    # What is no name at all may be refused as such.
    return [(host, status) for host, status in told.items() if HOSTS[host] != (status == 200)
            or status not in (200, 400, 421)]


def status(address, port, host, path):
    with Connection(f"http://{address}:{port}") as connection:
        answer = connection.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).answer()
    return answer and answer.status
