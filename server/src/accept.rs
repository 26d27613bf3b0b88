//! Which form of an answer a client takes, and whether packed.

use crate::problem::Problem;
use axum::http::{HeaderMap, header};

/// The forms of an answer to a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// One object, paged.
    Json,
    /// One object a row, a line each, then one about the answer.
    Ndjson,
    /// RFC 4180.
    Csv,
    /// With types and numbers of nodes, a head and then a row a line: for `lineal --url`.
    Typed,
    /// A stream of Arrow's record batches: columns with types.
    Arrow,
}

/// The first one is what `*/*` takes.
const FORMS: [Form; 5] = [Form::Json, Form::Ndjson, Form::Csv, Form::Typed, Form::Arrow];

impl Form {
    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Ndjson => "application/x-ndjson",
            Form::Csv => "text/csv",
            Form::Typed => crate::wire::TYPED_ANSWER,
            Form::Arrow => crate::wire::ARROW_STREAM,
        }
    }

    fn has(self, range: &str) -> bool {
        match range {
            "*/*" => true,
            "application/*" => self != Form::Csv,
            "text/*" => self == Form::Csv,
            "application/ndjson" => self == Form::Ndjson,
            other => other == self.media_type(),
        }
    }

    /// The form that a client prefers.
    ///
    /// # Errors
    /// [`Problem::not_acceptable`].
    pub(crate) fn wanted(headers: &HeaderMap) -> Result<Form, Problem> {
        let ranges = weighed(headers, header::ACCEPT);
        if ranges.is_empty() {
            return Ok(Form::Json);
        }
        let mut best: Option<(u32, Form)> = None;
        for form in FORMS {
            // The most exact range counts: `*/*;q=1, text/csv;q=0` takes all but CSV.
            let fits = ranges.iter().filter(|(range, _)| form.has(range));
            let weight = fits.max_by_key(|(range, _)| exactness(range)).map(|(_, weight)| *weight);
            if let Some(weight) = weight.filter(|weight| *weight > 0)
                && best.is_none_or(|(most, _)| weight > most)
            {
                best = Some((weight, form));
            }
        }
        best.map(|(_, form)| form).ok_or_else(Problem::not_acceptable)
    }
}

/// Of some media types the one that a client prefers, the first of those that it likes equally; none where
/// it takes none of them.
pub(crate) fn preferred<'m>(headers: &HeaderMap, offered: &[&'m str]) -> Option<&'m str> {
    let ranges = weighed(headers, header::ACCEPT);
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let has = |range: &str, media_type: &str| match range.strip_suffix("/*") {
        Some("*") => true,
        Some(family) => media_type.split('/').next() == Some(family),
        None => range == media_type,
    };
    let mut best: Option<(u32, &'m str)> = None;
    for media_type in offered {
        let fits = ranges.iter().filter(|(range, _)| has(range, media_type));
        let weight = fits.max_by_key(|(range, _)| exactness(range)).map_or(0, |(_, weight)| *weight);
        if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, *media_type));
        }
    }
    best.map(|(_, media_type)| media_type)
}

/// Does the client take gzip?
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = weighed(headers, header::ACCEPT_ENCODING);
    let named = codings.iter().find(|(coding, _)| coding == "gzip" || coding == "x-gzip");
    let any = codings.iter().find(|(coding, _)| coding == "*");
    named.or(any).is_some_and(|(_, weight)| *weight > 0)
}

fn exactness(range: &str) -> u8 {
    match range {
        "*/*" => 0,
        range if range.ends_with("/*") => 1,
        _ => 2,
    }
}

/// The members of a list with their weights in thousandths; what cannot be read weighs nothing.
fn weighed(headers: &HeaderMap, name: header::HeaderName) -> Vec<(String, u32)> {
    if !headers.contains_key(&name) {
        return Vec::new();
    }
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let members = lists.flat_map(|list| list.split(','));
    members
        .filter_map(|member| {
            let mut parts = member.split(';').map(str::trim);
            let range = parts.next().filter(|range| !range.is_empty())?.to_ascii_lowercase();
            let weight = parts.find_map(|part| {
                part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")).map(thousandths)
            });
            Some((range, weight.unwrap_or(1_000)))
        })
        .collect()
}

/// `0`, `1` or `0.xyz` in thousandths.
fn thousandths(text: &str) -> u32 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("1", Ok(_)) => 1_000,
        ("0", Ok(part)) => part,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_form_is_the_one_that_weighs_most() {
        let wanted = |accept: &str| Form::wanted(&headers(header::ACCEPT, accept)).ok();
        assert_eq!(Form::wanted(&HeaderMap::new()).ok(), Some(Form::Json));
        for (accept, form) in [
            ("*/*", Some(Form::Json)),
            ("text/csv", Some(Form::Csv)),
            ("text/html, text/*;q=0.5", Some(Form::Csv)),
            ("application/json;q=0.5, application/x-ndjson", Some(Form::Ndjson)),
            ("Application/NDJSON", Some(Form::Ndjson)),
            ("*/*, application/json;q=0", Some(Form::Ndjson)),
            ("application/vnd.apache.arrow.stream", Some(Form::Arrow)),
            ("application/vnd.apache.arrow.stream, */*;q=0.1", Some(Form::Arrow)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=x", None),
        ] {
            assert_eq!(wanted(accept), form, "{accept}");
        }
    }

    #[test]
    fn of_other_forms_too_the_one_that_weighs_most_is_given() {
        let offered = ["application/json", "application/sarif+json", "application/xml"];
        let wanted = |accept: &str| preferred(&headers(header::ACCEPT, accept), &offered);
        assert_eq!(preferred(&HeaderMap::new(), &offered), Some("application/json"));
        for (accept, form) in [
            ("*/*", Some("application/json")),
            ("application/*;q=0.5, application/xml", Some("application/xml")),
            ("application/sarif+json, */*;q=0.1", Some("application/sarif+json")),
            ("application/json;q=0, application/*", Some("application/sarif+json")),
            ("text/*", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(wanted(accept), form, "{accept}");
        }
    }

    #[test]
    fn gzip_is_used_where_it_is_taken() {
        let takes = |value: &str| takes_gzip(&headers(header::ACCEPT_ENCODING, value));
        assert!(takes("gzip") && takes("br, gzip;q=0.1") && takes("*"));
        assert!(!takes("br") && !takes("gzip;q=0, *") && !takes("identity"));
    }
}
