//! `tiles/`: the tree as plain files, in the layout of `c2sp.org/tlog-tiles`, so that any web server can
//! serve them. Made from the segments up to a checkpoint; what is missing or wrong is made again.

use super::leaves;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::storage::Storage;
use crate::store::Store;
use lineal_proof::tlog::{
    self, Checkpoint, EntryBundle, LeafHashes, TILE_HEIGHT, TILE_WIDTH, Tile, Tree, TreeHash,
    tiles_between,
};
use std::collections::{BTreeMap, BTreeSet};

/// The folder.
pub(crate) const FOLDER: &str = "tiles";
/// Brings the tiles up to `head`, from the checkpoint that was made last; gives the tree. Nothing is
/// written unless the tree begins with that of the checkpoint.
///
/// # Errors
/// [`Error::Rewritten`] if it does not.
pub(super) fn grow(
    storage: &dyn Storage,
    head: &Head,
    before: Option<&Checkpoint>,
    kept_sizes: &[u64],
) -> Result<Tree> {
    let (mut tree, mut from) = (Tree::default(), 0);
    if let Some(before) = before {
        match kept(storage, head, before)? {
            Some(kept) => (tree, from) = (kept, before.size),
            // What was damaged or deleted is made again from the first commit on.
            None => begins_with(storage, head, before)?,
        }
    }
    let mut writer = Writer::begin(storage, from)?;
    leaves::commits(storage, head, from + 1, &mut |number, payload| {
        if number <= from {
            return Ok(());
        }
        tree.push(TreeHash::leaf(payload));
        writer.push(payload)?;
        // What is made from the first commit on lacks what earlier checkpoints need too.
        if kept_sizes.contains(&number) { writer.partial(number) } else { Ok(()) }
    })?;
    writer.partial(head.commit)?;
    Ok(tree)
}

/// Makes the tiles of these checkpoints anew, whatever is there.
pub(super) fn again(storage: &dyn Storage, head: &Head, kept_sizes: &[u64]) -> Result<()> {
    let Some(newest) = kept_sizes.iter().max().filter(|size| **size <= head.commit) else {
        return Ok(());
    };
    let mut writer = Writer::begin(storage, 0)?;
    leaves::commits(storage, head, 1, &mut |number, payload| {
        if number > *newest {
            return Ok(());
        }
        writer.push(payload)?;
        if kept_sizes.contains(&number) { writer.partial(number) } else { Ok(()) }
    })
}

/// Writes the tiles of checkpoints that are new, behind those of checkpoints whose tiles are there.
///
/// # Errors
/// [`Error::Corrupt`] if the segments do not read, or what the medium says.
pub(crate) fn extend(
    storage: &dyn Storage,
    head: &Head,
    known: &BTreeSet<u64>,
    sizes: &BTreeSet<u64>,
) -> Result<()> {
    let mut new = sizes.difference(known).copied();
    let Some(first) = new.next() else { return Ok(()) };
    let from = known.range(..first).next_back().copied().unwrap_or(0);
    // Those that are missing or wrong are made again from the first commit on.
    let begun = Writer::begin(storage, from).map(|writer| (writer, from));
    let (mut writer, from) = match begun {
        Ok(begun) => begun,
        Err(_) => (Writer::begin(storage, 0)?, 0),
    };
    let last = sizes.last().copied().unwrap_or(0);
    leaves::commits(storage, head, from + 1, &mut |number, payload| {
        if number <= from || number > last {
            return Ok(());
        }
        writer.push(payload)?;
        if sizes.contains(&number) { writer.partial(number) } else { Ok(()) }
    })
}

