"""The public log, from docs/format.md, section 21: checkpoints and tiles held to the commits that a second
reader has read. Signatures are not checked here: the standard library has no Ed25519, and other
people's programs check them (tests/foreign/run).
"""

import base64
import hashlib

from record_shapes import need

TILE = 256


def leaf(payload):
    return hashlib.sha256(b"\0" + payload).digest()


def root(leaves):
    """RFC 6962, section 2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def number_path(number):
    """tlog-tiles: 1234067 is x001/x234/067."""
    text = f"{number % 1000:03}"
    while number := number // 1000:
        text = f"x{number % 1000:03}/{text}"
    return text


def check_setting(value):
    """Name and keys of the log."""
    need(isinstance(value, dict) and set(value) == {"origin", "keys"}, "`log` is a map of origin and keys")
    need(isinstance(value["origin"], str) and 0 < len(value["origin"].encode()) <= 255, "an origin of 1 to 255 bytes")
    states = []
    for key in value["keys"]:
        need(isinstance(key, list) and len(key) == 3, "a key is [public key, state, reason]")
        public, state, reason = key
        need(isinstance(public, bytes) and len(public) == 32, "a public key has 32 bytes")
        need(state in ("signs", "replaced", "revoked"), f"a key that {state!r}")
        need(reason is None or isinstance(reason, str), "a reason is text or null")
        states.append(state)
    need(states.count("signs") == 1, "exactly one key signs")


def check_log(store, log):
    """Each checkpoint is of the commits, and each tile there is; gives how many of both."""
    if log.log_setting is not None:
        check_setting(log.log_setting)
    checkpoints = tiles = 0
    for path in sorted((store / "checkpoints").glob("*.note")):
        size = check_checkpoint(path, log)
        tiles += check_tiles(store / "tiles", size, log.leaves[:size])
        checkpoints += 1
    return {"checkpoints": checkpoints, "tiles": tiles}


def check_checkpoint(path, log):
    text, _, signatures = path.read_text(encoding="utf-8").rpartition("\n\n")
    lines = text.split("\n")
    need(len(lines) == 3, f"{path.name}: a checkpoint of {len(lines)} lines")
    origin, size, hash_text = lines
    need(log.log_setting is not None and origin == log.log_setting["origin"], f"{path.name}: the name of another log")
    need(size.isdigit() and size == str(int(size)), f"{path.name}: a size in decimal")
    need(path.stem == f"{int(size):012}", f"{path.name}: of another size")
    need(int(size) <= len(log.leaves), f"{path.name}: of commits that are not there")
    need(base64.b64decode(hash_text, validate=True) == root(log.leaves[: int(size)]), f"{path.name}: another root")
    need(any(line.startswith(f"— {origin} ") for line in signatures.splitlines()), f"{path.name}: not signed by the log")
    return int(size)


def check_tiles(folder, size, leaves):
    """Those of one size, as far as they are there: they may be deleted."""
    checked, level, hashes = 0, 0, leaves
    while hashes:
        for first in range(0, len(hashes), TILE):
            part = hashes[first : first + TILE]
            name = number_path(first // TILE) + ("" if len(part) == TILE else f".p/{len(part)}")
            kinds = [(str(level), lambda data: data == b"".join(part))]
            if level == 0:
                kinds.append(("entries", lambda data: [leaf(entry) for entry in entries(data)] == part))
            for kind, fits in kinds:
                path = folder / "tile" / kind / name
                if path.is_file():
                    need(fits(path.read_bytes()), f"tile/{kind}/{name}: not of this log")
                    checked += 1
        hashes = [root(hashes[at : at + TILE]) for at in range(0, len(hashes) - TILE + 1, TILE)]
        level += 1
    return checked


def entries(data):
    found = []
    while data:
        length = int.from_bytes(data[:2], "big")
        need(len(data) >= 2 + length, "a bundle that ends inside an entry")
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found
