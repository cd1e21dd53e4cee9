"""What it costs that services are apart: the same pages of the same app at stage 5 and at stage 6, each whole, with its doors and
engines, on the same cores; and where it goes."""
import collections
import json
import os
import re
import shutil
import subprocess

TARGET = 0.6
CONNECTIONS = 16
# The kernel counts in hundredths of a second.
LONG_SECONDS = 6


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
        try:
            self.up()
        except BaseException:
            self.stop()
            raise

    def up(self):
        self.heights("up", "--stage", str(self.number), "--port", str(self.port),
                     "--console-port", str(self.bench.free_port()), "--detach")

    def heights(self, *words):
        return subprocess.run([os.path.join(self.bench.RELEASE, "heights"), *words, "--app", self.app], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=180).stdout

    def stop(self):
        self.heights("down")

    def processor_seconds(self):
        """What the lab and its processes have taken until now, by what they are."""
        status = json.loads(self.heights("status", "--json"))
        kinds = {line["pid"]: kind(line["name"]) for line in status["processes"]}
        kinds[status["supervisorPid"]] = "lab"
        found = processes()
        taken = collections.Counter()
        for pid, (command, _, seconds) in found.items():
            ancestor = pid
            while ancestor in found and ancestor not in kinds:
                ancestor = found[ancestor][1]
            if ancestor in kinds:
                # Patroni starts it, and is not its parent.
                taken["postgres" if command == "postgres" else kinds[ancestor]] += seconds
        return taken


def kind(process):
    """What a process is, by its name: `service-posts-a2`, `load-balancer-a.haproxy`, `database-b.patroni`."""
    host, _, engine = process.partition(".")
    if engine:
        return engine.partition(".")[0]
    return re.sub(r"-[a-z]\d*$", "", host)


def processes():
    """By pid the name of the command, the parent, and the seconds of processor taken by it and its children that have ended."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                command, _, rest = file.read().partition("(")[2].rpartition(")")
        except OSError:
            continue  # It has ended meanwhile.
        fields = rest.split()
        found[int(name)] = command, int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return found


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
        for stage in stages:
            tell_where_it_goes(bench, folder, report, stage, asked[stage.number])
    finally:
        for stage in stages:
            stage.stop()


def tell_where_it_goes(bench, folder, report, stage, asked):
    """- asked: port, cookie and a post of the stage."""
    port, cookie, post = asked
    script = bench.lua(folder, f"layers-{stage.number}.lua", f'wrk.headers["Cookie"] = "{cookie}"\n')
    before = stage.processor_seconds()
    rate, _ = bench.wrk(port, f"/posts/{post}", LONG_SECONDS, script, connections=CONNECTIONS)
    taken = stage.processor_seconds() - before
    microseconds = {what: 1e6 * seconds / rate / LONG_SECONDS for what, seconds in taken.most_common()}
    parts = ", ".join(f"{what} {value:.0f}" for what, value in microseconds.items() if value >= 5)
    report.figure(f"a post's page at stage {stage.number} takes {sum(microseconds.values()):.0f} µs of processors: {parts}")
