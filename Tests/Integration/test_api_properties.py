"""The API against its own OpenAPI document: schemathesis asks what the document allows, and what it does not.

Whatever is asked: no answer is a 5xx, and each has a status, a content type, headers and a body that the document names.
"""

import json
import subprocess
import sys
from pathlib import Path

from support.paths import SUMMIT_FOLDER
from support.summit_api import Person

SEED = 1903
EXAMPLES = 40
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "missing_required_header", "unsupported_method", "allow_header_conformance",
    "ignored_auth", "use_after_free", "ensure_resource_availability", "negative_data_rejection",
]


def strict_document(folder):
    """The API's document without its `default` answers: those allow any status, and the check of it could not fail."""
    document = json.loads((SUMMIT_FOLDER / "openapi.json").read_text())
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                operation.get("responses", {}).pop("default", None)
    strict = folder / "openapi.json"
    strict.write_text(json.dumps(document))
    return strict


def schemathesis(url, folder, *words, session=None):
    """A run of schemathesis in a folder of its own; fails with its report. `session` is what it logs in with."""
    if session:
        (folder / "schemathesis.toml").write_text(f'[auth.openapi.session]\napi_key = "{session}"\n')
    command = Path(sys.executable).with_name("st")
    done = subprocess.run(
        [command, "run", str(strict_document(folder)), "--url", url, "--seed", str(SEED), "--max-examples", str(EXAMPLES),
         "--checks", ",".join(CHECKS), "--continue-on-failure",
         "--warnings", "off", "--no-color", "--request-timeout", "30", *words],
        cwd=folder, capture_output=True, text=True, timeout=600)
    print(f"seed {SEED}\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_api_answers_as_its_document_says(summit, tmp_path):
    url = summit.status()["appURL"]
    person = Person.sign_up(url)
    other = Person.sign_up(url)
    assert person.post("Something to like.").status_code == 201
    assert other.send("PUT", f"/api/accounts/{person.name}/follow").status_code == 204
    # Logging out has a run of its own below: here it would end the session that all others need.
    schemathesis(url, tmp_path, "--exclude-operation-id", "logOut", session=person.session.cookies["session"])
    assert person.get("/api/me").status_code == 200
    person.close()
    other.close()
    expect_no_trouble(summit)


def test_logging_out_answers_as_its_document_says(summit, tmp_path):
    words = ["--include-operation-id", "logOut", "--phases", "examples,coverage,fuzzing"]
    schemathesis(summit.status()["appURL"], tmp_path, *words)
    expect_no_trouble(summit)


def test_the_document_that_is_served_is_the_one_in_the_repository(summit):
    person = Person.sign_up(summit.status()["appURL"])
    assert person.get("/openapi.json").json() == json.loads((SUMMIT_FOLDER / "openapi.json").read_text())
    person.close()


def expect_no_trouble(lab):
    assert lab.process("app")["restarts"] == 0
    log = (lab.home / "logs" / "app.log").read_text()
    assert '"status":500' not in log and '"level":"error"' not in log, lab.logs()
