# A small app that keeps Heights' contract with several instances, and does as the file `release.json` beside it says: `text` is what
# it answers, `failEvery` 7 lets each seventh request fail, `dies` ends it at its start, `hangs` keeps it from becoming ready.
import http.server, json, os, signal, socket, sys, threading, time

release = json.load(open("release.json"))
if release.get("dies"):
    sys.exit("this release does not start")
if release.get("hangs"):
    time.sleep(3600)
# Before there are other threads: it is waited for below.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
counts, lock = {200: 0, 500: 0}, threading.Lock()


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/readyz":
            return self.answer(200, "ready")
        with lock:
            number = sum(counts.values()) + 1
            every = release.get("failEvery")
            status = 500 if every and number % every == 0 else 200
            counts[status] += 1
        self.answer(status, release["text"])

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Admin(Page):
    def do_GET(self):
        with lock:
            lines = [f'http_requests_total{{status="{status}"}} {count}' for status, count in counts.items()]
        self.answer(200, "\n".join(lines) + "\n")

    def do_POST(self):
        self.answer(200, "{}")


def serve(listener, handler):
    address = ("", 0) if listener.family == socket.AF_INET else "admin"
    server = http.server.ThreadingHTTPServer(address, handler, bind_and_activate=False)
    server.socket.close()
    server.socket, server.daemon_threads = listener, True
    server.get_request = lambda: (listener.accept()[0], ("", 0))
    threading.Thread(target=server.serve_forever, daemon=True).start()


for index, name in enumerate(os.environ["LISTEN_FDNAMES"].split(":")):
    serve(socket.socket(fileno=3 + index), Admin if name == "admin" else Page)
signal.sigwait([signal.SIGTERM])
# What it was just sent is answered.
time.sleep(0.1)
