"""The command line: what it prints where, and what it says of mistakes."""

import re
import subprocess

import pytest

from support.lab import heights
from support.paths import REPOSITORY


@pytest.mark.parametrize("words, nearest", [
    (["statsu"], "status"),
    (["clmb"], "climb"),
    (["ledger", "verfy"], "ledger verify"),
    (["up", "--prot", "0"], "--port"),
    (["load", "--durtion", "1"], "--duration"),
    (["resize", "--dsik", "9GiB"], "--disk"),
])
def test_a_misspelt_word_is_answered_in_one_line_with_the_nearest_one(words, nearest):
    outcome = heights(*words).expect(2)
    assert outcome.out == ""
    assert len(outcome.err.splitlines()) == 1 and nearest in outcome.err, outcome


@pytest.mark.parametrize("words", [
    ["up", "--port", "seventy"],
    ["up", "--port", "70000"],
    ["up", "--port"],
    ["up", "--detach=yes"],
    ["up", "somewhere"],
    ["up", "--stage", "0"],
    ["load", "--rate", "10"],
    ["load", "--rate", "0", "--duration", "1"],
    ["resize"],
    ["resize", "--disk", "plenty"],
    ["status", "--json", "--json"],
    ["status", "--app", "/nowhere/at/all"],
    ["ledger"],
])
def test_wrong_use_ends_with_2_and_one_line(words):
    outcome = heights(*words).expect(2)
    assert outcome.out == "" or words[-1] == "--json"
    assert len(outcome.err.splitlines()) <= 1, outcome


def test_every_command_explains_itself_with_an_example():
    overview = heights("--help").expect(0).out
    commands = [line for line in overview.splitlines() if line.startswith("  ") and line[2].isalpha()]
    # One word or two, such as `ledger verify`; what they do stands behind at least two blanks.
    names = [re.match(r"[a-z]+( [a-z]+)?(?=  )", line.strip()).group() for line in commands]
    assert {"up", "down", "status", "climb", "resize", "load", "ledger verify"} <= set(names)
    for name in names:
        text = heights(*name.split(), "--help").expect(0).out
        assert f"heights {name}" in text and "Example: heights" in text, text


def test_reports_are_json_on_standard_output_and_progress_is_on_standard_error(lab):
    words = ["up", "--stage", 1, "--port", 0, "--console-port", 0, "--detach", "--json"]
    up = lab.heights(*words).expect(0)
    assert up.json["stage"] == 1 and "started" in up.err
    lab.note(up.json)

    load = lab.heights("load", "--rate", 50, "--duration", 2, "--json").expect(0)
    assert load.json["stage"] == 1 and "ok" in load.err

    climb = lab.heights("climb", "--json").expect(0)
    assert climb.json_lines[-1]["outcome"] == "committed"
    assert all("event" in line for line in climb.json_lines[:-1]) and climb.err == ""

    resize = lab.heights("resize", "--type", "m7g.large", "--json").expect(0)
    assert resize.json["instance"]["type"] == "m7g.large" and "drain" in resize.err

    verify = lab.heights("ledger", "verify", "--json").expect(0)
    assert verify.json["missing"] == 0

    status = lab.heights("status", "--json").expect(0)
    assert status.json["stage"] == 2 and status.err == ""

    down = lab.heights("down", "--json").expect(0)
    assert down.json == {"stopped": True}


def test_failures_are_json_too_when_asked_for(lab):
    for words, code, error in [
        (["status"], 1, "not_running"),
        (["climb"], 1, "not_running"),
        (["resize", "--disk", "9GiB"], 1, "not_running"),
        (["load", "--rate", 1, "--duration", 1], 1, "not_running"),
        (["up", "--port", "70000"], 2, "usage"),
    ]:
        outcome = lab.heights(*words, "--json").expect(code)
        assert outcome.json["error"] == error and outcome.json["message"], outcome


def test_the_wrapper_hands_over_to_the_program_from_anywhere(tmp_path):
    link = tmp_path / "heights"
    link.symlink_to(REPOSITORY / "heights")
    done = subprocess.run([link, "status", "--app", "/nowhere"], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 2 and "/nowhere is not a folder" in done.stderr, done
