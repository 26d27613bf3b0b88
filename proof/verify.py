#!/usr/bin/env python3
"""Checks a proof or a pack that Lineal made, with nothing but Python's standard library.

    python3 -I verify.py PROOF --key KEY [--checkpoint NOTE] [--json]
    python3 -I verify.py FOLDER [--key KEY] [--checkpoint NOTE] [--json]
    python3 -I verify.py PACK.zip [--key KEY] [--checkpoint NOTE] [--json]

KEY is the verifier key of the log, `name+id+base64`, or a file that holds it: take it from somewhere
else than the proof. NOTE is a checkpoint that you know from elsewhere; the proof must be against it.
Without it the checkpoint in the proof counts, if the key signed it. FOLDER is a pack: its manifests, its
checkpoints and all of its proofs are checked, and each file that is wrong is named. Without a key the one in
the pack counts, which shows that its parts belong together and not from whom they are. PACK.zip is the same pack
as one file: it is read where it is, nothing is unpacked to the disk, and each of its bytes must be the one that
Lineal writes for these files; what another program packed is checked as a folder.

Exit codes: 0 valid; 1 tampered; 2 wrong use, or nothing that can be checked; 10 valid, redacted by a recorded erasure; 11 valid,
withheld. The form of a proof is specified in Lineal's docs/format.md, "Proofs"; `lineal-verify` is
the same check of a proof in Rust, in the same order; packs are described in docs/evidence.md. Read from the bottom: `main`, `check`, what they call.

Why BLAKE3, Ed25519, CBOR and the rest stand here once more, although libraries have them: this one
file is handed to strangers beside a proof. They need a Python and nothing else, no network and no
package that somebody else could change, and can read all that they trust in an hour. It is slow (some
0.1 ms a block of 64 bytes) and shares no code with the program that makes proofs, so that a mistake of
one is found by the other.

Python looks for modules beside the script first, and from its environment, where whoever added a file to a pack could
put a `hashlib.py` of his own. `-I` leaves both out; without it this file does so, before it reads any module itself.
Where this file is from it cannot tell: take it from a release of Lineal, or compare its SHA-256 with one from elsewhere.
"""

import sys  # Part of the interpreter: it is in no folder.


def _standard(path):
    """Of the folders of `path` those that Python's standard library came with; nothing if that cannot be told."""
    # `encodings` is read when Python starts, before any script and its folder are known.
    package = next(iter(getattr(sys.modules.get("encodings"), "__path__", ())), "")
    home, mark, name = package[:-len("/encodings")], package[-len("/encodings"):][:1], package[-len("encodings"):]
    if not home or mark not in ("/", "\\") or name != "encodings" or home not in path:
        return []
    version = home.replace("\\", "/").rpartition("/")[2]
    binary = {f"{home}{mark}lib-dynload", f"{sys.base_exec_prefix}{mark}DLLs",
              f"{sys.base_exec_prefix}{mark}{sys.platlibdir}{mark}{version}{mark}lib-dynload"}
    return [folder for folder in path if folder == home or folder in binary]


if __name__ == "__main__" and not sys.flags.isolated:
    sys.path[:] = _standard(sys.path)
    if not sys.path:
        sys.stderr.write("error: cannot tell which folder is that of Python's standard library, so a file beside this\n"
                         "one could be read in its place; run it as: python3 -I verify.py ...\n")
        sys.exit(2)

import base64
import binascii
import datetime
import hashlib
import json
import math
import os
import struct
import unicodedata

FORMAT, FORMAT_OF_ABSENCE, TYPE = 1, 2, "lineal-proof"
FILE_BYTES_MAX, PATHS_MAX, HOPS_MAX = 256 << 20, 1000, 1000
NUMBER_MAX, JSON_NESTING_MAX, CBOR_NESTING_MAX = (1 << 53) - 1, 64, 64
NOTE_BYTES_MAX, SIGNATURES_MAX = 1 << 20, 64
# Of a zip: entries, bytes of one and of all of it (so none is written in the form for larger ones; a pack has at most
# 512 MiB), how many are read at a time, and how a zip begins.
ENTRIES_MAX, ENTRY_BYTES_MAX, ENTRIES_BYTES_MAX, PIECE_BYTES, ZIP = 65_535, 256 << 20, 1 << 30, 1 << 20, b"PK\x03\x04"
# What can be stated to be absent: kinds with the lengths of their keys, relations, fields of events.
KINDS = {
    "actor": (1,), "code": (1,), "system": (1,), "dataset": (4,), "experiment": (2,), "run": (1,), "model": (1, 3),
    "document": (3,), "evaluation": (4,), "approval": (4,), "deployment": (5,),
    "monitor": (1,), "alert": (2,), "incident": (1,), "change": (4,),
}
MAY_LACK_PARTS = ("document", "evaluation", "approval", "deployment", "change")
RELATIONS = (
    "approves", "authorized_by", "belongs_to", "child_of", "cites", "concerns", "deploys", "derived_from", "documents",
    "done_by", "evaluates", "executes", "in_experiment", "produced_by", "raised_by", "registered_from", "served_by",
    "tested_on", "trained_on", "used", "validated_on", "watches",
)
HASHES, TEXTS = ("input_hash", "output_hash"), ("event_id", "log_id", "request_id")
RUNS_MAX, BLOCK_ENTRIES, BITS_MIN, BITS_MAX, DIGESTS_MAX = 64, 16, 8, 24, 1 << 16
VALID, TAMPERED, WRONG_USE, REDACTED, WITHHELD = 0, 1, 2, 10, 11
NAMES = {
    VALID: "valid",
    TAMPERED: "tampered",
    REDACTED: "valid, redacted by a recorded erasure",
    WITHHELD: "valid, withheld",
}


class Tampered(Exception):
    """A rule that the proof breaks, and a JSON pointer to where."""

    def __init__(self, at, rule):
        super().__init__(f"{at or 'the file'}: {rule}")
        self.at, self.rule = at, rule


class Broken(Exception):
    """Bytes that are not of their form."""


# ------------------------------------------------------------------ BLAKE3 (the paper, 2.1 to 2.6)

MASK = 0xFFFFFFFF
IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED = 1, 2, 4, 8, 16
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
LANES = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def _steps():
    order, steps = tuple(range(16)), []
    for _ in range(7):
        for lane, (a, b, c, d) in enumerate(LANES):
            steps.append((a, b, c, d, order[2 * lane], order[2 * lane + 1]))
        order = tuple(order[index] for index in PERMUTATION)
    return tuple(steps)


STEPS = _steps()


def _compress(chaining, block, counter, length, flags):
    message = struct.unpack("<16I", block)
    state = [*chaining, *IV[:4], counter & MASK, counter >> 32, length, flags]
    for a, b, c, d, first, second in STEPS:
        va = (state[a] + state[b] + message[first]) & MASK
        vd = state[d] ^ va
        vd = (vd >> 16 | vd << 16) & MASK
        vc = (state[c] + vd) & MASK
        vb = state[b] ^ vc
        vb = (vb >> 12 | vb << 20) & MASK
        va = (va + vb + message[second]) & MASK
        vd ^= va
        vd = (vd >> 8 | vd << 24) & MASK
        vc = (vc + vd) & MASK
        vb ^= vc
        state[a], state[b], state[c], state[d] = va, (vb >> 7 | vb << 25) & MASK, vc, vd
    return [state[i] ^ state[i + 8] for i in range(8)]


def _last(key, data, first_chunk, flags):
    """The last compression of a subtree, still to be made: it may be the root."""
    if len(data) > 1024:
        chunks = 1 << ((len(data) - 1) // 1024).bit_length() - 1
        left = _compress(*_last(key, data[:chunks * 1024], first_chunk, flags))
        right = _compress(*_last(key, data[chunks * 1024:], first_chunk + chunks, flags))
        return key, struct.pack("<16I", *left, *right), 0, 64, flags | PARENT
    blocks = [data[at:at + 64] for at in range(0, len(data), 64)] or [b""]
    chaining, marks = key, flags | CHUNK_START
    for block in blocks[:-1]:
        chaining, marks = _compress(chaining, block, first_chunk, 64, marks), flags
    return chaining, blocks[-1].ljust(64, b"\0"), first_chunk, len(blocks[-1]), marks | CHUNK_END


def blake3(data, key=None):
    """BLAKE3 of `data`, under a key of 32 bytes where one is given."""
    words, flags = (IV, 0) if key is None else (struct.unpack("<8I", key), KEYED)
    chaining, block, counter, length, marks = _last(words, data, 0, flags)
    return struct.pack("<8I", *_compress(chaining, block, counter, length, marks | ROOT))


# ------------------------------------------------------------------ Ed25519 (RFC 8032), strict

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number, point):
    sum_ = (0, 1, 1, 0)
    while number:
        if number & 1:
            sum_ = _add(sum_, point)
        point, number = _add(point, point), number >> 1
    return sum_


def _point(data):
    """The point of 32 bytes; none if they are no point."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, (y & (1 << 255) - 1) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    x = P - x if x & 1 != sign else x
    return x % P, y, 1, x * y % P


def _compressed(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _is_small(point):
    return _compressed(_times(8, point)) == _compressed((0, 1, 1, 0))


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = _point(BASE_Y.to_bytes(32, "little"))


def signed(public, message, signature):
    """Did the key sign the message? Keys and points of small order are refused."""
    key, first, second = _point(public), _point(signature[:32]), signature[32:]
    scalar = int.from_bytes(second, "little")
    if key is None or first is None or scalar >= Q or _is_small(key) or _is_small(first):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % Q
    minus = (P - key[0]) % P, key[1], key[2], (P - key[3]) % P
    found = _add(_times(scalar, BASE), _times(k, minus))
    return _compressed(found) == signature[:32]


# ------------------------------------------------------------------ notes (c2sp.org/signed-note)

def base64_bytes(text):
    """The bytes of standard base64 with padding, in its one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeEncodeError):
        raise Broken("base64") from None
    if base64.b64encode(data).decode() != text:
        raise Broken("base64")
    return data


def check_name(name):
    """A name that can stand in a signature line."""
    if not name or any(c == "+" or c.isspace() or unicodedata.category(c) == "Cc" for c in name):
        raise Broken("a key's name has neither blanks nor +")


