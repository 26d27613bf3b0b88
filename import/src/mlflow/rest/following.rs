//! Searches come in pages: is the last one of each among the bodies?
//!
//! A page that another follows has a `next_page_token` (mlflow's `service.proto`); whose page the next one is no
//! body says. So a list none of whose bodies is a last page is told, and no more than that.

use crate::mlflow::json::{self, Object};
use serde_json::Value;
use std::collections::BTreeMap;

/// The member that leads to the next page.
pub(super) const TOKEN: &str = "next_page_token";

/// The bodies of one list: runs, the points of one metric.
#[derive(Default)]
struct Bodies {
    last: u64,
    followed: u64,
    /// One that another follows.
    first: String,
}

/// What all bodies say of their lists.
#[derive(Default)]
pub(super) struct Following {
    lists: BTreeMap<(&'static str, String), Bodies>,
    /// A body without a list ends one, which of them it does not say.
    ended: bool,
}

impl Following {
    /// Takes in a body with these lists.
    pub(super) fn take(&mut self, body: &Object, lists: &[&'static str], label: &str) {
        let follows = json::present(body, TOKEN).is_some();
        for name in lists.iter().filter(|name| body.get(**name).is_some_and(Value::is_array)) {
            // Histories are asked for one by one.
            let of = match *name {
                "metrics" => json::objects(body, name).find_map(|point| json::text(point, "key")),
                _ => None,
            };
            let bodies = self.lists.entry((name, of.unwrap_or_default())).or_default();
            if !follows {
                bodies.last += 1;
                continue;
            }
            bodies.followed += 1;
            if bodies.first.is_empty() {
                label.clone_into(&mut bodies.first);
            }
        }
    }

    /// Takes in a body that holds nothing, as the page behind a full one does.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// The lists of which no last page is here, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut open: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for ((name, _), bodies) in &self.lists {
            if bodies.followed > 0 && bodies.last == 0 && !self.ended {
                let (followed, _) = open.entry(name).or_insert((0, &bodies.first));
                *followed += bodies.followed;
            }
        }
        let note = |(name, (followed, first)): (&str, (u64, &str))| {
            let others = match followed {
                1 => String::new(),
                _ => format!(" (so do all {followed} of their bodies)"),
            };
            format!(
                "{first}: the export is not whole: more `{name}` follow, says `{TOKEN}`{others}; what the next page \
                 holds is here only if that is imported, too"
            )
        };
        open.into_iter().map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::LISTS;
    use super::*;

    fn notes(bodies: &[&str]) -> Vec<String> {
        let mut following = Following::default();
        for (number, body) in bodies.iter().enumerate() {
            let Value::Object(body) = json::parse(body.as_bytes()).unwrap() else {
                panic!("an object")
            };
            match body.is_empty() {
                true => following.end(),
                false => following.take(&body, LISTS, &format!("{number}.json")),
            }
        }
        following.notes()
    }

    #[test]
    fn a_list_without_a_last_page_is_told() {
        let page = r#"{"runs": [], "next_page_token": "a"}"#;
        let told = notes(&[page, page, r#"{"experiments": []}"#]);
        assert_eq!(
            told,
            [
                "0.json: the export is not whole: more `runs` follow, says `next_page_token` (so do all 2 of their \
                 bodies); what the next page holds is here only if that is imported, too"
            ]
        );
        for last in [r#"{"runs": []}"#, r#"{"runs": [], "next_page_token": ""}"#, "{}"] {
            assert!(notes(&[page, page, last]).is_empty(), "{last}");
        }
    }

    #[test]
    fn each_history_has_a_last_page_of_its_own() {
        let of = |key: &str, token: &str| {
            format!(r#"{{"metrics": [{{"key": "{key}", "value": 1}}]{token}}}"#)
        };
        let (open, whole) = (of("auc", r#", "next_page_token": "a""#), of("loss", ""));
        assert_eq!(notes(&[&open, &whole]).len(), 1);
        assert!(notes(&[&open, &whole, &of("auc", "")]).is_empty());
    }
}
