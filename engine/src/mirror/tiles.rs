//! Tiles: made of the commits that were pulled, and held to those that the store serves. Who reads the public
//! log there reads tiles and no commits; that both say the same, a mirror alone can tell.

use super::Pulling;
use super::files::Notes;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::public_log::TILES;
use lineal_proof::tlog::tiles_between;
use std::collections::BTreeSet;

impl Pulling<'_> {
    /// Holds the tiles that are served of what a checkpoint brought to those that the commits make. Before the
    /// head and the checkpoint are written: what differs, or did not come, is asked for by every pull until it
    /// is as the commits make it.
    ///
    /// # Errors
    /// [`Error::Upstream`] for one that is another, or what the medium says.
    pub(super) fn tiles(&mut self, reached: &Head, notes: &Notes) -> Result<()> {
        let (earlier, size) = notes.grown();
        let new: BTreeSet<String> = tiles_between(earlier, size)
            .into_iter()
            .flat_map(|tile| [Some(tile.path()), (tile.level == 0).then(|| tile.entries_path())])
            .flatten()
            .map(|path| format!("{TILES}/{path}"))
            .collect();
        let mut lacking = 0_u64;
        notes.make_tiles(self.to, reached, &mut |path, own| {
            if !new.contains(path) {
                return Ok(());
            }
            // One byte more, so that a longer one is seen to be another.
            match self.from.bytes(path, 0, own.len() as u64 + 1)? {
                None => lacking += 1,
                Some(served) if served[..] == *own => {
                    self.done.bytes += served.len() as u64;
                    self.done.tiles += 1;
                }
                Some(_) => {
                    let why = format!(
                        "{path} is served otherwise than its commits make it: who reads the public log there is shown another log than the one that was mirrored. `lineal rebuild` makes tiles again; keep both until it is clear how this came"
                    );
                    return Err(Error::Upstream { name: self.from.name(), why });
                }
            }
            Ok(())
        })?;
        if lacking > 0 {
            let note = format!(
                "{lacking} tiles of its public log are not served, so they were not compared"
            );
            self.done.notes.push(note);
        }
        Ok(())
    }
}
