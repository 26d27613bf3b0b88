//! Which variables can be seen from where.

use crate::ast::Name;
use crate::error::{Code, Mistake, Span};
use crate::plan::{Kinds, SetId, SlotId};
use crate::suggest::nearest;

use super::{Bind, Binder};

/// The variables of one question.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) names: Vec<(String, SlotId)>,
    /// The first term: what bare fields and `it` mean.
    pub(super) it: Option<SlotId>,
    /// While terms are read, `it` is still that of the question around.
    pub(super) in_pattern: bool,
    /// Something of a question around is used.
    pub(super) correlated: bool,
    /// `path` means the path of the row.
    pub(super) has_path: bool,
}

impl Binder {
    /// Makes a name known in the innermost question.
    pub(super) fn declare(&mut self, name: &Name, slot: SlotId) -> Bind<()> {
        let taken = |mistake: String| Err(Mistake::new(Code::NameTaken, name.span, mistake));
        if name.node == "it" {
            return taken("`it` always means the first term".to_owned());
        }
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        if scope.names.iter().any(|(other, _)| *other == name.node) {
            return taken(format!("two terms are named `{}`", name.node));
        }
        scope.names.push((name.node.clone(), slot));
        Ok(())
    }

    /// The variable of that name, from the innermost question outwards.
    pub(super) fn variable(&mut self, name: &str) -> Option<SlotId> {
        let slot = if name == "it" {
            let own = self.scopes.iter().rev().find(|scope| !scope.in_pattern);
            own.and_then(|scope| scope.it).or_else(|| self.scopes.last().and_then(|s| s.it))
        } else {
            let find = |scope: &Scope| {
                scope.names.iter().find(|(other, _)| other == name).map(|(_, slot)| *slot)
            };
            self.scopes.iter().rev().find_map(find)
        };
        slot.inspect(|slot| self.touch(*slot))
    }

    /// Notes that a variable is used here: questions between it and here depend on it.
    pub(super) fn touch(&mut self, slot: SlotId) {
        self.touched.push(slot);
        let depth = self.slots.get(slot).map_or(0, |slot| slot.depth);
        for scope in self.scopes.iter_mut().skip(depth) {
            scope.correlated = true;
        }
    }

    /// The first term of the innermost question.
    pub(super) fn it(&mut self) -> Option<SlotId> {
        let slot = self.scopes.last().and_then(|scope| scope.it);
        slot.inspect(|slot| self.touch(*slot))
    }

    /// The set that was saved under a name.
    pub(super) fn saved_set(&self, name: &str) -> Option<(SetId, Kinds)> {
        let saved = self.saved.iter().find(|saved| saved.name == name)?;
        Some((saved.set, saved.kinds))
    }

    /// The set that was saved under a name, where no term has that name.
    pub(super) fn saved_beside(&mut self, name: &str) -> Option<(SetId, Kinds)> {
        let saved = self.saved_set(name)?;
        self.variable(name).is_none().then_some(saved)
    }

    /// A name that must be a variable.
    pub(super) fn need_variable(&mut self, name: &str, span: Span) -> Bind<SlotId> {
        self.variable(name).ok_or_else(|| self.unknown_variable(name, span))
    }

    pub(super) fn unknown_variable(&self, name: &str, span: Span) -> Mistake {
        let known = self.known_names();
        let mistake =
            Mistake::new(Code::UnknownVariable, span, format!("no term is named `{name}`"));
        match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => mistake.replace(near),
            None => mistake.hint(format!("name one with `as {name}`")),
        }
    }

    /// Every name that can be seen from here.
    pub(super) fn known_names(&self) -> Vec<String> {
        let names = self.scopes.iter().rev().flat_map(|scope| scope.names.iter());
        let saved = self.saved.iter().map(|saved| saved.name.clone());
        names.map(|(name, _)| name.clone()).chain(saved).chain(["it".to_owned()]).collect()
    }
}
