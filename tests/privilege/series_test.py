#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""On this machine: the default collectors lose nothing without privileges, and no collector loses anything to Landlock.

Series come and go, so each answer is compared with one before and one after it: what both have must be there.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from identities import NOBODY, Place, need_everything, rows, wrapper

import cases as harness
import exposition

ROUNDS = 5
cases = harness.Cases()


def keys(body):
    return {(name, labels) for family in body.families.values() for name, labels in family.samples}


# What the table says of machines that are no virtual ones.
ROOTS_ALONE = ("node_dmi_info", "node_cpu_frequency_hertz")


def closed_mounts(body):
    """Mount points below directories that are closed to nobody; device_error says so."""
    return {dict(labels)["mountpoint"] for family in body.families.values() for name, labels in family.samples
            if name == "node_filesystem_device_error" and dict(labels)["device_error"] == "permission denied"}


def check(place, flags, other_flags=(), prefix=(), excused=lambda key, body: False):
    """Everything that is in two answers of root is in the one between them."""
    missing = None
    for _ in range(ROUNDS):
        before = keys(place.scrape(*flags))
        between = place.scrape(*flags, *other_flags, prefix=prefix)
        after = keys(place.scrape(*flags))
        here = {key for key in (before & after) - keys(between) if not excused(key, between)}
        missing = here if missing is None else missing & here
        if not missing:
            return f"{len(before)} series"
    raise harness.Failure(f"{len(missing)} series are missing: {', '.join(exposition.written(key) for key in sorted(missing)[:8])}")


def success(place, *flags, prefix=()):
    return {labels["collector"]: value for labels, value in place.scrape(*flags, prefix=prefix).series_of("node_scrape_collector_success")}


@cases.case
def defaults_without_privilege():
    need_everything()
    with Place() as place:
        def excused(key, body):
            return key[0] in ROOTS_ALONE or key[0].startswith("node_rapl_") or dict(key[1]).get("mountpoint") in closed_mounts(body)

        said = check(place, [], prefix=wrapper(NOBODY), excused=excused)
        harness.demand_equal(success(place, prefix=wrapper(NOBODY)), success(place), "the success of the collectors")
        return said


def everything(place):
    return [f"--collector.{name}" for name in rows(place.program)[0]]


@cases.case
def all_collectors_under_landlock():
    need_everything()
    with Place() as place:
        flags = [*everything(place), "--no-collector.processes", "--collector.sysctl.include=vm.swappiness"]
        return check(place, [*flags, "--no-security.landlock"], ["--security.landlock"])


@cases.case
def all_collectors_after_the_drop():
    need_everything()
    with Place() as place:
        flags = [*everything(place), "--collector.sysctl.include=vm.swappiness"]
        said = check(place, flags, ["--user=65534:65534"])
        harness.demand_equal(success(place, *flags, "--user=65534:65534"), success(place, *flags), "the success of the collectors")
        return said


sys.exit(cases.run_all())
