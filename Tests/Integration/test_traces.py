"""Traces: one for a request over all services, by OTLP's rules, without anything that people wrote."""

import json
import os
import re
import secrets
import signal
import subprocess

import pytest
import requests

from support import otlp
from support.lab import Lab
from support.summit_api import Person
from support.waiting import wait_until

# A word that stands in a statement's values, and nowhere else.
WORD = f"word{secrets.token_hex(6)}"


def ask(person_or_session, method, url, **options):
    """A request whose caller wants it traced; the trace's number."""
    trace = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    answer = person_or_session.request(method, url, headers=headers, timeout=20, **options)
    assert answer.status_code < 400, answer.text
    return trace


def kept(lab, trace, is_whole):
    """The spans of a trace, once there are those that it must have."""
    def found():
        spans = [span for span in otlp.in_files(lab.home / "traces") if span["trace"] == trace]
        return spans if is_whole(spans) else None
    wait_until(found, f"the trace {trace} is kept")
    return found()


def has_all_parts(spans):
    """Whether who was asked has written its part too: each process does that for itself, once a second."""
    calls = {span["id"] for span in spans if span["kind"] == "CLIENT" and span["name"].startswith("POST /services/")}
    return calls and calls <= {span["parent"] for span in spans if span["kind"] == "SERVER"}


def check(spans):
    """What is so of every trace: each span lies within the one that it is a part of."""
    by_id = {span["id"]: span for span in spans}
    assert len(by_id) == len(spans)
    for span in spans:
        assert span["start"] <= span["end"], span
        parent = by_id.get(span["parent"])
        if parent:
            assert parent["start"] <= span["start"] and span["end"] <= parent["end"], (parent, span)
    # Its caller is the test.
    roots = [span for span in spans if span["parent"] not in by_id]
    assert [root["kind"] for root in roots] == ["SERVER"], roots
    return roots[0], by_id


@pytest.fixture(scope="module")
def stage6():
    lab = Lab()
    try:
        lab.up("--stage", 6)
        lab.wait_until_all_ready()
        yield lab
    finally:
        lab.end()


def test_a_request_is_one_trace_over_services_and_engines(stage6):
    url = stage6.status()["appURL"]
    ada = Person.sign_up(url)
    trace = ask(ada.session, "POST", url + "/api/posts", json={"text": WORD})
    spans = kept(stage6, trace, has_all_parts)
    root, by_id = check(spans)
    assert root["name"] == "POST /api/posts" and root["process"]["service.name"] == "web"
    assert root["facts"]["http.response.status_code"] == 201 and root["facts"]["http.route"] == "/api/posts"
    served = [span for span in spans if span["kind"] == "SERVER" and span is not root]
    assert any(span["process"]["service.name"] == "posts" for span in served), spans
    for span in served:
        # Who answered a call is a part of the call, and of another process.
        call = by_id[span["parent"]]
        assert call["kind"] == "CLIENT" and call["name"] == span["name"] and call["process"] != span["process"]
        assert call["facts"]["server.address"] and call["facts"]["http.response.status_code"] < 300
    statements = [span for span in spans if span["facts"].get("db.system.name") == "postgresql" and "db.query.text" in span["facts"]]
    insert = next(span for span in statements if span["name"].startswith("INSERT"))
    assert by_id[insert["parent"]]["name"] == "TRANSACTION posts" and "$1" in insert["facts"]["db.query.text"]
    assert insert["facts"]["server.address"].startswith("127."), insert
    systems = {span["facts"].get("db.system.name") for span in spans}
    assert "postgresql" in systems and systems & {"redis", "aws.dynamodb"}, systems
    everything = "".join(path.read_text() for path in (stage6.home / "traces").glob("*.jsonl*"))
    assert WORD not in everything and ada.password not in everything and f"{ada.name}@example.com" not in everything
    assert "readyz" not in everything
    ada.close()
    # The command line and the console tell the same.
    shown = stage6.heights("traces", trace[:12]).expect(0).out
    assert "POST /api/posts" in shown and "INSERT posts" in shown and shown.count("█") > len(spans)
    assert len(otlp.spans(otlp.parse(stage6.heights("traces", trace, "--json").expect(0).out))) == len(spans)
    console, _, token = stage6.status()["consoleURL"].partition("/#token=")
    told = requests.get(f"{console}/traces/{trace}", headers={"Authorization": f"Bearer {token}"}, timeout=20).json()
    assert len(told["rows"]) == len(spans) and told["rows"][0]["name"] == "POST /api/posts"
    assert requests.get(f"{console}/traces", timeout=20).status_code == 401


