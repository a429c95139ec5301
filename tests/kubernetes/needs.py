# SPDX-License-Identifier: Apache-2.0
"""What each overlay needs of a cluster, from the fields and kinds that it uses."""
import manifests

# Field of any object, the version whose API server takes it by default, and how an older one does.
FIELDS = {
    "seccompProfile": ("1.19", ""),
    "internalTrafficPolicy": ("1.22", ""),
    "pod-security.kubernetes.io/enforce": ("1.23", ""),
    "appArmorProfile": ("1.30", ""),
    "recursiveReadOnly": ("1.31", "or 1.30 with the feature gate `RecursiveReadOnlyMounts`"),
}
BUILT_IN = {"v1", "apps/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1", "policy/v1"}
OLDEST = "1.19"


def fields(thing):
    """The names of all fields, also of those in lists."""
    if isinstance(thing, dict):
        for name, value in thing.items():
            yield name
            yield from fields(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from fields(value)


def number(version):
    return tuple(int(part) for part in version.split("."))


def version(objects):
    """The oldest version that takes all of the objects, in words."""
    used = {name for thing in objects for name in fields(thing)}
    since, otherwise = max((FIELDS[name] for name in used if name in FIELDS), key=lambda found: number(found[0]), default=(OLDEST, ""))
    return f"{since}, {otherwise}" if otherwise else since


def definitions(objects):
    """The custom resource definitions: "servicemonitors.monitoring.coreos.com"."""
    kinds = {(thing["kind"], thing["apiVersion"].partition("/")[0]) for thing in objects if thing["apiVersion"] not in BUILT_IN}
    return sorted(f"{kind.lower()}s.{group}" for kind, group in kinds)


def row(overlay):
    objects = manifests.render(overlay)
    needed = ", ".join(f"`{name}`" for name in definitions(objects)) or "none"
    return f"| `{overlay.rpartition('/')[2]}` | {version(objects)} | {needed} |"


def table():
    lines = ["| Overlay | Kubernetes | Custom resource definitions |", "|---|---|---|"]
    return "\n".join(lines + [row(overlay) for overlay in manifests.OVERLAYS]) + "\n"
