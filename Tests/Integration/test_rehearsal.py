"""A rehearsal of the climb to stage 3: rows and answers are compared, nobody notices, and nothing of it stays."""


def test_a_rehearsal_under_load_compares_what_people_ask_and_leaves_the_app_as_it_was(lab):
    lab.up("--stage", 2)
    load = lab.load(rate=60, seconds=25, users=10).wait_until_it_flows()
    page = lab.folder / "a page.html"
    report = lab.heights("climb", "--rehearse", "--json", "--html", page).expect(0).json
    assert "failure" not in report
    found = {database["name"]: database for database in report["databases"]}
    assert {"accounts", "posts", "graph", "sessions", "waitlist"} == set(found)
    assert found["posts"]["rows"] > 0
    for name in ("accounts", "posts", "graph", "sessions"):
        answers = found[name]["answers"]
        assert answers["differences"] == [] and answers["reads"] > 0, (name, answers)
        assert answers["reads"] + answers["writes"] <= answers["known"]
    status = lab.status()
    assert status["stage"] == 2 and "climb" not in status
    assert [line["name"] for line in status["processes"] if line.get("pid")] == ["app", "dns"], status["processes"]
    html = page.read_text()
    assert "the climb to stage 3 would go on" in html and "http" not in html
    # What was tried for a rehearsal is not in the way of the climb.
    lab.heights("climb", "--to", 3, "--json").expect(0)
    load.finish_without_failure()
    lab.verify()
    assert lab.status()["stage"] == 3


def test_only_what_is_at_stage_2_is_rehearsed(lab):
    lab.up("--stage", 3)
    refused = lab.heights("climb", "--rehearse").expect(2)
    assert "the climb from stage 2 to stage 3" in refused.err
    assert "leave out --to" in lab.heights("climb", "--rehearse", "--to", 3).expect(2).err
    assert "add --rehearse" in lab.heights("climb", "--html", "x.html").expect(2).err
