"""The canonical bytes of docs/format.md, section 3: strict decoding, and encoding.

The decoder refuses every item that is not in its one canonical form, naming the byte and the rule.
Values become None, bool, int, float, str, bytes, list, dict and `Link`.
"""

import math
import struct

NESTING_MAX = 64
CID_HEAD = bytes.fromhex("0001711e20")  # the zero byte of tag 42; CIDv1, dag-cbor, blake3, 32 bytes
UNSIGNED, NEGATIVE, BYTES, TEXT, LIST, MAP, TAG, SIMPLE = range(8)


class NotCanonical(Exception):
    """Bytes that break a rule of section 3."""

    def __init__(self, at, rule):
        super().__init__(f"not canonical CBOR at byte {at}: {rule}")
        self.at = at
        self.rule = rule


class Link(bytes):
    """The id of a record that another one points to: 32 bytes."""


def decode(data):
    """The one value that `data` is the canonical form of."""
    decoder = _Decoder(data)
    value = decoder.item(0)
    if decoder.at != len(data):
        raise NotCanonical(decoder.at, "bytes after the item")
    return value


def encode(value):
    """The canonical bytes of a value."""
    if value is None:
        return b"\xf6"
    if value is True:
        return b"\xf5"
    if value is False:
        return b"\xf4"
    if isinstance(value, int):
        return _head(UNSIGNED, value) if value >= 0 else _head(NEGATIVE, -1 - value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no finite float: write it as text")
        return b"\xfb" + struct.pack(">d", value + 0.0)
    if isinstance(value, Link):
        return _head(TAG, 42) + encode(CID_HEAD + bytes(value))
    if isinstance(value, bytes):
        return _head(BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(TEXT, len(text)) + text
    if isinstance(value, (list, tuple)):
        return _head(LIST, len(value)) + b"".join(encode(item) for item in value)
    if isinstance(value, dict):
        pairs = sorted(((key.encode(), item) for key, item in value.items()), key=_key_order)
        parts = [_head(TEXT, len(key)) + key + encode(item) for key, item in pairs]
        return _head(MAP, len(value)) + b"".join(parts)
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _key_order(pair):
    return len(pair[0]), pair[0]


def _head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for extra, (form, end) in enumerate((("B", 8), ("H", 16), ("I", 32), ("Q", 64))):
        if number < 1 << end:
            return bytes([major << 5 | 24 + extra]) + struct.pack(">" + form, number)
    raise ValueError(f"{number} does not fit in 64 bits")


class _Decoder:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise NotCanonical(self.at, "the bytes end inside an item")
        self.at += count
        return self.data[self.at - count:self.at]

    def head(self):
        """Major type and argument, the latter in its shortest form."""
        start = self.at
        first = self.take(1)[0]
        major, short = first >> 5, first & 31
        if major == SIMPLE or short < 24:
            return major, short
        if short > 27:
            raise NotCanonical(start, "an indefinite or reserved length")
        number = int.from_bytes(self.take(1 << short - 24), "big")
        if number < (24, 1 << 8, 1 << 16, 1 << 32)[short - 24]:
            raise NotCanonical(start, "a number not in its shortest form")
        return major, number

    def item(self, depth):
        """One item that stands inside `depth` lists and maps."""
        start = self.at
        if depth > NESTING_MAX:
            raise NotCanonical(start, f"more than {NESTING_MAX} levels of nesting")
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
            return self.link(start, number)
        return self.simple(start, number)

    def text(self, length):
        start = self.at
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise NotCanonical(start + error.start, "text that is not UTF-8") from None

    def map(self, count, depth):
        pairs, last = {}, None
        for _ in range(count):
            start = self.at
            major, length = self.head()
            if major != TEXT:
                raise NotCanonical(start, "a map key that is not text")
            key = self.text(length)
            order = _key_order((key.encode(),))
            if last == order:
                raise NotCanonical(start, "a map key that stands twice")
            if last is not None and last > order:
                raise NotCanonical(start, "map keys out of order")
            last = order
            pairs[key] = self.item(depth + 1)
        return pairs

    def link(self, start, number):
        if number != 42:
            raise NotCanonical(start, f"tag {number}; only 42 may occur")
        major, length = self.head()
        cid = self.take(length) if major == BYTES else b""
        if len(cid) != 37 or not cid.startswith(CID_HEAD):
            raise NotCanonical(start, "a link that is not CIDv1, dag-cbor, blake3 of 32 bytes")
        return Link(cid[5:])

    def simple(self, start, short):
        if short in (20, 21, 22):
            return {20: False, 21: True, 22: None}[short]
        if short in (25, 26):
            raise NotCanonical(start, "a float that is not 64 bit")
        if short != 27:
            raise NotCanonical(start, "a simple value that is not false, true or null")
        number = struct.unpack(">d", self.take(8))[0]
        if not math.isfinite(number):
            raise NotCanonical(start, "a float that is not finite")
        if number == 0 and math.copysign(1, number) < 0:
            raise NotCanonical(start, "-0.0")
        return number