def test_what_nobody_chose_is_kept_when_it_fails(stage6):
    url = stage6.status()["appURL"]
    ada = Person.sign_up(url)
    post = ada.post("who reads this").json()["id"]
    traces = []

    def fails():
        trace = secrets.token_hex(16)
        answer = requests.get(f"{url}/api/posts/{post}", timeout=60, headers={"traceparent": f"00-{trace}-{'ab' * 8}-00"})
        if answer.status_code >= 500:
            traces.append(trace)
        return traces

    lines = [line for line in stage6.status()["processes"] if re.fullmatch(r"service-posts-[a-c]\d*", line["name"])]
    for line in lines:
        os.kill(line["pid"], signal.SIGSTOP)
    try:
        wait_until(fails, "a request fails while the service stands still")
    finally:
        for line in lines:
            os.kill(line["pid"], signal.SIGCONT)
    spans = kept(stage6, traces[0], lambda spans: spans)
    # More than one, where a balancer has asked another server too.
    served = [span for span in spans if span["process"]["service.name"] == "web" and span["kind"] == "SERVER"]
    assert served and all(span["failed"] for span in served), served
    listed = stage6.heights("traces", "--json").expect(0).json
    assert listed[0]["hasFailed"] and traces[0] in [line["id"] for line in listed]
    ada.close()
    stage6.wait_until_all_ready()


def test_the_launch_page_is_traced_and_a_collector_is_sent_it(make_lab, monkeypatch):
    with otlp.collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        lab = make_lab()
        url = lab.up("--stage", 1)["appURL"]
        with requests.Session() as session:
            trace = ask(session, "POST", url + "/api/waitlist", json={"email": f"{WORD}@example.com"})
        spans = kept(lab, trace, lambda spans: spans)
        root, _ = check(spans)
        assert root["name"] == "POST /api/waitlist"
        assert {span["facts"].get("db.system.name") for span in spans} == {None, "sqlite"}
        wait_until(lambda: any(span["trace"] == trace for span in otlp.spans(*collector.messages)), "the collector has it")
        sent = [span for span in otlp.spans(*collector.messages) if span["trace"] == trace]
        # A path stays on the machine where its route is known.
        for span in spans:
            if "http.route" in span["facts"]:
                del span["facts"]["url.path"]
        assert sent == spans and collector.mistakes == []
        assert WORD not in json.dumps(sent)


def test_where_traces_cannot_be_sent_the_app_runs_and_tells(make_lab, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector.example:4317")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=,nonsense")
    lab = make_lab()
    url = lab.up("--stage", 1)["appURL"]
    with requests.Session() as session:
        kept(lab, ask(session, "GET", url + "/"), lambda spans: spans)
    told = (lab.home / "logs" / "launch.log").read_text()
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in told and "https://HOST:PORT" in told and "OTEL_RESOURCE_ATTRIBUTES" in told


def test_a_trace_that_is_not_kept_is_told(make_lab):
    lab = make_lab()
    assert "no trace feedface was kept" in lab.heights("traces", "feedface").expect(1).err
    assert "expected its number" in lab.heights("traces", "../x").expect(2).err
    assert "No request was traced yet" in lab.heights("traces").expect(0).out


def test_a_collector_is_asked_within_tls_by_its_name_and_with_the_key_that_it_wants(make_lab, monkeypatch, tmp_path):
    certificate, key = tmp_path / "own.crt", tmp_path / "own.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=collector", "-addext",
         "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key], check=True, capture_output=True, timeout=60)
    with otlp.collector(certificate=(certificate, key), **{"Api-Key": "a, secret"}) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Api-Key=a%2C secret")
        distrustful = make_lab()
        url = distrustful.up("--stage", 1)["appURL"]
        with requests.Session() as session:
            ask(session, "GET", url + "/")
        log = distrustful.home / "logs" / "launch.log"
        wait_until(lambda: "certificate is not believed" in log.read_text(), "it says why nothing was sent")
        assert not collector.messages and "secret" not in log.read_text()
        distrustful.down()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str(certificate))
        lab = make_lab()
        url = lab.up("--stage", 1)["appURL"]
        with requests.Session() as session:
            trace = ask(session, "GET", url + "/")
        wait_until(lambda: any(span["trace"] == trace for span in otlp.spans(*collector.messages)), "the collector has it")
        assert not collector.mistakes
