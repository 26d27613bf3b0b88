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
    let mut put = |path: &str, bytes: &[u8]| storage.put(path, bytes, false);
    let mut writer = Writer::begin(storage, from, &mut put)?;
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
    let mut put = |path: &str, bytes: &[u8]| storage.put(path, bytes, false);
    let mut writer = Writer::begin(storage, 0, &mut put)?;
    leaves::commits(storage, head, 1, &mut |number, payload| {
        if number > *newest {
            return Ok(());
        }
        writer.push(payload)?;
        if kept_sizes.contains(&number) { writer.partial(number) } else { Ok(()) }
    })
}

/// Makes the tiles of checkpoints that are new, behind those of checkpoints whose tiles are there, and gives
/// each to `put` with its path: nothing is held, and nothing is written but by that.
///
/// # Errors
/// [`Error::Corrupt`] if the segments do not read, or what the medium or `put` says.
pub(crate) fn extend(
    storage: &dyn Storage,
    head: &Head,
    known: &BTreeSet<u64>,
    sizes: &BTreeSet<u64>,
    put: &mut dyn FnMut(&str, &[u8]) -> Result<()>,
) -> Result<()> {
    let mut new = sizes.difference(known).copied();
    let Some(first) = new.next() else { return Ok(()) };
    let from = known.range(..first).next_back().copied().unwrap_or(0);
    // Those that are missing or wrong are made again from the first commit on.
    let from = if Filling::of(storage, from).is_ok() { from } else { 0 };
    let mut writer = Writer::begin(storage, from, put)?;
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
    let Ok(tree) = tree.and_then(|tree| Filling::of(storage, before.size).map(|_| tree)) else {
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
    put: &'a mut dyn FnMut(&str, &[u8]) -> Result<()>,
    filling: Filling,
    /// The size for which all is written.
    written: u64,
}

/// What is being filled.
#[derive(Default)]
struct Filling {
    /// The hashes of the tile that is being filled, by level.
    open: Vec<Vec<TreeHash>>,
    /// Full tiles, by level.
    full: Vec<u64>,
    /// The entries of the bundle that is being filled.
    bundle: Vec<u8>,
}

impl Filling {
    /// As the tiles of a tree of this size have it.
    fn of(storage: &dyn Storage, size: u64) -> Result<Filling> {
        let mut filling = Filling::default();
        let mut hashes = size;
        while hashes > 0 {
            let level = u32::try_from(filling.open.len()).unwrap_or(u32::MAX);
            let (index, width) = (hashes / TILE_WIDTH, hashes % TILE_WIDTH);
            let tile = Tile { level, index, width };
            filling.open.push(if width > 0 { read(storage, tile)? } else { Vec::new() });
            filling.full.push(index);
            if level == 0 && width > 0 {
                let path = tile.entries_path();
                filling.bundle = file(storage, &path)?;
            }
            hashes >>= TILE_HEIGHT;
        }
        Ok(filling)
    }
}

impl<'a> Writer<'a> {
    fn begin(
        storage: &dyn Storage,
        size: u64,
        put: &'a mut dyn FnMut(&str, &[u8]) -> Result<()>,
    ) -> Result<Writer<'a>> {
        Ok(Writer { put, filling: Filling::of(storage, size)?, written: size })
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        (self.put)(&in_folder(path), bytes)
    }

    fn push(&mut self, entry: &[u8]) -> Result<()> {
        EntryBundle::push(&mut self.filling.bundle, entry)
            .map_err(|source| Error::Log { what: "a commit's record".to_owned(), source })?;
        let mut hash = TreeHash::leaf(entry);
        for level in 0.. {
            if self.filling.open.len() == level {
                self.filling.open.push(Vec::new());
                self.filling.full.push(0);
            }
            let open = &mut self.filling.open[level];
            open.push(hash);
            if (open.len() as u64) < TILE_WIDTH {
                break;
            }
            let number = u32::try_from(level).unwrap_or(u32::MAX);
            let tile = Tile { level: number, index: self.filling.full[level], width: TILE_WIDTH };
            let hashes = std::mem::take(open);
            hash = LeafHashes(&hashes).subtree(TILE_HEIGHT, 0).map_err(in_tiles)?;
            self.put(&tile.path(), &bytes(&hashes))?;
            if level == 0 {
                let bundle = std::mem::take(&mut self.filling.bundle);
                self.put(&tile.entries_path(), &bundle)?;
            }
            self.filling.full[level] += 1;
        }
        Ok(())
    }

    /// Writes the tiles that are not full at this size, the present one.
    fn partial(&mut self, size: u64) -> Result<()> {
        let tiles = tiles_between(self.written, size).into_iter();
        self.written = size;
        for tile in tiles.filter(|tile| tile.width < TILE_WIDTH) {
            let level = tile.level as usize;
            (self.put)(&in_folder(&tile.path()), &bytes(&self.filling.open[level]))?;
            if level == 0 {
                (self.put)(&in_folder(&tile.entries_path()), &self.filling.bundle)?;
            }
        }
        Ok(())
    }
}

fn bytes(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn in_folder(path: &str) -> String {
    format!("{FOLDER}/{path}")
}

fn file(storage: &dyn Storage, path: &str) -> Result<Vec<u8>> {
    let path = in_folder(path);
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
