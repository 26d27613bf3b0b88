//! The writer's catalog (sled), held to the ledger. Opening one writes, so a copy of it is opened, aside, and
//! compared with one that is made anew there.

use super::compare::differs;
use super::derived::LOST;
use super::{Code, Fault, Report};
use crate::catalog::{Catalog, Held};
use crate::error::Result;
use crate::head::{HEAD, Head};
use crate::ledger::Ledger;
use crate::storage::Storage;
use std::fs;
use std::io;
use std::path::Path;

/// The folder.
const CATALOG: &str = "catalog";

/// Compares it; a medium that has no folder has no catalog.
///
/// # Errors
/// What the medium says.
pub(super) fn check(storage: &dyn Storage, ledger: &Ledger, report: &mut Report) -> Result<()> {
    let folder = storage.local_path().map(|store| store.join(CATALOG));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else { return Ok(()) };
    let aside = tempfile::tempdir();
    let copied = aside.and_then(|aside| {
        copy(&folder, &aside.path().join("copy"))?;
        Ok(aside)
    });
    let aside = match copied {
        Ok(aside) => aside,
        Err(error) => {
            report.note(format!("{CATALOG}/ was not compared: it cannot be copied: {error}"));
            return Ok(());
        }
    };
    let held = Catalog::held(&aside.path().join("copy"), &aside.path().join("made"), ledger);
    // A writer brings it up to date behind `head`: what was copied meanwhile may be half of it.
    let head = storage.read(HEAD)?.map(|bytes| Head::from_bytes(&bytes)).transpose()?;
    let has_moved = head.is_none_or(|head| head.commit != ledger.commit());
    match held {
        Held::Same => {}
        _ if has_moved => {
            report.note(format!("a writer went on meanwhile: {CATALOG}/ was not compared"));
        }
        Held::Unmade => {
            report.note(format!("{CATALOG}/ was not compared: it cannot be made anew beside"));
        }
        Held::Behind => report.note(format!(
            "{CATALOG}/ is not of this commit: who writes next brings it up to date"
        )),
        Held::Unreadable => report.push(Fault {
            code: Code::DerivedDamaged,
            file: CATALOG.to_owned(),
            at: 0,
            rule: "sled opens it and reads its entries".to_owned(),
            lost: LOST.to_owned(),
            derived: true,
        }),
        Held::Differs(rule) => differs(report, CATALOG, rule),
    }
    Ok(())
}

/// Copies a folder with what is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}