def read_key(text):
    """Name, id and public key of a log's verifier key."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise Broken("a verifier key is name+id+key")
    name, number, data = parts[0], parts[1], base64_bytes(parts[2])
    check_name(name)
    if len(data) != 33 or data[0] != 1 or _point(data[1:]) is None:
        raise Broken("a log's verifier key is of Ed25519")
    digest = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if digest.hex() != number:
        raise Broken("the id of a verifier key is that of its name and key")
    return name, digest, data[1:]


def read_note(data):
    """The text of a note and its signatures: name, id, bytes."""
    if len(data) > NOTE_BYTES_MAX:
        raise Broken("a note has at most 1 MiB")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Broken("a note is UTF-8") from None
    at = whole.rfind("\n\n")
    if at < 0:
        raise Broken("an empty line stands before the signatures")
    text, below = whole[:at + 1], whole[at + 2:]
    if any(c < " " and c != "\n" for c in text):
        raise Broken("a note holds no control characters")
    lines = below.split("\n")
    if lines.pop() != "" or not 1 <= len(lines) <= SIGNATURES_MAX:
        raise Broken("signature lines")
    signatures = []
    for line in lines:
        if not line.startswith("— ") or " " not in line[2:]:
            raise Broken("a signature line is `— name base64`")
        name, signature = line[2:].split(" ", 1)
        check_name(name)
        signature = base64_bytes(signature)
        if len(signature) < 5:
            raise Broken("an id stands before a signature")
        signatures.append((name, signature[:4], signature[4:]))
    return text, signatures


def read_checkpoint(text):
    """Origin, size, root and further lines of a checkpoint's text."""
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not lines[0] or not all(lines[3:]):
        raise Broken("a checkpoint has three lines")
    size = lines[1]
    if not size.isascii() or not size.isdigit() or (size != "0" and size[0] == "0") or len(size) > 19:
        raise Broken("a checkpoint's size")
    root = base64_bytes(lines[2])
    if int(size) >= 1 << 63 or len(root) != 32:
        raise Broken("a checkpoint's size and root")
    return lines[0], int(size), root, lines[3:]


def read_signed(data, key):
    """The checkpoint of a note, signed by the key."""
    text, signatures = read_note(data)
    checkpoint = read_checkpoint(text)
    name, number, public = key
    ours = [line[2] for line in signatures if line[:2] == (name, number)]
    good = [len(line) == 64 and signed(public, text.encode(), line) for line in ours]
    if checkpoint[0] != name or not good or not all(good):
        raise Broken("a checkpoint is signed by its log")
    return checkpoint


# ------------------------------------------------------------------ CBOR (docs/format.md, section 3)

CID_HEAD = bytes.fromhex("0001711e20")
UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG, SIMPLE = range(8)


class Link(bytes):
    """The id of a record that another one points to."""


class Cbor:
    """A strict reader: every item has one form."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Broken("the bytes end inside an item")
        self.at += count
        return self.data[self.at - count:self.at]

    def head(self):
        first = self.take(1)[0]
        major, short = first >> 5, first & 31
        if major == SIMPLE or short < 24:
            return major, short
        if short > 27:
            raise Broken("an indefinite or reserved length")
        number = int.from_bytes(self.take(1 << short - 24), "big")
        if number < (24, 1 << 8, 1 << 16, 1 << 32)[short - 24]:
            raise Broken("a number not in its shortest form")
        return major, number

    def item(self, depth):
        if depth > CBOR_NESTING_MAX:
            raise Broken("nested too deep")
        major, number = self.head()
        if major == UNSIGNED:
            return number
        if major == NEGATIVE:
            return -1 - number
        if major == BYTES:
            return self.take(number)
        if major == TEXT:
            return self.text(number)
        if major == LIST:
            return [self.item(depth + 1) for _ in range(number)]
        if major == MAP:
            return self.map(number, depth)
        if major == TAG:
            major, length = self.head()
            cid = self.take(length) if major == BYTES else b""
            if number != 42 or len(cid) != 37 or not cid.startswith(CID_HEAD):
                raise Broken("a link")
            return Link(cid[5:])
        return self.simple(number)

    def text(self, length):
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Broken("text that is not UTF-8") from None

    def map(self, count, depth):
        pairs, last = {}, None
        for _ in range(count):
            major, length = self.head()
            if major != TEXT:
                raise Broken("a map key that is not text")
            key = self.text(length)
            order = length, key.encode()
            if last is not None and last >= order:
                raise Broken("map keys out of order")
            last = order
            pairs[key] = self.item(depth + 1)
        return pairs

    def simple(self, short):
        if short in (20, 21, 22):
            return {20: False, 21: True, 22: None}[short]
        number = struct.unpack(">d", self.take(8))[0] if short == 27 else math.nan
        if not math.isfinite(number) or (number == 0 and math.copysign(1, number) < 0):
            raise Broken("a simple value or float")
        return number


def cbor_map(data):
    """The one map that `data` is the canonical form of."""
    reader = Cbor(data)
    value = reader.item(0)
    if reader.at != len(data) or not isinstance(value, dict):
        raise Broken("a map, and nothing behind it")
    return value


def cbor_of(value):
    """Canonical bytes of nulls, whole numbers, bytes, texts and lists."""
    def head(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        size = next(size for size in range(4) if number < 1 << (8 << size))
        return bytes([major << 5 | 24 + size]) + number.to_bytes(1 << size, "big")

    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(UNSIGNED, value) if value >= 0 else head(NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return head(BYTES, len(value)) + value
    if isinstance(value, str):
        return head(TEXT, len(value.encode())) + value.encode()
    return head(LIST, len(value)) + b"".join(map(cbor_of, value))


def is_number(value, least=-(1 << 63)):
    """A whole number of 64 bits with a sign."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < 1 << 63


def is_bytes(value, length):
    return isinstance(value, bytes) and not isinstance(value, Link) and len(value) == length


def is_text(value):
    return isinstance(value, str)


def is_key(value):
    """A list of key parts."""
    part = lambda p: p is None or is_text(p) or is_number(p) or type(p) is bytes  # noqa: E731
    return isinstance(value, list) and all(part(p) for p in value)


def is_link(value):
    return isinstance(value, Link)


def is_map(value):
    return isinstance(value, dict)


def is_hashes(value):
    return is_map(value) and all(is_bytes(hash_, 32) for hash_ in value.values())


def absent_or(test):
    return lambda value: value is None or test(value)


def read_edge(value):
    """An edge of a revision."""
    if not isinstance(value, list) or len(value) != 5:
        raise Broken("an edge has five parts")
    relation, kind, key, pin, beside = value
    good = is_text(relation) and is_text(kind) and is_key(key) and is_link(pin)
    if not good or not (beside is None or (is_map(beside) and beside)):
        raise Broken("an edge")
    beside = beside or {}
    if not all(is_text(id_) for id_ in beside.values()):
        raise Broken("what stands beside a claim")
    return {"relation": relation, "kind": kind, "key": key, "pin": pin, "beside": beside}


COUNT = lambda value: is_number(value, 0)  # noqa: E731
RECORDS = {
    "revision": {
        "kind": is_text, "key": is_key, "source": is_text, "form": is_text, "observed_at": is_number,
        "fields": is_map, "sealed": is_hashes, "edges": lambda value: isinstance(value, list),
        "previous": absent_or(is_link),
    },
    "stub": {"kind": is_text, "key": is_key},
    "reference": {"kind": is_text, "name": is_text, "key": absent_or(is_key)},
    "commit": {
        "number": COUNT, "recorded": is_number, "store": lambda value: is_bytes(value, 16),
        "actor": absent_or(is_text), "parent": absent_or(is_link), "import": COUNT,
        "counts": lambda value: is_map(value) and all(COUNT(count) for count in value.values()),
        "records_root": lambda value: is_bytes(value, 32),
        "segment_sha256": lambda value: is_bytes(value, 32),
        "map_root": absent_or(lambda value: is_bytes(value, 32)),
    },
}


def read_record(payload, wanted):
    """A record of one of these types, by its members."""
    record = cbor_map(payload)
    kind = record.get("type")
    if kind not in wanted:
        raise Broken("a record that a statement rests on")
    if kind == "erasure":
        return record
    form = RECORDS[kind]
    whole = record.keys() == form.keys() | {"type", "format"} and record["format"] == 1
    if not whole or isinstance(record["format"], bool):
        raise Broken("a record has the members of its form")
    if not all(test(record[name]) for name, test in form.items()):
        raise Broken("a member has the type that its form gives")
    if kind == "revision":
        record["edges"] = [read_edge(edge) for edge in record["edges"]]
    return record


# ------------------------------------------------------------------ trees (RFC 6962, section 2.1)

def log_node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def node(left, right):
    return blake3(b"\1" + left + right)


def tree_root(leaves, known, given, above):
    """The root of a tree of so many leaves, of which some are known by place, ascending; `given` are
    the roots of the subtrees without any of them, from left to right. None if they do not fit."""
    places = [place for place, _ in known]
    if leaves == 0 or any(a >= b for a, b in zip(places, places[1:])) or (places and places[-1] >= leaves):
        return None
    rest = iter(given)
    try:
        root = _join(0, leaves, known, rest, above)
    except StopIteration:
        return None
    return root if next(rest, None) is None else None


def _join(first, leaves, known, rest, above):
    if not known:
        return next(rest)
    if leaves == 1:
        return known[0][1]
    half = 1 << (leaves - 1).bit_length() - 1
    left = [pair for pair in known if pair[0] < first + half]
    right = known[len(left):]
    one = _join(first, half, left, rest, above)
    return above(one, _join(first + half, leaves - half, right, rest, above))


# ------------------------------------------------------------------ the file (RFC 8785)

def parse_json(data):
    """Canonical JSON of whole numbers, and a line end."""
    rule = Tampered("", "canonical JSON (RFC 8785) of whole numbers, and a line end")

    def refuse(_):
        raise rule

    try:
        if len(data) > FILE_BYTES_MAX:
            raise rule
        text = data.decode("utf-8")
        value = json.loads(text, parse_float=refuse, parse_constant=refuse)
        if _nesting(value) > JSON_NESTING_MAX + 1 or _canonical(value) + "\n" != text:
            raise rule
    except (ValueError, RecursionError):
        raise rule from None
    return value


