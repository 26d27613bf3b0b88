//! Sealing: what was brought live becomes commits, by the same importers that read files.
//!
//! Each closed file of the journal becomes one file a form, of the same bytes whenever it is made,
//! which is imported and then removed. A crash between the two imports the same bytes again, which
//! the store knows.

use crate::intake::datadog;
use crate::upload::Upload;
use crate::writer::{Failed, Hands};
use lineal_engine::Store;
use lineal_engine::journal::{JournalFiles, Request};
use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
use serde_json::{Value as Json, json};
use std::io::{BufWriter, Write};
use std::path::Path;

/// A form of what is taken live: what the journal calls it, what the importer calls it, and who
/// speaks where no other name is said.
struct Form {
    name: &'static str,
    importer: &'static str,
    source: &'static str,
}

/// What Datadog's clients send.
pub(crate) const DATADOG: &str = "datadog-logs";

/// What OpenTelemetry's clients send.
pub(crate) const OTLP: &str = "otlp-logs";

/// What OpenLineage's clients send.
pub(crate) use lineal_engine::journal::OPENLINEAGE;

const FORMS: [Form; 3] = [
    Form { name: DATADOG, importer: "datadog", source: "datadog" },
    Form { name: OTLP, importer: "datadog", source: "otlp" },
    Form { name: OPENLINEAGE, importer: "openlineage", source: "openlineage" },
];

/// Seals everything that was acknowledged before now. A file that cannot be sealed stays, and those
/// behind it are sealed all the same.
///
/// # Errors
/// What the journal or an import says, of the first file that cannot be sealed.
pub(crate) fn seal(hands: &Hands, now: i64, progress: &Progress) -> Result<Json, Failed> {
    let (closed, files) = hands.intake.close(now).map_err(|error| of_journal(hands, &error))?;
    let mut sealed = Sealed::default();
    let mut first_failed = None;
    for number in closed {
        if let Err(failed) = seal_file(hands, &files, number, progress, &mut sealed) {
            let why = &failed.1;
            tracing::error!(store = hands.tenant.name(), number, why, "a file cannot be sealed");
            first_failed.get_or_insert(failed);
        }
    }
    match first_failed {
        Some(failed) => Err(failed),
        None => Ok(json!({ "entries": sealed.entries, "imports": sealed.reports })),
    }
}

/// What was sealed.
#[derive(Default)]
struct Sealed {
    entries: u64,
    reports: Vec<Json>,
}

/// The journal's own words name files of the store's folder alone; the medium's may name more.
fn of_journal(hands: &Hands, error: &lineal_engine::Error) -> Failed {
    ("journal", hands.store_failed(error).1)
}

/// Makes commits of a closed file and removes it.
fn seal_file(
    hands: &Hands,
    files: &JournalFiles,
    number: u32,
    progress: &Progress,
    sealed: &mut Sealed,
) -> Result<(), Failed> {
    let requests = files.read(number).map_err(|error| of_journal(hands, &error))?;
    let name = name_of(number);
    for form in &FORMS {
        let Some((spool, options)) = spooled(form, ("seal", &hands.uploads), &name, &requests)?
        else {
            continue;
        };
        let paths = [spool.file.clone()];
        let report = import(&hands.store, &paths, &options, &hands.mapping, progress);
        let report = report.map_err(|error| hands.failed(&error, &spool.file, &name))?;
        sealed.reports.push(hands.told(&report, &spool.file, &name));
    }
    files.remove(number).map_err(|error| of_journal(hands, &error))?;
    sealed.entries += requests.iter().map(|request| request.entries.len() as u64).sum::<u64>();
    // Readers first: an answer never lacks entries that wait no more.
    hands.tenant.follow();
    hands.intake.sealed(number);
    hands.preview.forget();
    Ok(())
}

/// Imports the requests of a file of the journal as sealing it does, into a store aside. The spool has
/// names that begin with a word of its own: the file may be sealed at the same time.
///
/// # Errors
/// What the spool or an import says.
pub(crate) fn import_requests(
    store: &Store,
    mapping: &LoadedMapping,
    spool: (&str, &Path),
    (number, requests): (u32, &[Request]),
) -> Result<(), Failed> {
    let name = name_of(number);
    for form in &FORMS {
        if let Some((spool, options)) = spooled(form, spool, &name, requests)? {
            let paths = [spool.file.clone()];
            import(store, &paths, &options, mapping, &Progress::default())
                .map_err(|error| ("import", error.to_string()))?;
        }
    }
    Ok(())
}

/// What a file of the journal is called once it is sealed.
fn name_of(number: u32) -> String {
    format!("intake-{number:08}.ndjson")
}

/// The requests of a form as a file to be imported, in a folder that begins with a word; none where there
/// are none.
fn spooled(
    form: &Form,
    (word, uploads): (&str, &Path),
    name: &str,
    requests: &[Request],
) -> Result<Option<(Upload, ImportOptions)>, Failed> {
    let of_form: Vec<&Request> =
        requests.iter().filter(|request| request.form == form.name).collect();
    let Some(latest) = of_form.iter().map(|request| request.received).max() else {
        return Ok(None);
    };
    let spool = Upload::begin(uploads, &format!("{word}-{}", form.name), name);
    let spool = spool.map_err(|error| ("journal", format!("cannot spool: {error}")))?;
    write(&spool, form.name, &of_form)
        .map_err(|error| ("journal", format!("cannot write {name}: {error}")))?;
    let options = ImportOptions {
        form: Some(form.importer.to_owned()),
        source: Some(form.source.to_owned()),
        // Not the time of the spool: the same requests say the same.
        observed_at: Some(latest),
        ..ImportOptions::default()
    };
    Ok(Some((spool, options)))
}

fn write(spool: &Upload, form: &str, requests: &[&Request]) -> std::io::Result<()> {
    let mut out = BufWriter::new(spool.create()?);
    for request in requests {
        for (place, entry) in request.entries.iter().enumerate() {
            // Its own words say which it is: what is said twice says nothing more.
            if form == OPENLINEAGE {
                out.write_all(entry)?;
                out.write_all(b"\n")?;
                continue;
            }
            let sequence = request.first + place as u64;
            let key = request.key.as_ref();
            out.write_all(&datadog::identified(entry, key, place, request.received, sequence))?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}
