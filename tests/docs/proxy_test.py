#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The proxy in front: nginx with the configuration of docs/operations.md, with other paths and ports."""
import base64
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import cases as harness
import daemon
import packages
from cases import demand, demand_equal

cases = harness.Cases()
FRAME = "daemon off; pid {folder}/pid; error_log {folder}/log; {user}events {{}}\nhttp {{\naccess_log off;\n{temporary}\n{server}}}\n"


def configuration(folder, port, backend):
    text = (ROOT / "docs/operations.md").read_text()
    server = re.search(r"```nginx\n(.*?)```", text, re.S).group(1)
    server = server.replace("/etc/nginx/", f"{folder}/").replace("9443", str(port)).replace("127.0.0.1:9100", f"127.0.0.1:{backend}")
    temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return FRAME.format(folder=folder, user="user root;\n" if os.geteuid() == 0 else "", temporary=temporary, server=server)


def secrets(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{folder}/node.key", "-out", f"{folder}/node.crt"],
                   check=True, capture_output=True)
    word = subprocess.run(["openssl", "passwd", "-6", "secret"], check=True, capture_output=True, text=True).stdout.strip()
    Path(folder, "node.users").write_text(f"prometheus:{word}\n")


def get(url, folder, password=None, headers=()):
    request = urllib.request.Request(url, headers=dict(headers))
    if password:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"prometheus:{password}".encode()).decode())
    context = ssl.create_default_context(cafile=f"{folder}/node.crt")
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, b""


@cases.case
def the_proxy_of_the_operations_page():
    nginx = packages.need("nginx", "nginx")
    packages.need("openssl", "openssl")
    port = daemon.free_port()
    with tempfile.TemporaryDirectory() as folder, daemon.nodegauge() as process:
        secrets(folder)
        Path(folder, "conf").write_text(configuration(folder, port, process.address[1]))
        with daemon.Daemon([nginx, "-p", folder, "-c", f"{folder}/conf"], ("127.0.0.1", port)) as proxy:
            proxy.wait_ready()
            url = f"https://127.0.0.1:{port}/metrics"
            demand_equal(get(url, folder)[0], 401, "the status without a password")
            demand_equal(get(url, folder, "wrong")[0], 401, "the status with a wrong password")
            status, headers, body = get(url, folder, "secret")
            demand(status == 200 and b"\nnode_load1 " in body, f"status {status}")
            demand("0.0.4" in headers["Content-Type"], headers["Content-Type"])
            status, headers, body = get(url + "?collect[]=loadavg", folder, "secret", {"Accept-Encoding": "gzip"}.items())
            demand(status == 200 and headers["Content-Encoding"] == "gzip" and body[:2] == b"\x1f\x8b", f"{status} {headers}")
            demand_equal(get(f"https://127.0.0.1:{port}/", folder, "secret")[0], 404, "the status of another path")
            started = time.monotonic()
            demand_equal(get(url, folder, "secret", {"X-Prometheus-Scrape-Timeout-Seconds": "2"}.items())[0], 200, "with Prometheus' header")
            demand(time.monotonic() - started < 5, "it took too long")


sys.exit(cases.run_all())
