//! What was found to be damaged in derived files while answers were read from them.
//!
//! Index files are checked where they are first touched, deep inside an answer. There what is
//! damaged counts as nothing and is noted here; whoever gives the answer asks at its end, and then
//! says which file is damaged in its stead.

use crate::error::Error;
use std::sync::OnceLock;

/// The first damage that was met. Shared by a store and its views.
#[derive(Default, Debug)]
pub(crate) struct Damage {
    first: OnceLock<Found>,
}

#[derive(Debug)]
struct Found {
    file: String,
    at: u64,
    rule: String,
}

impl Damage {
    /// Notes damage of a derived file.
    #[cold]
    pub(crate) fn note(&self, file: &str, at: u64, rule: impl Into<String>) {
        self.first.get_or_init(|| Found { file: file.to_owned(), at, rule: rule.into() });
    }

    /// Notes an error that could not be returned where it was met.
    #[cold]
    pub(crate) fn note_error(&self, error: &Error) {
        match error {
            Error::Corrupt { file, at, rule } | Error::Derived { file, at, rule } => {
                self.note(file, *at, rule.clone());
            }
            Error::Record { file, at, source } => self.note(file, *at, source.to_string()),
            other => self.note("segments", 0, other.to_string()),
        }
    }

    /// What was noted first.
    #[inline]
    pub(crate) fn found(&self) -> Option<Error> {
        self.first.get().map(Found::error)
    }
}

impl Found {
    #[cold]
    fn error(&self) -> Error {
        let (file, at, rule) = (self.file.clone(), self.at, self.rule.clone());
        let derived = file.starts_with("index/");
        if derived { Error::Derived { file, at, rule } } else { Error::Corrupt { file, at, rule } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_damage_is_told_with_what_to_do() {
        let damage = Damage::default();
        assert!(damage.found().is_none());
        damage.note("index/graph.idx", 7, "a");
        damage.note_error(&Error::corrupt("segments/1", 9, "b"));
        let text = damage.found().unwrap().to_string();
        assert!(text.contains("index/graph.idx is damaged at byte 7"), "{text}");
        assert!(text.contains("lineal rebuild"), "{text}");
        let truth = Damage::default();
        truth.note_error(&Error::corrupt("segments/1", 9, "b"));
        assert!(!truth.found().unwrap().to_string().contains("rebuild"));
    }
}
