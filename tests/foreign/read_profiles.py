"""Reads SPDX 3 and Croissant exports with the tools of those who keep the forms.

    read_profiles.py FOLDER

Files are named NUMBER.spdx or NUMBER.croissant. SPDX is read by the bindings that the project makes of its
own model (`spdx-python-model`) and written again, which holds every type, count and word to the model;
Croissant by `mlcroissant`. Prints how many of each were taken; what is refused ends the run with 1.
"""
import collections, io, json, logging, pathlib, sys

import mlcroissant
from spdx_python_model import v3_0_1

logging.disable(logging.WARNING)


def spdx(path):
    objects = v3_0_1.SHACLObjectSet()
    with path.open("rb") as file:
        v3_0_1.JSONLDDeserializer().read(file, objects)
    missing = objects.link()
    assert not missing, f"leads to what is not there: {sorted(missing)[:3]}"
    documents = list(objects.foreach_type(v3_0_1.SpdxDocument))
    assert len(documents) == 1 and documents[0].rootElement, "no document with a root"
    packages = list(objects.foreach_type(v3_0_1.software_Package))
    assert packages, "no packages"
    v3_0_1.JSONLDSerializer().write(objects, io.BytesIO())


def croissant(path):
    read = mlcroissant.Dataset(json.loads(path.read_text()))
    assert not read.metadata.ctx.issues.errors, read.metadata.ctx.issues.errors
    assert read.metadata.name


CHECKS = {"spdx": spdx, "croissant": croissant}
read = collections.Counter()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    form = path.name.split(".", 1)[1]
    try:
        CHECKS[form](path)
    except Exception as wrong:
        sys.exit(f"{path.name}: {type(wrong).__name__}: {wrong}")
    read[form] += 1
print(json.dumps(dict(sorted(read.items()))))
