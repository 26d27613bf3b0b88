"""Says of each payload on standard input (a line of hexadecimal) what the second reader makes of it:

    -                      not canonical bytes
    value                  canonical, but no record
    record ID [CONTENT]    a record, its id and, for a revision, its content digest

`tests/tests/foreign.rs` asks it about payloads that were spoiled in many ways, and compares.
"""

import sys

from canonical_cbor import NotCanonical, decode, encode
from hashes import blake3_of
from record_shapes import Fault, check_shape, content


def judge(payload):
    try:
        value = decode(payload)
    except NotCanonical:
        return "-"
    if encode(value) != payload:
        return "decoded to something else"
    try:
        check_shape(value)
    except Fault:
        return "value"
    words = ["record", blake3_of(payload).hex()]
    if value["type"] == "revision":
        words.append(blake3_of(content(value)).hex())
    return " ".join(words)


for line in sys.stdin:
    print(judge(bytes.fromhex(line)))
