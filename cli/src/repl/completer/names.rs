//! Names that the store holds: of the view here, or asked of a server.

use crate::remote::Remote;
use lineal_engine::Snapshot;
use lineal_query::told::{begins_with, names_beginning};
use std::cell::RefCell;
use std::time::Duration;

/// How long a server may take: a key that is pressed should not feel stuck.
const ASK_MAX: Duration = Duration::from_millis(500);

/// Where names come from.
#[derive(Default)]
pub(crate) enum Names {
    /// From nowhere.
    #[default]
    None,
    /// From a view of the store here.
    Here(Snapshot),
    /// From a server.
    There(There),
}

/// A server, with the names that it gave last.
pub(crate) struct There {
    remote: Remote,
    last: RefCell<Option<Given>>,
}

/// All names that begin with a text.
struct Given {
    begins: String,
    names: Vec<String>,
}

impl Names {
    /// Those of a server.
    pub(crate) fn there(remote: Remote) -> Names {
        Names::There(There { remote, last: RefCell::default() })
    }

    /// Those that begin with what is typed.
    pub(super) fn beginning(&self, typed: &str) -> Vec<String> {
        match self {
            Names::None => Vec::new(),
            Names::Here(view) => names_beginning(view, typed, |kind| view.nodes_of(kind)).names,
            Names::There(there) => there.beginning(typed),
        }
    }
}

impl There {
    /// What cannot be asked just now is not offered: the next question says why.
    fn beginning(&self, typed: &str) -> Vec<String> {
        let known = self.last.borrow().as_ref().and_then(|given| given.narrowed(typed));
        if let Some(names) = known {
            return names;
        }
        let Ok((names, all)) = self.remote.names(typed, ASK_MAX) else { return Vec::new() };
        if all {
            let given = Given { begins: typed.to_owned(), names: names.clone() };
            *self.last.borrow_mut() = Some(given);
        }
        names
    }
}

impl Given {
    /// Those of them that go on as is typed now; none where there may be others.
    fn narrowed(&self, typed: &str) -> Option<Vec<String>> {
        begins_with(typed, &self.begins).then(|| {
            let fitting = self.names.iter().filter(|name| begins_with(name, typed));
            fitting.filter(|name| *name != typed).cloned().collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_known_are_not_asked_for_again() {
        let names = ["model:\"a b\"@1", "model:ac", "model:ad"].map(str::to_owned).into();
        let given = Given { begins: "model:a".to_owned(), names };
        let narrowed = |typed: &str| given.narrowed(typed);
        assert_eq!(narrowed("model:a").unwrap().len(), 3);
        assert_eq!(narrowed("model:\"a b").unwrap(), ["model:\"a b\"@1"]);
        assert_eq!(narrowed("model:ac").unwrap(), [""; 0], "what is typed is not offered");
        assert!(narrowed("model:").is_none() && narrowed("model:b").is_none());
    }
}
