"""crc32c, the Castagnoli checksum of frames and headers (docs/format.md, section 2)."""

POLYNOMIAL = 0x82F63B78  # reflected


def _row(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
    return byte


TABLE = [_row(byte) for byte in range(256)]


def crc32c(data):
    """The checksum of the bytes."""
    state = 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ TABLE[(state ^ byte) & 0xFF]
    return state ^ 0xFFFFFFFF
