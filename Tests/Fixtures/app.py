# A small app that keeps Heights' contract: sockets and settings from the environment, an admin socket, a front door.
# It refuses to start on a quota that the file `refused-quota` names, and dies on GET /die.
import os, selectors, signal, socket, sys, time

refused = open("refused-quota").read().strip() if os.path.exists("refused-quota") else None
if refused == os.environ["HEIGHTS_DISK_QUOTA_BYTES"]:
    sys.exit("quota refused")
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
names = os.environ["LISTEN_FDNAMES"].split(":")
sockets = [(name, socket.socket(fileno=3 + i)) for i, name in enumerate(names)]
assert int(os.environ["LISTEN_PID"]) == os.getpid() and int(os.environ["LISTEN_FDS"]) == len(names)
selector = selectors.DefaultSelector()
is_open = False


def set_door(wanted):
    global is_open
    for name, listener in sockets:
        if name == "http" and wanted != is_open:
            (selector.register if wanted else selector.unregister)(listener, *([1, name] if wanted else []))
    is_open = wanted


def body(path):
    if path == "/drain":
        set_door(False)
    if path == "/accept":
        set_door(True)
    if path == "/metrics":
        return 'http_requests_total{status="200"} 7\n'
    if path == "/die":
        os._exit(3)
    keys = ["HEIGHTS_STAGE", "HEIGHTS_LOOPS", "HEIGHTS_DISK_QUOTA_BYTES"]
    return " ".join(os.environ[key] for key in keys)


for name, listener in sockets:
    listener.setblocking(False)
    if name == "admin":
        selector.register(listener, 1, name)
set_door(os.environ.get("HEIGHTS_FRONT_DOOR") != "closed")
while True:
    for key, _ in selector.select():
        try:
            connection, _ = key.fileobj.accept()
            connection.settimeout(1)
            path = connection.recv(4096).decode().split(" ")[1]
            text = body(path)
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            connection.close()
        except (OSError, IndexError):
            pass
