"""Reads PROV-JSON from standard input with the `prov` package (https://pypi.org/project/prov), writes it
again and reads that: prints how many records there are, by type, and whether both are the same."""
import collections, json, sys

from prov.model import ProvDocument

text = sys.stdin.read()
document = ProvDocument.deserialize(content=text, format="json")
again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
types = collections.Counter(str(record.get_type()) for record in document.get_records())
print(json.dumps({"same": document == again, "types": dict(sorted(types.items()))}))
