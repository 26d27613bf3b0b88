//! The faint text behind the cursor: the rest of the only word that fits, or how to send.

use super::completer::Completer;
use super::validator::{is_complete, is_directive, is_whole};
use super::words::{Form, pieces};

/// How to send, shown until somebody has done it once.
const HOW_TO_SEND: &str = "   -- `;` or an empty line asks";

/// Stands in an empty line below a text: what else it takes. The editor draws its prompt on the first
/// line only (more needs key bindings of our own and three crates), so this marks the others.
const ENTER_ASKS: &str = "...> Enter or `;` asks, or go on";
const NOT_WHOLE: &str = "...> go on; Ctrl-C drops it";

/// A hint: what is shown, and what the right arrow takes over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hint {
    pub(crate) shown: String,
    pub(crate) taken: Option<String>,
}

/// The hint for a text with the cursor at its end; `novice` has not asked yet.
pub(crate) fn hint(completer: &Completer, text: &str, novice: bool) -> Option<Hint> {
    if let Some(above) = text.strip_suffix('\n').filter(|above| !above.trim().is_empty()) {
        let shown = if is_whole(above) { ENTER_ASKS } else { NOT_WHOLE };
        return Some(Hint { shown: shown.to_owned(), taken: None });
    }
    let last = pieces(text).last().copied();
    let typing = last.is_some_and(|last| last.end() == text.len() && last.form == Form::Word);
    if typing || is_directive(text) && text.trim().len() > 1 {
        let (start, candidates) = completer.candidates(text, text.len());
        let typed = text.len() - start;
        if typed > 0
            && let [only] = candidates.as_slice()
        {
            let rest = only.get(typed..)?.to_owned();
            return Some(Hint { shown: rest.clone(), taken: Some(rest) });
        }
    }
    let whole = novice && !text.trim().is_empty() && !is_complete(text);
    (whole && is_whole(text)).then(|| Hint { shown: HOW_TO_SEND.to_owned(), taken: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_word_that_fits_is_shown() {
        let known = Completer::default();
        let found = hint(&known, "find model ups", false);
        assert_eq!(
            found,
            Some(Hint { shown: "tream".to_owned(), taken: Some("tream".to_owned()) })
        );
        assert_eq!(hint(&known, "find mo", false), None, "model and monitor fit");
        let found = hint(&known, ".imp", false).map(|hint| hint.shown);
        assert_eq!(found.as_deref(), Some("orts"));
    }

    #[test]
    fn an_empty_line_below_a_text_says_that_it_goes_on() {
        let known = Completer::default();
        let shown = |text| hint(&known, text, false).map(|hint| hint.shown);
        assert_eq!(shown("find model\n").as_deref(), Some(ENTER_ASKS));
        assert_eq!(shown("find model where\n").as_deref(), Some(NOT_WHOLE));
        assert_eq!(shown("find model where\nname"), None);
        assert_eq!(shown("\n"), None);
    }

    #[test]
    fn who_has_not_asked_yet_is_told_how() {
        let known = Completer::default();
        let shown = |text, novice| hint(&known, text, novice).map(|hint| hint.shown);
        assert_eq!(shown("find model ", true).as_deref(), Some(HOW_TO_SEND));
        assert_eq!(shown("find model ", false), None);
        assert_eq!(shown("find model where ", true), None);
        assert_eq!(shown("find model;", true), None);
    }
}
