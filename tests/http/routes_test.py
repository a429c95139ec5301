#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Paths, methods, selection of collectors, content types, connections that are kept."""
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))

import cases as harness
import collectors
import daemon
import exposition
import wire
from cases import demand, demand_equal

cases = harness.Cases()
TEXT = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
OPEN_METRICS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75"
ACCEPT_2_42 = OPEN_METRICS + ",text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
ACCEPT_3_5 = ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
              "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")
server = None  # one daemon with the default collectors for all cases that do not need their own


def get(target="/metrics", headers=(), **options):
    return wire.fetch(server.address, target, headers, **options)


def collector_names(response):
    body = exposition.read(response.text())
    demand(not body.errors, lambda: f"malformed: {body.errors[:4]}")
    return {labels["collector"] for labels, _ in body.series_of("node_scrape_collector_success")}


@cases.case
def metrics():
    response = get()
    demand_equal(response.status, 200, "the status")
    demand_equal(int(response.get("content-length", -1)), len(response.body), "Content-Length")
    demand(response.get("transfer-encoding") is None, "Transfer-Encoding is sent beside Content-Length")
    body = exposition.read(response.body)
    demand(not body.errors, lambda: f"malformed: {body.errors[:4]}")
    demand_equal(body.value("node_exporter_build_info", **dict(next(iter(body.families["node_exporter_build_info"].samples))[1])), 1.0,
                 "node_exporter_build_info")
    for name in ("node_load1", "nodegauge_build_info", "process_start_time_seconds", "node_scrape_collector_duration_seconds"):
        demand(name in body.families, f"no {name}")


@cases.case
def every_default_collector_is_represented():
    names = collector_names(get())
    body = exposition.read(get().text())
    durations = {labels["collector"] for labels, _ in body.series_of("node_scrape_collector_duration_seconds")}
    demand_equal(durations, names, "the set of collectors with a duration")
    demand(names <= collectors.ours() and len(names) > 20, lambda: f"collectors are {sorted(names)}")
    return f"{len(names)} collectors"


@cases.case
def query_is_ignored():
    for target in ("/metrics?", "/metrics?x", "/metrics?x=y&z", "/metrics?collect", "/metrics?%", "/metrics?%zz=%", "/metrics?&&&=&"):
        demand_equal(get(target).status, 200, f"the status of {target}")


@cases.case
def collect_selects():
    for target in ("/metrics?collect[]=loadavg&collect[]=uname", "/metrics?collect%5B%5D=loadavg&collect%5b%5d=uname",
                   "/metrics?collect[]=loadavg&other=1&collect[]=uname&collect[]=loadavg"):
        response = get(target)
        demand_equal(response.status, 200, f"the status of {target}")
        demand_equal(collector_names(response), {"loadavg", "uname"}, f"the collectors of {target}")
        demand("node_load1 " in response.text() and "node_memory_" not in response.text(), "families do not follow the selection")


def refused(target, text):
    response = get(target)
    demand_equal(response.status, 400, f"the status of {target}")
    demand_equal(response.body.decode().strip(), text, "the text")
    demand("text/plain" in response.get("content-type", ""), "Content-Type is not text/plain")


@cases.case
def collect_refuses():
    prefix = "Couldn't create filtered metrics handler: couldn't create collector: "
    off = sorted(collectors.ours() - collector_names(get()))
    refused("/metrics?collect[]=bogus", prefix + "missing collector: bogus")
    refused("/metrics?collect[]=loadavg&collect[]=bogus", prefix + "missing collector: bogus")
    if off:
        refused(f"/metrics?collect[]={off[0]}", prefix + f"disabled collector: {off[0]}")


@cases.case
def collect_refuses_odd_names():
    for name in ("", "%00", "%0d%0aX-Injected:%201", "a" * 1000, "%ff%fe", "<script>", "../x", "loadavg%20"):
        response = get(f"/metrics?collect[]={name}")
        demand_equal(response.status, 400, f"the status for {name[:20]!r}")
        demand(response.get("x-injected") is None, "a header is injected")


@cases.case
def exclude_drops():
    everything = collector_names(get())
    demand_equal(collector_names(get("/metrics?exclude[]=loadavg&exclude[]=uname")), everything - {"loadavg", "uname"}, "the collectors")
    demand_equal(collector_names(get("/metrics?exclude[]=bogus")), everything, "the collectors with an unknown name excluded")


@cases.case
def exclude_of_everything_is_everything():
    everything = collector_names(get())
    query = "&".join(f"exclude[]={name}" for name in sorted(everything))
    demand_equal(collector_names(get("/metrics?" + query)), everything, "the collectors")


