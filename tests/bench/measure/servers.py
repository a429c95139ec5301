# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: starting them, scraping them, looking at their memory."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import time

from . import tools

PATIENCE = 60  # seconds for a start or a stop
SAME = ("--collector.textfile.directory=", "--collector.filesystem.mount-points-exclude="
        "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)")


class Server:
    """One command that answers /metrics on a loopback port; {port} in its words is replaced."""

    def __init__(self, name, words, port):
        self.name, self.words, self.port, self.process = name, words, port, None
        self.command = [str(word).replace("{port}", str(port)) for word in words]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, environment=None):
        log = tools.OUT / f"{self.name.replace(' ', '-')}.log"
        with open(log, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            env=dict(os.environ, **environment or {}))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.get("/metrics")
                return
            except OSError:
                time.sleep(0.01)
        self.stop()
        raise tools.Missing(f"{self.name} does not answer; see {log}")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def get(self, *paths):
        """The bodies of these paths, asked for over one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        bodies = []
        for path in paths:
            connection.request("GET", path)
            bodies.append(connection.getresponse().read())
        connection.close()
        return bodies

    def scrape(self, count, warmup=10, pause=0, gzip=False, body=None):
        """Runs scrape.c; what it printed as a dictionary."""
        command = [tools.compiled("scrape"), "-n", count, "-w", warmup, "-i", pause, "-p", self.process.pid]
        command += ["-z"] if gzip else []
        command += ["-o", body] if body else []
        figures = tools.key_values(tools.text_of(*map(str, command), str(self.port)))
        if figures["failed"]:
            raise RuntimeError(f"{self.name}: {figures['failed']:.0f} of {count} scrapes failed")
        return figures

    def memory(self):
        """Resident memory in kB: all, anonymous, of files, proportional, and the highest since the last look."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as file:
            sizes = dict(re.findall(r"^(\w+): +(\d+) kB$", file.read(), re.MULTILINE))
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            peak = int(re.search(r"^VmHWM:\s+(\d+)", file.read(), re.MULTILINE)[1])
        with open(f"/proc/{self.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        rss, anonymous = int(sizes["Rss"]), int(sizes["Anonymous"])
        return {"all": rss, "anonymous": anonymous, "files": rss - anonymous, "pss": int(sizes["Pss"]), "peak": peak}

    def collectors(self):
        """The names of the collectors that are on, as the answer itself tells."""
        text = self.get("/metrics")[0].decode()
        return set(re.findall(r'^node_scrape_collector_success\{collector="(\w+)"\}', text, re.MULTILINE))

    def metric(self, name):
        """The value of a metric without labels."""
        match = re.search(rf"^{name} (\S+)$", self.get("/metrics")[0].decode(), re.MULTILINE)
        return float(match[1])


def node_exporter(choice):
    """(label, path) of a node_exporter: `sid` (the newest in Debian), `debian` (this release's) or a path.

    No package is installed: it would start a service.
    """
    path = None
    if choice in ("auto", "sid"):
        try:
            path = tools.unpacked("sid", "prometheus-node-exporter") / "usr/bin/prometheus-node-exporter"
        except tools.Missing as missing:
            if choice == "sid":
                raise
            tools.say(f"{missing}; taking this release's node_exporter")
    if path is None and choice in ("auto", "debian"):
        path = shutil.which("prometheus-node-exporter")
        path = path or tools.unpacked_here("prometheus-node-exporter") / "usr/bin/prometheus-node-exporter"
    path = path or choice
    version = subprocess.run([path, "--version"], check=True, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT).stdout
    return "node_exporter " + re.search(r"version ([\d.]+)", version)[1], path


def known(path, *flags):
    """Those of the flags that a daemon has."""
    text = subprocess.run([path, "--help"], check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    text = text.replace("[no-]", "")
    return [flag for flag in flags if flag.replace("--no-", "--").partition("=")[0] in text]


def command(path, *flags):
    """The words that start nodegauge or a node_exporter.

    Debian's node_exporter has defaults of its own for mount points and textfiles, hence both get the same.
    """
    return [path, "--web.listen-address=127.0.0.1:{port}", *known(path, *SAME), *flags]


def equal_sets(commands, port):
    """The flags that leave each command of the list with the collectors that all of them have on by default."""
    sets = []
    for words in commands:
        with Server("collectors", words, port) as server:
            sets.append(server.collectors())
    common = set.intersection(*sets)
    return common, [[f"--no-collector.{name}" for name in sorted(each - common)] for each in sets]


def floor_plan(words, port, directory):
    """Traces a steady scrape of a command; leaves plan, body and body.gz in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    trace = directory / "trace"
    trace.unlink(missing_ok=True)
    strace = [tools.program("strace", "strace"), "-D", "-f", "-yy", "-s", "64", "-e", "write=all", "-o", trace]
    with Server("trace", strace + words, port) as server:
        server.scrape(3, warmup=0, body=directory / "body")
        server.scrape(3, warmup=0, gzip=True, body=directory / "body.gz")
        server.get("/bench-begin", "/metrics", "/bench-end")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not re.search(rb"\+\+\+ (exited|killed)[^\n]*\n\Z", trace.read_bytes()[-200:]):
        time.sleep(0.05)
    with open(directory / "plan", "w", encoding="utf-8") as plan, open(directory / "notes", "w", encoding="utf-8") as notes:
        subprocess.run(["awk", "-f", tools.HERE / "plan.awk", trace], check=True, stdout=plan, stderr=notes)
    if not (directory / "plan").stat().st_size:
        raise tools.Missing(f"the trace in {trace} shows no reads")
    return directory


def floor(directory, port):
    words = [tools.floor_program(), "-p", "{port}", "-b", directory / "body", "-z", directory / "body.gz", directory / "plan"]
    return Server("floor", words, port)


def on_signal_stop():
    """A SIGTERM unwinds the stack as Ctrl-C does, so that the servers are stopped."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
