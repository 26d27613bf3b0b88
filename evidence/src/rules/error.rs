//! What can be wrong with a rule file.

/// Why a rule file is refused: nothing of it is then evaluated.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It is no TOML of this form: an unknown field, a missing one, a word that is none of a list.
    #[error("{file}, line {line}: {message}")]
    Form {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A rule says something that cannot be evaluated.
    #[error("{file}, line {line}: rule {rule}: {message}")]
    Rule {
        /// The file.
        file: String,
        /// The line where the rule says its id.
        line: usize,
        /// The rule.
        rule: String,
        /// What is wrong.
        message: String,
    },
    /// It is too long.
    #[error("{file}: {bytes} bytes; a rule file has at most {max}")]
    TooLong {
        /// The file.
        file: String,
        /// Its length.
        bytes: usize,
        /// The most that is read.
        max: usize,
    },
}
