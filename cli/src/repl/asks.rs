//! Who is asked at the prompt: a store here, which is followed, or a server.

use crate::args::Arguments;
use crate::exit::{Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use lineal_engine::Store;
use lineal_query::StoreView;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that moves with every commit (docs/format.md, section 3).
const HEAD: &str = "head";

/// Who is asked.
pub(crate) enum Asks {
    /// A store here.
    Here {
        /// Where it lies.
        folder: PathBuf,
        /// As it was last opened.
        opened: Opened,
    },
    /// A server, which follows its store itself.
    There(Remote),
}

/// The store as it was when its head was read.
pub(crate) struct Opened {
    head: Vec<u8>,
    pub(crate) store: Arc<Store>,
    pub(crate) view: StoreView,
}

impl Opened {
    fn new(folder: &Path) -> Outcome<Opened> {
        // The head first: a commit in between is then seen by the next question.
        let head = std::fs::read(folder.join(HEAD)).unwrap_or_default();
        let store = Arc::new(Store::open_read_only(folder)?);
        let view = StoreView::new(Arc::clone(&store))?;
        Ok(Opened { head, store, view })
    }
}

impl Asks {
    /// The server that is meant, else the store.
    pub(crate) fn meant(arguments: &Arguments) -> Outcome<Asks> {
        if let Some(remote) = Remote::meant(arguments)? {
            return Ok(Asks::There(remote));
        }
        let folder = place::folder(arguments)?;
        let opened = Opened::new(&folder)?;
        Ok(Asks::Here { folder, opened })
    }

    /// Opens the store anew if somebody has written since.
    pub(crate) fn follow(&mut self) -> Outcome<()> {
        let Asks::Here { folder, opened } = self else { return Ok(()) };
        let head = std::fs::read(folder.join(HEAD)).map_err(|e| {
            Failure::usage(format!("{}: the store's head cannot be read: {e}", folder.display()))
        })?;
        if head != opened.head {
            *opened = Opened::new(folder)?;
        }
        Ok(())
    }

    /// The view of the store here, as it was last opened.
    pub(crate) fn view(&self) -> Option<&StoreView> {
        match self {
            Asks::Here { opened, .. } => Some(&opened.view),
            Asks::There(_) => None,
        }
    }
}
