//! What a writer does of statements: one commit each; refusals are told in their own words.

use crate::asker::Executor;
use crate::seal;
use crate::writer::{Failed, Hands};
use lineal_evidence::record::{
    Desk, Error, Recorded, Request, Unsigned, recorded_facts, time_text,
};
use lineal_import::Progress;
use lineal_query::told::Unresolved;
use serde_json::{Value as Json, json};

impl Hands {
    fn unrecorded(&self, error: &Error) -> Failed {
        match error {
            Error::Store(error) | Error::Unresolved(Unresolved::Store(error)) => {
                self.store_failed(error)
            }
            other => ("refused", other.to_string()),
        }
    }

    /// Records what is stated, after what waits in the journal was committed; or makes the statement
    /// that is to be signed, and records nothing.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn record(
        &self,
        (request, by): (&Request, &Executor),
        to_sign: bool,
        progress: &Progress,
    ) -> Result<Json, Failed> {
        if !to_sign && self.intake.pending().entries > 0 {
            seal::seal(self, self.tenant.now(), progress)?;
        }
        let now = self.tenant.now();
        let desk = Desk::new(&self.store, now).also_known_as(&by.also);
        let failed = |error: Error| self.unrecorded(&error);
        if to_sign {
            let unsigned = desk.statement_of(request).map_err(failed)?;
            let Some(Unsigned { payload, at }) = unsigned else {
                return Err(("refused", "only an approval or a rejection is signed".to_owned()));
            };
            return Ok(json!({ "payload": payload, "at": time_text(at) }));
        }
        let recorded: Recorded = desk.take(request).map_err(failed)?;
        recorded_facts(&self.store, request, &recorded, now).map_err(failed)
    }
}
