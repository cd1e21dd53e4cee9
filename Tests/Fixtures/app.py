# A small app that keeps Heights' contract: sockets and settings from the environment, an admin socket, a front door,
# a waitlist. It refuses to start on a quota that the file `refused-quota` in its app's folder names, and
# dies on GET /die.
import json, os, selectors, signal, socket, sys

# It works in the folder of a release.
refusal = os.path.join(os.path.dirname(os.environ["HEIGHTS_SECRET_FILE"]), "..", "refused-quota")
refused = open(refusal).read().strip() if os.path.exists(refusal) else None
if refused == os.environ["HEIGHTS_DISK_QUOTA_BYTES"]:
    sys.exit("quota refused")
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
names = os.environ["LISTEN_FDNAMES"].split(":")
sockets = [(name, socket.socket(fileno=3 + i)) for i, name in enumerate(names)]
assert int(os.environ["LISTEN_PID"]) == os.getpid() and int(os.environ["LISTEN_FDS"]) == len(names)
store = os.environ["HEIGHTS_DATA_DIR"] + "/waitlist.ndjson"
selector = selectors.DefaultSelector()
is_open = is_drained = False


def set_door(wanted):
    global is_open
    for name, listener in sockets:
        if name == "http" and wanted != is_open:
            (selector.register if wanted else selector.unregister)(listener, *([1, name] if wanted else []))
    is_open = wanted


def drain(wanted):
    global is_drained
    is_drained = wanted
    set_door(not wanted)
    return 200, ""


def waitlist():
    return open(store).read() if os.path.exists(store) else ""


def join(text):
    present = {json.loads(line)["email"] for line in waitlist().splitlines()}
    fresh = [line for line in text.splitlines() if json.loads(line)["email"] not in present]
    with open(store, "a") as file:
        file.write("".join(line + "\n" for line in fresh))
        file.flush()
        os.fsync(file.fileno())
    return 201, ""


def settings():
    keys = ["HEIGHTS_STAGE", "HEIGHTS_LOOPS", "HEIGHTS_DISK_QUOTA_BYTES"]
    return 200, " ".join(os.environ[key] for key in keys)


routes = {
    "GET /die": lambda _: os._exit(3),
    "POST /api/waitlist": join,
}
admin_routes = {
    "GET /readyz": lambda _: (503 if is_drained else 200, ""),
    "GET /metrics": lambda _: (200, 'http_requests_total{status="200"} 7\n'),
    "POST /drain": lambda _: drain(True),
    "POST /accept": lambda _: drain(False),
    "GET /waitlist": lambda _: (200, waitlist()),
    "POST /waitlist": join,
}


def answer(name, connection):
    request = connection.makefile("rb")
    method, path, _ = request.readline().decode().split(" ")
    length = 0
    while (line := request.readline().decode().strip()) != "":
        if line.lower().startswith("content-length:"):
            length = int(line.split(":")[1])
    route = (admin_routes if name == "admin" else routes).get(f"{method} {path}", lambda _: settings())
    status, text = route(request.read(length).decode())
    connection.sendall(f"HTTP/1.1 {status} Fine\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())


for name, listener in sockets:
    listener.setblocking(False)
    if name == "admin":
        selector.register(listener, 1, name)
set_door(os.environ.get("HEIGHTS_FRONT_DOOR") != "closed")
# Until somebody ends the process.
while True:
    for key, _ in selector.select():
        try:
            connection, _ = key.fileobj.accept()
            with connection:
                connection.settimeout(1)
                answer(key.data, connection)
        except (OSError, ValueError):
            pass
