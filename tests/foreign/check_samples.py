"""Changes the samples of a pack as a maker could who chooses events, and has verify.py find each change.

Arguments: the folder with verify.py, the folder of the pack. The signature is not looked at: a maker signs
what he likes. Prints how many changes were made; a change that is not found is an error.
"""

import copy
import json
import os
import sys

sys.path.insert(0, sys.argv[1])
import verify  # noqa: E402

FOLDER = sys.argv[2]


def faults(name, file, checkpoint, whole):
    """What verify.py finds of one file of samples, and its codes."""
    pack = verify.Pack(FOLDER)
    pack.listed, pack.proofs, pack.rows = {name: ""}, whole.proofs, whole.rows
    pack.json = lambda path: file
    pack.check_samples(checkpoint)
    return pack.faults, pack.codes


def main():
    pack = verify.Pack(FOLDER)
    about, keys = pack.json("pack.json"), pack.json("keys/keys.json")
    pack.check_files(verify.read_key(keys["manifest"]))
    checkpoint, signer = pack.check_checkpoints([verify.read_key(keys["manifest"])], about["checkpoint"]["note"], None)
    pack.check_proofs(signer, checkpoint)
    made = 0
    for name in sorted(os.listdir(os.path.join(FOLDER, "logs/samples"))):
        name = "logs/samples/" + name
        whole = pack.json(name)
        if name.endswith("/index.json") or len(whole["drawn"]) < 2:
            continue
        assert faults(name, whole, checkpoint, pack)[0] == [], name

        def dropped(file): del file["drawn"][0]
        def last_dropped(file): file["drawn"].pop()
        def emptied(file): file["drawn"] = []
        def twice(file): file["drawn"].insert(1, file["drawn"][0])
        def fewer(file): file["wanted"] = 0
        def passed(file): file["passed_over"].append({"draw": 0, "row_of_all": 0, "why": "chosen"})
        def hidden(file): [file["drawn"][0].pop(key, None) for key in ("proof", "fields")]
        def restated(file): file["drawn"][0]["state"] = "redacted: a recorded erasure took it"

        # Draws of a log of other lengths fall elsewhere, so whoever chooses events would state another one.
        def longer(file): file["parts"][0][1] += 1
        def shorter(file): file["parts"][-1][1] -= 1

        for change in (dropped, last_dropped, emptied, twice, fewer, passed, hidden, restated, longer, shorter):
            file = copy.deepcopy(whole)
            change(file)
            assert faults(name, file, checkpoint, pack)[0], (name, change.__name__)
            made += 1
            if change in (longer, shorter):
                places = [rule for _, rule in faults(name, file, checkpoint, pack)[0]]
                assert any(rule.startswith("/parts/") for rule in places), (name, places)
        # An event without its proof, with a reason: it is withheld, and no silence about it.
        hidden(file := copy.deepcopy(whole))
        file["drawn"][0]["state"] = "restricted: by a decision"
        found, codes = faults(name, file, checkpoint, pack)
        assert not found and codes == [verify.WITHHELD], (name, found, codes)
    print(f"{made} changes, each found")


main()
