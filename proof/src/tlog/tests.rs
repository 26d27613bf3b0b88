//! The log against other people's words: the vectors of transparency-dev/merkle, the tree of Certificate
//! Transparency's own tests, the examples of the specifications; and each maker against its verifier.

use super::*;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// The leaves of Certificate Transparency's own tests, and the roots of their trees of 1 to 8.
const CT_LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const CT_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn leaves(count: u64) -> Vec<TreeHash> {
    (0..count).map(|number| TreeHash::leaf(&number.to_le_bytes())).collect()
}

fn root_of(leaves: &[TreeHash]) -> TreeHash {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

#[test]
fn the_tree_is_that_of_certificate_transparency() {
    let leaves: Vec<_> = CT_LEAVES.iter().map(|leaf| TreeHash::leaf(&hex(leaf))).collect();
    for (count, expected) in CT_ROOTS.iter().enumerate() {
        let mut tree = Tree::default();
        leaves[..=count].iter().for_each(|leaf| tree.push(*leaf));
        assert_eq!(tree.root().0.as_slice(), hex(expected), "{} leaves", count + 1);
        let leaves = LeafHashes(&leaves);
        let root = root(count as u64 + 1, |height, index| leaves.subtree(height, index));
        assert_eq!(root.unwrap().0.as_slice(), hex(expected), "{} leaves", count + 1);
    }
    assert_eq!(Tree::default().root(), TreeHash::empty());
}

#[test]
fn every_proof_of_a_small_tree_is_accepted_and_no_other_leaf_or_root() {
    let all = leaves(70);
    for size in 1..=all.len() {
        let part = &all[..size];
        let root = root_of(part);
        for (index, leaf) in part.iter().enumerate() {
            let (index, size) = (index as u64, size as u64);
            let read = |height, at| LeafHashes(part).subtree(height, at);
            let proof = inclusion_proof(index, size, read).unwrap();
            verify_inclusion(leaf, index, size, &proof, &root).unwrap();
            let other = TreeHash::leaf(b"other");
            assert!(verify_inclusion(&other, index, size, &proof, &root).is_err());
            assert!(verify_inclusion(leaf, index, size, &proof, &other).is_err());
            if size > 1 {
                let beside = (index + 1) % size;
                assert!(verify_inclusion(leaf, beside, size, &proof, &root).is_err());
            }
        }
        for earlier in 1..=size {
            let old = root_of(&part[..earlier]);
            let (earlier, size) = (earlier as u64, size as u64);
            let read = |height, at| LeafHashes(part).subtree(height, at);
            let proof = consistency_proof(earlier, size, read).unwrap();
            verify_consistency(earlier, &old, size, &root, &proof).unwrap();
            let other = TreeHash::leaf(b"other");
            assert!(verify_consistency(earlier, &other, size, &root, &proof).is_err());
            assert!(verify_consistency(earlier, &old, size, &other, &proof).is_err());
        }
    }
}

#[test]
fn the_vectors_of_transparency_dev_get_their_verdicts() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/vectors/rfc6962/testdata");
    let mut counted = [0; 4];
    for path in json_files(&folder.join("inclusion")) {
        let case = read(&path);
        let given = hash(&case["leafHash"]).zip(hash(&case["root"])).zip(hashes(&case["proof"]));
        let verdict = given.is_some_and(|((leaf, root), proof)| {
            let (index, size) = (number(&case["leafIdx"]), number(&case["treeSize"]));
            verify_inclusion(&leaf, index, size, &proof, &root).is_ok()
        });
        assert_eq!(verdict, case["wantErr"] != true, "{}: {}", path.display(), case["desc"]);
        counted[0] += 1;
    }
    for path in json_files(&folder.join("consistency")) {
        let case = read(&path);
        let (old, new) = (any_hash(&case["root1"]), any_hash(&case["root2"]));
        let verdict = hashes(&case["proof"]).is_some_and(|proof| {
            let (earlier, size) = (number(&case["size1"]), number(&case["size2"]));
            verify_consistency(earlier, &old, size, &new, &proof).is_ok()
        });
        assert_eq!(verdict, case["wantErr"] != true, "{}: {}", path.display(), case["desc"]);
        counted[1] += 1;
    }
    // A leaf of a subtree is a leaf of a tree that begins there.
    for path in json_files(&folder.join("subtreeinclusion")) {
        let case = read(&path);
        let given = hash(&case["leafHash"]).zip(hash(&case["root"])).zip(hashes(&case["proof"]));
        let (from, to) = (number(&case["start"]), number(&case["end"]));
        let index = number(&case["leafIdx"]);
        let verdict = given.is_some_and(|((leaf, root), proof)| {
            is_subtree(from, to)
                && from <= index
                && verify_inclusion(&leaf, index - from, to - from, &proof, &root).is_ok()
        });
        assert_eq!(verdict, case["wantErr"] != true, "{}: {}", path.display(), case["desc"]);
        counted[2] += 1;
    }
    for path in json_files(&folder.join("subtreeconsistency")) {
        let case = read(&path);
        let (of, whole) = (any_hash(&case["root1"]), any_hash(&case["root2"]));
        let verdict = hashes(&case["proof"]).is_some_and(|proof| {
            let (from, to) = (number(&case["start"]), number(&case["end"]));
            verify_subtree(from, to, &of, number(&case["size"]), &whole, &proof).is_ok()
        });
        assert_eq!(verdict, case["wantErr"] != true, "{}: {}", path.display(), case["desc"]);
        counted[3] += 1;
    }
    assert_eq!(counted, [98, 98, 204, 118]);
}

