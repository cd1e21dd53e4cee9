"""An endpoint in front of an emulator that leaves out of templates what the emulator does not make.

So `heights deploy` itself can be driven through whole stages: it sends its templates as they are, and reads back the same.
"""

import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from .support import EMULATORS

# What belongs to one connection and not to what goes through it.
HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "expect"}


class Endpoint:
    """Forwards everything to an emulator. `url` is what to give to `--endpoint-url`."""

    def __init__(self, emulator):
        self.emulator = emulator
        # Templates as they came, by the stack's name: those of stacks, and those of change sets that wait.
        self.templates = {}
        self._waiting = {}
        # Resources that a stack gets besides its own, by its name: {logical id: resource}.
        self.additions = {}
        # Names of calls, in their order.
        self.calls = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def client(self, service, region="eu-central-1"):
        return self.emulator.client(service, region, self.url)

    def end(self):
        self._server.shutdown()
        self._server.server_close()

    def changed(self, body, headers):
        """The body to forward."""
        if "x-www-form-urlencoded" not in headers.get("Content-Type", ""):
            return body
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.calls.append(fields.get("Action"))
        if fields.get("Action") == "ExecuteChangeSet":
            self.templates[fields["StackName"]] = self._waiting[fields["StackName"]]
        if "TemplateBody" not in fields:
            return body
        template = json.loads(fields["TemplateBody"])
        waits = fields["Action"] == "CreateChangeSet"
        (self._waiting if waits else self.templates)[fields["StackName"]] = template
        region = headers["Authorization"].split("/")[2]
        adapted = EMULATORS[self.emulator.name].adapted(template, region)
        adapted["Resources"].update(self.additions.get(fields["StackName"], {}))
        return urlencode({**fields, "TemplateBody": json.dumps(adapted)}).encode()

    def answered(self, body, content):
        """The answer to give: a template is read back as it came."""
        fields = dict(parse_qsl(body.decode(errors="replace"))) if b"Action=GetTemplate" in body else {}
        template = self.templates.get(fields.get("StackName"))
        if not template:
            return content
        text = f"<TemplateBody>{escape(json.dumps(template))}</TemplateBody>".encode()
        return re.sub(rb"<TemplateBody>.*</TemplateBody>", lambda _: text, content, flags=re.DOTALL)

    def _handler(endpoint):  # noqa: N805 (self is the handler's, within)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                length = self.headers.get("Content-Length")
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b"".join(self.chunks())
                else:
                    body = self.rfile.read(int(length or 0))
                body = endpoint.changed(body, self.headers)
                connection = http.client.HTTPConnection("127.0.0.1", endpoint.emulator.port, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = endpoint.answered(body, answer.read())
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                if self.command == "HEAD":
                    self.send_header("Content-Length", answer.getheader("Content-Length") or "0")
                    content = b""
                else:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            def chunks(self):
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    yield self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward

            def log_message(self, *_):
                pass

        return Handler
