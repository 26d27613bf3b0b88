//! A closure in the forms that tools of others read.
//!
//! Each form says what it has a place for; what it has none for stays out, and a field that nobody
//! recorded is absent, never filled. The same view gives the same bytes: ids and times are those of
//! the records, and no clock is read.

mod car;
mod croissant;
mod cyclonedx;
mod digests;
mod licence;
mod openlineage;
mod prov;
mod slsa;
mod spdx;

pub use cyclonedx::Version as CycloneDxVersion;

use crate::{Closure, Error, GoOn};
use lineal_engine::{Snapshot, Store};
use serde_json::Value as Json;

/// A form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// W3C PROV-JSON (<https://www.w3.org/submissions/prov-json/>).
    Prov,
    /// `CycloneDX` bill of materials with model cards (ECMA-424).
    CycloneDx(CycloneDxVersion),
    /// in-toto Statement v1 with SLSA provenance v1: one line of JSON for each run that produced the
    /// model.
    Slsa,
    /// SPDX 3.0.1 with its profiles for AI and data sets, as JSON-LD.
    Spdx,
    /// Croissant 1.0, of a data set.
    Croissant,
    /// `OpenLineage` run events: one line of JSON for each run.
    OpenLineage,
    /// Content-addressable archive, version 1: the records themselves, which link to each other.
    Car,
}

/// Writes a closure in a form. The view is the one of which the closure is. `go_on` is asked at every part
/// that is written.
///
/// # Errors
/// [`Error::WrongKind`] where the form describes something else, [`Error::Missing`] where it demands
/// what is not recorded, [`Error::Ended`], and what the store says.
pub fn export(
    form: Form,
    store: &Store,
    view: &Snapshot,
    closure: &Closure,
    go_on: GoOn<'_>,
) -> Result<Vec<u8>, Error> {
    match form {
        Form::Prov => Ok(written(&prov::write(closure))),
        Form::CycloneDx(version) => {
            cyclonedx::write(closure, version, go_on).map(|bom| written(&bom))
        }
        Form::Slsa => slsa::write(closure, go_on).map(|statements| lines(&statements)),
        Form::Spdx => spdx::write(closure, go_on).map(|document| written(&document)),
        Form::Croissant => croissant::write(closure, go_on).map(|data| written(&data)),
        Form::OpenLineage => openlineage::write(closure, go_on).map(|events| lines(&events)),
        Form::Car => car::write(store, view, closure, go_on),
    }
}

/// Indented, with a line end.
fn written(json: &Json) -> Vec<u8> {
    format!("{json:#}\n").into_bytes()
}

fn lines(all: &[Json]) -> Vec<u8> {
    all.iter().map(|json| format!("{json}\n")).collect::<String>().into_bytes()
}
