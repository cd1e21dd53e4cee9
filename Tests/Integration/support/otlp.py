"""OTLP/JSON, read by OpenTelemetry's own messages (PyPI: opentelemetry-proto)."""

import base64
import json
import re
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}


def parse(text, message=TracesData):
    """One document. protobuf's JSON knows every name and type and refuses others, but has bytes in base 64, and OTLP its ids in
    hexadecimal digits: that is the one rule that is ours here."""
    data = json.loads(text)
    for resource in data["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name, digits in IDS.items():
                    if name in span:
                        assert re.fullmatch(rf"[0-9a-f]{{{digits}}}", span[name]), span
                        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
                for name in ("startTimeUnixNano", "endTimeUnixNano"):
                    assert isinstance(span[name], str), "numbers of 64 bits are text"
    return json_format.ParseDict(data, message())


def spans(*documents):
    """All spans of some documents, each a dictionary with the facts of its process."""
    return [
        {
            "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex() or None,
            "name": span.name, "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
            "start": span.start_time_unix_nano, "end": span.end_time_unix_nano, "failed": span.status.code == 2,
            "process": facts(resource.resource.attributes), "facts": facts(span.attributes),
        }
        for document in documents for resource in document.resource_spans for scope in resource.scope_spans
        for span in scope.spans
    ]


def facts(attributes):
    return {fact.key: getattr(fact.value, fact.value.WhichOneof("value")) for fact in attributes}


def in_files(folder):
    """All spans in the files of a lab's processes. A line that is being written is left for the next time."""
    lines = [line for path in sorted(folder.glob("*.jsonl*")) for line in path.read_text().split("\n")[:-1]]
    return spans(*(parse(line) for line in lines))


@contextmanager
def collector(certificate=None, **headers):
    """Takes what is sent to it with these headers, as `messages`; its address is `url`. With a certificate, as files of it and its
    key, it is asked within TLS."""
    class Collector:
        messages = []
        mistakes = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/json")
                assert all(self.headers[name] == value for name, value in headers.items()), self.headers
                Collector.messages.append(parse(body, ExportTraceServiceRequest))
                status = 200
            except Exception as mistake:
                Collector.mistakes.append(mistake)
                status = 400
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_):
            """Who does not believe its certificate goes away."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Collector.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield Collector
    finally:
        server.shutdown()
        server.server_close()
