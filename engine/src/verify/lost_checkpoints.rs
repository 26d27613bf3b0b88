//! Checkpoints that are no longer kept although a later one is. Nothing in the log names a checkpoint, since signing
//! one writes no commit: what is left of one that was removed are the partial tiles that were made for it.

use super::Report;
use crate::error::Result;
use crate::public_log::TILES;
use crate::storage::Storage;
use lineal_proof::tlog::{TILE_WIDTH, Tile};

/// Sizes that a note lists.
const LISTED: usize = 8;

/// Notes partial tiles that are of no checkpoint that is kept. They are derived, and a crash may have come
/// between them and the checkpoint that they were made for: so that is no fault.
pub(super) fn check(storage: &dyn Storage, kept: &[u64], report: &mut Report) -> Result<()> {
    let Some(newest) = kept.iter().max() else { return Ok(()) };
    let mut lost = Vec::new();
    for index in 0..=newest / TILE_WIDTH {
        let path = Tile { level: 0, index, width: 1 }.path();
        let Some((folder, _)) = path.rsplit_once('/') else { continue };
        for name in storage.list(&format!("{TILES}/{folder}"))? {
            let Some(width) = name.parse().ok().filter(|width| (1..TILE_WIDTH).contains(width))
            else {
                continue;
            };
            let size = index * TILE_WIDTH + width;
            if size < *newest && !kept.contains(&size) {
                lost.push(size);
            }
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    lost.sort_unstable();
    let sizes: Vec<String> = lost.iter().take(LISTED).map(u64::to_string).collect();
    let more = if lost.len() > LISTED { ", ..." } else { "" };
    report.note(format!(
        "{TILES}/ holds tiles that were made for checkpoints of {}{more} commits, which are not kept: they were \
         removed, unless a crash came before they were signed (a copy, a mirror or whoever was given them has them)",
        sizes.join(", ")
    ));
    Ok(())
}
