//! The mapping file: which words of a source mean what here, as data instead of code.
//!
//! One TOML file has a table for each kind of source. The default is built in; `--mapping`
//! replaces it. A section that the file leaves out keeps its built-in form, so that a file that
//! only maps one source leaves the others as they are.

mod convert;
pub mod datadog;
pub mod datadog_place;
pub mod mlflow;
mod template;

pub use convert::{Conversion, Unconvertible};
pub use datadog::DatadogMapping;
pub use mlflow::MlflowMapping;
pub use template::{Lookup, Template};

use serde::Deserialize;

/// The built-in mapping of tracking stores; that of logs is [`datadog::BUILT_IN`].
pub const EMBEDDED: &str = include_str!("../../mapping/eu-ai-act.toml");

/// The format of mapping files that this version reads.
pub const FORMAT: u32 = 1;

/// A whole mapping file.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Tracking stores and registries.
    pub mlflow: MlflowMapping,
    /// Log archives.
    pub datadog: DatadogMapping,
    /// Which forms stand before which where sources disagree, the fullest first; as the store has
    /// it if the file does not say.
    pub rank: Option<Vec<String>>,
}

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not TOML, or holds a key or type that no table has.
    #[error("{file} cannot be read as a mapping: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// What the reader says, with line and column.
        problem: String,
    },
    /// The part about logs says something that cannot be.
    #[error("{file}: {problem}")]
    Datadog {
        /// The file.
        file: String,
        /// What is wrong.
        problem: datadog::MappingError,
    },
    /// It is of another format.
    #[error("{file} is a mapping of format {found}; this version reads format {FORMAT}")]
    Format {
        /// The file.
        file: String,
        /// What it says.
        found: u32,
    },
    /// A rule says something that cannot be.
    #[error("{file}, line {line}: {problem}")]
    Rule {
        /// The file.
        file: String,
        /// The line where the rule begins.
        line: usize,
        /// What is wrong and what was expected.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default = "first_format")]
    format: u32,
    rank: Option<Vec<String>>,
    mlflow: Option<mlflow::Written>,
    datadog: Option<toml::Table>,
}

/// The format of a file that does not say.
fn first_format() -> u32 {
    1
}

impl Mapping {
    /// Reads a mapping file's text; `file` names it in errors.
    pub fn parse(text: &str, file: &str) -> Result<Mapping, Error> {
        let written: Written = toml::from_str(text).map_err(|error| Error::Syntax {
            file: file.to_owned(),
            problem: error.to_string().trim_end().to_owned(),
        })?;
        if written.format != FORMAT {
            return Err(Error::Format { file: file.to_owned(), found: written.format });
        }
        let mlflow = match written.mlflow {
            Some(section) => section.check(text, file)?,
            None => Mapping::embedded()?.mlflow,
        };
        let datadog = match &written.datadog {
            Some(table) => DatadogMapping::parse(table),
            None => DatadogMapping::built_in(),
        };
        let datadog =
            datadog.map_err(|problem| Error::Datadog { file: file.to_owned(), problem })?;
        Ok(Mapping { mlflow, datadog, rank: written.rank })
    }

    /// The built-in mapping.
    pub fn embedded() -> Result<Mapping, Error> {
        Mapping::parse(EMBEDDED, "the built-in mapping")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_mapping_is_sound() {
        let mapping = Mapping::embedded().unwrap();
        assert!(!mapping.mlflow.rules.is_empty());
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let text = "format = 1\n[mlflow]\nnobody = []\nnobodies = []\n";
        let error = Mapping::parse(text, "m.toml").unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("nobodies"), "{error}");
    }

    #[test]
    fn another_format_is_refused() {
        let error = Mapping::parse("format = 9\n", "m.toml").unwrap_err();
        assert!(matches!(error, Error::Format { found: 9, .. }));
    }

    #[test]
    fn a_file_without_a_section_keeps_the_built_in_one() {
        let mapping = Mapping::parse("", "m.toml").unwrap();
        assert_eq!(mapping.mlflow.rules.len(), Mapping::embedded().unwrap().mlflow.rules.len());
        assert_eq!(mapping.datadog, DatadogMapping::built_in().unwrap());
    }

    #[test]
    fn a_problem_in_either_section_names_the_file() {
        let error = Mapping::parse("[datadog]\nrots = []\n", "m.toml").unwrap_err();
        assert!(matches!(error, Error::Datadog { .. }) && error.to_string().contains("m.toml"));
    }
}
