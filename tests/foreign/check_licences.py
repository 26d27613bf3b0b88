"""Holds the lists of SPDX ids to the list as others carry it.

    check_licences.py LICENCES EXCEPTIONS

Against the schema of CycloneDX, which names the list's version and has licences first, exceptions behind them, and
against the index of `license-expression`, which is older or newer. Where the schema is of the version that the files
name they must be the same; of another one, ids of ours that are not on it are told. An id never leaves the list, so
ours must be on any newer one.
"""

import importlib.resources
import json
import re
import sys


def listed(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    version = re.search(r"version (\d+\.\d+\.\d+)", lines[0]).group(1)
    return version, [line for line in lines if not line.startswith("#")]


def main(licences, exceptions):
    (version, own), (same, added) = listed(licences), listed(exceptions)
    assert version == same, (version, same)
    for ids in (own, added):
        assert ids == sorted(set(ids)), "in order, none twice"
    schema = importlib.resources.files("cyclonedx") / "schema" / "_res" / "spdx.SNAPSHOT.schema.json"
    schema = json.loads(schema.read_text())
    theirs, newest = schema["enum"], schema["$comment"].rpartition("-")[2]
    behind = next(at for at in range(1, len(theirs)) if theirs[at].lower() < theirs[at - 1].lower())
    both = {"licences": (own, theirs[:behind]), "exceptions": (added, theirs[behind:])}
    number = lambda text: tuple(map(int, text.split(".")))  # noqa: E731
    for what, (ours, listed_there) in both.items():
        if number(newest) >= number(version):
            assert set(ours) <= set(listed_there), (what, sorted(set(ours) - set(listed_there)))
        if newest == version:
            assert set(ours) == set(listed_there), (what, sorted(set(listed_there) - set(ours)))
    index = importlib.resources.files("license_expression") / "data" / "scancode-licensedb-index.json"
    known = {}
    for entry in json.loads(index.read_text()):
        if entry.get("spdx_license_key"):
            known[entry["spdx_license_key"]] = bool(entry.get("is_exception"))
    # Licences of before that name an exception (GPL-2.0-with-...) are told as exceptions there.
    wrong = [id_ for id_ in added if known.get(id_) is False]
    assert not wrong, f"no exceptions: {wrong}"
    shared = len(set(own + added) & known.keys())
    assert shared > 700, shared
    print(f"{len(own)} licences and {len(added)} exceptions of {version}, held to {newest}; {shared} known to both")


main(*sys.argv[1:])
