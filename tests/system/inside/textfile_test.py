#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What Debian's prometheus-node-exporter-collectors write is read, also when prometheus-node-exporter goes."""
import sys
from pathlib import Path

import machine
from machine import run, say
import sandwich
from cases import Cases, demand, demand_equal

DIRECTORY = Path("/var/lib/prometheus/node-exporter")
cases = Cases()


def text_files():
    """The names of files that are reported; none may be broken."""
    body = sandwich.scrape(machine.ADDRESS)
    demand_equal([value for _, value in body.series_of("node_textfile_scrape_error")], [0], "node_textfile_scrape_error")
    return {Path(labels["file"]).name for labels, _ in body.series_of("node_textfile_mtime_seconds")}


def both_packages():
    """As they come; theirs is installed, and ours serves and has a file."""
    machine.purge()
    machine.node_exporter()
    run("systemctl stop prometheus-node-exporter")
    machine.install()
    (machine.TEXT_FILES / "own.prom").write_text("own_metric 1\n")


@cases.case
def theirs_and_ours_are_read_by_default():
    run("systemctl start prometheus-node-exporter-apt.service")
    demand({"apt.prom", "own.prom"} <= text_files(), f"only {text_files()} are read")
    return say(f"ls {DIRECTORY}")


@cases.case
def the_directory_outlives_a_purge_of_node_exporter():
    run("DEBIAN_FRONTEND=noninteractive dpkg -P prometheus-node-exporter")
    demand(DIRECTORY.is_dir(), "the directory is gone")
    demand_equal(say("dpkg-query -f '${db:Status-Status}' -W prometheus-node-exporter-collectors"), "installed", "the package of programs")
    demand_equal(text_files(), {"own.prom"}, "files behind the purge")
    run("systemctl start prometheus-node-exporter-apt.service")
    demand_equal(text_files(), {"own.prom", "apt.prom"}, "files after the next run")


@cases.case
def a_directory_that_is_gone_is_made_again():
    """Purged some time after the removal, nothing tells us."""
    run(f"DEBIAN_FRONTEND=noninteractive dpkg -P prometheus-node-exporter; rm -r {DIRECTORY}")
    demand_equal(text_files(), {"own.prom"}, "files without the directory")
    run("systemctl start prometheus-node-exporter-apt.service")
    demand_equal(text_files(), {"own.prom", "apt.prom"}, "files after the next run")


sys.exit(cases.run_all(before=both_packages))
