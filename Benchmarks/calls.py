"""What a call of a service costs: in the same process beside a plain async call, and over the network beside a C server
on libmicrohttpd that an epoll client asks through the same HAProxy."""
import base64
import json
import os
import subprocess
import urllib.request

LOCAL_LIMIT_NS = 200
# Twice the peer's time.
REMOTE_TARGET = 0.5
BODY = json.dumps({"id": 1, "author": "ada", "text": "A line of a note. " * 28})
CONFIGURATION = """
global
    maxconn 1000
    nbthread 1
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
{layers}
"""
LAYER = """
listen {name}
    bind 127.0.0.1:{port}
    server {name} 127.0.0.1:{server} maxconn 1000
"""


def ask(port, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=120).read().decode().split()


def key_pair(folder):
    """A caller's key, by openssl: the words of its file, and what others know it by."""
    path = os.path.join(folder, "caller.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)

    def last(*options):
        made = subprocess.run(["openssl", "pkey", "-in", path, "-outform", "DER", *options], check=True, capture_output=True)
        return base64.urlsafe_b64encode(made.stdout[-32:]).decode().rstrip("=")

    return f"bench {last()}", last("-pubout")


def bench_calls(bench, folder, options, report):
    """- bench: the module of `run`, for its servers."""
    secret, public = key_pair(folder)
    key, placement = os.path.join(folder, "caller.key"), os.path.join(folder, "placement.json")
    with open(key, "w") as file:
        file.write(secret)
    peer = os.path.join(folder, "calls")
    server = os.path.join(folder, "calls-server")
    peers = os.path.join(bench.ROOT, "Benchmarks", "Peers")
    subprocess.run(["cc", "-O2", os.path.join(peers, "calls.c"), "-o", peer], check=True)
    # What JSON writes in quotes C reads in them.
    subprocess.run(
        ["cc", "-O2", f"-DBODY={json.dumps(BODY)}", os.path.join(peers, "hello.c"), "-lmicrohttpd", "-lpthread", "-o", server], check=True)

    doors = {"ours": bench.free_port(), "c": bench.free_port()}
    with open(placement, "w") as file:
        json.dump({
            "epoch": 1, "keys": {"bench": [public]},
            "services": {"notes": {"addresses": [f"127.0.0.1:{doors['ours']}"], "share": 1024, "callers": ["bench"]}}}, file)
    program = os.path.join(bench.RELEASE, "BenchCalls")
    settings = {"HEIGHTS_LOG_REQUESTS": "off", "HEIGHTS_PLACEMENT": placement, "HEIGHTS_SERVICE_KEY_FILE": key}

    def ours(name, **more):
        return bench.Server([program], folder, loops=1, HEIGHTS_DATA_DIR=os.path.join(folder, name), **settings, **more)

    alone = bench.Server([program], folder, loops=1, HEIGHTS_DATA_DIR=os.path.join(folder, "alone"))
    service, caller = ours("service", HEIGHTS_SERVICE="notes"), ours("caller", HEIGHTS_SERVICE="bench")
    plain = bench.Server([server, "PORT", "1"], folder)
    servers = {"ours": service.port, "c": plain.port}
    path = os.path.join(folder, "layers.cfg")
    with open(path, "w") as file:
        file.write(CONFIGURATION.format(layers="".join(
            LAYER.format(name=name, port=doors[name], server=servers[name]) for name in servers)))
    balancer = bench.Server(["haproxy", "-db", "-f", path], folder, port=doors["ours"])

    plain_ns, client_ns = map(int, ask(alone.port, "/local"))
    report.limit(f"a call in the same process, over a plain async call of {plain_ns} ns", client_ns - plain_ns, "ns", LOCAL_LIMIT_NS)
    for depth in (1, 16):
        results = bench.in_turns(options.rounds, {
            "ours": lambda: int(ask(caller.port, f"/remote?depth={depth}&seconds={options.seconds}")[0]),
            "c": lambda: int(subprocess.run(
                [peer, str(doors["c"]), str(depth), str(options.seconds)], check=True, capture_output=True, text=True).stdout)})
        rates = {name: bench.median(runs) for name, runs in results.items()}
        report.ratio(
            f"calls over the network, {depth} at once, through HAProxy", rates["ours"] / rates["c"],
            f"a C server asked by an epoll client ({rates['ours']:.0f} against {rates['c']:.0f} a second)", REMOTE_TARGET)
    for running in (caller, balancer, plain, service, alone):
        running.stop()
