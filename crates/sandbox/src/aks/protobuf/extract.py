"""Extracts the numbers, names and types of the built-in kinds' fields from the Go types of k8s.io/api and
k8s.io/apimachinery, and prints `fields.txt`. Facts only: no sentence of theirs is taken.

Usage: extract.py MODULE_CACHE VERSION > fields.txt      as in  extract.py ~/go/pkg/mod v0.36.3
"""

import os
import re
import sys

cache, version = sys.argv[1:]
API = f"{cache}/k8s.io/api@{version}"
META = f"{cache}/k8s.io/apimachinery@{version}/pkg/apis/meta/v1"
PACKAGES = """core/v1 apps/v1 batch/v1 rbac/v1 coordination/v1 events/v1 authentication/v1 authorization/v1 autoscaling/v1
autoscaling/v2 admissionregistration/v1 discovery/v1 networking/v1 policy/v1 storage/v1 scheduling/v1 node/v1""".split()
# Go types that have a form of their own in JSON, by the package that others import them from.
SPECIAL = {
    "metav1.Time": "time", "metav1.MicroTime": "microtime", "metav1.Duration": "duration", "metav1.FieldsV1": "json",
    "resource.Quantity": "quantity", "intstr.IntOrString": "intorstring", "runtime.RawExtension": "json",
}
SCALARS = {"string": "string", "bool": "bool", "byte": "byte", "types.UID": "string", "metav1.UID": "string"}
SCALARS |= {f"int{bits}": "int" for bits in ("", "32", "64")} | {f"uint{bits}": "int" for bits in ("32", "64")}

structs, aliases = {}, {}


def read(package, folder):
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".go") or name.endswith("_test.go") or "generated" in name:
            continue
        text = open(f"{folder}/{name}").read()
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
        for match in re.finditer(r"^type (\w+) struct \{\n(.*?)^\}", text, re.S | re.M):
            structs[package, match[1]] = match[2]
        for match in re.finditer(r"^type (\w+) (?!struct|interface)(\S+)", text, re.M):
            aliases[package, match[1]] = match[2]


def qualified(package, name):
    """The package and the name of a Go type as a file of `package` writes it."""
    if "." not in name:
        return package, name
    prefix, name = name.split(".", 1)
    if prefix in ("v1", "corev1", "apiv1", "core"):
        # In core's own neighbours `v1` is core, in a few files it is meta.
        return ("core/v1", name) if ("core/v1", name) in structs or ("core/v1", name) in aliases else ("meta/v1", name)
    return {"metav1": "meta/v1"}.get(prefix, prefix), name


def code(package, go):
    """The type's code, or none for one that is not on the wire."""
    go = go.lstrip("*")
    special = go if "." in go else f"{'metav1' if package == 'meta/v1' else package}.{go}"
    if special in SPECIAL:
        return SPECIAL[special]
    if go in SCALARS:
        return SCALARS[go]
    if go.startswith("[]"):
        inner = code(package, go[2:])
        return "bytes" if inner == "byte" else f"[]{inner}"
    match = re.match(r"map\[([\w.]+)\](.+)", go)
    if match:
        return f"map {code(package, match[2])}"
    owner, name = qualified(package, go)
    if owner in ("types", "runtime"):
        return "string" if name == "UID" else SPECIAL.get(f"runtime.{name}", "json")
    if name in ("ExtraValue", "Verbs"):
        return "items"
    if f"metav1.{name}" in SPECIAL and owner == "meta/v1":
        return SPECIAL[f"metav1.{name}"]
    if (owner, name) in aliases:
        return code(owner, aliases[owner, name])
    if (owner, name) in structs:
        return f"{owner}/{name}"
    raise SystemExit(f"{package}: what is {go}?")


read("meta/v1", META)
for package in PACKAGES:
    read(package, f"{API}/{package}")

FIELD = re.compile(r'^\s*(?:(\w+)\s+)?(\S+)\s+`([^`]*protobuf:"[^`]*)`', re.M)
for (package, name), body in sorted(structs.items()):
    lines = []
    for _, go, tags in FIELD.findall(body):
        json = re.search(r'json:"([^"]*)"', tags)
        number = re.search(r'protobuf:"\w+,(\d+)', tags)
        if not json or not number or json[1] == "-":
            continue
        label, *options = json[1].split(",")
        kind = code(package, go)
        # A value that is no pointer is on the wire even where it is zero; JSON leaves it out if it may be empty.
        drop = "?" if "omitempty" in options and not go.startswith("*") else ""
        lines.append((int(number[1]), label or "+", kind + drop))
    if lines:
        print(f"{package}/{name}")
        for number, label, kind in sorted(lines):
            print(f" {number} {label} {kind}")
