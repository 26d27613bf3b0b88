"""Reads reports as strangers do: HTML as strict XML, with the standard library alone.

Takes a folder of *.html, says of each what a browser or a reader with a screen reader would stumble over,
and prints what it counted as JSON.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ET

XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
FETCHES = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "form", "base"}


def faults(root):
    """What is wrong with one report."""
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"two elements have the id {one}"
    known = set(ids)
    level = 0
    for node in root.iter():
        tag = node.tag.split("}")[-1]
        if tag in FETCHES:
            yield f"<{tag}> fetches or runs something"
        for name, value in node.attrib.items():
            if name.lower().startswith("on"):
                yield f"{name} on <{tag}> runs something"
            if name in ("href", "src"):
                if value.startswith("#") and value[1:] not in known:
                    yield f"{value} leads nowhere"
                if ":" in value:
                    yield f"{value} leads out of the file"
        if tag in ("h1", "h2", "h3", "h4"):
            deep = int(tag[1])
            if deep > level + 1:
                yield f"<{tag}> {''.join(node.itertext())!r} stands below <h{level}>"
            level = deep
    if root.get("lang") is None:
        yield "the language is not said"
    for table in root.iter(f"{XHTML}table"):
        if table.find(f"{XHTML}caption") is None:
            yield "a table has no caption"
        heads = table.findall(f"{XHTML}thead/{XHTML}tr/{XHTML}th")
        for row in table.findall(f"{XHTML}tbody/{XHTML}tr"):
            if len(row) != len(heads):
                yield f"a row has {len(row)} cells below {len(heads)} heads"
    for picture in root.iter(f"{SVG}svg"):
        for part in ("title", "desc"):
            told = picture.find(f"{SVG}{part}")
            if told is None or not "".join(told.itertext()).strip():
                yield f"a picture has no <{part}>"


def main(folder):
    counts = {"reports": 0, "pictures": 0, "tables": 0, "links": 0}
    wrong = []
    for path in sorted(pathlib.Path(folder).glob("*.html")):
        root = ET.fromstring(path.read_bytes())
        wrong += [f"{path.name}: {fault}" for fault in faults(root)]
        counts["reports"] += 1
        counts["pictures"] += sum(1 for _ in root.iter(f"{SVG}svg"))
        counts["tables"] += sum(1 for _ in root.iter(f"{XHTML}table"))
        counts["links"] += sum(1 for _ in root.iter(f"{XHTML}a"))
    print("\n".join(wrong), file=sys.stderr)
    print(json.dumps(counts))
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))
