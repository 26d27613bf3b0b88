//! Checks a public log with the crates `signed_note` and `tlog_tiles` (Cloudflare's, for its
//! Certificate Transparency log): checkpoints, proofs and tiles, none of it through code of ours.

use serde_json::Value;
use signed_note::{Note, StandardVerifier, VerifierList};
use std::path::PathBuf;
use tlog_tiles::tlog::{Error, HashReader};
use tlog_tiles::{
    Checkpoint, Hash, Tile, TileHashReader, TileReader, check_record, check_tree, record_hash,
    stored_hash_index,
};

type Fault = Box<dyn std::error::Error>;

/// The files of a log's folder.
struct Folder(PathBuf);

impl TileReader for Folder {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| std::fs::read(self.0.join(path(tile, &tile.level().to_string())));
        tiles.iter().map(|tile| read(tile).map_err(|_| Error::InvalidProof)).collect()
    }

    fn save_tiles(&self, _tiles: &[Tile], _data: &[Vec<u8>]) {}
}

/// C2SP's path of a tile: the crate's is Go's, with the height in it.
fn path(tile: &Tile, kind: &str) -> String {
    let path = tile.path();
    let rest = path.strip_prefix(&format!("tile/8/{}/", tile.level()));
    let rest = rest.or_else(|| path.strip_prefix(&format!("tile/{}/", tile.level())));
    format!("tile/{kind}/{}", rest.expect("a path that names level and number"))
}

fn open(text: &str, key: &str) -> Result<Checkpoint, Fault> {
    let note = Note::from_bytes(text.as_bytes())?;
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(key)?)]);
    note.verify(&known)?;
    Checkpoint::from_bytes(note.text()).map_err(|_| "no checkpoint".into())
}

fn hashes<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, Fault> {
    texts.map(|text| Hash::parse_hash(text).map_err(Fault::from)).collect()
}

fn refused<T, E>(what: &str, verdict: Result<T, E>) -> Result<(), Fault> {
    if verdict.is_ok() { Err(format!("accepted: {what}").into()) } else { Ok(()) }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn main() -> Result<(), Fault> {
    let case = std::env::args().nth(1).ok_or("check-log CASE")?;
    let case: Value = serde_json::from_slice(&std::fs::read(case)?)?;
    let key = text(&case["key"]);
    let mut newest = None;
    for checkpoint in list(&case["checkpoints"]) {
        newest = Some(open(text(checkpoint), key)?);
        refused("a changed checkpoint", open(&text(checkpoint).replacen('\n', " \n", 1), key))?;
    }
    for pair in list(&case["consistency"]) {
        let (old, new) = (open(text(&pair["earlier"]), key)?, open(text(&pair["later"]), key)?);
        let proof = hashes(list(&pair["proof"]).iter().map(text))?;
        check_tree(&proof, new.size(), *new.hash(), old.size(), *old.hash())?;
        if old.size() < new.size() {
            let mut other = *old.hash();
            other.0[0] ^= 1;
            let verdict = check_tree(&proof, new.size(), *new.hash(), old.size(), other);
            refused("another earlier root", verdict)?;
        }
    }
    for proof in list(&case["proofs"]) {
        let (head, note) = text(&proof["proof"]).split_once("\n\n").ok_or("no tlog-proof")?;
        let tree = open(note, key)?;
        let index = proof["commit"].as_u64().ok_or("no commit")? - 1;
        let path = hashes(head.lines().skip(2))?;
        let mut entry = data_encoding::BASE64.decode(text(&proof["entry"]).as_bytes())?;
        check_record(&path, tree.size(), *tree.hash(), index, record_hash(&entry))?;
        entry[0] ^= 1;
        let verdict = check_record(&path, tree.size(), *tree.hash(), index, record_hash(&entry));
        refused("another entry", verdict)?;
    }
    let newest = newest.ok_or("no checkpoint")?;
    let folder = Folder(text(&case["tiles"]).into());
    let reader = TileHashReader::new(newest.size(), *newest.hash(), &folder);
    let mut entries = 0;
    for tile in Tile::new_tiles(8, 0, newest.size()).iter().filter(|tile| tile.level() == 0) {
        let bundle = std::fs::read(folder.0.join(path(tile, "entries")))?;
        let mut rest = &bundle[..];
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let (entry, behind) = behind.split_at(u16::from_be_bytes(*length).into());
            let found = reader.read_hashes(&[stored_hash_index(0, entries)])?;
            if found[0] != record_hash(entry) {
                return Err(format!("entry {entries} is not the leaf").into());
            }
            (rest, entries) = (behind, entries + 1);
        }
    }
    if entries != newest.size() {
        return Err(format!("{entries} entries of {}", newest.size()).into());
    }
    println!(
        "{} checkpoints, {} consistency proofs, {} proofs of commits, {entries} entries in tiles",
        list(&case["checkpoints"]).len(),
        list(&case["consistency"]).len(),
        list(&case["proofs"]).len(),
    );
    Ok(())
}
