"""An app in the lab answers to its own names: no page of somebody else's becomes a part of it by leading its name there."""

import json
from urllib.parse import urlsplit

import pytest
import requests

from support.host_names import FURTHER, misjudged


@pytest.mark.parametrize("stage", (1, 2))
def test_the_apps_door_answers_to_its_own_names_alone(lab, stage):
    lab.add_to_manifest(f"hosts: {json.dumps(FURTHER)},")
    address = urlsplit(lab.up("--stage", stage)["appURL"])
    assert misjudged(address.hostname, address.port) == []
    told = requests.get(address.geturl(), headers={"Host": "lab.example.com"}, timeout=10)
    assert told.status_code == 421 and "heights.json" in told.text
