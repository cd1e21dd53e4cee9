"""Mistakes in heights.json: each is told with its line and what was expected, and nothing has happened."""

import pytest

NAME, TITLE = 'name: "summit",', 'title: "Summit",'
WEB = 'accounts: { databases: ["accounts"] }'

# What is right, what stands there instead, and what is said about it at the line where it stands.
MISTAKES = {
    "a comma that is missing": (NAME, 'name: "summit" 7', "heights.json:{line}: expected ',' or '}}', found '7'"),
    "a text that does not end": (TITLE, 'title: "Summit,', "heights.json:{line}: "),
    "a key that was mistyped": (
        TITLE, 'titel: "Summit",', "titel: unknown key; did you mean 'title'? (heights.json:{line})"),
    "a key that is there twice": (TITLE, TITLE + " " + TITLE, "(heights.json:{line})"),
    "a number instead of a text": (TITLE, "title: 7,", "title: expected a title, found 7 (heights.json:{line})"),
    "a name that is no DNS label": (NAME, 'name: "summit app",', "found 'summit app' (heights.json:{line})"),
    "a folder that is not there": (
        'launch: "Launch",', 'launch: "Lunch",',
        "launch: expected a folder inside the app's folder, found 'Lunch' (heights.json:{line})"),
    "a folder outside of the app": (
        'static: "Public",', 'static: "../Public",',
        "static: expected a folder inside the app's folder, found '../Public' (heights.json:{line})"),
    "a weight that is no number": (
        "signUp: 1,", 'signUp: "often",',
        "workload/signUp: expected a weight from 0 to 1000000, found 'often' (heights.json:{line})"),
    "a database that is not declared": (
        WEB, WEB.replace('"accounts"', '"acounts"'),
        "expected one of the databases (accounts, posts, graph), found 'acounts' (heights.json:{line})"),
}


@pytest.mark.parametrize("right, wrong, told", MISTAKES.values(), ids=MISTAKES.keys())
@pytest.mark.parametrize("words", [["--detach"], ["--detach", "--json"], []], ids=["detached", "json", "foreground"])
def test_a_mistake_is_told_with_its_line_and_changes_nothing(lab, words, right, wrong, told):
    text = lab.manifest()
    assert text.count(right) == 1
    (lab.folder / "heights.json").write_text(text.replace(right, wrong))
    before = files(lab.folder)
    outcome = lab.heights("up", "--port", 0, "--console-port", 0, *words).expect(2)
    message = outcome.json["message"] if "--json" in words else outcome.err
    assert told.format(line=text[:text.index(right)].count("\n") + 1) in message, outcome
    assert files(lab.folder) == before


def test_a_folder_without_a_manifest_is_told_how_to_get_one(lab):
    (lab.folder / "heights.json").unlink()
    outcome = lab.heights("up", "--detach").expect(2)
    assert "heights.json: not found" in outcome.err and not lab.home.exists()


def test_all_mistakes_are_told_at_once(lab):
    text = lab.manifest().replace(TITLE, "title: 7,").replace("signUp: 1,", "signUp: -1,")
    (lab.folder / "heights.json").write_text(text)
    outcome = lab.heights("up", "--detach").expect(2)
    assert "title: expected" in outcome.err and "workload/signUp: expected" in outcome.err, outcome


def files(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
