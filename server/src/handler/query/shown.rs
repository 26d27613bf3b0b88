//! Which view a question is asked of where something waits that is not sealed yet, and how its answer says
//! so.

use super::Asking;
use crate::cursor::Cursor;
use crate::preview::Previewed;
use crate::problem::Problem;
use crate::tenant::Opened;
use lineal_engine::schema::Kind;
use lineal_query::Prepared;
use std::sync::Arc;

impl Asking {
    /// Does something wait that it could be about? Of imports and uses only what is recorded is told.
    pub(super) fn is_concerned(&self, prepared: &Prepared) -> bool {
        let waits = self.unsealed.concerning(|kind| prepared.comes_by(kind)) > 0;
        waits && !self.is_past && !prepared.names(Kind::Import)
    }

    /// The view that shows what waits, where that is wanted and can be had; of a later page that of the
    /// first.
    pub(super) fn shown(
        &self,
        prepared: &Prepared,
        opened: &Arc<Opened>,
    ) -> Result<Option<Arc<Previewed>>, Problem> {
        let Some(preview) = &self.preview else { return Ok(None) };
        match self.cursor {
            Some(Cursor { shown: 0, .. }) => Ok(None),
            Some(Cursor { shown, .. }) => preview.numbered(shown).map(Some).ok_or_else(|| {
                Problem::bad_request(
                    "what waited when the first page was asked for was sealed since, or more came: begin anew without the cursor",
                )
            }),
            None if self.is_concerned(prepared) => Ok(preview.shown(opened)),
            None => Ok(None),
        }
    }

    /// What may stand in what waits, where the question names something that is not found; none where it is
    /// asked of the past, or nothing that concerns it is left out of the view.
    pub(super) fn lacks(&self, prepared: &Prepared, shown: Option<&Previewed>) -> Option<String> {
        if self.is_past || self.commit != self.newest {
            return None;
        }
        let unsealed = shown.map_or(self.unsealed, |shown| self.unsealed.without(shown.entries));
        unsealed.words(self.sight.is_bound(), |kind| prepared.comes_by(kind))
    }

    /// Says that the answer may hold what cannot be proved yet.
    pub(super) fn pending_words(&self, entries: u64) -> String {
        let all = match (self.sight.is_bound(), entries) {
            // Whose they are is not told.
            (true, _) => "what is not sealed yet is".to_owned(),
            (false, 1) => "1 entry that is not sealed yet is".to_owned(),
            (false, entries) => format!("{entries} entries that are not sealed yet are"),
        };
        format!("{all} looked at too: `proof` of such an event is `pending`")
    }
}
