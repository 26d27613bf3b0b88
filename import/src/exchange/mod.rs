//! Exchange formats: documents that are small enough to be read whole, each of which says what it
//! held of runs, models and data.
//!
//! A translator turns one document into a [`Told`]. What a document says in its own right (a task,
//! a statement, a component) stands in the form of its format and is replaced by a later export of
//! the same thing; what it says of others in passing (who made them) stands in the form that ends
//! in `-part`, of which all that is alive counts (docs/format.md, section 13).

mod artifact;
mod clearml;
mod croissant;
mod cyclonedx;
mod dvc;
mod fields;
pub(crate) mod head;
mod in_toto;
mod json;
mod measured;
mod paging;
mod prov;
mod recognise;
mod spdx;
mod told;
mod wandb;
mod watch;
mod yaml;

pub(crate) use recognise::recognise;
pub use told::{Said, Told};

/// Largest document that is read: it is in memory whole, with its tree some ten times over. A bill
/// of 100,000 components has about 60 MB.
pub const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// A format of documents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// ClearML: sessions written offline, exports of tasks and models, manifests of data sets.
    Clearml,
    /// DVC: `dvc.lock` and `.dvc` files.
    Dvc,
    /// in-toto statements, bare or in DSSE envelopes: SLSA's provenance among them.
    InToto,
    /// CycloneDX, the machine learning bill of materials.
    Cyclonedx,
    /// SPDX 3 with its profiles for AI and data sets.
    Spdx,
    /// Croissant descriptions of data sets.
    Croissant,
    /// W3C PROV-JSON.
    Prov,
    /// JSON exports of Weights & Biases: runs and artifacts.
    Wandb,
    /// Datadog's monitors, their alerts, and the audit trail, as its API gives them.
    DatadogWatch,
}

/// All formats.
pub const FORMATS: [Format; 9] = [
    Format::Clearml,
    Format::Dvc,
    Format::InToto,
    Format::Cyclonedx,
    Format::Spdx,
    Format::Croissant,
    Format::Prov,
    Format::Wandb,
    Format::DatadogWatch,
];

impl Format {
    /// The form's name in records, and as `--as` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Clearml => clearml::FORM,
            Format::Dvc => dvc::FORM,
            Format::InToto => in_toto::FORM,
            Format::Cyclonedx => cyclonedx::FORM,
            Format::Spdx => spdx::FORM,
            Format::Croissant => croissant::FORM,
            Format::Prov => prov::FORM,
            Format::Wandb => wandb::FORM,
            Format::DatadogWatch => watch::FORM,
        }
    }

    /// Who speaks, where no other name is given.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Format::DatadogWatch => "datadog",
            other => other.name(),
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Format> {
        FORMATS.into_iter().find(|format| format.name() == name)
    }

    /// Reads a document whole; `source` qualifies its keys. What is wrong with it, or with a part
    /// of it, stands among its rejects.
    #[must_use]
    pub fn read(self, bytes: &[u8], file: &str, source: &str) -> Told {
        let mut told = Told::new(file, source);
        match self {
            Format::Clearml => clearml::read(bytes, &mut told),
            Format::Dvc => dvc::read(bytes, &mut told),
            Format::InToto => in_toto::read(bytes, &mut told),
            Format::Cyclonedx => cyclonedx::read(bytes, &mut told),
            Format::Spdx => spdx::read(bytes, &mut told),
            Format::Croissant => croissant::read(bytes, &mut told),
            Format::Prov => prov::read(bytes, &mut told),
            Format::Wandb => wandb::read(bytes, &mut told),
            Format::DatadogWatch => watch::read(bytes, &mut told),
        }
        told.end();
        told
    }
}
