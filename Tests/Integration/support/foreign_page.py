"""A page that belongs to somebody else, and does to other addresses whatever a browser lets a page do."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What is asked of each kind of door, all without a secret: method, path, body.
COMMAND = json.dumps({"synchronous_mode": False, "postgresql": {"parameters": {"archive_command": "touch /tmp/intruder"}}})
ASKED = {
    "app": [("GET", "/"), ("GET", "/settings"), ("GET", "/api/me"), ("GET", "/metrics"), ("POST", "/logout", ""),
            ("POST", "/api/posts", '{"text": "forged"}'), ("POST", "/settings/sessions/end", "id=all"),
            ("POST", "/settings", "current=a+long+password&new=another+password"), ("DELETE", "/api/sessions"),
            ("POST", "/drain", ""), ("POST", "/objects/copy?to=s3", ""), ("PUT", "/api/accounts/forged/follow", "")],
    "console": [("GET", "/snapshot"), ("GET", "/events"), ("GET", "/access"), ("POST", "/actions/climb", '{"to": 5}'),
                ("POST", "/actions/cut-power", '{"zone": "local-a"}'), ("POST", "/actions/undo", "{}"),
                ("POST", "/actions/load", '{"rate": 50, "seconds": 60}'),
                ("POST", "/actions/drill", '{"kind": "instance-crash"}'),
                ("POST", "/actions/scale", '{"service": "web", "count": 1}'), ("DELETE", "/snapshot")],
    "patroni": [("GET", "/"), ("GET", "/config"), ("GET", "/cluster"), ("GET", "/metrics"), ("PATCH", "/config", COMMAND),
                ("PUT", "/config", COMMAND), ("POST", "/config", COMMAND), ("POST", "/restart", "{}"),
                ("POST", "/reload", ""),
                ("POST", "/reinitialize", "{}"), ("POST", "/failover", '{"candidate": "database-b"}'),
                ("POST", "/switchover", '{"leader": "database-a", "candidate": "database-b"}'), ("DELETE", "/restart")],
    "etcd": [("GET", "/health"), ("GET", "/version"), ("GET", "/members"), ("PUT", "/v2/keys/intruder", "value=1"),
             ("POST", "/v3/kv/put", '{"key": "aW50cnVkZXI=", "value": "MQ=="}'),
             ("POST", "/v3/kv/range", '{"key": "AA==", "range_end": "AA=="}'), ("DELETE", "/v2/keys/intruder"),
             ("POST", "/v3/kv/deleterange", '{"key": "AA==", "range_end": "AA=="}')],
    "redis": [("GET", "/"), ("PUT", "/", "x"),
              ("POST", "/", "\r\nSET intruder 1\r\nFLUSHALL\r\nCONFIG SET requirepass \"\"\r\n")],
    "sentinel": [("GET", "/"), ("POST", "/", "\r\nSENTINEL REMOVE cache\r\nSENTINEL FAILOVER cache\r\n"), ("PUT", "/", "x")],
    "store": [("GET", "/"), ("GET", "/summit-objects"), ("PUT", "/summit-objects/intruder", "x"),
              ("POST", "/summit-objects?delete", "<Delete><Object><Key>static</Key></Object></Delete>"),
              ("DELETE", "/summit-objects"), ("POST", "/_ministack/reset", ""), ("GET", "/_ministack/health")],
    "postgres": [("GET", "/"), ("POST", "/", "\0\0\0\x08\x04\xd2\x16\x2f")],
    "varnish": [("GET", "/"), ("POST", "/", "\nban obj.status != 0\nstop\n")],
    "dns": [("GET", "/"), ("POST", "/", "x")],
    "claim": [("GET", "/")],
    "decoy": [("GET", "/read"), ("POST", "/write", "plain"), ("PUT", "/write", "put"), ("PATCH", "/write", "patch"),
              ("DELETE", "/write")],
}

# Runs in the page. What it could read comes back as [address, how, status, text].
ATTACK = r"""
const [targets, isOwn, done] = arguments;
const read = [];
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const known = new Set(Object.keys(window));

async function ask(url, method, body, mode, headers) {
  try {
    // Without credentials of its own no page has people asked for a password, which would keep it waiting.
    const answer = await fetch(url, { method, mode, headers, credentials: isOwn ? 'omit' : 'include',
      signal: AbortSignal.timeout(4000), body: method === 'GET' ? undefined : body });
    if (answer.type === 'opaque') return;
    const told = [url, `${method} ${mode}`, answer.status, ''];
    read.push(told);
    const reader = answer.body?.getReader();
    while (reader) {
      const { done: ended, value } = await reader.read();
      if (ended) break;
      told[3] += new TextDecoder().decode(value);
    }
  } catch {}
}

