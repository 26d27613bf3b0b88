//! Lists that come in pages: does a document hold all of what it was asked for?
//!
//! A page that names a next one is followed by it or not; of several pages of one list in a document
//! the last counts. What is not whole is told, with the member that says so.

use std::collections::BTreeMap;

/// How a page says that another follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// It says so.
    Named(&'static str),
    /// It has a cursor, behind which there may be nothing more.
    Cursor(&'static str),
}

/// What one page says of the list that it is of.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Page {
    /// Items on it.
    pub(super) held: u64,
    /// Items of the whole list, and the member that says so.
    pub(super) of: Option<(u64, &'static str)>,
    /// Does another follow?
    pub(super) next: Option<Next>,
}

/// The lists of a document, by what they are called and what they are of.
#[derive(Default, Debug)]
pub(super) struct Paging {
    lists: BTreeMap<(&'static str, String), Page>,
}

/// Lists of one name that are not whole for one reason.
#[derive(Default)]
struct Open {
    lists: u64,
    held: u64,
    of: Option<u64>,
}

impl Paging {
    /// Notes a page of the list `name` of `whose`, which stands in no message.
    pub(super) fn add(&mut self, name: &'static str, whose: String, page: Page) {
        let list = self.lists.entry((name, whose)).or_default();
        list.held += page.held;
        list.of = page.of.or(list.of);
        list.next = page.next;
    }

    /// What is not whole, in words.
    pub(super) fn notes(&self, file: &str) -> Vec<String> {
        let mut open: BTreeMap<(&str, &str, bool), Open> = BTreeMap::new();
        for ((name, _), list) in &self.lists {
            let short = list.of.filter(|(of, _)| *of > list.held);
            let (member, certain) = match (list.next, short) {
                (Some(Next::Named(member)), _) | (None, Some((_, member))) => (member, true),
                (Some(Next::Cursor(_)), Some((_, member))) => (member, true),
                // All are here, whatever cursor the last page has.
                (Some(Next::Cursor(_)), None) if list.of.is_some() => continue,
                (Some(Next::Cursor(member)), None) => (member, false),
                (None, None) => continue,
            };
            let all = open.entry((name, member, certain)).or_default();
            all.lists += 1;
            all.held += list.held;
            all.of = match (all.of, short) {
                (sum, Some((of, _))) => Some(sum.unwrap_or(0).saturating_add(of)),
                (sum, None) => sum,
            };
        }
        open.into_iter()
            .map(|((name, member, certain), open)| open.note(file, name, member, certain))
            .collect()
    }
}

impl Open {
    fn note(&self, file: &str, name: &str, member: &str, certain: bool) -> String {
        let lists = match self.lists {
            1 => String::new(),
            lists => format!(" in {lists} places"),
        };
        let here = match self.of {
            // Of some of several lists it is not known how long they are.
            Some(of) if self.lists == 1 => format!(": {} of {of} are here", self.held),
            _ => String::new(),
        };
        let what = if certain {
            format!("the export is not whole: more `{name}` follow{lists}, says `{member}`{here}")
        } else {
            format!(
                "the export may not be whole: more `{name}` may follow{lists} behind `{member}`"
            )
        };
        format!("{file}: {what}; what the next page holds is here only if that is imported, too")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(held: u64, of: Option<u64>, next: Option<Next>) -> Page {
        Page { held, of: of.map(|of| (of, "total")), next }
    }

    #[test]
    fn the_last_page_of_a_list_says_whether_more_follows() {
        let mut paging = Paging::default();
        paging.add("runs", "a".to_owned(), page(2, None, Some(Next::Named("more"))));
        assert_eq!(
            paging.notes("f"),
            [
                "f: the export is not whole: more `runs` follow, says `more`; what the next page holds is here only if \
              that is imported, too"
            ]
        );
        paging.add("runs", "a".to_owned(), page(1, None, None));
        assert!(paging.notes("f").is_empty());
        // Another list is not ended by it.
        for whose in ["b", "c"] {
            paging.add("runs", whose.to_owned(), page(2, None, Some(Next::Named("more"))));
        }
        let notes = paging.notes("f");
        assert!(
            notes.len() == 1 && notes[0].contains("follow in 2 places, says `more`;"),
            "{notes:?}"
        );
    }

    #[test]
    fn a_list_that_is_shorter_than_it_says_is_not_whole_and_a_cursor_alone_may_lead_to_nothing() {
        let mut paging = Paging::default();
        paging.add("monitors", String::new(), page(30, Some(199), None));
        assert!(paging.notes("f")[0].contains("says `total`: 30 of 199 are here;"));
        paging.add("monitors", String::new(), page(169, Some(199), None));
        assert!(paging.notes("f").is_empty());
        paging.add("data", String::new(), page(2, None, Some(Next::Cursor("after"))));
        assert!(
            paging.notes("f")[0]
                .contains("may not be whole: more `data` may follow behind `after`;")
        );
        paging.add("data", String::new(), page(0, None, None));
        assert!(paging.notes("f").is_empty());
    }
}
