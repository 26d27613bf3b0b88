//! Tiles: the tree and its entries as plain files that never change (`c2sp.org/tlog-tiles`).
//!
//! A tile holds up to 256 hashes of one level in every eight of the tree; what lies between is
//! computed. A full tile never changes; a partial one has its width in its name.

use super::{Error, Result, Tree, TreeHash, decimal};
use std::fmt::Write as _;

/// Levels of the tree in a tile.
pub const TILE_HEIGHT: u32 = 8;
/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: u64 = 1 << TILE_HEIGHT;
/// The levels of tiles that a tree of 2^63 leaves has.
const LEVELS_MAX: u32 = 8;
/// Longest path of a tile: that of the last one of a tree of 2^63 leaves is shorter.
const PATH_BYTES_MAX: usize = 64;

/// Which tile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tile {
    /// Level, from 0: a tile of level 0 holds leaf hashes, each hash of a higher one is the root of
    /// a full tile below.
    pub level: u32,
    /// Number in its level, from 0.
    pub index: u64,
    /// Hashes in it, 1 to 256.
    pub width: u64,
}

impl Tile {
    /// Where it lies below the log's folder or URL: `tile/0/x001/234.p/17`.
    #[must_use]
    pub fn path(&self) -> String {
        tile_path(&self.level.to_string(), self.index, self.width)
    }

    /// Where the bundle with the entries of a tile of level 0 lies: `tile/entries/x001/234.p/17`.
    #[must_use]
    pub fn entries_path(&self) -> String {
        tile_path("entries", self.index, self.width)
    }

    /// The hashes of a tile's bytes.
    ///
    /// # Errors
    /// If the bytes are not as many as its width says.
    pub fn hashes(&self, bytes: &[u8]) -> Result<Vec<TreeHash>> {
        let (hashes, rest) = bytes.as_chunks::<{ TreeHash::LENGTH }>();
        if hashes.len() as u64 != self.width || !rest.is_empty() {
            return Err(Error::form("tile", "it holds 32 bytes for each hash that its name says"));
        }
        Ok(hashes.iter().map(|hash| TreeHash(*hash)).collect())
    }

    /// The root of the complete subtree of `2^height` hashes of a tile that is number `index` of its
    /// height in the tile.
    ///
    /// # Errors
    /// If the tile is not as wide as that.
    pub fn subtree(hashes: &[TreeHash], height: u32, index: u64) -> Result<TreeHash> {
        super::LeafHashes(hashes).subtree(height, index)
    }
}

/// The path of a tile or bundle: `kind` is the level, or `entries`.
#[must_use]
pub fn tile_path(kind: &str, index: u64, width: u64) -> String {
    let mut parts = vec![index % 1_000];
    let mut above = index / 1_000;
    while above > 0 {
        parts.push(above % 1_000);
        above /= 1_000;
    }
    let mut path = format!("tile/{kind}/");
    for (place, part) in parts.iter().enumerate().rev() {
        // Writing into a string cannot fail.
        let _ = if place > 0 { write!(path, "x{part:03}/") } else { write!(path, "{part:03}") };
    }
    if width < TILE_WIDTH {
        let _ = write!(path, ".p/{width}");
    }
    path
}

/// Is it the path of a tile or a bundle, and written as [`tile_path`] writes it?
#[must_use]
pub fn is_tile_path(path: &str) -> bool {
    let read = || {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (numbers, width) = match rest.split_once(".p/") {
            Some((numbers, width)) => (numbers, decimal(width)?),
            None => (rest, TILE_WIDTH),
        };
        let mut index: u64 = 0;
        for part in numbers.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            let number: u64 = digits.parse().ok()?;
            index = index.checked_mul(1_000)?.checked_add(number)?;
        }
        let level = kind == "entries" || decimal(kind)? < u64::from(u64::BITS);
        Some(level && width > 0 && tile_path(kind, index, width) == path)
    };
    path.len() <= PATH_BYTES_MAX && read().unwrap_or(false)
}

/// The tiles that a tree of `size` leaves has and one of `earlier` had not: in the order of levels,
/// then of indexes. Those of level 0 say too which bundles of entries are new.
#[must_use]
pub fn tiles_between(earlier: u64, size: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for level in 0..LEVELS_MAX {
        let shift = level * TILE_HEIGHT;
        let (before, hashes) = (earlier >> shift, size >> shift);
        if hashes == 0 || before == hashes {
            continue;
        }
        for index in before / TILE_WIDTH..hashes.div_ceil(TILE_WIDTH) {
            let width = (hashes - index * TILE_WIDTH).min(TILE_WIDTH);
            tiles.push(Tile { level, index, width });
        }
    }
    tiles
}

/// The entries of a tile of level 0: each with its length before it (two bytes, big endian).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryBundle;

impl EntryBundle {
    /// Adds an entry to the bytes of a bundle.
    ///
    /// # Errors
    /// If it is longer than two bytes can say.
    pub fn push(bytes: &mut Vec<u8>, entry: &[u8]) -> Result<()> {
        let length = u16::try_from(entry.len())
            .map_err(|_| Error::form("log entry", "it has at most 65,535 bytes"))?;
        #[expect(clippy::big_endian_bytes, reason = "tlog-tiles says so")]
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
        Ok(())
    }

    /// The entries of a bundle.
    ///
    /// # Errors
    /// If it ends inside an entry.
    pub fn entries(bytes: &[u8]) -> Result<Vec<&[u8]>> {
        let cut =
            || Error::form("entry bundle", "each entry is as long as the two bytes before say");
        let (mut entries, mut rest) = (Vec::new(), bytes);
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            #[expect(clippy::big_endian_bytes, reason = "tlog-tiles says so")]
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, behind) = behind.split_at_checked(length).ok_or_else(cut)?;
            entries.push(entry);
            rest = behind;
        }
        if rest.is_empty() { Ok(entries) } else { Err(cut()) }
    }
}

impl Tree {
    /// The tree of `size` leaves from the tiles that end it: `read` gives the hashes of a tile.
    ///
    /// # Errors
    /// What `read` says.
    pub fn from_tiles<E: From<Error>>(
        size: u64,
        mut read: impl FnMut(Tile) -> Result<Vec<TreeHash>, E>,
    ) -> Result<Tree, E> {
        let mut stack = Vec::new();
        for level in (0..LEVELS_MAX).rev() {
            let hashes = size >> (level * TILE_HEIGHT);
            let width = hashes % TILE_WIDTH;
            if width == 0 {
                continue;
            }
            let tile = Tile { level, index: hashes / TILE_WIDTH, width };
            let hashes = read(tile)?;
            for height in (0..TILE_HEIGHT).rev().filter(|height| width >> height & 1 == 1) {
                stack.push(Tile::subtree(&hashes, height, (width >> height) - 1)?);
            }
        }
        Ok(Tree::from_subtrees(size, stack)?)
    }
}