/// The tree of a checkpoint as its tiles have it, if they do, and if the last commit in it is the store's:
/// each commit names its parent by hash, so those before it are then the same too.
fn kept(storage: &dyn Storage, head: &Head, before: &Checkpoint) -> Result<Option<Tree>> {
    let tree = Tree::from_tiles(before.size, |tile| read(storage, tile));
    let Ok(tree) = tree.and_then(|tree| Writer::begin(storage, before.size).map(|_| tree)) else {
        return Ok(None);
    };
    if tree.root() != before.root {
        return Ok(None);
    }
    let Some(last) = before.size.checked_sub(1) else { return Ok(Some(tree)) };
    let Ok(leaf) = Tiles::of(storage, before.size).subtree(0, last) else { return Ok(None) };
    let mut same = false;
    leaves::commits(storage, head, before.size, &mut |number, payload| {
        same |= number == before.size && TreeHash::leaf(payload) == leaf;
        Ok(())
    })?;
    // The tree of the tiles is the one that was signed; the store's is another.
    if same { Ok(Some(tree)) } else { Err(rewritten(head, before)) }
}

fn begins_with(storage: &dyn Storage, head: &Head, before: &Checkpoint) -> Result<()> {
    let mut tree = Tree::default();
    leaves::commits(storage, head, 1, &mut |number, payload| {
        if number <= before.size {
            tree.push(TreeHash::leaf(payload));
        }
        Ok(())
    })?;
    if tree.root() == before.root { Ok(()) } else { Err(rewritten(head, before)) }
}

fn rewritten(head: &Head, before: &Checkpoint) -> Error {
    Error::Rewritten { size: before.size, commits: head.commit }
}

/// Writes what a tree has that an earlier one had not.
struct Writer<'a> {
    storage: &'a dyn Storage,
    /// The hashes of the tile that is being filled, by level.
    open: Vec<Vec<TreeHash>>,
    /// Full tiles, by level.
    full: Vec<u64>,
    /// The entries of the bundle that is being filled.
    bundle: Vec<u8>,
    /// The size for which all is written.
    written: u64,
}

impl Writer<'_> {
    fn begin(storage: &dyn Storage, size: u64) -> Result<Writer<'_>> {
        let mut writer = Writer {
            storage,
            open: Vec::new(),
            full: Vec::new(),
            bundle: Vec::new(),
            written: size,
        };
        let mut hashes = size;
        while hashes > 0 {
            let level = u32::try_from(writer.open.len()).unwrap_or(u32::MAX);
            let (index, width) = (hashes / TILE_WIDTH, hashes % TILE_WIDTH);
            let tile = Tile { level, index, width };
            writer.open.push(if width > 0 { read(storage, tile)? } else { Vec::new() });
            writer.full.push(index);
            if level == 0 && width > 0 {
                let path = tile.entries_path();
                writer.bundle = file(storage, &path)?;
            }
            hashes >>= TILE_HEIGHT;
        }
        Ok(writer)
    }

    fn push(&mut self, entry: &[u8]) -> Result<()> {
        EntryBundle::push(&mut self.bundle, entry)
            .map_err(|source| Error::Log { what: "a commit's record".to_owned(), source })?;
        let mut hash = TreeHash::leaf(entry);
        for level in 0.. {
            if self.open.len() == level {
                self.open.push(Vec::new());
                self.full.push(0);
            }
            let open = &mut self.open[level];
            open.push(hash);
            if (open.len() as u64) < TILE_WIDTH {
                break;
            }
            let number = u32::try_from(level).unwrap_or(u32::MAX);
            let tile = Tile { level: number, index: self.full[level], width: TILE_WIDTH };
            let hashes = std::mem::take(open);
            hash = LeafHashes(&hashes).subtree(TILE_HEIGHT, 0).map_err(in_tiles)?;
            put(self.storage, &tile.path(), &bytes(&hashes))?;
            if level == 0 {
                put(self.storage, &tile.entries_path(), &std::mem::take(&mut self.bundle))?;
            }
            self.full[level] += 1;
        }
        Ok(())
    }

    /// Writes the tiles that are not full at this size, the present one.
    fn partial(&mut self, size: u64) -> Result<()> {
        let tiles = tiles_between(self.written, size).into_iter();
        self.written = size;
        for tile in tiles.filter(|tile| tile.width < TILE_WIDTH) {
            let level = tile.level as usize;
            put(self.storage, &tile.path(), &bytes(&self.open[level]))?;
            if level == 0 {
                put(self.storage, &tile.entries_path(), &self.bundle)?;
            }
        }
        Ok(())
    }
}

