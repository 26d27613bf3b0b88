//! People of an identity provider whose uses are only counted: once a day it is noted, sealed, whom
//! the id of such counts stands for. Of tokens of our own their file says that.

use super::Use;
use crate::gate::Who;
use std::collections::BTreeSet;

/// People that are remembered as noted today; above it all are forgotten and noted again.
const KNOWN_MAX: usize = 65_536;
/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;

/// Who was met today.
#[derive(Default)]
pub(super) struct Met {
    day: i64,
    known: BTreeSet<String>,
    /// To be noted.
    waiting: Vec<Use>,
}

impl Met {
    /// Somebody asks.
    pub(super) fn meet(&mut self, now: i64, commit: u64, who: &Who) {
        let Some(person) = &who.person else { return };
        let day = now.div_euclid(DAY_NS);
        if self.day != day || self.known.len() >= KNOWN_MAX {
            self.known.clear();
            self.day = day;
        }
        if self.known.contains(&who.token.id) {
            return;
        }
        self.known.insert(who.token.id.clone());
        self.waiting.push(Use {
            token: Some(who.token.id.clone()),
            role: Some(who.token.role.name()),
            person: Some(person.clone()),
            ..Use::mark("token met", now, commit)
        });
    }

    /// What is to be noted.
    pub(super) fn take(&mut self) -> Vec<Use> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use crate::token::{ALL, Token, Wanted};
    use std::sync::Arc;

    #[test]
    fn a_person_is_noted_once_a_day_and_a_token_of_ours_never() {
        let wanted = Wanted {
            name: "x".to_owned(),
            role: Role::Engineer,
            stores: vec![ALL.to_owned()],
            systems: Vec::new(),
            expires: None,
        };
        let (token, _) = Token::create(wanted, 1).unwrap();
        let token = Arc::new(token);
        let mut who = Who { token, case: None, person: None, subject: None };
        let mut met = Met::default();
        met.meet(5, 1, &who);
        assert!(met.take().is_empty());
        who.person = Some("a@b".to_owned());
        for now in [5, 6, DAY_NS - 1, DAY_NS] {
            met.meet(now, 1, &who);
        }
        let noted: Vec<_> = met.take().into_iter().map(|each| (each.time, each.person)).collect();
        let person = Some("a@b".to_owned());
        assert_eq!(noted, [(5, person.clone()), (DAY_NS, person)]);
        assert!(met.take().is_empty());
    }
}
