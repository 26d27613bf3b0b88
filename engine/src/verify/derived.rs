//! Derived files: only whether they are whole. What they say is made again by `lineal rebuild`.

use super::segments::Log;
use super::{Code, Fault, Report, Steps};
use crate::error::{Error, Result};
use crate::index;
use crate::storage::Storage;

/// What damage of a derived file costs.
pub(super) const LOST: &str =
    "nothing recorded: no answer is made of it, and `lineal rebuild` makes it again";

/// Is it a file whose form is known?
fn is_known(path: &str) -> bool {
    path.ends_with(".run") || path.ends_with(".idx") || path.ends_with("/manifest")
}

pub(super) fn check(
    storage: &dyn Storage,
    log: &Log,
    report: &mut Report,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let names = storage.list("index")?;
    steps.add(names.len());
    for name in names {
        let path = format!("index/{name}");
        let store = log.store.unwrap_or_default();
        if is_known(&path)
            && let Some(bytes) = storage.read(&path)?
            && let Err(Error::Corrupt { file, at, rule } | Error::Derived { file, at, rule }) =
                index::check(&path, &bytes, &store)
        {
            let lost = LOST.to_owned();
            let code = Code::DerivedDamaged;
            report.push(Fault { code, file, at, rule, lost, derived: true });
        }
        steps.done(&path)?;
    }
    Ok(())
}