@cases.case
def collect_and_exclude_together():
    refused("/metrics?collect[]=loadavg&exclude[]=uname", "Combined collect and exclude queries are not allowed.")


@cases.case
def selections_do_not_stick():
    """Different selections, also at the same time, do not disturb each other."""
    everything = collector_names(get())
    wanted = [("/metrics?collect[]=loadavg", {"loadavg"}), ("/metrics", everything),
              ("/metrics?collect[]=uname&collect[]=time", {"uname", "time"}), ("/metrics?exclude[]=loadavg", everything - {"loadavg"})] * 4
    connections = [wire.Connection(server.address) for _ in wanted]
    for connection, (target, _) in zip(connections, wanted):
        connection.send(wire.request(target=target))
    for connection, (target, names) in zip(connections, wanted):
        demand_equal(collector_names(connection.receive()), names, f"the collectors of {target}")
        connection.close()


@cases.case
def landing_page():
    response = get("/")
    demand_equal(response.status, 200, "the status")
    demand(response.get("content-type", "").lower().startswith("text/html"), "Content-Type is not text/html")
    text = response.text()
    for word in ("/metrics", "loadavg", "nodegauge"):
        demand(word in text, f"{word} is not on the page")
    demand("<script" not in text, "the page has a script")
    demand_equal(int(response.get("content-length", -1)), len(response.body), "Content-Length")


@cases.case
def problems_come_first_on_the_landing_page():
    """A note of a collector that succeeds is a problem, too; collectors without one are in the order of their names."""
    with tempfile.TemporaryDirectory() as folder:
        missing = f"{folder}/{'long' * 30}"
        with daemon.nodegauge(f"--collector.textfile.directory={missing}", "--collector.disable-defaults", "--collector.bonding",
                              "--collector.loadavg", "--collector.textfile", "--collector.uname", "--path.sysfs=/var/empty") as process:
            before = wire.fetch(process.address, "/").text()
            demand("4 not scraped yet" in before, before)
            wire.fetch(process.address)
            page = wire.fetch(process.address, "/").text()
    rows = re.findall(r'<tr[^>]*><td class="name">(\w+)</td><td class="(\w*)">([^<:]+)', page)
    demand_equal(rows[:4], [("textfile", "bad", "incomplete"), ("loadavg", "", "working"), ("uname", "", "working"),
                            ("bonding", "none", "nothing to report")], "the first rows")
    demand(all(row[1:] == ("off", "off") for row in rows[4:]) and len(rows) > 30, rows[4:])
    demand(f"list {missing}: No such file or directory" in page, "the reason is not on the page")
    summary = re.search(r'<p class="bad">(.*)</p>', page).group(1)
    demand_equal(summary, f"{len(rows)} collectors: 1 incomplete, 2 working, 1 with nothing to report, {len(rows) - 4} off", "the summary")


@cases.case
def healthy_and_ready():
    for target in ("/-/healthy", "/-/ready"):
        demand_equal(get(target).status, 200, f"the status of {target}")
        demand_equal(get(target, method="HEAD").status, 200, f"the status of HEAD {target}")


@cases.case
def unknown_paths():
    for target in ("/nothing", "/metrics/", "/metricsx", "/metric", "/-/", "/-/healthyx", "/favicon.ico", "/debug/pprof/", "/METRICS"):
        response = get(target)
        demand_equal(response.status, 404, f"the status of {target}")
        demand(response.body.strip(), f"no text for {target}")
        demand("text/plain" in response.get("content-type", ""), f"Content-Type of {target}")


@cases.case
def paths_that_are_not_clean():
    """node_exporter redirects these; never a 200 for a path that is not /metrics, and nothing is reflected."""
    for target in ("//metrics", "/foo/../metrics", "/./metrics", "/metrics%00x", "/metrics%00", "/%2e%2e/metrics", "/metrics;x"):
        response = get(target)
        demand(response.status in (301, 400, 404), f"{target} answers {response.status}")


@cases.case
def absolute_targets():
    """Servers take targets in absolute form as well (RFC 9112, 3.2.2); curl sends them through a proxy."""
    for target in ("http://localhost/metrics?collect[]=loadavg", "HTTP://example.org:9100/metrics?collect[]=loadavg",
                   "https://[::1]:9100/metrics?collect[]=loadavg"):
        response = get(target)
        demand(response.status == 200 and b"node_load1 " in response.body, f"{target}: status {response.status}")
    for target, status in (("http://localhost/", 200), ("http://localhost", 200), ("http://localhost/nothing", 404),
                           ("ftp://localhost/metrics", 404), ("http:/metrics", 404), ("http://localhost/a//metrics", 404)):
        demand_equal(get(target).status, status, f"the status of {target}")


