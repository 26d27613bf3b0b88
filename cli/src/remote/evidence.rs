//! What a server says of evidence: reports, and what is handed over.

use super::{Remote, broken};
use crate::exit::{Failure, Outcome};
use lineal_evidence::report::ReportRequest;
use serde_json::{Value as Json, json};
use std::io::{Read, Write};
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

/// A report as it came.
pub(crate) struct Report {
    pub(crate) bytes: Vec<u8>,
    pub(crate) title: String,
    /// Nodes that it names.
    pub(crate) nodes: u64,
    pub(crate) pictures: u64,
    /// The commit of the view.
    pub(crate) commit: u64,
}

/// What came beside a file that was handed over.
pub(crate) struct Handed {
    /// What it is of.
    pub(crate) root: String,
    pub(crate) commit: u64,
    /// The key that signed.
    pub(crate) signed_by: Option<String>,
    /// Commits behind the checkpoint of a pack.
    pub(crate) behind: u64,
}

impl Remote {
    /// A report in a form, `md`, `html` or `json`.
    pub(crate) fn report(
        &self,
        kind: &str,
        request: &ReportRequest,
        form: &str,
    ) -> Outcome<Report> {
        let path = format!("/v1/report/{kind}");
        let (head, mut body): (HeaderMap, Box<dyn Read>) = if request.policy.is_some() {
            // A policy is longer than an address may be.
            let json = serde_json::to_value(request).map_err(|why| broken(&why.to_string()))?;
            let (head, body) =
                self.connection.posted(&format!("{path}?format={form}"), &json, "*/*", "")?;
            (head, Box::new(body))
        } else {
            let mut asked = request.said();
            asked.push(("format", form.to_owned()));
            let (head, body) = self.connection.get(&path, &asked)?;
            (head, Box::new(body))
        };
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).map_err(|error| broken(&error.to_string()))?;
        let number = |name| text(&head, name).and_then(|text| text.parse::<u64>().ok());
        let title = text(&head, "lineal-title").map(plain).unwrap_or_default();
        let told = (number("lineal-total"), number("lineal-pictures"), number("lineal-commit"));
        let (Some(nodes), Some(pictures), Some(commit)) = told else {
            return Err(broken("a report says of which commit it is"));
        };
        Ok(Report { bytes, title, nodes, pictures, commit })
    }

    /// The keys that approvals are signed with.
    pub(crate) fn keys(&self) -> Outcome<Json> {
        self.connection.json("/v1/keys", &[])
    }

    /// Gives a name, or takes it back.
    pub(crate) fn alias(&self, name: &str, target: Option<&str>, kind: &str) -> Outcome<Json> {
        self.done("/v1/aliases", &json!({ "name": name, "target": target, "kind": kind }))
    }

    /// What is handed over, written as it comes.
    pub(crate) fn handed(
        &self,
        path: &str,
        asked: &[(&str, String)],
        to: &mut impl Write,
    ) -> Outcome<Handed> {
        let (head, length, mut body) = self.connection.download(path, asked)?;
        let came = std::io::copy(&mut body, to).map_err(Failure::from)?;
        if length.is_some_and(|length| length != came) {
            return Err(broken("it is not as long as was said"));
        }
        let number = |name| text(&head, name).and_then(|text| text.parse::<u64>().ok());
        Ok(Handed {
            root: text(&head, "lineal-root").map(plain).unwrap_or_default(),
            commit: number("lineal-commit").unwrap_or_default(),
            signed_by: text(&head, "lineal-signed-by").map(str::to_owned),
            behind: number("lineal-commits-behind").unwrap_or_default(),
        })
    }

    /// Reports of what rules ask for, and what is kept back from the role.
    pub(crate) fn check(&self, asked: &[(&str, String)]) -> Outcome<Json> {
        self.connection.json("/v1/check", asked)
    }

    /// How long what is kept, and what is due.
    pub(crate) fn retention(&self, policy: Option<&str>, at: Option<&str>) -> Outcome<Json> {
        let body = json!({ "policy": policy, "at": at });
        let body = self.connection.post("/v1/retention", &body, "application/json", "")?;
        let mut told: Json =
            serde_json::from_reader(body).map_err(|why| broken(&why.to_string()))?;
        // Where nothing is kept back it is what the store itself tells.
        if let Some(object) = told.as_object_mut()
            && object.get("withheld").is_some_and(|it| it.as_array().is_some_and(Vec::is_empty))
        {
            object.shift_remove("withheld");
        }
        Ok(told)
    }

    /// A proposal of what is due, and how much is due in all.
    pub(crate) fn proposal(&self, body: &Json) -> Outcome<(String, u64)> {
        let path = "/v1/retention/proposals";
        let (head, mut body) = self.connection.posted(path, body, "application/json", "")?;
        let mut text = String::new();
        body.read_to_string(&mut text).map_err(|error| broken(&error.to_string()))?;
        let due = self::text(&head, "lineal-total").and_then(|text| text.parse().ok());
        Ok((text, due.unwrap_or_default()))
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
