"""What it costs that services are apart: the same pages of the same app at stage 5 and at stage 6, each whole, with its doors and
engines, on the same cores."""
import json
import os
import re
import shutil
import subprocess

TARGET = 0.6
CONNECTIONS = 16


class Stage:
    """Summit in a lab of its own, from its start to its end, as `with_feed` takes a server."""

    def __init__(self, bench, folder, number):
        self.bench, self.number = bench, number
        self.app = os.path.join(folder, f"stage-{number}")
        shutil.copytree(bench.SUMMIT, self.app, ignore=shutil.ignore_patterns(".heights", ".build"))
        path = os.path.join(self.app, "heights.json")
        with open(path) as file:
            text = file.read()
        # The program is built already, and elsewhere.
        text = re.sub(r"\n\s*build: \[.*?\],", "", text)
        text = re.sub(r'run: \[".*?"\]', lambda _: f"run: [{json.dumps(os.path.join(bench.RELEASE, 'summit'))}]", text)
        with open(path, "w") as file:
            file.write(text)
        self.port = bench.free_port()
        self.heights("up", "--stage", str(number), "--port", str(self.port), "--console-port", str(bench.free_port()), "--detach")

    def heights(self, *words):
        subprocess.run([os.path.join(self.bench.RELEASE, "heights"), *words, "--app", self.app], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=180)

    def stop(self):
        self.heights("down")


def bench_layers(bench, folder, options, report):
    """- bench: the module of `run`."""
    stages = []
    try:
        for number in (5, 6):
            stages.append(Stage(bench, folder, number))
        asked = {stage.number: (stage.port, *bench.with_feed(stage)) for stage in stages}
        for what, path in (("the feed", "/"), ("a post", "/posts/{post}"), ("the feed as JSON", "/api/feed")):
            def side(number, path=path):
                port, cookie, post = asked[number]
                script = bench.lua(folder, f"layers-{number}.lua", f'wrk.headers["Cookie"] = "{cookie}"\n')
                return lambda: bench.wrk(port, path.format(post=post), options.seconds, script, connections=CONNECTIONS)[0]

            sides = {number: side(number) for number in asked}
            for run in sides.values():
                run()
            rates = {number: bench.median(results) for number, results in bench.in_turns(options.rounds, sides).items()}
            report.ratio(
                f"{what}, {CONNECTIONS} at once, of somebody who is logged in, at stage 6", rates[6] / rates[5],
                f"stage 5 on the same cores ({rates[6]:.0f} against {rates[5]:.0f} a second)", TARGET)
    finally:
        for stage in stages:
            stage.stop()
