"""Checks the second reader itself: against vectors that others published, and against stores that
are sound but for one fault. Run by tests/tests/foreign.rs; `python3 self_check.py` does the same.
"""

import base64
import contextlib
import hashlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

import pure_blake3
import read_segment
import small_store
from canonical_cbor import NESTING_MAX, NotCanonical, decode, encode
from crc32c import crc32c
from small_store import Writer, link, record, revision

VECTORS = Path(__file__).resolve().parent.parent / "fixtures" / "vectors"
FOREIGN_LINK = "a link that is not CIDv1, dag-cbor, blake3 of 32 bytes"


def read(folder):
    """Exit code, lines and complaint of the reader."""
    out, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
        code = read_segment.main([str(folder)])
    return code, out.getvalue().splitlines(), complaint.getvalue().strip()


class Hashes(unittest.TestCase):
    def test_blake3_gives_the_published_outputs(self):
        vectors = json.loads((VECTORS / "blake3" / "test_vectors.json").read_text())
        key, context = vectors["key"].encode(), vectors["context_string"]
        for case in vectors["cases"]:
            data = bytes(index % 251 for index in range(case["input_len"]))
            for mode, options in (
                ("hash", {}), ("keyed_hash", {"key": key}), ("derive_key", {"derive_key_context": context}),
            ):
                with self.subTest(mode=mode, length=case["input_len"]):
                    found = pure_blake3.blake3(data, **options)
                    self.assertEqual(found.hexdigest(len(case[mode]) // 2), case[mode])
        self.assertEqual(len(vectors["cases"]), 35)

    def test_crc32c_gives_the_check_value_of_rfc_3720(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(crc32c(bytes(32)), 0x8A9136AA)


class Cbor(unittest.TestCase):
    def test_published_blocks_come_back_unchanged_or_hold_a_foreign_link(self):
        accepted = refused = 0
        for path in sorted((VECTORS / "dag-cbor").glob("*/*.dag-cbor")):
            data = path.read_bytes()
            with self.subTest(block=path.parent.name):
                self.assertEqual(published_digest(path.stem), hashlib.sha256(data).digest())
                try:
                    self.assertEqual(encode(decode(data)), data)
                    accepted += 1
                except NotCanonical as fault:
                    self.assertEqual(fault.rule, FOREIGN_LINK)
                    refused += 1
        self.assertEqual((accepted, refused), (80, 48))

    def test_what_is_not_canonical_is_refused_by_its_rule(self):
        deep = b"\x81" * (NESTING_MAX + 1) + b"\xf6"
        for data, rule in (
            ("a3636261720363666f6f0163666f6f02", "a map key that stands twice"),
            ("a2616201616101", "map keys out of order"),
            ("a262616101616201", "map keys out of order"),
            ("a10101", "a map key that is not text"),
            ("1817", "a number not in its shortest form"),
            ("1900ff", "a number not in its shortest form"),
            ("1a0000ffff", "a number not in its shortest form"),
            ("1b00000000ffffffff", "a number not in its shortest form"),
            ("3817", "a number not in its shortest form"),
            ("7801" + "61", "a number not in its shortest form"),
            ("9f01ff", "an indefinite or reserved length"),
            ("5f4101ff", "an indefinite or reserved length"),
            ("bf616101ff", "an indefinite or reserved length"),
            ("1c", "an indefinite or reserved length"),
            ("f93c00", "a float that is not 64 bit"),
            ("fa3f800000", "a float that is not 64 bit"),
            ("fb8000000000000000", "-0.0"),
            ("fb7ff8000000000000", "a float that is not finite"),
            ("fb7ff0000000000000", "a float that is not finite"),
            ("fbfff0000000000000", "a float that is not finite"),
            ("f7", "a simple value that is not false, true or null"),
            ("f818", "a simple value that is not false, true or null"),
            ("ff", "a simple value that is not false, true or null"),
            ("c11a514b67b0", "tag 1; only 42 may occur"),
            ("d82b4100", "tag 43; only 42 may occur"),
            ("d82a6161", FOREIGN_LINK),
            ("d82a582501711e20" + "00" * 33, FOREIGN_LINK),
            ("d82a58250001711220" + "00" * 32, FOREIGN_LINK),
            ("d82a58250001551e20" + "00" * 32, FOREIGN_LINK),
            ("61ff", "text that is not UTF-8"),
            ("63eda080", "text that is not UTF-8"),
            ("0000", "bytes after the item"),
            ("82", "the bytes end inside an item"),
            ("6261", "the bytes end inside an item"),
            ("", "the bytes end inside an item"),
            (deep.hex(), f"more than {NESTING_MAX} levels of nesting"),
        ):
            with self.subTest(data=data[:40]):
                with self.assertRaises(NotCanonical) as caught:
                    decode(bytes.fromhex(data))
                self.assertEqual(caught.exception.rule, rule)

    def test_the_ends_of_the_ranges_are_accepted(self):
        for data in ("1bffffffffffffffff", "3bffffffffffffffff", "d82a58250001711e20" + "07" * 32,
                     (b"\x81" * NESTING_MAX + b"\xf6").hex()):
            self.assertEqual(encode(decode(bytes.fromhex(data))).hex(), data)


def published_digest(cid):
    """The SHA-256 inside a published CID, `b` and base32."""
    text = cid[1:].upper()
    raw = base64.b32decode(text + "=" * (-len(text) % 8))
    assert raw[:4] == bytes.fromhex("01711220"), cid
    return raw[4:]


class Stores(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def refuses(self, expected):
        code, lines, complaint = read(self.folder)
        self.assertEqual((code, lines), (1, []), complaint)
        self.assertIn(expected, complaint)

    def test_a_sound_store_is_read_to_the_end(self):
        small_store.sound(self.folder)
        code, lines, complaint = read(self.folder)
        self.assertEqual((code, complaint), (0, ""))
        self.assertEqual([line.split("\t")[0:2] for line in lines[:3]], [
            ["run", '["4cf1"]'], ["model", '["prod","credit-risk","3"]'], ["run", '["4cf1"]']])
        self.assertTrue(lines[3].startswith('batch\t["datadog","0x'), lines[3])
        summary = json.loads(lines[4].removeprefix("summary "))
        self.assertEqual(summary["records"] | {"sealed": summary["sealed"]}, {
            "stub": 2, "revision": 4, "blob": 0, "commit": 2, "manifest": 1, "source": 1, "seen": 1,
            "retract": 0, "erasure": 0, "hold": 0, "reference": 0, "setting": 0, "sealed": 1})

    def test_the_content_digest_ignores_when_and_in_which_form_it_was_said(self):
        one = revision("system", ["scoring"], {"name": "scoring"})
        other = one | {"form": "mlflow-rest", "observed_at": 9, "previous": link(one)}
        writer = Writer()
        writer.transaction([one])
        writer.transaction([other | {"previous": None}])
        writer.write(self.folder)
        code, lines, _ = read(self.folder)
        first, second = (line.split("\t") for line in lines[:2])
        self.assertEqual(code, 0)
        self.assertNotEqual(first[4], second[4])
        self.assertEqual(first[5], second[5])

    def test_a_store_without_commits_is_sound(self):
        Writer().write(self.folder)
        self.assertEqual(read(self.folder)[0], 0)

    def test_bytes_beyond_the_head_are_not_looked_at(self):
        small_store.sound(self.folder)
        with (self.folder / "segments" / "00000001.seg").open("ab") as segment:
            segment.write(b"torn tail")
        self.assertEqual(read(self.folder)[0], 0)

    def test_a_flipped_bit_anywhere_is_found(self):
        small_store.sound(self.folder)
        flipped = 0
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            whole = path.read_bytes()
            for at in range(0, len(whole), 11):
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
                with self.subTest(file=path.name, at=at):
                    self.assertEqual(read(self.folder)[0], 1)
                flipped += 1
            path.write_bytes(whole)
        self.assertGreater(flipped, 200)

    def test_a_missing_file_is_named(self):
        small_store.sound(self.folder)
        next((self.folder / "containers").iterdir()).unlink()
        self.refuses("missing, but a manifest names it")
        (self.folder / "segments" / "00000001.seg").unlink()
        self.refuses("segments/00000001.seg: missing")
        (self.folder / "head").unlink()
        self.refuses("head: missing")

    def test_a_record_that_breaks_a_rule_is_refused_by_it(self):
        sound, dataset = small_store.RUN, small_store.DATASET
        edge = sound["edges"][0]
        other = ["trained_on", "dataset", ["a", None, None, None], link(dataset), None]
        for records, rule in (
            ([sound], "an edge to a dataset pinned to no earlier dataset"),
            ([dataset, sound | {"colour": "red"}], "a revision with other keys than it has: ['colour']"),
            ([dataset, {key: value for key, value in sound.items() if key != "form"}],
             "a revision with other keys than it has: ['form']"),
            ([dataset | {"format": 2}], "a stub of format 2; this reader knows format 1"),
            ([dataset | {"kind": "planet"}], "a node of the unknown kind 'planet'"),
            ([dataset | {"key": ["loans"]}], "a dataset key of 1 parts"),
            ([dataset, sound | {"edges": [edge, edge]}], "edges out of order, or twice the same"),
            ([dataset, sound | {"edges": [other]}],
             'an edge to ["a",null,null,null] pinned to ["loans","d41d",null,null]'),
            ([dataset, sound | {"edges": [edge[:4]]}], "an edge that has not five parts"),
            ([dataset, sound | {"observed_at": 1.0}], "a revision whose `observed_at` is not what it should be"),
            ([dataset, sound | {"previous": link(dataset)}], "a previous revision that is none of this node"),
            ([dataset, dataset], "a record that stands in the store already"),
            ([dataset, sound | {"fields": {"series": link(dataset)}}], "a field that links to no earlier blob"),
            ([small_store.SOURCE, dataset], "records of a transaction out of their order"),
            ([small_store.SOURCE | {"counts": {"read": 1}}], "a source whose `counts` is not what it should be"),
            ([small_store.SEEN], "a seen that names a revision not written before it"),
            ([small_store.SEALED], "a sealed value in a segment"),
            ([record("retract", restore=False, actor=None, sealed={}, **{"import": True})],
             "a retract whose `import` is not what it should be"),
        ):
            with self.subTest(rule=rule):
                writer = Writer()
                writer.transaction(records)
                writer.write(self.folder)
                self.refuses(rule)

    def test_a_batch_whose_parts_do_not_fit_is_refused(self):
        batch, service = small_store.BATCH, small_store.SERVICE
        other = record("stub", kind="deployment", key=["api", "test", None, None, None])
        for change, rule in (
            ({"edges": []}, "a batch with 0 edges"),
            ({"edges": [["served_by", "deployment", other["key"], link(other), None]]},
             "a batch whose key names another deployment"),
            ({"fields": batch["fields"] | {"seed": bytes(16)}}, "a batch with the seed of another node"),
            ({"fields": batch["fields"] | {"root": bytes(31)}}, "a batch whose `root` is not what it should be"),
            ({"fields": batch["fields"] | {"doubted": [[2, 3]]}}, "doubted rows that are not the batch's"),
            ({"fields": batch["fields"] | {"art12": 5}}, "a batch with more art12 than rows"),
            ({"fields": batch["fields"] | {"presence": {}}}, "a batch whose times are not those of its events"),
            ({"fields": batch["fields"] | {"presence": {"time": 4}}},
             "a batch with months where it has one, or without where it has several"),
            ({"fields": batch["fields"] | {"months": {"1970-02": [3, 1, 2]}}},
             "a batch with months beyond its first and last time"),
            ({"fields": batch["fields"] | {"months": {"1970-01": [2, 1, 2]}}},
             "months that do not add up to the events with a time"),
            ({"fields": batch["fields"] | {"months": {"1970-01": [3, 2, 2]}}},
             "months that do not add up to the batch's overrides"),
            ({"fields": batch["fields"] | {"months": {"1970-01": [3, 1, 4]}}}, "a month with more marks than events"),
            ({"fields": batch["fields"] | {"rows": 5}}, "a manifest that gives a batch 4 rows"),
        ):
            with self.subTest(rule=rule):
                changed = batch | change
                stubs = sorted([service, other], key=small_store.identity)
                writer = Writer()
                writer.transaction([*stubs, changed, small_store.MANIFEST | {"batches": [[link(changed), 0, 4]]}])
                writer.write(self.folder)
                self.refuses(rule)
        writer = Writer()
        writer.transaction([service, batch, small_store.MANIFEST | {"batches": [[link(batch), 1, 4]]}])
        writer.write(self.folder)
        self.refuses("a manifest with a batch at row 1 where row 0 should begin one")

    def test_a_commit_that_does_not_fit_is_refused(self):
        for change, rule in (
            ({"number": 3}, "commit 3 where 2 should stand"),
            ({"parent": None}, "a commit whose parent is not the one before it"),
            ({"recorded": 1}, "a commit recorded before its parent"),
            ({"store": bytes(16)}, "a commit of another store"),
            ({"records_root": bytes(32)}, "a records_root that is not the root of the records"),
            ({"segment_sha256": bytes(32)}, "a segment_sha256 that is not that of the frames"),
            ({"counts": {"run": 1}}, "counts {'run': 1} instead of {'stub': 1}"),
            ({"map_root": bytes(31)}, "a commit whose `map_root` is not what it should be"),
            ({"map_root": bytes(32)}, "a map_root that is not that of what records name"),
            ({"actor": "a" * 2000}, "a commit of 2"),
        ):
            with self.subTest(rule=rule):
                writer = Writer()
                writer.transaction([record("stub", kind="run", key=["1"])])
                writer.transaction([record("stub", kind="run", key=["2"])], lambda commit: commit | change)
                writer.write(self.folder)
                self.refuses(rule)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