@cases.case
def head():
    for target in ("/metrics", "/", "/-/healthy", "/nothing", "/metrics?collect[]=bogus"):
        with_body = get(target)
        response = get(target, method="HEAD")
        demand_equal(response.status, with_body.status, f"the status of HEAD {target}")
        demand_equal(response.get("content-type"), with_body.get("content-type"), f"Content-Type of HEAD {target}")
        demand(int(response.get("content-length", 0)) > 0 or with_body.body == b"", f"no Content-Length for HEAD {target}")


@cases.case
def head_sends_no_body():
    with wire.Connection(server.address) as connection:
        connection.send(wire.request("HEAD") + wire.request(target="/-/healthy"))
        connection.receive(head=True)
        demand_equal(connection.receive().status, 200, "the status of the request behind a HEAD")


@cases.case
def other_methods():
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "FOO", "get"):
        for target in ("/metrics", "/"):
            response = get(target, method=method)
            demand_equal(response.status, 405, f"the status of {method} {target}")
            allowed = {word.strip() for word in response.get("allow", "").split(",")}
            demand_equal(allowed, {"GET", "HEAD"}, f"Allow of {method} {target}")


@cases.case
def content_type():
    for accept in (None, "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json", ACCEPT_2_42, "", ";;;,,,q=", "*/*;q=2",
                   "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "x" * 3000):
        response = get(headers=[] if accept is None else [("Accept", accept)])
        demand_equal((response.status, response.get("content-type")), (200, TEXT), f"the answer to Accept {str(accept)[:60]!r}")


@cases.case
def escaping_is_echoed():
    base = "text/plain; version=0.0.4; charset=utf-8; escaping="
    for accept, scheme in ((ACCEPT_3_5, "allow-utf-8"), (ACCEPT_3_5.replace("allow-utf-8", "dots"), "dots"),
                           (ACCEPT_3_5.replace("allow-utf-8", "values"), "values"),
                           (ACCEPT_3_5.replace("allow-utf-8", "underscores"), "underscores"),
                           (ACCEPT_3_5.replace("allow-utf-8", "nonsense"), "underscores"),
                           ("text/plain; version=0.0.4; escaping=values", "values"),
                           ("text/plain;version=0.0.4;escaping=allow-utf-8;escaping=allow-utf-8", "allow-utf-8"),
                           ("application/json;escaping=dots, text/plain;version=0.0.4;q=0.5", "dots")):
        demand_equal(get(headers=[("Accept", accept)]).get("content-type"), base + scheme, f"Content-Type for {accept[:70]}")


@cases.case
def keep_alive():
    with wire.Connection(server.address) as connection:
        lengths = []
        for _ in range(20):
            connection.send(wire.request(target="/metrics?collect[]=uname"))
            response = connection.receive()
            demand_equal(response.status, 200, "the status")
            demand(response.get("connection", "keep-alive").lower() != "close", "the connection is closed")
            lengths.append(len(response.body))
        demand(connection.buffer == b"", "bytes behind the body")


@cases.case
def close_when_asked():
    with wire.Connection(server.address) as connection:
        connection.send(wire.request(headers={"Connection": "close"}))
        demand_equal(connection.receive().status, 200, "the status")
        demand(connection.closed_within(2) and connection.buffer == b"", "the connection stays open")


@cases.case
def pipelining():
    targets = ["/metrics", "/-/healthy", "/nothing", "/metrics?collect[]=loadavg", "/", "/-/ready"]
    with wire.Connection(server.address) as connection:
        connection.send(b"".join(wire.request(target=target) for target in targets))
        statuses = [connection.receive().status for _ in targets]
    demand_equal(statuses, [200, 200, 404, 200, 200, 200], "the statuses in their order")


@cases.case
def http_1_0():
    with wire.Connection(server.address) as connection:
        connection.send(b"GET /metrics HTTP/1.0\r\n\r\n")
        response = connection.receive()
        demand_equal(response.status, 200, "the status")
        demand(response.get("transfer-encoding") is None, "HTTP/1.0 is sent chunks")
        demand(not exposition.read(response.body).errors, "malformed")
        demand(connection.closed_within(2), "the connection stays open")


@cases.case
def http_1_0_kept_when_asked():
    """As a load generator of old does it; closing is as legal as keeping, but an announced state must be true."""
    with wire.Connection(server.address) as connection:
        connection.send(b"GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        response = connection.receive()
        if response.get("connection", "close").lower() == "keep-alive":
            connection.send(b"GET /-/healthy HTTP/1.0\r\n\r\n")
            demand_equal(connection.receive().status, 200, "the status of the second request")
        else:
            demand(connection.closed_within(2), "the connection stays open")


@cases.case
def scrape_timeout_header():
    for value in ("10", "2.5", "0", "-1", "1e9", "nan", "abc", "", "0.001", "9" * 400):
        response = get(headers=[("X-Prometheus-Scrape-Timeout-Seconds", value)])
        demand_equal(response.status, 200, f"the status for {value[:20]!r}")
        demand(not exposition.read(response.body).errors, f"malformed for {value[:20]!r}")


@cases.case
def own_counters():
    """Scrapes in flight, by result, bytes sent, rows that were dropped."""
    get()
    body = exposition.read(get().text())
    names = [name for name in body.families if name.startswith(("nodegauge_", "promhttp_"))]
    for word in ("in_flight", "bytes", "dropped"):
        demand(any(word in name for name in names), f"no family about {word} among {names}")
    demand(body.value("promhttp_metric_handler_requests_total", code="200") >= 1, "the scrapes are not counted")


@cases.case
def counters_follow_the_requests():
    with daemon.nodegauge() as process:
        for _ in range(5):
            wire.fetch(process.address)
        wire.fetch(process.address, headers={"Accept-Encoding": "gzip"})
        body = exposition.read(wire.fetch(process.address).text())
        demand_equal(body.value("promhttp_metric_handler_requests_total", code="200"), 6.0, "the counter of answers")
        demand_equal(body.value("promhttp_metric_handler_requests_in_flight"), 1.0, "the number of scrapes in flight")


@cases.case
def telemetry_path():
    with daemon.nodegauge("--web.telemetry-path=/node/metrics") as process:
        demand_equal(wire.fetch(process.address, "/node/metrics").status, 200, "the status of the path")
        demand_equal(wire.fetch(process.address, "/metrics").status, 404, "the status of /metrics")
        demand("/node/metrics" in wire.fetch(process.address, "/").text(), "the landing page does not link the path")


@cases.case
def telemetry_path_of_root():
    with daemon.nodegauge("--web.telemetry-path=/") as process:
        response = wire.fetch(process.address, "/")
        demand_equal(response.status, 200, "the status of /")
        demand("text/plain" in response.get("content-type", "") and b"node_load1 " in response.body, "/ does not answer metrics")
        demand_equal(wire.fetch(process.address, "/-/healthy").status, 200, "the status of /-/healthy")


@cases.case
def exporter_metrics_can_be_left_out():
    with daemon.nodegauge("--web.disable-exporter-metrics") as process:
        body = exposition.read(wire.fetch(process.address).text())
        left = [name for name in body.families if name.startswith(("process_", "promhttp_", "go_"))]
        demand_equal(left, [], "the list of families about the process")
        demand("node_exporter_build_info" in body.families, "no node_exporter_build_info")


def octets():
    """Bytes that this network namespace received and sent by IPv4."""
    names, values = [line.split() for line in Path("/proc/self/net/netstat").read_text().splitlines() if line.startswith("IpExt:")]
    counted = dict(zip(names, values))
    return int(counted["InOctets"]), int(counted["OutOctets"])


@cases.case
def network_bytes_of_the_process():
    """With the collector that shares the read, without it, and when collectors look at another tree."""
    with tempfile.TemporaryDirectory() as empty:
        for arguments in ((), ("--no-collector.netstat",), (f"--path.procfs={empty}",)):
            with daemon.nodegauge(*arguments) as process:
                before = octets()
                body = exposition.read(wire.fetch(process.address).text())
                after = octets()
            for i, name in enumerate(("process_network_receive_bytes_total", "process_network_transmit_bytes_total")):
                value = body.value(name)
                demand(before[i] <= value <= after[i], lambda: f"{arguments}: {name} is {value}, the kernel says {before[i]} to {after[i]}")


@cases.case
def no_collector_at_all():
    with daemon.nodegauge("--collector.disable-defaults") as process:
        response = wire.fetch(process.address)
        demand_equal(response.status, 200, "the status")
        demand("node_exporter_build_info" in response.text(), "no node_exporter_build_info")


if __name__ == "__main__":
    with daemon.nodegauge() as server:
        sys.exit(cases.run_all())