fn bytes(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn put(storage: &dyn Storage, path: &str, bytes: &[u8]) -> Result<()> {
    storage.put(&format!("{FOLDER}/{path}"), bytes, false)
}

fn file(storage: &dyn Storage, path: &str) -> Result<Vec<u8>> {
    let path = format!("{FOLDER}/{path}");
    let missing = || derived(&path, "a tile that a checkpoint needs is there");
    storage.read(&path)?.map(|bytes| bytes.to_vec()).ok_or_else(missing)
}

fn derived(path: &str, rule: &str) -> Error {
    Error::Derived { file: path.to_owned(), at: 0, rule: rule.to_owned() }
}

fn in_tiles(source: tlog::Error) -> Error {
    Error::Log { what: format!("{FOLDER}/"), source }
}

/// The hashes of a tile.
fn read(storage: &dyn Storage, tile: Tile) -> Result<Vec<TreeHash>> {
    let path = tile.path();
    tile.hashes(&file(storage, &path)?).map_err(|error| derived(&path, &error.to_string()))
}

/// The tree of a checkpoint, read tile by tile as a proof asks for it.
struct Tiles<'a> {
    storage: &'a dyn Storage,
    size: u64,
    read: BTreeMap<Tile, Vec<TreeHash>>,
}

impl Tiles<'_> {
    fn of(storage: &dyn Storage, size: u64) -> Tiles<'_> {
        Tiles { storage, size, read: BTreeMap::new() }
    }

    fn subtree(&mut self, height: u32, index: u64) -> Result<TreeHash> {
        let (level, rest) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let first = index << rest;
        let place = first / TILE_WIDTH;
        let hashes = self.size >> (level * TILE_HEIGHT);
        let width = hashes.saturating_sub(place * TILE_WIDTH).min(TILE_WIDTH);
        let tile = Tile { level, index: place, width };
        if !self.read.contains_key(&tile) {
            self.read.insert(tile, read(self.storage, tile)?);
        }
        Tile::subtree(&self.read[&tile], rest, (first % TILE_WIDTH) >> rest).map_err(in_tiles)
    }
}

/// Makes a proof about the tree of the checkpoint of `size` from its tiles; where these do not lead to
/// one that `check` accepts, from the commits themselves.
pub(super) fn proof(
    store: &Store,
    size: u64,
    make: impl Fn(&mut dyn FnMut(u32, u64) -> Result<TreeHash>) -> Result<Vec<TreeHash>>,
    check: impl Fn(&[TreeHash]) -> tlog::Result<()>,
) -> Result<Vec<TreeHash>> {
    let head = store.read_state().head;
    if size > head.commit {
        return Err(Error::Rewritten { size, commits: head.commit });
    }
    let mut tiles = Tiles::of(store.storage(), size);
    match make(&mut |height, index| tiles.subtree(height, index)) {
        Ok(proof) if check(&proof).is_ok() => return Ok(proof),
        // A question that no tree answers.
        Err(error @ Error::Proof(tlog::Error::Outside { .. })) => return Err(error),
        Ok(_) | Err(_) => {}
    }
    let mut hashes = Vec::new();
    leaves::commits(store.storage(), &head, 1, &mut |number, payload| {
        if number <= size {
            hashes.push(TreeHash::leaf(payload));
        }
        Ok(())
    })?;
    let leaves = LeafHashes(&hashes);
    let proof = make(&mut |height, index| leaves.subtree(height, index).map_err(Error::Proof))?;
    check(&proof).map_err(|_| Error::Rewritten { size, commits: head.commit })?;
    Ok(proof)
}
