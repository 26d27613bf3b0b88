//! What a server says of evidence: reports of rules, and what a thing rests on in the forms of others.

use super::{Remote, broken};
use crate::exit::Outcome;
use serde_json::Value as Json;
use std::io::Read;
use ureq::http::HeaderMap;

/// An export as it came.
pub(crate) struct Given {
    pub(crate) bytes: Vec<u8>,
    /// What it is of.
    pub(crate) root: String,
    pub(crate) nodes: u64,
    pub(crate) edges: u64,
    /// The commit of the view.
    pub(crate) commit: u64,
}

impl Remote {
    /// Reports of what rules ask for, and what is kept back from the role.
    pub(crate) fn check(&self, asked: &[(&str, String)]) -> Outcome<Json> {
        self.connection.json("/v1/check", asked)
    }

    /// What a thing rests on, in a form.
    pub(crate) fn export(&self, form: &str, target: &str, as_of: Option<u64>) -> Outcome<Given> {
        let mut asked = vec![("target", target.to_owned())];
        asked.extend(as_of.map(|commit| ("as_of", commit.to_string())));
        let (head, mut body) = self.connection.get(&format!("/v1/export/{form}"), &asked)?;
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).map_err(|error| broken(&error.to_string()))?;
        let number = |name| text(&head, name).and_then(|text| text.parse::<u64>().ok());
        let root = text(&head, "lineal-root").map(plain).unwrap_or_default();
        let told = (number("lineal-total"), number("lineal-edges"), number("lineal-commit"));
        let (Some(nodes), Some(edges), Some(commit)) = told else {
            return Err(broken("an export says how many nodes it has, and of which commit"));
        };
        Ok(Given { bytes, root, nodes, edges, commit })
    }
}

fn text<'h>(head: &'h HeaderMap, name: &str) -> Option<&'h str> {
    head.get(name)?.to_str().ok()
}

/// A text whose bytes outside of ASCII, and some within, are written as `%XX`.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = behind.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_as_it_was() {
        assert_eq!(plain("model:x%403"), "model:x@3");
        assert_eq!(plain("model:%C3%BC b%"), "model:ü b%");
        assert_eq!(plain("%"), "%");
        assert_eq!(plain("%zz%2"), "%zz%2");
    }
}
