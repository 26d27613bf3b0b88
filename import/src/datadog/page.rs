//! Pages of the Logs API: their members, and how version 1 is told from a line of a log, which may begin alike.

use serde_json::Value;

/// A member of a page that is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Member {
    /// The logs, in either version.
    Logs,
    /// `nextLogId` of version 1.
    NextLogId,
    /// `meta` of version 2.
    Meta,
    /// `links` of version 2.
    Links,
}

impl Member {
    /// The member of that name, which stands in quotes.
    pub(super) fn of(name: &[u8]) -> Option<Member> {
        Some(match name {
            b"\"data\"" | b"\"logs\"" => Member::Logs,
            b"\"nextLogId\"" => Member::NextLogId,
            b"\"meta\"" => Member::Meta,
            b"\"links\"" => Member::Links,
            _ => return None,
        })
    }

    /// The path of the cursor that this member's value has.
    pub(super) fn cursor(self, value: &[u8]) -> Option<&'static str> {
        let (place, path): (&[&str], _) = match self {
            Member::Logs => return None,
            Member::NextLogId => (&[], "nextLogId"),
            Member::Meta => (&["page", "after"], "meta.page.after"),
            Member::Links => (&["next"], "links.next"),
        };
        let value: Value = serde_json::from_slice(value).ok()?;
        let cursor = place.iter().try_fold(&value, |value, name| value.get(*name))?;
        cursor.as_str().is_some_and(|cursor| !cursor.is_empty()).then_some(path)
    }
}

/// Does this begin a page of version 1: an object in which nothing but texts stand before `logs`, and one
/// of them is a page's? A line of a log may begin with `status` too.
pub(super) fn begins_page_of_version_1(head: &[u8]) -> bool {
    const BEFORE: [&str; 3] = ["status", "nextLogId", "requestId"];
    let Ok(text) = std::str::from_utf8(&head[..valid_length(head)]) else { return false };
    let Some(mut rest) = text.trim_start().strip_prefix('{') else { return false };
    loop {
        let mut names = serde_json::Deserializer::from_str(rest.trim_start()).into_iter::<String>();
        let Some(Ok(name)) = names.next() else { return false };
        let behind = rest.trim_start().get(names.byte_offset()..).unwrap_or_default().trim_start();
        let Some(behind) = behind.strip_prefix(':').map(str::trim_start) else { return false };
        if name == "logs" {
            return behind.starts_with('[');
        }
        if !BEFORE.contains(&name.as_str()) {
            return false;
        }
        let mut values = serde_json::Deserializer::from_str(behind).into_iter::<Option<String>>();
        let Some(Ok(_)) = values.next() else { return false };
        let behind = behind.get(values.byte_offset()..).unwrap_or_default().trim_start();
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
}

/// How many of these bytes are whole characters: a head may end within one.
fn valid_length(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) => error.valid_up_to(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Member, begins_page_of_version_1};

    #[test]
    fn a_page_names_the_next_one_in_any_of_three_members() {
        for (name, value, path) in [
            ("nextLogId", "\"AQ\"", Some("nextLogId")),
            ("nextLogId", "null", None),
            ("meta", r#"{"page":{"after":"eyJ"},"status":"done"}"#, Some("meta.page.after")),
            ("meta", r#"{"status":"done"}"#, None),
            ("meta", r#"{"page":{"after":""}}"#, None),
            ("links", r#"{"next":"https://x"}"#, Some("links.next")),
            ("links", "{", None),
            ("data", "[]", None),
        ] {
            let member = Member::of(format!("\"{name}\"").as_bytes()).expect(name);
            assert_eq!(member.cursor(value.as_bytes()), path, "{name}: {value}");
        }
        assert_eq!(Member::of(b"\"status\""), None);
    }

    #[test]
    fn a_page_has_nothing_but_its_own_members_before_its_logs() {
        for page in [
            r#"{"logs":["#,
            r#" { "status" : "done", "nextLogId": null, "logs": [{"id":"#,
            r#"{"requestId":"r\"x","logs":[]}"#,
        ] {
            assert!(begins_page_of_version_1(page.as_bytes()), "{page}");
        }
        for other in [
            r#"{"status":"info","message":"m"}"#,
            r#"{"status":"info","logs":7}"#,
            r#"{"status":{"logs":[]}}"#,
            r#"{"status":"don"#,
            "{",
            "",
        ] {
            assert!(!begins_page_of_version_1(other.as_bytes()), "{other}");
        }
    }
}
