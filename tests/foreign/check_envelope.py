"""Verifies an approval's envelope with securesystemslib, which is not ours.

    check_envelope.py < JSON of {"envelope": TEXT, "public_key": "ssh-ed25519 ..."}

Prints the payload if one signature of the envelope is by the key, else says why not and ends with 1.
The key's id is computed here from the key itself, as ssh-keygen does it.
"""

import base64
import hashlib
import json
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def main():
    given = json.load(sys.stdin)
    wire = base64.b64decode(given["public_key"].split()[1])
    digest = base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip("=")
    public = wire[-32:].hex()
    key = SSlibKey(
        "SHA256:" + digest, "ed25519", "ed25519", {"public": public}
    )
    envelope = Envelope.from_dict(json.loads(given["envelope"]))
    try:
        by = envelope.verify([key], 1)
    except VerificationError as error:
        print(f"not by this key: {error}", file=sys.stderr)
        return 1
    assert list(by) == [key.keyid], by
    sys.stdout.write(envelope.payload.decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
