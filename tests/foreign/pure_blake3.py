"""BLAKE3 in plain Python, for a reader that has nothing but Python's standard library.

Written from the BLAKE3 paper (sections 2.1 to 2.6): hash, keyed hash, derived key, extended output.
It has the interface of the `blake3` package, which is far faster and is used in its place where it
is installed. `self_check.py` runs it against the official vectors.
"""

import struct

CHUNK_BYTES = 1024
BLOCK_BYTES = 64
MASK = 0xFFFFFFFF

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)

CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
KEYED_HASH, DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 16, 32, 64

PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)

# The four columns and the four diagonals that a round mixes, in order.
LANES = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def _steps():
    """All 56 mixing steps of a compression: four state words and two message words each."""
    order = tuple(range(16))
    steps = []
    for _ in range(7):
        for lane, (a, b, c, d) in enumerate(LANES):
            steps.append((a, b, c, d, order[2 * lane], order[2 * lane + 1]))
        order = tuple(order[index] for index in PERMUTATION)
    return tuple(steps)


STEPS = _steps()


def _compress(chaining, block, counter, length, flags):
    """The compression function: 16 words, of which the first 8 are the next chaining value."""
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
    low = [state[i] ^ state[i + 8] for i in range(8)]
    return low + [state[i + 8] ^ chaining[i] for i in range(8)]


def _chunk(key, data, counter, flags):
    """The last compression of a chunk, still to be made: it may be the root."""
    chaining = key
    blocks = [data[i:i + BLOCK_BYTES] for i in range(0, len(data), BLOCK_BYTES)] or [b""]
    for index, block in enumerate(blocks):
        marks = flags | (CHUNK_START if index == 0 else 0)
        if index == len(blocks) - 1:
            return chaining, block.ljust(BLOCK_BYTES, b"\0"), counter, len(block), marks | CHUNK_END
        chaining = _compress(chaining, block, counter, BLOCK_BYTES, marks)[:8]


def _tree(key, data, first_chunk, flags):
    """The last compression of a subtree; the left side is the greatest power of two of chunks."""
    if len(data) <= CHUNK_BYTES:
        return _chunk(key, data, first_chunk, flags)
    chunks = 1 << ((len(data) - 1) // CHUNK_BYTES).bit_length() - 1
    left = _compress(*_tree(key, data[:chunks * CHUNK_BYTES], first_chunk, flags))[:8]
    right = _compress(*_tree(key, data[chunks * CHUNK_BYTES:], first_chunk + chunks, flags))[:8]
    return key, struct.pack("<16I", *left, *right), 0, BLOCK_BYTES, flags | PARENT


class blake3:  # noqa: N801 - the package's name, whose place this takes
    """A finished hash of `data`; `digest(length)` gives as many bytes as asked for."""

    def __init__(self, data=b"", /, *, key=None, derive_key_context=None):
        words, flags = IV, 0
        if key is not None:
            words, flags = struct.unpack("<8I", key), KEYED_HASH
        elif derive_key_context is not None:
            root = _tree(IV, derive_key_context.encode(), 0, DERIVE_KEY_CONTEXT)
            words, flags = struct.unpack("<8I", _output(root, 32)), DERIVE_KEY_MATERIAL
        self._root = _tree(tuple(words), bytes(data), 0, flags)

    def digest(self, length=32):
        """The first `length` bytes of the output."""
        return _output(self._root, length)

    def hexdigest(self, length=32):
        """The same in hexadecimal."""
        return self.digest(length).hex()


def _output(root, length):
    chaining, block, _, block_length, flags = root
    out = b""
    while len(out) < length:
        counter = len(out) // BLOCK_BYTES
        out += struct.pack("<16I", *_compress(chaining, block, counter, block_length, flags | ROOT))
    return out[:length]
