//! Names that look the same and are not: a letter with its accent as one character or as two.
//!
//! Names are compared byte by byte, because that is how the sources keep them apart. A name that
//! finds nothing is tried in the two normal forms of Unicode (UAX #15), and what is found then is
//! said and not followed.

use lineal_engine::schema::Kind;
use unicode_normalization::UnicodeNormalization;

use super::{Executor, Run, store};
use crate::ast::{Key, Reference};
use crate::error::Mistake;
use crate::source::Source;

/// Another way to write a text that looks the same.
struct Form {
    text: String,
    /// What the other way is, in words.
    name: &'static str,
}

/// The normal forms of a text that differ from it.
fn forms(text: &str) -> Vec<Form> {
    // What is written in ASCII has one form.
    if text.is_ascii() {
        return Vec::new();
    }
    let composed = Form { text: text.nfc().collect(), name: "NFC, an accent within its letter" };
    let apart = Form { text: text.nfd().collect(), name: "NFD, an accent after its letter" };
    [composed, apart].into_iter().filter(|form| form.text != text).collect()
}

fn hinted(mistake: Mistake, kind: Option<Kind>, form: Form) -> Mistake {
    let hint = format!(
        "it looks the same in another Unicode form ({}) and is recorded so; names are compared \
         byte by byte",
        form.name
    );
    let reference = Reference { kind, key: Key::Text(form.text) };
    mistake.hint(hint).replace(reference.to_string())
}

impl<S: Source> Executor<'_, S> {
    /// The mistake of a name that no node has, with the form of it that some node has.
    pub(super) fn or_look_alike(
        &self,
        mistake: Mistake,
        kind: Option<Kind>,
        text: &str,
    ) -> Option<Mistake> {
        let found = |form: &Form| !self.source.find(kind, &form.text).is_empty();
        let form = forms(text).into_iter().find(found)?;
        Some(hinted(mistake, kind, form))
    }

    /// As [`Executor::or_look_alike`], of an id that no event has.
    pub(super) fn or_look_alike_event(
        &self,
        mistake: Box<Mistake>,
        text: &str,
    ) -> Run<Box<Mistake>> {
        for form in forms(text) {
            if !self.source.events_by_id(&form.text).map_err(store)?.is_empty() {
                return Ok(Box::new(hinted(*mistake, Some(Kind::Inference), form)));
            }
        }
        Ok(mistake)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_forms_that_it_is_not_in() {
        let texts = |text| forms(text).into_iter().map(|form| form.text).collect::<Vec<_>>();
        assert_eq!(texts("cr\u{e9}dit"), ["cre\u{301}dit"]);
        assert_eq!(texts("cre\u{301}dit"), ["cr\u{e9}dit"]);
        // One letter of each form: neither of the two.
        assert_eq!(texts("\u{e9}e\u{301}"), ["\u{e9}\u{e9}", "e\u{301}e\u{301}"]);
        assert_eq!(texts("credit"), Vec::<String>::new());
    }
}
