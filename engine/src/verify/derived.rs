//! Derived files: only whether they are whole. What they say is made again by `lineal rebuild`.

use super::segments::Log;
use super::{Fault, Report, Steps};
use crate::error::{Error, Result};
use crate::events::KeyRun;
use crate::index;
use crate::mapping::Bytes;
use crate::storage::Storage;

/// Is a file whole, by its form?
fn whole(path: &str, bytes: Bytes, store: &[u8; 16]) -> Result<()> {
    if path.ends_with(".run") {
        KeyRun::open(path, bytes, store).map(|_| ())
    } else if path.ends_with(".idx") {
        index::check(path, &bytes, store)
    } else {
        Ok(())
    }
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
        if let Some(bytes) = storage.read(&path)?
            && let Err(Error::Corrupt { file, at, rule }) = whole(&path, bytes, &store)
        {
            let lost = "nothing: it is not used, and `lineal rebuild` makes it again".to_owned();
            report.push(Fault { file, at, rule, lost, derived: true });
        }
        steps.done(&path);
    }
    Ok(())
}