const kinds = [undefined, { 'Content-Type': 'application/json' }, { Authorization: 'Bearer guess' },
  { Authorization: 'Basic aGVpZ2h0czpndWVzcw==' }];

async function fetches(base, asked) {
  for (const [method, path, body] of asked) {
    if (method === 'GET' || method === 'POST') await ask(base + path, method, body, 'no-cors');
    for (const headers of kinds) await ask(base + path, method, body, isOwn ? 'same-origin' : 'cors', headers);
  }
}

function form(url, body, enctype) {
  return new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.name = `frame-${Math.random()}`;
    document.body.append(frame);
    const form = document.createElement('form');
    Object.assign(form, { method: 'POST', action: url, target: frame.name, enctype });
    const [name, ...value] = (body ?? '').split('=');
    form.append(Object.assign(document.createElement('input'), { name: name || 'x', value: value.join('=') }));
    document.body.append(form);
    frame.onload = () => {
      let text = null;
      try { text = frame.contentDocument?.body.innerText; } catch {}
      if (text && frame.contentWindow.location.href !== 'about:blank') read.push([url, `form ${enctype}`, 0, text]);
      if (frame.dataset.sent) resolve();
    };
    frame.dataset.sent = 'yes';
    form.submit();
    later(3000).then(resolve);
  });
}

async function elements(base, asked) {
  for (const [method, path, body] of asked.filter(([method]) => method === 'POST')) {
    for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      await form(base + path, body, enctype);
    navigator.sendBeacon(base + path, body);
  }
  for (const [method, path] of asked.filter(([method]) => method === 'GET')) {
    const made = ['img', 'script', 'iframe', 'audio', 'embed'].map((name) => {
      const element = document.createElement(name);
      element.src = base + path;
      document.body.append(element);
      return new Promise((resolve) => { element.onload = element.onerror = resolve; });
    });
    const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: base + path });
    document.head.append(style);
    await Promise.race([Promise.all(made), later(1500)]);
    try { read.push([base + path, 'style', 0, [...style.sheet.cssRules].map((rule) => rule.cssText).join()]); } catch {}
  }
}

async function streams(base, asked) {
  const [, path] = asked.find(([method, path]) => path === '/events') ?? asked[0];
  const source = new EventSource(base + path, { withCredentials: true });
  source.onmessage = (event) => read.push([base + path, 'events', 0, event.data]);
  for (const name of ['hello', 'snapshot']) source.addEventListener(name, source.onmessage);
  const web = new WebSocket(base.replace('http', 'ws') + path);
  web.onopen = () => { read.push([base + path, 'websocket', 0, 'open']); web.send('x'); };
  web.onmessage = (event) => read.push([base + path, 'websocket', 0, String(event.data)]);
  await later(1500);
  source.close();
  web.close();
}

Promise.all(targets.map(async ([base, asked]) => {
  await fetches(base, asked);
  if (!isOwn) await elements(base, asked);
  await streams(base, asked);
})).then(() => {
  const left = Object.keys(window).filter((name) => !known.has(name) && !/^\d+$/.test(name));
  done({ read, left, cookie: document.cookie });
});
"""


@contextmanager
def foreign_pages(*addresses):
    """Pages of other origins: one on each address. Gives their URLs."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"<!doctype html><title>Elsewhere</title><p>A page of somebody else"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    servers = [_serve(address, Handler) for address in addresses]
    try:
        yield [f"http://{server.server_address[0]}:{server.server_port}/" for server in servers]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class Decoy:
    """A door that lets everybody in, to see that the attack is one. `taken` is what came: method, what for, the protocol
    to change to, the kind of body, and whether there was one."""

    SECRET = "what the decoy keeps"

    def __init__(self):
        self.taken = set()
        self.cookies = set()


@contextmanager
def decoy(address="127.0.0.1"):
    it = Decoy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = (self.headers.get("Content-Type") or "").partition(";")[0]
            it.taken.add((self.command, self.headers.get("Sec-Fetch-Dest"), self.headers.get("Upgrade"), kind, bool(body)))
            it.cookies.add(self.headers.get("Cookie"))
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
            self.send_header("Access-Control-Allow-Credentials", "true")
            self.send_header("Access-Control-Allow-Headers", "authorization, content-type")
            self.send_header("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(Decoy.SECRET)))
            self.end_headers()
            self.wfile.write(Decoy.SECRET.encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        def log_message(self, *_):
            pass

    server = _serve(address, Handler)
    it.url = f"http://{address}:{server.server_port}"
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()


def _serve(address, handler):
    server = ThreadingHTTPServer((address, 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def attack(browser, targets, is_own=False):
    """What the page that is open can read of `targets`, pairs of an origin and what is asked of it."""
    browser.driver.set_script_timeout(300)
    return browser.driver.execute_async_script(ATTACK, targets, is_own)