def _nesting(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if inner is None else 1 + max(map(_nesting, inner), default=0)


def _canonical(value):
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(_canonical(name) + ":" + _canonical(of) for name, of in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > NUMBER_MAX:
        raise ValueError("a number beyond 2^53")
    return json.dumps(value, ensure_ascii=False)


class Place:
    """A value with the JSON pointer to where it stands."""

    def __init__(self, value, at=""):
        self.value, self.at = value, at

    def fault(self, rule):
        return Tampered(self.at, rule)

    def has(self, name):
        return isinstance(self.value, dict) and name in self.value

    def members(self, *names):
        if not isinstance(self.value, dict) or tuple(sorted(self.value)) != names:
            raise self.fault("a map of exactly the members that section 'Proofs' names")
        return [Place(self.value[name], f"{self.at}/{name}") for name in names]

    def list(self, least=0, most=None):
        if not isinstance(self.value, list):
            raise self.fault("a list")
        if len(self.value) < least or (most is not None and len(self.value) > most):
            raise self.fault("a list of one item or more, within the bounds of section 'Proofs'")
        return [Place(item, f"{self.at}/{number}") for number, item in enumerate(self.value)]

    def text(self):
        if not isinstance(self.value, str):
            raise self.fault("a text")
        return self.value

    def whole(self):
        text = self.text()
        digits = text[1:] if text.startswith("-") else text
        if not digits.isascii() or not digits.isdigit() or len(digits) > 19 or str(int(text)) != text \
                or not is_number(int(text)):
            raise self.fault("a whole number of 64 bits")
        return int(text)

    def truth(self):
        if not isinstance(self.value, bool):
            raise self.fault("true or false")
        return self.value

    def count(self):
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            raise self.fault("a whole number, not negative")
        return self.value

    def optional(self, read):
        return None if self.value is None else read(self)

    def hex(self):
        text = self.text()
        if len(text) % 2 or any(c not in "0123456789abcdef" for c in text):
            raise self.fault("bytes in lower-case hexadecimal")
        return bytes.fromhex(text)

    def hash(self):
        data = self.hex()
        if len(data) != 32:
            raise self.fault("a hash: 64 hexadecimal digits")
        return data

    def bytes(self):
        text = self.text()
        try:
            return base64_bytes(text)
        except Broken:
            raise self.fault("bytes in base64 with padding") from None

    def hashes(self):
        data = self.bytes()
        if len(data) % 32:
            raise self.fault("hashes of 32 bytes each, one behind another")
        return [data[at:at + 32] for at in range(0, len(data), 32)]


def read_node(place):
    key, kind = place.members("key", "kind")
    parts = []
    for part in key.list():
        if part.value is None or isinstance(part.value, str):
            parts.append(part.value)
        elif part.has("int"):
            number, = part.members("int")
            parts.append(number.whole())
        else:
            data, = part.members("bytes")
            parts.append(data.hex())
    return ("node", kind.text(), tuple(parts))


def read_event(place):
    batch, row = place.members("batch", "row")
    return ("event", batch.hash(), row.count())


def read_item(place):
    return read_event(place) if place.has("batch") else read_node(place)


def read_row(place):
    if place.has("commitment"):
        at, commitment, k1, open_ = place.members("at", "commitment", "k1", "open")
        return {"at": at.count(), "commitment": commitment.hash(), "k1": k1.hash(), "open": open_.bytes()}
    if place.has("erased"):
        at, record, leaf = place.members("at", "erased", "leaf")
        return {"at": at.count(), "erased": record.hash(), "leaf": leaf.optional(Place.hash)}
    at, k1, k2, open_, subject = place.members("at", "k1", "k2", "open", "subject")
    return {"at": at.count(), "k1": k1.hash(), "k2": k2.hash(), "open": open_.bytes(), "subject": subject.bytes()}


def read_hop(place):
    along, edge, how, record, relation, revision, to = place.members(
        "along", "edge", "how", "record", "relation", "revision", "to")
    hop = {"along": along.truth(), "edge": edge.count()}
    hop["record"] = record.optional(Place.hash)
    allowed = {"exact": (False,), "pin": (False,), "fits": (False,), "alias": (True,), "run": (True,),
               "version": (True,), "logged": (False, True)}
    hop["how"] = how.text()
    if (hop["record"] is not None) not in allowed.get(hop["how"], ()):
        raise how.fault("a reason that section 'Proofs' names, with its record or none")
    hop["relation"], hop["revision"], hop["to"] = relation.text(), revision.hash(), read_item(to)
    return hop


def read_path(place):
    hops, start = place.members("hops", "start")
    read = [read_hop(hop) for hop in hops.list(1, HOPS_MAX)]
    return {"start": read_item(start), "hops": read}


def read_named(place):
    field, value = place.members("field", "value")
    return field.text(), value.text()


def read_map(place):
    names, runs = place.members("names", "runs")

    def read_range(place):
        entries, first, path = place.members("entries", "first", "path")
        return entries.hashes(), first.count(), path.hashes()

    def read_run(place):
        entries, root = place.members("entries", "root")
        return entries.count(), root.hash()

    names = [[read_range(part) for part in name.list()] for name in names.list()]
    return {"names": names, "runs": [read_run(run) for run in runs.list()]}


def read_scope(place):
    from_, of, to = place.members("from", "of", "to")
    return {"from": from_.optional(Place.whole), "of": of.optional(read_node), "to": to.optional(Place.whole)}


def read_keys(place):
    def bits_of(place):
        if place.count() >= 1 << 32:
            raise place.fault("a number of bits")
        return place.count()

    def texts(place):
        return [text.text() for text in place.list()]

    if place.has("salt"):
        batch, bits, digests, keys_of, path, salt = place.members("batch", "bits", "digests", "keys_of", "path", "salt")
        part = {"batch": batch.hash(), "bits": bits_of(bits)}
        data = digests.bytes()
        if len(data) % 16:
            raise digests.fault("digests of 16 bytes each, one behind another")
        part["digests"] = [data[at:at + 16] for at in range(0, len(data), 16)]
        return {**part, "keys_of": texts(keys_of), "path": path.hashes(), "salt": salt.hash()}
    if place.has("bits"):
        batch, bits, erased, keys_of, path = place.members("batch", "bits", "erased", "keys_of", "path")
        part = {"batch": batch.hash(), "bits": bits_of(bits), "erased": erased.hash()}
        return {**part, "keys_of": texts(keys_of), "path": path.hashes()}
    batch, erased = place.members("batch", "erased")
    return {"batch": batch.hash(), "erased": erased.hash()}


def is_kind(kind, name):
    if kind.text() != name:
        raise kind.fault("the kind of statement that has these members")


def read_absent(place):
    """A statement that something was never recorded."""
    if place.has("batches"):
        batches, kind, map_, named, scope = place.members("batches", "kind", "map", "named", "scope")
        is_kind(kind, "no_event")
        read = {"kind": "no_event", "map": read_map(map_)}
        read["batches"] = [read_keys(batch) for batch in batches.list()]
        return {**read, "named": read_named(named), "scope": read_scope(scope)}
    if place.has("relation"):
        claims, from_, kind, map_, about, relation = place.members(
            "claims", "from", "kind", "map", "node", "relation")
        is_kind(kind, "no_edge")
        read = {"kind": "no_edge", "map": read_map(map_), "claims": [read_node(claim) for claim in claims.list()]}
        return {**read, "from": from_.text(), "relation": relation.text(), "node": read_node(about)}
    kind, map_, about = place.members("kind", "map", "node")
    if kind.text() != "no_fit":
        is_kind(kind, "no_node")
    return {"kind": kind.text(), "map": read_map(map_), "node": read_node(about)}


def read_statement(place):
    if place.has("map"):
        return read_absent(place)
    if place.has("revision"):
        kind, about, revision = place.members("kind", "node", "revision")
        is_kind(kind, "revision")
        return {"kind": "revision", "node": read_node(about), "revision": revision.hash()}
    if place.has("events"):
        events, kind, named = place.members("events", "kind", "named")
        is_kind(kind, "events")
        read = [read_event(event) for event in events.list(1, PATHS_MAX)]
        return {"kind": "events", "events": read, "named": named.optional(read_named)}
    kind, named, paths = place.members("kind", "named", "paths")
    is_kind(kind, "paths")
    items = paths.list(1, PATHS_MAX)
    named = named.optional(read_named)
    return {"kind": "paths", "named": named, "paths": [read_path(path) for path in items]}


def read_file(data):
    checkpoint, commits, events, format_, statement, tree, type_, words = Place(parse_json(data)).members(
        "checkpoint", "commits", "events", "format", "statement", "tree", "type", "words")
    if type_.text() != TYPE:
        raise type_.fault("the type of a proof file")
    if isinstance(format_.value, bool) or format_.value not in (FORMAT, FORMAT_OF_ABSENCE):
        raise format_.fault("format 1 or 2, the ones that this program reads")
    proof = {"checkpoint": checkpoint.text(), "tree": tree.hashes(), "commits": [], "events": []}
    for commit in commits.list():
        payload, records, subtree = commit.members("payload", "records", "tree")
        payload, read = payload.bytes(), []
        for record in records.list():
            at, body = record.members("at", "payload")
            read.append((at.count(), body.bytes()))
        proof["commits"].append((payload, read, subtree.hashes()))
    for batch in events.list():
        id_, rows, subtree = batch.members("batch", "rows", "tree")
        id_ = id_.hash()
        proof["events"].append((id_, [read_row(row) for row in rows.list()], subtree.hashes()))
    proof["statement"] = read_statement(statement)
    if format_.value != (FORMAT_OF_ABSENCE if "map" in proof["statement"] else FORMAT):
        raise format_.fault("the format of files with such a statement")
    if [word.text() for word in words.list()] != in_words(proof["statement"]):
        raise words.fault("the words of the statement")
    return proof


# ------------------------------------------------------------------ words

def counted(count, one, many=None):
    """A number with its noun: `1 file`, `2 files`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def item_in_words(item):
    if item[0] == "event":
        return f"event {item[2]} of batch revision {item[1].hex()}"
    parts = ("?" if part is None else part.hex() if isinstance(part, bytes) else str(part) for part in item[2])
    return f"{item[1]}:{'/'.join(parts)}"


def exactly(item):
    """A node as it is told where its key must be told from all others: with its parts apart."""
    def part(of):
        return {"bytes": of.hex()} if isinstance(of, bytes) else {"int": str(of)} if isinstance(of, int) else of

    return f"{item[1]}:{_canonical([part(of) for of in item[2]])}"


def time_in_words(time):
    """RFC 3339 in UTC, with nine digits of a second where it is none whole."""
    seconds, rest = divmod(time, 10**9)
    date = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return date.isoformat() + (f".{rest:09}Z" if rest else "Z")


def absent_in_words(statement):
    kind = statement["kind"]
    if kind == "no_node":
        return [f"{exactly(statement['node'])} was never recorded, nor referred to by this key"]
    if kind == "no_fit":
        about = statement["node"]
        return [f"no source ever described a {about[1]} that fits {exactly(about)}, null being any"]
    if kind == "no_edge":
        from_, relation = statement["from"], statement["relation"]
        words = [f"no {from_} was ever recorded with {relation} {exactly(statement['node'])}"]
        return words + [f"recorded, of another version, digest or alias: {from_} with {relation} {exactly(claim)}"
                        for claim in statement["claims"]]
    scope = statement["scope"]
    where = "anywhere in the store" if scope["of"] is None else f"of {exactly(scope['of'])}"
    if scope["of"] is not None and scope["of"][1] == "system":
        where = f"of any deployment of {exactly(scope['of'])}"
    for word, time in (("from", scope["from"]), ("before", scope["to"])):
        where += "" if time is None else f", {word} {time_in_words(time)}"
    field, value = statement["named"]
    erased = sum("erased" in part for part in statement["batches"])
    count = len(statement["batches"])
    batches = f"these are {counted(count, 'batch', 'batches')}"
    last = f"{batches}, and it is in none"
    if erased:
        last = (f"{batches}; of {erased} a recorded erasure took what would show it, "
                f"and it is in none of the other {count - erased}")
    but = "but for what was erased, " if erased else ""
    return [f"{but}no event with {field} {value} was ever recorded {where}", last]


def in_words(statement):
    """The sentences of a statement, made from its data alone."""
    if "map" in statement:
        return absent_in_words(statement)
    if statement["kind"] == "revision":
        return [f"{item_in_words(statement['node'])} has the recorded revision {statement['revision'].hex()}"]
    named = statement["named"]
    if statement["kind"] == "events":
        more = f", and its {named[0]} is {named[1]}" if named else ""
        return [f"{item_in_words(event)} is recorded{more}" for event in statement["events"]]

    def tell(item):
        return f", whose {named[0]} is {named[1]}," if named and item[0] == "event" else ""

    sentences = []
    for path in statement["paths"]:
        words = item_in_words(path["start"]) + tell(path["start"])
        for hop in path["hops"]:
            arrow = f" -{hop['relation']}-> " if hop["along"] else f" <-{hop['relation']}- "
            words += arrow + item_in_words(hop["to"]) + tell(hop["to"])
        sentences.append(words)
    return sentences


def not_shown(statement):
    """What a statement does not say and might be read to say."""
    if "map" not in statement:
        limits = ["that it is recorded is shown, not that it is true, and not since when but from the checkpoint on"]
        if statement["kind"] == "paths":
            ways = {hop["how"] for path in statement["paths"] for hop in path["hops"]}
            if ways - {"exact", "pin"}:
                limits.append("an edge names its target in part (a claim): that this thing fits is shown, "
                              "not that no other does")
            limits.append("that there are no other paths is not shown")
        return limits
    limits = [
        "that it is in no record up to the checkpoint is shown, not that it did not happen, nor what came since",
        "that the store's writer put into the map and into the keys of batches all that its records say is shown by "
        "`lineal verify` of the store, not by this file",
    ]
    if statement["kind"] in ("no_node", "no_fit"):
        limits.append("the same thing may be recorded under another name or key")
    elif statement["kind"] == "no_edge":
        limits.append("a claim of another name, which only ids beside it (a run, a logged model) would lead to this "
                      "thing, is not covered")
    else:
        limits.append("the value is compared byte by byte: the same input hashed in another way has another value")
        limits.append("what is accepted and not yet sealed into a batch is in no checkpoint; what was known already "
                      "stands in the batch in which it was recorded first")
        if statement["scope"]["from"] is not None or statement["scope"]["to"] is not None:
            limits.append("the times of a batch are those that its revision states")
    return limits


# ------------------------------------------------------------------ the check

def check_commits(proof, checkpoint):
    """Commits lead to the root of the checkpoint, records to the roots of commits. Gives the records, and
    the map_root of the checkpoint's last commit."""
    size, root = checkpoint[1], checkpoint[2]
    leaves, commits, store = [], [], None
    for number, (payload, _, _) in enumerate(proof["commits"]):
        at = f"/commits/{number}/payload"
        try:
            commit = read_record(payload, ("commit",))
        except Broken:
            raise Tampered(at, "the bytes of a commit") from None
        place = commit["number"] - 1
        if place < 0:
            raise Tampered(at, "a commit's number, from 1")
        if (leaves and leaves[-1][0] >= place) or place >= size:
            raise Tampered(at, "commits ascend, within the checkpoint's size")
        store = store or commit["store"]
        if commit["store"] != store:
            raise Tampered(at, "all commits are of one store")
        leaves.append((place, hashlib.sha256(b"\0" + payload).digest()))
        commits.append(commit)
    if tree_root(size, leaves, proof["tree"], log_node) != root:
        raise Tampered("/tree", "commits and tree lead to the root of the checkpoint")
    records = {}
    for number, ((_, parts, tree), commit) in enumerate(zip(proof["commits"], commits)):
        at = f"/commits/{number}"
        leaves = [(place, blake3(b"\0" + blake3(payload))) for place, payload in parts]
        count = sum(commit["counts"].values())
        if count >= 1 << 64 or tree_root(count, leaves, tree, node) != commit["records_root"]:
            raise Tampered(f"{at}/tree", "records and tree lead to the commit's records_root")
        for place, (_, payload) in enumerate(parts):
            try:
                read = read_record(payload, ("revision", "stub", "reference", "erasure"))
            except Broken:
                rule = "the bytes of a revision, stub, reference or erasure"
                raise Tampered(f"{at}/records/{place}/payload", rule) from None
            records[blake3(payload)] = read
    is_last = bool(commits) and commits[-1]["number"] == size
    return records, commits[-1]["map_root"] if is_last else None


def kept(record, batch, row):
    """What an erasure kept of a row: its leaf, or True for nothing; None if it does not erase it."""
    if record.get("format") != 1 or record.get("decision") != "erased":
        return None
    for entry in record.get("batches") or ():
        if not isinstance(entry, list) or len(entry) != 3 or entry[0] != batch or not is_link(entry[0]):
            continue
        before = 0
        for first, count in entry[1]:
            if first <= row < first + count:
                if entry[2] is None:
                    return True
                place = 32 * (before + row - first)
                leaf = entry[2][place:place + 32]
                return leaf if len(entry[2]) % 32 == 0 and len(leaf) == 32 else None
            before += count
    return None


def check_row(at, batch, row, records):
    """The leaf of a row, and what is disclosed of it: open, subject, erased."""
    def group(name):
        try:
            return cbor_map(row[name])
        except Broken:
            raise Tampered(f"{at}/{name}", "canonical bytes of a map (docs/format.md, section 3)") from None

    if "erased" in row:
        record = records.get(row["erased"], {})
        try:
            was = kept(record, batch, row["at"]) if record.get("type") == "erasure" else None
        except (TypeError, ValueError):
            was = None
        if was is None or was != (True if row["leaf"] is None else row["leaf"]):
            raise Tampered(f"{at}/erased", "a recorded erasure of this row, with the leaf that it kept")
        return row["leaf"], (None, None, True)
    if "commitment" in row:
        leaf = blake3(b"\0" + row["open"] + row["commitment"], row["k1"])
        return leaf, (group("open"), None, False)
    commitment = blake3(row["subject"], row["k2"])
    leaf = blake3(b"\0" + row["open"] + commitment, row["k1"])
    return leaf, (group("open"), group("subject"), False)


def check_events(proof, records):
    """Events lead to the roots of their batches."""
    events, last = {}, b""
    for number, (batch, rows, tree) in enumerate(proof["events"]):
        at = f"/events/{number}"
        if last >= batch and last:
            raise Tampered(f"{at}/batch", "batches ascend")
        last = batch
        record = records.get(batch, {})
        fields = record.get("fields", {})
        root, count = fields.get("root"), fields.get("rows")
        is_batch = record.get("type") == "revision" and record["kind"] == "batch"
        if not is_batch or not is_bytes(root, 32) or not COUNT(count):
            raise Tampered(f"{at}/batch", "the revision of a batch stands among the records")
        leaves, has_tree = [], True
        for place, row in enumerate(rows):
            where = f"{at}/rows/{place}"
            leaf, disclosed = check_row(where, batch, row, records)
            has_tree = has_tree and leaf is not None
            leaves += [(row["at"], leaf)] if leaf is not None else []
            name = ("event", batch, row["at"])
            if row["at"] >= count or name in events:
                raise Tampered(f"{where}/at", "rows ascend, within the batch")
            events[name] = disclosed
        # Of a batch that was erased whole nothing leads to the root any more.
        leads = tree_root(count, leaves, tree, node) == root if has_tree else not leaves and not tree
        if not leads:
            raise Tampered(f"{at}/tree", "rows and tree lead to the root of the batch")
    return events


def is_of(record, item):
    return record.get("type") == "revision" and item == ("node", record["kind"], tuple(record["key"]))


def same_key(one, other):
    """Equal, and of equal types: Python takes True for 1."""
    return list(one) == list(other) and all(type(a) is type(b) for a, b in zip(one, other))


def fits(claim, key):
    return len(claim) == len(key) and all(a is None or a == b for a, b in zip(claim, key))


def bare_version(version):
    """A version without the `v` before its first digit."""
    is_number = version[:1] in ("v", "V") and version[1:2] in tuple("0123456789")
    return version[1:] if is_number else version


def same_version(one, other):
    return is_text(one) and is_text(other) and bare_version(one) == bare_version(other)


def fits_as(kind, claim, key):
    """As `fits`; the versions of models are compared without a `v` before a digit."""
    if kind == "model" and len(claim) == 3 == len(key) and same_version(claim[2], key[2]):
        return fits(claim[:2], key[:2])
    return fits(claim, key)


def is_called(kind, claim, given):
    """Does a name given by hand stand for what the claim names: `NAME`, or of a model `NAME@VERSION`?"""
    at = 1 if kind == "model" else 0
    name = claim[at] if at < len(claim) else None
    if not is_text(name):
        return False
    of_version = kind == "model" and len(claim) > 2 and given.startswith(name + "@")
    return given == name or (of_version and same_version(given[len(name) + 1:], claim[2]))


def filled(reference, claim):
    """What a reference stands for, its unknown parts taken from the claim."""
    claim = claim + [None] * len(reference)
    return [claim[at] if part is None else part for at, part in enumerate(reference)]


def means(hop, edge, item, records):
    """Does the edge mean this node, for the reason that is given?"""
    how, key, record = hop["how"], item[2], records.get(hop["record"], {})
    is_model = edge["kind"] == "model" and len(edge["key"]) == 3 and None in edge["key"]
    is_claim = is_model or (edge["kind"] == "dataset" and None in edge["key"])

    def beside(name, id_):
        return isinstance(id_, str) and edge["beside"].get(name) == id_

    def logged(parts):
        return len(parts) == 1 and beside("logged", parts[0])

    if how == "exact":
        return same_key(edge["key"], key)
    if how == "pin":
        pinned = records.get(bytes(edge["pin"]), {})
        is_stub = pinned.get("type") == "stub" and item == ("node", pinned["kind"], tuple(pinned["key"]))
        return is_stub or is_of(pinned, item)
    if how == "fits":
        return is_claim and fits_as(edge["kind"], edge["key"], key)
    if how == "alias":
        if record.get("type") != "reference" or record["kind"] != edge["kind"] or record["key"] is None:
            return False
        full = filled(record["key"], edge["key"])
        return is_claim and is_called(edge["kind"], edge["key"], record["name"]) and fits_as(edge["kind"], full, key)
    if how == "logged" and hop["record"] is None:
        return is_model and logged(key)
    if not is_model or not is_of(record, item):
        return False
    if how == "version":
        aliases = record["fields"].get("aliases")
        known = edge["key"][:2] + [None]
        return fits(known, key) and isinstance(aliases, list) and is_text(edge["key"][2]) and edge["key"][2] in aliases
    if how == "logged":
        return any(e["relation"] == "registered_from" and e["kind"] == "model" and logged(e["key"])
                   for e in record["edges"])
    return any(e["relation"] == "produced_by" and e["kind"] == "run" and e["key"] and beside("run", e["key"][0])
               for e in record["edges"])


def check_path(at, path, records, events):
    """Each edge stands in a revision, and means the thing that the path says."""
    def known(where, item):
        if item[0] == "event" and item not in events:
            raise Tampered(where, "an event that stands among the events")

    known(f"{at}/start", path["start"])
    item = path["start"]
    for number, hop in enumerate(path["hops"]):
        where = f"{at}/hops/{number}"
        known(f"{where}/to", hop["to"])
        newer, older = (item, hop["to"]) if hop["along"] else (hop["to"], item)
        if older[0] != "node":
            raise Tampered(f"{where}/to", "an edge leads to a node")
        revision = records.get(hop["revision"], {})
        if revision.get("type") != "revision":
            raise Tampered(f"{where}/revision", "a revision that stands among the records")
        holds = is_of(revision, newer) or (revision["kind"] == "batch" and newer[:2] == ("event", hop["revision"]))
        if not holds:
            raise Tampered(f"{where}/revision", "the revision is of the thing that holds the edge")
        edges = revision["edges"]
        edge = edges[hop["edge"]] if hop["edge"] < len(edges) else None
        if edge is None or edge["relation"] != hop["relation"]:
            raise Tampered(f"{where}/edge", "an edge of that relation, by its number in the revision")
        if edge["kind"] != older[1] or not means(hop, edge, older, records):
            raise Tampered(f"{where}/how", "the edge means the thing that it leads to, for this reason")
        item = hop["to"]


def check_named(at, event, named, events):
    """The event is there, and says of itself what is stated."""
    if event not in events:
        raise Tampered(at, "an event that stands among the events")
    if named is None:
        return
    field, value = named
    found = next((group[field] for group in events[event][:2] if group and field in group), None)
    found = found.hex() if type(found) is bytes else found
    if not isinstance(found, str) or found != value:
        raise Tampered(at, "the event says this of itself, in what is disclosed")


# ------------------------------------------------------------------ absence (docs/format.md, section 22)

def map_name(*items):
    return blake3(cbor_of(list(items)))[:16]


def check_run(head, name, part):
    """The values that stand under a name in a run, all of them."""
    (count, root), (entries, first, path) = head, part
    start, end = first * BLOCK_ENTRIES, first * BLOCK_ENTRIES + len(entries)
    whole = len(entries) % BLOCK_ENTRIES == 0 or end == count
    if not entries or end > count or not whole or any(a > b for a, b in zip(entries, entries[1:])):
        raise Broken("whole blocks that ascend")
    begins = start == 0 or entries[0][:16] < name
    ends = end == count or entries[-1][:16] > name
    leaves = [(first + at // BLOCK_ENTRIES, blake3(b"\0" + b"".join(entries[at:at + BLOCK_ENTRIES])))
              for at in range(0, len(entries), BLOCK_ENTRIES)]
    blocks = -(-count // BLOCK_ENTRIES)
    if not begins or not ends or tree_root(blocks, leaves, path, node) != root:
        raise Broken("neighbours on both sides, and the root")
    return [entry[16:] for entry in entries if entry[:16] == name]


class Openings:
    """The map of a proof, asked name by name."""

    AT = "/statement/map/names"

    def __init__(self, map_, records):
        self.names, self.runs, self.asked = map_["names"], map_["runs"], 0
        self.records = records
        self.ids = {id_[:16]: id_ for id_ in sorted(records, reverse=True)}

    def under(self, *items):
        """The records that stand under a name; of names alone whose records need not be there, `values`."""
        values = self.values(*items)
        ids = [self.ids.get(value) for value in values]
        if None in ids:
            raise Tampered(f"{self.AT}/{self.asked - 1}", "each record under the name stands among the records")
        return [(id_, self.records[id_]) for id_ in ids]

    def values(self, *items):
        if self.asked >= len(self.names):
            raise Tampered(self.AT, "one opening for each name that the statement asks")
        parts, at = self.names[self.asked], f"{self.AT}/{self.asked}"
        if len(parts) != len(self.runs):
            raise Tampered(at, "a range in each run of the map")
        name, found = map_name(*items), []
        for run, (head, part) in enumerate(zip(self.runs, parts)):
            try:
                found += check_run(head, name, part)
            except Broken:
                rule = "whole blocks of the run, with all of the name and its neighbours"
                raise Tampered(f"{at}/{run}", rule) from None
        self.asked += 1
        return found


def name_part(kind, key):
    """Which part of a claim's key is its name."""
    return {("model", 3): 1, ("dataset", 4): 0}.get((kind, len(key)))


def naming(relation, about, openings):
    """All references of the kind, and the revisions under any name of an edge that may mean the node."""
    kind, key = about[1], list(about[2])
    references = [record for _, record in openings.under("reference", kind) if record["type"] == "reference"]
    same = [r for r in references if r["kind"] == kind and r["key"] is not None]
    aliases = [r["name"] for r in same if same_key(r["key"], key) or fits(r["key"], key)]
    names, part = [("edge", relation, kind, key)], name_part(kind, key)
    if part is not None:
        own = [key[part]] if is_text(key[part]) else []
        # Given to one version, `NAME@VERSION`, it is of claims of that name.
        splits = [[a, a.rpartition("@")[0]] if kind == "model" and "@" in a else [a] for a in aliases]
        names += [("claim", relation, kind, name) for name in [None, *own, *(n for split in splits for n in split)]]
    elif len(key) == 1:
        names += [("edge", relation, kind, [alias]) for alias in aliases]
    names = [name for at, name in enumerate(names) if name not in names[:at]]
    found = [record for name in names for _, record in openings.under(*name) if record["type"] == "revision"]
    return references, found


def may_mean(edge, about, references):
    """Is the edge's key the node's, or one that fits it, by itself or with a name given by hand?"""
    own, key, part = edge["key"], list(about[2]), name_part(about[1], about[2])
    if same_key(own, key):
        return True

    def named(at):
        for reference in references:
            if reference["kind"] != about[1] or reference["key"] is None:
                continue
            name = own[at] if at < len(own) else None
            if not (name == reference["name"] if part is None else is_called(about[1], own, reference["name"])):
                continue
            if fits_as(about[1], filled(reference["key"], own), key):
                return True
        return False

    if part is None:
        return len(own) == 1 and len(key) == 1 and named(0)
    return None in own and (fits_as(about[1], own, key) or named(part))


def is_of_name(edge, about, references):
    """Is it a claim that gives the node's name, a name given by hand to it, or none?"""
    own, key, part = edge["key"], list(about[2]), name_part(about[1], about[2])
    if part is None or len(own) != len(key) or None not in own:
        return False
    if not is_text(own[part]) or own[part] == key[part]:
        return True
    return any(is_called(about[1], own, r["name"]) and r["key"] is not None
               and (same_key(r["key"], key) or fits(r["key"], key)) for r in references)


def check_form(statement):
    """Can this be stated at all? A key that no record can have would make anything absent."""
    def fault(member, rule):
        raise Tampered(f"/statement/{member}", rule)

    def of_its_kind(item, member, exact):
        _, kind, key = item
        if len(key) not in KINDS.get(kind, ()) or not all(part is None or is_text(part) for part in key):
            fault(member, "a kind and a key of it, of texts and nulls")
        if exact and None in key and kind not in MAY_LACK_PARTS:
            fault(member, "a key of which every part is known")

    if statement["kind"] == "no_event":
        field, value = statement["named"]
        if field not in TEXTS and hash_bytes(field, value) is None:
            fault("named", "a hash in hexadecimal, or the text of an id, of a field that names events")
        about = statement["scope"]["of"]
        if about is not None and about[1] not in ("deployment", "system"):
            fault("scope", "a deployment or a system")
        if about is not None:
            of_its_kind(about, "scope", True)
        return
    if statement["kind"] == "no_edge":
        if statement["from"] not in KINDS:
            fault("from", "a kind whose records hold edges")
        if statement["relation"] not in RELATIONS:
            fault("relation", "a relation that records state")
    of_its_kind(statement["node"], "node", statement["kind"] != "no_fit")


def hash_bytes(field, value):
    """The bytes of a value that is a hash; none of a text."""
    if field not in HASHES or not value or len(value) % 2 or any(c not in "0123456789abcdef" for c in value):
        return None
    return bytes.fromhex(value)


def scope_batches(scope, openings):
    """The batches of a scope, by their ids."""
    about = scope["of"]
    if about is None:
        names = [("kind", "batch")]
    elif about[1] == "deployment":
        names = [("edge", "served_by", "deployment", list(about[2]))]
    else:
        _, found = naming("belongs_to", about, openings)
        deployments = {exactly(("node", r["kind"], r["key"])): r["key"] for r in found if r["kind"] == "deployment"}
        names = [("edge", "served_by", "deployment", deployments[name]) for name in sorted(deployments)]

    def is_outside(fields):
        first, last = fields.get("first_time"), fields.get("last_time")
        if not is_number(first) or not is_number(last):
            return False
        return scope["from"] is not None and last < scope["from"] or scope["to"] is not None and first >= scope["to"]

    found = [pair for name in names for pair in openings.under(*name)]
    return {id_: record for id_, record in found
            if record["type"] == "revision" and record["kind"] == "batch" and not is_outside(record["fields"])}


def erased_entry(record, batch, name):
    """The first item of an erasure's list that is about a batch."""
    if record.get("type") != "erasure" or record.get("format") != 1 or record.get("decision") != "erased":
        return None
    entries = record.get(name)
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, list) and entry and is_link(entry[0]) and entry[0] == batch:
            return entry
    return None


def check_keys(part, record, named, records):
    """Is the value in no row of the batch, or gone what would show it?"""
    field, value = named
    root = record["fields"].get("keys_root")
    erasure = records.get(part.get("erased"), {})
    if not is_bytes(root, 32):
        return False
    if "bits" not in part:
        entry = erased_entry(erasure, part["batch"], "batches")
        return entry is not None and len(entry) == 3 and entry[2] is None
    bits = part["bits"]
    if not BITS_MIN <= bits <= BITS_MAX or len(part["path"]) != bits or field not in part["keys_of"]:
        return False
    data = hash_bytes(field, value)
    hash_ = blake3(cbor_of([field, value if data is None else data]))
    bucket = int.from_bytes(hash_[:4], "little") >> 32 - bits
    if "erased" in part:
        entry = erased_entry(erasure, part["batch"], "keys") or ()
        buckets = entry[1] if len(entry) == 2 and isinstance(entry[1], list) else ()
        leaves = [pair[1] for pair in buckets if isinstance(pair, list) and len(pair) == 2
                  and is_number(pair[0]) and pair[0] == bucket and is_bytes(pair[1], 32)]
        if not leaves:
            return False
        leaf = leaves[0]
    else:
        digests, salt = part["digests"], part["salt"]
        if len(digests) > DIGESTS_MAX or any(a >= b for a, b in zip(digests, digests[1:])):
            return False
        if blake3(b"\1" + hash_, salt)[:16] in digests:
            return False
        leaf = blake3(b"".join(digests), salt)
    tree = tree_root(1 << bits, [(bucket, leaf)], part["path"], node)
    return blake3(cbor_of(["batch keys", bits, part["keys_of"], tree])) == root if tree else False


def check_absent(statement, records, map_root):
    """Was it never recorded? Says whether an erasure took a part of what would show it."""
    check_form(statement)
    if map_root is None:
        raise Tampered("/commits", "the last commit of the checkpoint, which states a map_root")
    runs = statement["map"]["runs"]
    heads = b"".join(count.to_bytes(8, "little") + root for count, root in runs)
    if len(runs) > RUNS_MAX or blake3(b"lineal v1 map" + heads) != map_root:
        raise Tampered("/statement/map/runs", "the runs that give the map_root")
    openings, kind = Openings(statement["map"], records), statement["kind"]
    against, claims, batches = False, {}, {}
    if kind == "no_node":
        _, about, key = statement["node"]
        against = bool(openings.values("node", about, list(key)))
    elif kind == "no_fit":
        _, about, key = statement["node"]
        found = openings.under("kind", about)
        against = any(record["type"] == "revision" and fits(key, record["key"]) for _, record in found)
    elif kind == "no_edge":
        about, relation = statement["node"], statement["relation"]
        references, found = naming(relation, about, openings)
        for record in found:
            edges = record["edges"] if record["kind"] == statement["from"] else ()
            for edge in edges:
                if edge["relation"] != relation or edge["kind"] != about[1]:
                    continue
                if may_mean(edge, about, references):
                    against = True
                elif is_of_name(edge, about, references):
                    claim = ("node", edge["kind"], tuple(edge["key"]))
                    claims[exactly(claim)] = claim
    else:
        batches = scope_batches(statement["scope"], openings)
    if openings.asked != len(openings.names):
        raise Tampered(openings.AT, "one opening for each name that the statement asks")
    if against:
        raise Tampered("/statement/node", "nothing that is recorded says otherwise")
    if kind == "no_edge" and statement["claims"] != [claims[name] for name in sorted(claims)]:
        raise Tampered("/statement/claims", "the claims of its name that are recorded")
    parts = statement.get("batches", [])
    if [part["batch"] for part in parts] != sorted(batches):
        raise Tampered("/statement/batches", "each batch of the scope once, ascending, and no other")
    for number, part in enumerate(parts):
        if not check_keys(part, batches[part["batch"]], statement["named"], records):
            rule = "the value is in no row of the batch, or a recorded erasure took what would show it"
            raise Tampered(f"/statement/batches/{number}", rule)
    return any("erased" in part for part in parts)


# ------------------------------------------------------------------ the whole

def check_statement(statement, records, events):
    if statement["kind"] == "revision":
        if not is_of(records.get(statement["revision"], {}), statement["node"]):
            raise Tampered("/statement/revision", "a revision of this node that stands among the records")
    elif statement["kind"] == "events":
        for number, event in enumerate(statement["events"]):
            check_named(f"/statement/events/{number}", event, statement["named"], events)
    else:
        for number, path in enumerate(statement["paths"]):
            at = f"/statement/paths/{number}"
            check_path(at, path, records, events)
            for item in [path["start"], *(hop["to"] for hop in path["hops"])]:
                if item[0] == "event":
                    check_named(at, item, statement["named"], events)


def checked(data, key, trusted=None):
    """The exit code, the proof as it was read, its records, and what it discloses of events."""
    proof = read_file(data)
    note = proof["checkpoint"].encode()
    try:
        read_checkpoint(read_note(note)[0])
    except Broken:
        raise Tampered("/checkpoint", "the signed note of a checkpoint") from None
    try:
        checkpoint = read_signed(note, key)
    except Broken:
        raise Tampered("/checkpoint", "a checkpoint that the trusted key signed") from None
    if trusted is not None and trusted != checkpoint:
        raise Tampered("/checkpoint", "the checkpoint that is trusted: this proof was made against another")
    records, map_root = check_commits(proof, checkpoint)
    events = check_events(proof, records)
    lacks = False
    if "map" in proof["statement"]:
        lacks = check_absent(proof["statement"], records, map_root)
    else:
        check_statement(proof["statement"], records, events)
    code = VALID
    if lacks or any(erased for _, _, erased in events.values()):
        code = REDACTED
    elif any(subject is None for _, subject, _ in events.values()):
        code = WITHHELD
    return code, proof, records, events


def check(data, key, trusted=None):
    """What `lineal-verify --json` prints: the exit code and its name, the words of what is shown and of what is not,
    the checkpoint, and the fault if there is one."""
    told = {"checkpoint": None, "exit": TAMPERED, "fault": None, "not_shown": [], "words": []}
    try:
        told["exit"], proof, _, _ = checked(data, key, trusted)
    except Tampered as fault:
        told["fault"] = {"at": fault.at, "rule": fault.rule}
    else:
        origin, size, root = read_checkpoint(read_note(proof["checkpoint"].encode())[0])[:3]
        told["checkpoint"] = {"origin": origin, "root": base64.b64encode(root).decode(), "size": size}
        told["words"], told["not_shown"] = in_words(proof["statement"]), not_shown(proof["statement"])
    told["verdict"] = NAMES[told["exit"]]
    return told


# ------------------------------------------------------------------ a pack (docs/evidence.md, "Pack")

OF_SHA256, OF_BLAKE3, SIGNATURE = "MANIFEST.sha256", "MANIFEST.b3", "MANIFEST.sha256.sig"
SAMPLE_LABEL = b"lineal pack sample v1\0"
# Most events that are drawn of a deployment, and draws for each (the rule in each file of samples).
SAMPLES_MAX, SAMPLE_DRAWS = 100, 4


def consistent(earlier, size, old_root, root, path):
    """Does the tree begin with the earlier one (RFC 9162, section 2.1.4.2)?"""
    if not 0 < earlier < size or not path:
        return False
    path = [old_root, *path] if earlier & (earlier - 1) == 0 else path
    first, last = earlier - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = path[0]
    for hash_ in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old, new = log_node(hash_, old), log_node(hash_, new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new = log_node(new, hash_)
        first, last = first >> 1, last >> 1
    return last == 0 and old == old_root and new == root


def nanoseconds(text):
    """A time of RFC 3339 in UTC as whole nanoseconds since 1970; none if it is no such text."""
    try:
        whole, _, fraction = text.removesuffix("Z").partition(".")
        at = datetime.datetime.fromisoformat(whole + "+00:00")
        seconds = (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(seconds=1)
        return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))
    except ValueError:
        return None


# SHA-256; signed data; the content of a time stamp: as DER has these object identifiers.
OF_STAMPS = tuple(map(bytes.fromhex, ("608648016503040201", "2a864886f70d010702", "2a864886f70d0109100104")))
INTEGER, OCTETS, OID, TIME, SEQUENCE, SET, CONTEXT = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31, 0xA0


def der(data):
    """The values that stand one after another in DER (X.690), each as its tag and its bytes."""
    values, at = [], 0
    while at < len(data):
        head = data[at:at + 2]
        if len(head) < 2 or head[0] & 0x1F == 0x1F:
            raise Broken("a tag of one byte, and a length")
        tag, length, at = head[0], head[1], at + 2
        if length > 0x7F:
            count, length = length & 0x7F, int.from_bytes(data[at:at + (length & 0x7F)], "big")
            at += count
            if not 1 <= count <= 3 or length <= 0x7F or length >> 8 * (count - 1) == 0:
                raise Broken("a length in its shortest form")
        if at + length > len(data):
            raise Broken("the bytes end inside a value")
        values.append((tag, data[at:at + length]))
        at += length
    return values


def within(value, tag):
    """The values inside one that has this tag."""
    if value[0] != tag:
        raise Broken(f"a value of tag {tag:#04x}")
    return der(value[1])


def read_stamp(reply):
    """What a granted answer of a time-stamp authority says (RFC 3161, section 2.4.2): the SHA-256 that is
    stamped, and when. Who signed it, and whether the signature fits, `openssl ts -verify` tells."""
    sha256, signed_data, stamp = OF_STAMPS
    try:
        (answer,) = der(reply)
        status, *tokens = within(answer, SEQUENCE)
        if within(status, SEQUENCE)[0] not in ((INTEGER, b"\0"), (INTEGER, b"\1")):
            raise Broken("the authority refused")
        (token,) = tokens
        kind, content = within(token, SEQUENCE)
        (signed_content,) = within(content, CONTEXT)
        version, algorithms, held = within(signed_content, SEQUENCE)[:3]
        of, octets = within(held, SEQUENCE)
        (told,) = within(octets, CONTEXT)
        (whole,) = der(told[1])
        number, _, imprint, _, time = within(whole, SEQUENCE)[:5]
        algorithm, digest = within(imprint, SEQUENCE)
        form = (kind, version[0], algorithms[0], of, told[0], number, within(algorithm, SEQUENCE)[0], digest[0], time[0])
        if form != ((OID, signed_data), INTEGER, SET, (OID, stamp), OCTETS, (INTEGER, b"\1"), (OID, sha256), OCTETS, TIME):
            raise Broken("a stamp over a SHA-256")
        text, _, fraction = time[1].decode("ascii").removesuffix("Z").partition(".")
        if not time[1].endswith(b"Z") or len(text) != 14 or not (text + fraction).isdigit():
            raise Broken("a time in UTC")
        return digest[1], datetime.datetime.strptime(text, "%Y%m%d%H%M%S")
    except (ValueError, IndexError):
        raise Broken("an answer of a time-stamp authority") from None


def is_told(value, text):
    """Is a value of an event the one that a file of samples has in JSON?"""
    if isinstance(value, bytes):
        return value.hex() == text
    if is_number(value) and isinstance(text, str):
        return value == nanoseconds(text)
    return type(value) is type(text) and value == text


class Folder:
    """The files of a pack that stands in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, path):
        """The bytes of a file; OSError if there is none."""
        with open(os.path.join(self.folder, *path.split("/")), "rb") as file:
            return file.read()

    def paths(self):
        """Each path, and what is wrong with it, or nothing."""
        for where, folders, names in os.walk(self.folder):
            for name in [*names, *(name for name in folders if os.path.islink(os.path.join(where, name)))]:
                path = os.path.relpath(os.path.join(where, name), self.folder).replace(os.sep, "/")
                yield path, "a file, and no link to one" if os.path.islink(os.path.join(where, name)) else None


class Zipped:
    """The files of a pack that is a zip, below the one folder in it; none is written anywhere.

    Every byte of the zip is the one that Lineal writes for these names and contents: Tampered, if one is another. A
    zip says names, sizes and places twice, and readers differ in which they go by: what one checks another would
    not read."""

    def __init__(self, path):
        self.file, self.entries, self.name = open(path, "rb"), {}, os.path.basename(path)
        self.length, self.below = os.fstat(self.file.fileno()).st_size, None
        self.too_large = (f"{path} has more than {ENTRIES_MAX} files, or more than {ENTRY_BYTES_MAX >> 20} MiB in one"
                          f" or {ENTRIES_BYTES_MAX >> 20} MiB in all: unpack it and give the folder")
        if self.length > ENTRIES_BYTES_MAX:
            raise ValueError(self.too_large)
        at, headers = 0, []
        while True:
            header = self.entry(at)
            if header is None:
                break
            headers.append((at, *header))
            if len(headers) > ENTRIES_MAX:
                raise ValueError(self.too_large)
            at = sum(self.entries[header[-1]])
        self.directory(at, headers)

    def entry(self, at):
        """What the directory repeats of the file whose header is here; nothing where no file begins."""
        head = self.part(at, 30)
        if head[:4] != ZIP or len(head) < 30:
            return None
        size, name = int.from_bytes(head[18:22], "little"), self.part(at + 30, int.from_bytes(head[26:28], "little"))
        path, start = self.path(at, name), at + 30 + len(name)
        if start + size > self.length:
            raise self.other(at + 18, path, "a size that ends within the zip; was it cut? fetch it again")
        if size > ENTRY_BYTES_MAX:
            raise ValueError(self.too_large)
        about = in_zip(name, size, self.checksum(start, size))
        self.content(at, head, about, path, start + size)
        self.same(at, ZIP + about + name, path)
        self.entries[path] = start, size
        return about, name, path

    def content(self, at, head, about, path, end):
        """Of bytes of a file a zip tells their CRC-32 alone, so one that was changed is one of many."""
        found = head[len(ZIP):]
        if found[:10] == about[:10] and found[10:14] != about[10:14]:
            start = at + 30 + int.from_bytes(head[26:28], "little")
            raise self.other(at + 14, path, f"the CRC-32 of the bytes from {start} to before {end}, which are this file;"
                                            " one of them was changed, or of the CRC-32 itself")

    def path(self, at, name):
        """The path within the pack of a file of this name."""
        told = name.decode("utf-8", "replace")
        below, _, path = told.partition("/")
        leads_out = "\\" in told or any(part in ("", ".", "..") for part in told.split("/"))
        if leads_out or not path or told.encode() != name:
            raise self.other(at + 30, told, "a path within the pack")
        if self.below not in (None, below):
            raise self.other(at + 30, told, f"a file below the one folder {self.below}")
        last = next(reversed(self.entries), "")
        if path.encode() <= last.encode():
            raise self.other(at + 30, path, f"a file that is there once, and in the order of names behind {last}")
        self.below = below
        return path

    def directory(self, at, headers):
        """What follows the files: of each its header once more, then the end, and nothing behind it."""
        start = at
        for place, about, name, path in headers:
            # Made by a Unix, a plain file that all may read.
            fields = b"PK\x01\x02\x0a\x03" + about + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, place) + name
            self.same(at, fields, path)
            at += len(fields)
        count = len(headers)
        self.same(at, struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, at - start, start, 0), self.name)
        if at + 22 != self.length:
            raise self.other(at + 22, self.name)

    def same(self, at, expected, path):
        """Holds bytes of the zip against those that are written there."""
        found = self.part(at, len(expected))
        if found != expected:
            pairs = enumerate(zip(found, expected))
            raise self.other(at + next((n for n, (one, other) in pairs if one != other), len(found)), path)

    def other(self, at, path, rule="the byte that Lineal writes there for these files"):
        """The fault of a zip that is another than Lineal writes."""
        if not self.entries or path == self.name:
            rule += "; where another program packed them again, unpack it and give the folder"
        return Tampered(path, f"byte {at} of the zip: {rule}")

    def part(self, at, count):
        self.file.seek(at)
        return self.file.read(count)

    def checksum(self, at, size):
        """The CRC-32 of bytes of the zip, read in pieces."""
        crc, end = 0, at + size
        while at < end:
            piece = self.part(at, min(PIECE_BYTES, end - at))
            if not piece:
                raise OSError(f"{self.name} became shorter while it was read")
            crc, at = binascii.crc32(piece, crc), at + len(piece)
        return crc

    def read(self, path):
        """The bytes of a file; OSError if there is none."""
        if path not in self.entries:
            raise OSError(f"no {path}")
        return self.part(*self.entries[path])

    def paths(self):
        """Each path, and what is wrong with it, or nothing."""
        return ((path, None) for path in self.entries)


def in_zip(name, size, crc):
    """What a zip says twice of a file: not packed, of no time (the first day that the form knows)."""
    flags = 0 if name.isascii() else 1 << 11
    return struct.pack("<HHHHHIIIHH", 10, flags, 0, 0, 1 << 5 | 1, crc, size, size, len(name), 0)


class Pack:
    """A folder or a zip that is checked, and each fault with the file that has it."""

    def __init__(self, place):
        self.place = Folder(place) if os.path.isdir(place) else Zipped(place)
        self.faults, self.words = [], []
        self.listed, self.proofs, self.codes = {}, {}, []
        # Rows of batches, as the records state them that proofs show.
        self.rows = {}

    def fault(self, path, rule):
        self.faults.append((path, rule))

    def read(self, path):
        """The bytes of a file of the pack; nothing, and a fault, if it is not there."""
        try:
            return self.place.read(path)
        except OSError:
            self.fault(path, "a file that is there")
            return b""

    def json(self, path):
        """A JSON object of the pack; an empty one, and a fault, if it is none."""
        try:
            value = json.loads(self.read(path).decode("utf-8"))
            if isinstance(value, dict):
                return value
        except (ValueError, RecursionError):
            pass
        self.fault(path, "a JSON object")
        return {}

    def manifest(self, path):
        """Paths with their digests, as a manifest lists them."""
        listed, last = {}, ""
        lines = self.read(path).decode("utf-8", "replace").split("\n")
        if lines.pop() != "":
            self.fault(path, "its last line ends with a line end")
        for number, line in enumerate(lines, 1):
            digest, name = line[:64], line[66:]
            good = len(digest) == 64 and all(c in "0123456789abcdef" for c in digest) and line[64:66] == "  "
            inside = name and "\\" not in name and all(part not in ("", ".", "..") for part in name.split("/"))
            if not good or not inside or name <= last:
                self.fault(path, f"line {number}: a digest, two blanks and a path within the pack, in order")
                continue
            listed[name], last = digest, name
        return listed

    def check_files(self, key):
        """The manifests list every file, and each is what they say."""
        self.listed = self.manifest(OF_SHA256)
        signature = self.read(SIGNATURE)
        if len(signature) != 64 or not signed(key[2], self.read(OF_SHA256), signature):
            self.fault(SIGNATURE, f"the signature of {OF_SHA256} by the log's key")
        blake3s = self.manifest(OF_BLAKE3)
        there = set()
        for path, wrong in self.place.paths():
            there.add(path)
            if wrong is not None:
                self.fault(path, wrong)
        for path in sorted(there - self.listed.keys() - {OF_SHA256, SIGNATURE}):
            self.fault(path, f"a file that {OF_SHA256} lists; it was added")
        for path in sorted(self.listed.keys() - {OF_BLAKE3} ^ blake3s.keys()):
            self.fault(OF_BLAKE3, f"the files that {OF_SHA256} lists: {path} stands in one alone")
        for path, digest in self.listed.items():
            data = self.read(path)
            if hashlib.sha256(data).hexdigest() != digest:
                self.fault(path, f"the SHA-256 that {OF_SHA256} lists")
            if path in blake3s and blake3(data).hex() != blake3s[path]:
                self.fault(path, f"the BLAKE3 that {OF_BLAKE3} lists")
        self.words.append(f"{counted(len(self.listed) + 2, 'file')}, as the signed manifest lists them")

    def check_checkpoints(self, keys, path, trusted):
        """The checkpoint of the pack, and the key that signed it; earlier ones lead to it."""
        signed_by, notes = {}, {}
        for name in sorted(self.listed):
            if not name.startswith("checkpoints/") or not name.endswith(".note"):
                continue
            data = self.read(name)
            for key in keys:
                try:
                    notes[name], signed_by[name] = read_signed(data, key), key
                    break
                except Broken:
                    continue
            else:
                self.fault(name, "a checkpoint that a trusted key of the log signed")
        newest = notes.get(path)
        if newest is None:
            self.fault("pack.json", "the checkpoint that the pack is made against, signed")
            return None, None
        if trusted is not None and trusted != newest:
            self.fault(path, "the checkpoint that is trusted: this pack was made against another")
        for name, note in notes.items():
            if name == path:
                continue
            proof = name.removesuffix(".note") + ".consistency"
            try:
                hashes = [base64_bytes(line) for line in self.read(proof).decode("utf-8").splitlines()]
            except (Broken, ValueError):
                hashes = []
            if not consistent(note[1], newest[1], note[2], newest[2], hashes):
                self.fault(proof, "what shows that the log only grew from this checkpoint to the pack's")
        before = len(notes) - 1
        earlier = f", and {counted(before, 'earlier one')} from which the log only grew" if before else ""
        self.words.append(f"signed checkpoint of {counted(newest[1], 'commit')} of the log {newest[0]}{earlier}")
        return newest, signed_by[path]

    def check_stamps(self, path):
        """Each stamp is granted and of the pack's checkpoint; its signature is not looked at."""
        stem = path.removesuffix(".note")
        text = self.read(stem + ".txt")
        if text != read_note(self.read(path))[0].encode():
            self.fault(stem + ".txt", f"the text of {path}, without its signatures")
        times = []
        for name in sorted(self.listed):
            if not name.startswith("checkpoints/") or not name.endswith(".tsr"):
                continue
            try:
                digest, time = read_stamp(self.read(name))
            except Broken as why:
                self.fault(name, f"a stamp that an authority granted (RFC 3161): {why}")
                continue
            if not name.startswith(stem + ".") or digest != hashlib.sha256(text).digest():
                self.fault(name, f"a stamp of the SHA-256 of {stem}.txt")
            times.append(time.isoformat() + "Z")
        if times:
            stamps = counted(len(times), "time stamp")
            self.words.append(f"{stamps} of the checkpoint: {', '.join(times)}, as said there; who signed, `openssl"
                              " ts -verify` tells (VERIFY.md)")

    def check_proofs(self, key, checkpoint):
        """Every proof is one against the checkpoint of the pack."""
        counts = {}
        for name in sorted(self.listed):
            if not name.startswith("proofs/") or not name.endswith(".proof"):
                continue
            try:
                code, proof, records, events = checked(self.read(name), key, checkpoint)
                self.proofs[name] = proof["statement"], events
                self.rows.update((id_.hex(), record["fields"].get("rows")) for id_, record in records.items()
                                 if record["type"] == "revision" and record["kind"] == "batch")
                self.codes.append(code)
                counts[NAMES[code]] = counts.get(NAMES[code], 0) + 1
            except Tampered as fault:
                self.fault(name, f"{fault.at or 'all of it'}: {fault.rule}")
        told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
        self.words.append(f"{counted(sum(counts.values()), 'proof')}: {told}")

    def check_graph(self):
        """What graph.json names a proof for is what that proof shows."""
        shown = 0
        for number, about in enumerate(self.json("graph.json").get("nodes") or ()):
            for place, revision in enumerate(about.get("revisions") or ()):
                name = revision.get("proof")
                if name is None:
                    continue
                statement, _ = self.proofs.get(name, ({}, {}))
                try:
                    item = read_node(Place({"key": about.get("key"), "kind": about.get("kind")}))
                except Tampered:
                    item = None
                same = statement.get("node") == item and statement.get("revision", b"").hex() == revision.get("id")
                if not same or statement.get("kind") != "revision":
                    self.fault("graph.json", f"/nodes/{number}/revisions/{place}: the record that {name} shows")
                shown += 1
        are = counted(shown, "revision named in graph.json is one", "revisions named in graph.json are those")
        self.words.append(f"{are} that proofs show")

    def check_samples(self, checkpoint):
        """Sampled events were drawn by the rule, and are what their proofs disclose."""
        count, passed, unproved, hidden = 0, 0, 0, len(self.codes)
        for name in sorted(self.listed):
            if not name.startswith("logs/samples/") or name.endswith("/index.json"):
                continue
            file = self.json(name)
            try:
                root, about = base64_bytes(file["root"]), bytes.fromhex(file["id"])
                total = sum(rows for _, rows in file["parts"])
                if root != checkpoint[2]:
                    self.fault(name, "/root: the root of the pack's checkpoint")
                passed += self.check_draws(name, file, root + about, total)
                for number, drawn in enumerate(file["drawn"]):
                    count += self.check_event(name, f"/drawn/{number}", drawn)
                for number, (revision, rows) in enumerate(file["parts"]):
                    if revision not in self.rows:
                        unproved += 1
                    elif not is_number(rows) or self.rows[revision] != rows:
                        self.fault(name, f"/parts/{number}: the rows that the record of this batch states")
            except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError, OverflowError, Broken):
                self.fault(name, "a file of samples")
        are = counted(count, "sampled event is what its proof discloses",
                      "sampled events are what their proofs disclose")
        self.words.append(f"{are}, and every draw is accounted for")
        hidden = len(self.codes) - hidden
        if hidden:
            are = counted(hidden, "drawn event is", "drawn events are")
            self.words.append(f"{are} not shown: no proof of {'it' if hidden == 1 else 'them'} is here")
        if passed:
            were = counted(passed, "draw was passed over as a row that does not count",
                           "draws were passed over as rows that do not count")
            self.words.append(f"NOTE: {were}: the maker's word")
        if unproved:
            have = counted(unproved, "part of a log has no proof of its record",
                           "parts of logs have no proof of their record")
            self.words.append(f"NOTE: {have} here: how many rows each has is the maker's word")

    def check_draws(self, name, file, seed, total):
        """Every draw is an event, one passed over or a repeat, until enough are drawn; how many were passed over."""
        wanted, events, passed = file["wanted"], list(file["drawn"]), list(file["passed_over"])
        if not is_number(wanted) or not 0 < wanted <= SAMPLES_MAX or not 0 < total or len(events) > wanted:
            self.fault(name, f"/wanted: 1 to {SAMPLES_MAX} events of rows that there are, and no more drawn")
            return 0
        drawn_at, passed_at, seen = 0, 0, set()
        for draw in range(wanted * SAMPLE_DRAWS):
            if drawn_at == wanted:
                break
            place = int.from_bytes(blake3(SAMPLE_LABEL + seed + draw.to_bytes(8, "little"))[:8], "little") % total
            if place in seen:
                continue
            seen.add(place)
            row = row_at(file["parts"], place)
            if drawn_at < len(events) and events[drawn_at]["draw"] == draw:
                event = events[drawn_at]
                if place != event["row_of_all"] or (event["batch"], event["row"]) != row:
                    self.fault(name, f"/drawn/{drawn_at}: the row that the rule draws")
                drawn_at += 1
            elif (passed_at < len(passed) and passed[passed_at]["draw"] == draw
                  and passed[passed_at]["row_of_all"] == place):
                passed_at += 1
            else:
                self.fault(name, f"draw {draw}: an event, or why it was passed over")
                return passed_at
        if drawn_at < len(events):
            self.fault(name, f"/drawn/{drawn_at}: the row that the rule draws")
        if passed_at < len(passed):
            self.fault(name, f"/passed_over/{passed_at}: a draw of the rule")
        return passed_at

    def check_event(self, name, at, drawn):
        """Whether an event has a proof, which then shows what is said of it."""
        if drawn.get("proof") is None:
            if drawn.get("fields") is not None:
                self.fault(name, f"{at}: a proof of what is said of the event")
            if not str(drawn.get("state")).startswith(("restricted: ", "not shown: ")):
                self.fault(name, f"{at}/state: why the event has no proof")
            self.codes.append(WITHHELD)
            return 0
        statement, events = self.proofs.get(drawn["proof"], ({}, {}))
        event = ("event", bytes.fromhex(drawn["batch"]), drawn["row"])
        open_, subject, erased = events.get(event, (None, None, False))
        disclosed = {**(open_ or {}), **(subject or {})}
        said = drawn.get("fields") or {}
        same = said.keys() == disclosed.keys() and all(is_told(disclosed[field], said[field]) for field in said)
        if event not in statement.get("events", ()) or not same or erased == ("fields" in drawn):
            self.fault(name, f"{at}: the event that {drawn['proof']} shows")
        state = str(drawn.get("state"))
        if not (state.startswith("redacted: ") if erased else state == "shown"):
            self.fault(name, f"{at}/state: what the proof shows of the event")
        return 1


def row_at(parts, place):
    """The batch and the row that a row of all of them is."""
    for batch, rows in parts:
        if place < rows:
            return batch, place
        place -= rows
    return None


def check_pack(folder, key=None, trusted=None):
    """The exit code, what is shown in words, and each fault as a file and a rule."""
    try:
        pack = Pack(folder)
    except Tampered as fault:
        return TAMPERED, [], [(fault.at, fault.rule)]
    about, keys = pack.json("pack.json"), pack.json("keys/keys.json")
    if about.get("type") != "lineal-pack" or about.get("format") != 1 or isinstance(about.get("format"), bool):
        pack.fault("pack.json", "a pack of format 1, the one that this program reads")
    note = "the key was given"
    try:
        if key is None:
            key = read_key(str(keys.get("manifest")))
            note = "NOTE: the key is the one in the pack; compare it with one that you know from elsewhere"
        others = [read_key(str(one["key"])) for one in keys.get("log", ()) if one.get("state") != "revoked"]
    except (Broken, TypeError, KeyError, AttributeError):
        pack.fault("keys/keys.json", "the keys of the log")
        others = []
    if key is None:
        return TAMPERED, [], pack.faults
    subject = about.get("subject") if isinstance(about.get("subject"), dict) else {}
    pack.words.append(f"pack of {subject.get('name')}, for {about.get('disclosure')}")
    pack.words.append(f"key {key[0]}+{key[1].hex()}: {note}")
    pack.check_files(key)
    path = about.get("checkpoint", {}).get("note") if isinstance(about.get("checkpoint"), dict) else None
    keys = [key, *(other for other in others if other[0] == key[0] and other != key)]
    checkpoint, signer = pack.check_checkpoints(keys, path, trusted)
    if checkpoint is not None:
        pack.check_stamps(path)
        pack.check_proofs(signer, checkpoint)
        pack.check_graph()
        pack.check_samples(checkpoint)
    if pack.faults:
        return TAMPERED, [], pack.faults
    code = next((code for code in (REDACTED, WITHHELD) if code in pack.codes), VALID)
    return code, pack.words, []


def told_of_pack(folder, key, trusted, as_json):
    """Checks a pack and says what was found."""
    code, words, faults = check_pack(folder, key, trusted)
    if as_json:
        told = [{"at": path, "rule": rule} for path, rule in faults]
        return code, in_json({"exit": code, "faults": told, "verdict": NAMES[code], "words": words})
    lines = words or [f"{path}: expected: {rule}" for path, rule in faults]
    return code, [NAMES[code], *(f"  {line}" for line in lines)]


def told_of_proof(data, key, trusted, as_json):
    """Checks a proof and says what was found, as `lineal-verify` does."""
    told = check(data, key, trusted)
    if as_json:
        return told["exit"], in_json(told)
    lines, fault, checkpoint = [told["verdict"]], told["fault"], told["checkpoint"]
    if fault is not None:
        lines.append(f"  {Tampered(fault['at'], fault['rule'])}")
    lines += [f"  {line}" for line in told["words"]]
    if checkpoint is not None:
        lines.append("shown against checkpoint {size} of {origin}, root {root}".format(**checkpoint))
    return told["exit"], lines + [f"not shown: {line}" for line in told["not_shown"]]


def in_json(told):
    return [json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)]


def put(code, lines):
    """Prints. Names in a proof are what somebody wrote: nothing of them may steer a terminal. Whoever reads a pipe may
    have had enough of the words, and the verdict stands."""
    plain = ("".join(letter for letter in line if unicodedata.category(letter) != "Cc") for line in lines)
    try:
        sys.stdout.write("".join(line + "\n" for line in plain))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python writes what is left when it ends, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def is_zip(path):
    """Does it begin as a zip, or is it called one? Of such a file whose beginning was changed it is told where."""
    if os.path.isfile(path) and path.lower().endswith(".zip"):
        return True
    try:
        with open(path, "rb") as file:
            return file.read(len(ZIP)) == ZIP
    except OSError:
        return False


def main(arguments):
    options, files = {"--key": None, "--checkpoint": None}, []
    rest = iter(arguments)
    as_json = False
    for word in rest:
        if word in ("--help", "-h"):
            return put(VALID, __doc__.splitlines())
        if word in options:
            options[word] = next(rest, None)
            if options[word] is None:
                print(f"error: {word} needs a value; --help says which", file=sys.stderr)
                return WRONG_USE
        elif word == "--json":
            as_json = True
        elif word.startswith("--"):
            print(f"error: no option {word}; --help lists them", file=sys.stderr)
            return WRONG_USE
        else:
            files.append(word)
    is_pack = len(files) == 1 and (os.path.isdir(files[0]) or is_zip(files[0]))
    if len(files) != 1 or (options["--key"] is None and not is_pack):
        print(__doc__, file=sys.stderr)
        return WRONG_USE
    try:
        key = options["--key"]
        if key is not None:
            if "+" not in key or key.startswith((".", "/")):
                with open(key, encoding="utf-8") as file:
                    key = file.read()
            key = read_key(key)
        trusted = None
        if options["--checkpoint"] is not None:
            with open(options["--checkpoint"], "rb") as file:
                note = file.read()
            if key is None:
                print("error: --checkpoint needs --key: which key is to have signed it?", file=sys.stderr)
                return WRONG_USE
            trusted = read_signed(note, key)
        if is_pack:
            return put(*told_of_pack(files[0], key, trusted, as_json))
        with open(files[0], "rb") as file:
            data = file.read()
    except (OSError, ValueError, Broken) as error:
        print(f"error: {error}", file=sys.stderr)
        return WRONG_USE
    return put(*told_of_proof(data, key, trusted, as_json))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
