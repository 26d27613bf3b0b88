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
    let mut earlier = Vec::new();
    for name in names {
        let path = format!("index/{name}");
        let store = log.store.unwrap_or_default();
        let bytes = if is_known(&path) { storage.read(&path)? } else { None };
        if let Some(version) = bytes.as_ref().and_then(|bytes| index::earlier_version(bytes)) {
            earlier.push(version);
        } else if let Some(bytes) = bytes
            && let Err(Error::Corrupt { file, at, rule } | Error::Derived { file, at, rule }) =
                index::check(&path, &bytes, &store)
        {
            let lost = LOST.to_owned();
            let code = Code::DerivedDamaged;
            report.push(Fault { code, file, at, rule, lost, derived: true });
        }
        steps.done(&path)?;
    }
    if let Some(version) = earlier.iter().min() {
        let (count, are) = match earlier.len() {
            1 => ("1 file".to_owned(), "is"),
            count => (format!("{count} files"), "are"),
        };
        report.note(format!(
            "{count} of index/ {are} of an earlier version of the program (form {version}) and not read: \
             answers are made of the records until who writes next, or `lineal rebuild`, makes them anew"
        ));
    }
    Ok(())
}
