"""BLAKE3, from the `blake3` package where it is installed, and the roots made with it."""

try:
    from blake3 import blake3
except ImportError:
    from pure_blake3 import blake3


def blake3_of(data):
    return blake3(data).digest()


def merkle_root(ids):
    """Section 7: the shape of RFC 6962, section 2.1, with BLAKE3."""
    if not ids:
        return blake3_of(b"")
    if len(ids) == 1:
        return blake3_of(b"\x00" + ids[0])
    left = 1 << (len(ids) - 1).bit_length() - 1
    return blake3_of(b"\x01" + merkle_root(ids[:left]) + merkle_root(ids[left:]))