/// Does a subtree of a tree cover these leaves: is its beginning a multiple of its size, rounded up
/// to a power of two?
fn is_subtree(from: u64, to: u64) -> bool {
    from < to
        && (to - from).checked_next_power_of_two().is_some_and(|size| from.is_multiple_of(size))
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn number(json: &Json) -> u64 {
    json.as_u64().unwrap()
}

fn hash(json: &Json) -> Option<TreeHash> {
    TreeHash::from_base64(json.as_str()?)
}

/// A root, where vectors name some that are no hashes at all: these stand for one that nothing else has.
fn any_hash(json: &Json) -> TreeHash {
    let bytes = data_encoding::BASE64.decode(json.as_str().unwrap_or_default().as_bytes()).unwrap();
    TreeHash::from_slice(&bytes).unwrap_or_else(|| TreeHash::leaf(&bytes))
}

fn hashes(json: &Json) -> Option<Vec<TreeHash>> {
    json.as_array().map_or(Some(Vec::new()), |list| list.iter().map(hash).collect())
}

#[test]
fn tiles_are_those_of_the_specification() {
    let of = |size| tiles_between(0, size).into_iter();
    // The example of tlog-tiles, "Partial Tiles".
    let count = |level, full: bool| {
        let tiles = of(70_000).filter(|tile| tile.level == level);
        tiles.filter(|tile| (tile.width == TILE_WIDTH) == full).count()
    };
    assert_eq!((count(0, true), count(0, false)), (273, 1));
    assert_eq!((count(1, true), count(1, false)), (1, 1));
    assert_eq!((count(2, true), count(2, false)), (0, 1));
    let paths: Vec<_> = of(256).map(|tile| tile.path()).collect();
    assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1"]);
    let last: Vec<_> = of(70_000).filter(|tile| tile.width < TILE_WIDTH).collect();
    let paths: Vec<_> = last.iter().map(Tile::path).collect();
    assert_eq!(paths, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(tile_path("entries", 1_234_067, 256), "tile/entries/x001/x234/067");
    assert_eq!(tiles_between(70_000, 70_000), []);
    for path in ["tile/0/000", "tile/63/x001/234.p/17", "tile/entries/x001/x234/067"] {
        assert!(is_tile_path(path), "{path}");
    }
    for path in [
        "tile/0",
        "tile/0/0",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/007",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/001/x002",
        "tile/0/../000",
        "tile/0/+01",
        "tile/data/000",
        "checkpoint",
        "",
    ] {
        assert!(!is_tile_path(path), "{path}");
    }
    let grown: Vec<_> = tiles_between(255, 257).iter().map(Tile::path).collect();
    assert_eq!(grown, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
}

#[test]
fn a_tree_goes_on_from_its_tiles() {
    let all = leaves(70_000);
    for size in [0, 1, 5, 255, 256, 257, 511, 65_535, 65_536, 65_537, 70_000] {
        let part = &all[..size];
        let read = |tile: Tile| {
            let first = tile.index * TILE_WIDTH;
            let hash = |number| LeafHashes(part).subtree(tile.level * TILE_HEIGHT, first + number);
            (0..tile.width).map(hash).collect::<Result<Vec<_>>>()
        };
        let tree = Tree::from_tiles(size as u64, read).unwrap();
        assert_eq!(tree.root(), root_of(part), "{size} leaves");
    }
}

#[test]
fn an_entry_bundle_gives_its_entries_back() {
    let mut bytes = Vec::new();
    for entry in [&b"one"[..], b"", &[7; 700]] {
        EntryBundle::push(&mut bytes, entry).unwrap();
    }
    assert_eq!(bytes[..5], *b"\0\x03one");
    assert_eq!(EntryBundle::entries(&bytes).unwrap(), [&b"one"[..], b"", &[7; 700]]);
    assert!(EntryBundle::entries(&bytes[..bytes.len() - 1]).is_err());
    assert!(EntryBundle::push(&mut bytes, &[0; 65_536]).is_err());
}

fn signer(name: &str, kind: SignatureKind) -> NoteSigner {
    NoteSigner::new(name, kind, &[name.as_bytes()[0]; 32]).unwrap()
}

#[test]
fn a_note_of_gos_documentation_is_accepted() {
    // golang.org/x/mod/sumdb/note, its example.
    let key =
        VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    let key = key.unwrap();
    let note = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let read = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(read.verify(&key).unwrap(), None);
    assert_eq!(read.to_string(), note);
    let changed = Note::parse(note.replace("cryptography", "Cryptography").as_bytes()).unwrap();
    assert!(matches!(changed.verify(&key), Err(Error::Signature { .. })));
    assert_eq!(VerifierKey::parse(&key.to_string()).unwrap(), key);
}

#[test]
fn notes_that_break_a_rule_are_refused() {
    let good = "text\n\n— name AAAAAQI=\n";
    assert!(Note::parse(good.as_bytes()).is_ok());
    for bad in [
        "text\n",
        "text\n\n",
        "text\n\n— name AAAAAQI=",
        "text\n\n- name AAAAAQI=\n",
        "text\n\n— name AAAAAQI\n",
        "text\n\n— name AAAAAQ==\n",
        "text\n\n— na+me AAAAAQI=\n",
        "text\n\n—  AAAAAQI=\n",
        "te\txt\n\n— name AAAAAQI=\n",
        "text\r\n\r\n— name AAAAAQI=\r\n",
    ] {
        assert!(Note::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(Note::parse(b"te\xffxt\n\n\xe2\x80\x94 name AAAAAQI=\n").is_err());
    let many = format!("text\n\n{}", "— name AAAAAQI=\n".repeat(SIGNATURES_MAX + 1));
    assert!(Note::parse(many.as_bytes()).is_err());
}

#[test]
fn keys_whose_parts_do_not_fit_are_refused() {
    let key = signer("log.example", SignatureKind::Ed25519).verifier().to_string();
    assert!(VerifierKey::parse(&key).is_ok());
    assert!(VerifierKey::parse(&key.replace("log.", "lag.")).is_err());
    assert!(VerifierKey::parse(&key[..key.len() - 4]).is_err());
    assert!(VerifierKey::parse("log.example+00000000").is_err());
    assert!(NoteSigner::new("two words", SignatureKind::Ed25519, &[1; 32]).is_err());
}

#[test]
fn a_checkpoint_is_read_as_it_is_written_and_its_signatures_hold() {
    let log = signer("example.com/log", SignatureKind::Ed25519);
    let witness = signer("witness.example/one", SignatureKind::Cosignature);
    let all = leaves(300);
    let at = |size: usize| Checkpoint {
        origin: "example.com/log".to_owned(),
        size: size as u64,
        root: root_of(&all[..size]),
        extensions: Vec::new(),
    };
    let old = at(200).sign(&log).unwrap();
    let mut new = at(300).sign(&log).unwrap();
    new.note.add(NoteSignature::cosign(new.note.text(), &witness, 1_700_000_000));
    let read = SignedCheckpoint::parse(new.to_string().as_bytes()).unwrap();
    assert_eq!(read, new);
    read.verify(log.verifier()).unwrap();
    assert_eq!(read.note.verify(witness.verifier()).unwrap(), Some(1_700_000_000));
    let stranger = signer("stranger.example", SignatureKind::Ed25519);
    assert!(matches!(read.verify(stranger.verifier()), Err(Error::Origin { .. })));
    assert!(matches!(read.note.verify(stranger.verifier()), Err(Error::Unsigned { .. })));

    let subtree = |height, index| LeafHashes(&all).subtree(height, index);
    let proof = consistency_proof::<Error>(200, 300, subtree).unwrap();
    new.follows(&old, &proof).unwrap();
    assert!(old.follows(&new, &proof).is_err());
    // The same checkpoint of another time is not what the witness signed.
    let line = new.note.signatures().last().unwrap().clone();
    let mut later = line.clone();
    later.bytes[7] ^= 1;
    new.note.add(later);
    assert!(matches!(new.note.verify(witness.verifier()), Err(Error::Signature { .. })));
    assert_eq!(new.note.signatures().len(), 2, "a signature takes the place of the key's other");
}

#[test]
fn checkpoints_that_break_a_rule_are_refused() {
    let root = TreeHash::empty();
    assert!(Checkpoint::parse(&format!("log\n0\n{root}\n")).is_ok());
    assert_eq!(Checkpoint::parse(&format!("log\n7\n{root}\nmore\n")).unwrap().extensions, ["more"]);
    for bad in [
        format!("log\n0\n{root}"),
        format!("\n0\n{root}\n"),
        format!("log\n00\n{root}\n"),
        format!("log\n-1\n{root}\n"),
        format!("log\n+1\n{root}\n"),
        format!("log\n9223372036854775808\n{root}\n"),
        format!("log\n1\n{root}\n\n"),
        "log\n1\nAAAA\n".to_owned(),
        "log\n1\n".to_owned(),
    ] {
        assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
    }
    let two_lines = Checkpoint { origin: "a\nb".to_owned(), size: 0, root, extensions: Vec::new() };
    assert!(two_lines.note().is_err());
}

#[test]
fn a_proof_file_shows_its_entry_and_no_other() {
    let log = signer("example.com/log", SignatureKind::Ed25519);
    let entries: Vec<_> = (0_u64..300).map(u64::to_le_bytes).collect();
    let all: Vec<_> = entries.iter().map(|entry| TreeHash::leaf(entry)).collect();
    let checkpoint = Checkpoint {
        origin: "example.com/log".to_owned(),
        size: 300,
        root: root_of(&all),
        extensions: Vec::new(),
    };
    let subtree = |height, index| LeafHashes(&all).subtree(height, index);
    let hashes = inclusion_proof::<Error>(123, 300, subtree).unwrap();
    for extra in [None, Some(b"commit 124".to_vec())] {
        let checkpoint = checkpoint.sign(&log).unwrap();
        let proof = LogProof { extra, index: 123, hashes: hashes.clone(), checkpoint };
        let read = LogProof::parse(proof.to_string().as_bytes()).unwrap();
        assert_eq!(read, proof);
        read.verify(&entries[123], log.verifier()).unwrap();
        assert!(matches!(read.verify(&entries[124], log.verifier()), Err(Error::Root { .. })));
        for (from, to) in [("index 123", "index 124"), ("proof@v1", "proof@v2"), ("index", "Index")]
        {
            let changed = proof.to_string().replace(from, to);
            let verdict = LogProof::parse(changed.as_bytes())
                .and_then(|proof| proof.verify(&entries[123], log.verifier()));
            assert!(verdict.is_err(), "{to}");
        }
    }
}
