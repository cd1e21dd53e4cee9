"""heights plan: the real program, from numbers of users to tables, JSON and a page."""

import json

import pytest

from support.browser import chromium
from support.lab import heights
from support.paths import SUMMIT_FOLDER

STAGES = {10: 3, 1_000: 4, 10_000: 5, 500_000: 6, 10_000_000: 7}


@pytest.mark.parametrize("users, stage", STAGES.items())
def test_the_audiences_of_the_story_are_planned_for_at_its_stages(users, stage):
    outcome = heights("plan", "--users", users, "--growth", 10).expect(0)
    assert outcome.err == "" and f"{users:,} users: stage {stage}," in outcome.out
    assert all(len(line) <= 100 for line in outcome.out.splitlines())
    for heading in ["COST PER MONTH, USD", "AVAILABILITY, target", "NEXT"]:
        assert heading in outcome.out


def test_json_tells_of_every_figure_where_it_comes_from():
    plan = heights("plan", "--users", 10_000, "--json").expect(0).json
    assert plan["stage"] == 5 and plan["recommendation"]["stage"] == 5
    assert plan["costPerMonth"] == pytest.approx(sum(line["amount"] for line in plan["costs"]))
    constants = [line["constants"] for line in plan["costs"]] + [plan["assumptions"]]
    constants += [member["constants"] for path in plan["availability"]["paths"] for member in path["members"]]
    for path, constant in [item for group in constants for item in group.items()]:
        assert constant["source"] and constant["asOf"] and constant["unit"], path
    for line in plan["costs"]:
        assert line["isEstimate"] == any(constant["isEstimate"] for constant in line["constants"].values())
    sized = {node["kind"] for node in plan["topology"]["nodes"] if "capacity" in node}
    assert sized == {"service", "cache", "database"}


def test_an_app_is_planned_with_its_own_services_databases_and_workload():
    ours = heights("plan", "--users", 500_000, "--app", SUMMIT_FOLDER, "--json").expect(0).json
    standard = heights("plan", "--users", 500_000, "--json").expect(0).json
    assert ours == standard, "Summit's manifest is what plans without an app are for"


def test_a_file_of_prices_counts_and_is_named(tmp_path):
    prices = tmp_path / "mine.json"
    prices.write_text(json.dumps({"instances": {"rds": {"db.t4g.micro": {"perHour": 0.008}}}}))
    listed = heights("plan", "--users", 10, "--json").expect(0).json
    mine = heights("plan", "--users", 10, "--prices", prices, "--json").expect(0).json
    assert mine["costPerMonth"] == pytest.approx(listed["costPerMonth"] - 730 * 0.008)
    sources = {constant["source"] for line in mine["costs"] for constant in line["constants"].values()}
    assert str(prices) in sources


@pytest.mark.parametrize("json_text, message", [
    ('{"prices": {"alb": {"perHours": 1}}}', "prices/alb/perHours: no such constant"),
    ('{"prices": {"alb": {"perHour": "1"}}}', "prices/alb/perHour: expected a number (USD/hour), found '1'"),
    ('{"prices": {"alb": {"perHour": -1}}}', "prices/alb/perHour: expected a number from 0"),
    ("prices", "is not JSON"),
])
def test_mistakes_in_a_file_of_prices_are_told_by_path(tmp_path, json_text, message):
    prices = tmp_path / "mine.json"
    prices.write_text(json_text)
    outcome = heights("plan", "--users", 10, "--prices", prices).expect(2)
    assert message in outcome.err and "mine.json" in outcome.err and outcome.out == ""


@pytest.mark.parametrize("words", [
    [], ["--users", "0"], ["--users", "-1"], ["--users", "ten"], ["--users", "1e6"], ["--users", "100000001"],
    ["--users", "10", "--dau-ratio", "2"], ["--users", "10", "--regions", "mars-north-1"],
    ["--users", "10", "--stage", "9"], ["--users", "10", "--app", "/nowhere/at/all"],
])
def test_wrong_use_ends_with_2_and_one_line(words):
    outcome = heights("plan", *words).expect(2)
    assert outcome.out == "" and len(outcome.err.splitlines()) == 1, outcome
    failure = heights("plan", *words, "--json").expect(2).json
    assert failure["error"] and failure["message"]


def test_a_stage_that_cant_carry_the_users_is_the_answer_no():
    outcome = heights("plan", "--users", 100_000_000, "--stage", 3).expect(1)
    assert "Can't carry it" in outcome.out and "is recommended" in outcome.out


@pytest.mark.parametrize("users", [10, 10_000_000])
def test_the_page_shows_the_plan_on_a_desk_and_on_a_phone(tmp_path, users):
    page = tmp_path / "plan.html"
    heights("plan", "--users", users, "--html", page).expect(0)
    with chromium() as browser:
        for width in (1280, 390):
            browser.driver.set_window_size(width, 900)
            browser.open(page.as_uri())
            for text in ["What a month costs", "Cost over users", "How full it is", "The error budget", f"{users:,}"]:
                assert text in browser.text
            seen, wide = browser.driver.execute_script(
                "return [document.documentElement.clientWidth, document.documentElement.scrollWidth]")
            assert wide <= seen, f"at {width} pixels the page is {wide} wide"
            curves = browser.driver.execute_script(
                "return [...document.querySelectorAll('.chart')].filter(chart => chart.clientWidth > 0).length")
            assert curves == 1
