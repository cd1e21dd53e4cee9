# A small app of any other framework: it listens on $HOST:$PORT itself, and says where it is.
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(os.environ["HOST"])))
        self.end_headers()
        self.wfile.write(os.environ["HOST"].encode())


ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), App).serve_forever()
