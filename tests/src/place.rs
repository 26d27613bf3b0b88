//! A store, what is imported into it and what it answers: for tests that go the whole way from
//! files to answers.

use crate::sample;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::{Options, Snapshot, Store};
use lineal_import::{Error, ImportOptions, LoadedMapping, Progress, Report, import};
use lineal_query::{Answer, Limits, Parameters, Prepared, Request, StoreView};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The three archives of Article 12 events, one a form.
pub const ARCHIVES: [&str; 3] =
    ["datadog-art12-a-nested", "datadog-art12-b-dotted", "datadog-art12-c-message"];
/// The database that the archives speak of.
pub const DATABASE: &str = "mlflow-3.17-sqlite/mlflow.db";

/// Where a fixture lies.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A store under test.
pub struct Place {
    /// The store.
    pub store: Arc<Store>,
}

impl Default for Place {
    fn default() -> Place {
        Place::new()
    }
}

impl Place {
    /// A new store in memory that writes the same bytes each time.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Place {
        Place::on(Arc::new(MemoryStorage::new()))
    }

    /// A new store on a medium.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn on(storage: Arc<dyn Storage>) -> Place {
        let options = Options { store_id: Some([7; 16]), ..sample::options() };
        Place { store: Arc::new(Store::create_on(storage, options).expect("a new store")) }
    }

    /// A store of what documents of others say, with the digests by which they know things.
    ///
    /// # Panics
    /// As [`Place::import`].
    #[must_use]
    pub fn of_documents() -> Place {
        let place = Place::new();
        let forms = ["in-toto", "cyclonedx-ml", "spdx3-ai", "croissant", "dvc"];
        let paths = forms.map(|form| format!("exchange/{form}"));
        place.import_fixtures(&paths.each_ref().map(String::as_str));
        place
    }

    /// A store that is there, opened to be written.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn open_on(storage: Arc<dyn Storage>) -> Place {
        Place { store: Arc::new(Store::open_on(storage, sample::options()).expect("opens")) }
    }

    /// Imports with these options and the built-in mapping.
    ///
    /// # Errors
    /// What ends the import.
    ///
    /// # Panics
    /// If the built-in mapping is unsound.
    pub fn try_import(&self, paths: &[&Path], options: &ImportOptions) -> Result<Report, Error> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).to_owned()).collect();
        let mapping = LoadedMapping::built_in().expect("the built-in mapping is sound");
        import(&self.store, &paths, options, &mapping, &Progress::default())
    }

    /// Imports files and folders as the command does by default.
    ///
    /// # Panics
    /// If the import fails, or if the counts of a source do not add up.
    pub fn import(&self, paths: &[&Path]) -> Report {
        self.import_with(paths, &ImportOptions::default())
    }

    /// Imports with these options.
    ///
    /// # Panics
    /// If the import fails, or if the counts of a source do not add up.
    pub fn import_with(&self, paths: &[&Path], options: &ImportOptions) -> Report {
        let report = self.try_import(paths, options).expect("the import succeeds");
        for source in &report.sources {
            assert!(source.counts.add_up(), "{source:?}");
            assert!(source.rejects.len() as u64 <= source.counts.rejected, "{source:?}");
            let skipped: u64 = source.skipped.values().sum();
            assert_eq!(source.counts.skipped, skipped, "{source:?}");
        }
        report
    }

    /// Imports fixtures, in this order.
    ///
    /// # Panics
    /// As [`Place::import`].
    pub fn import_fixtures(&self, names: &[&str]) -> Report {
        let paths: Vec<PathBuf> = names.iter().map(|name| fixture(name)).collect();
        self.import(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())
    }

    /// The view of everything committed.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn view(&self) -> Snapshot {
        self.store.snapshot().expect("a view")
    }

    /// Asks a question with parameters.
    ///
    /// # Panics
    /// If the question is wrong or the store cannot be read.
    #[must_use]
    pub fn answer(&self, text: &str, parameters: &[(&str, &str)]) -> Answer {
        self.try_answer(text, parameters).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Asks a question with parameters.
    ///
    /// # Errors
    /// If the question is wrong or the store cannot be read.
    ///
    /// # Panics
    /// If a view cannot be made.
    pub fn try_answer(
        &self,
        text: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Answer, lineal_query::Error> {
        let prepared = Prepared::new(text)?;
        let mut given = Parameters::new();
        for (name, value) in parameters {
            given = given.text(*name, *value);
        }
        let limits = Limits::default();
        let request = Request { parameters: &given, limits: &limits, now: 0 };
        let view = StoreView::new(Arc::clone(&self.store)).expect("a view");
        prepared.run(&view, &request)
    }

    /// The rows of an answer as text.
    ///
    /// # Panics
    /// As [`Place::answer`].
    #[must_use]
    pub fn rows(&self, text: &str) -> Vec<Vec<String>> {
        let answer = self.answer(text, &[]);
        let row = |row: &Vec<_>| row.iter().map(|value| answer.text(value)).collect();
        answer.rows.iter().map(row).collect()
    }

    /// The first column of an answer as text.
    ///
    /// # Panics
    /// As [`Place::answer`].
    #[must_use]
    pub fn column(&self, text: &str) -> Vec<String> {
        self.rows(text).into_iter().filter_map(|row| row.into_iter().next()).collect()
    }
}
