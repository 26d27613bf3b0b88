//! Tags of inputs: most of a store's inputs have the same few, which are held once.

use super::id_start::{IdStart, id_start};
use crate::mlflow::store::Texts;
use std::collections::HashMap;
use std::rc::Rc;

/// The tags of each input.
#[derive(Default)]
pub(super) struct InputTags {
    /// Which of `sets` an input has, by the start of its id's hash.
    by_input: HashMap<IdStart, u32>,
    sets: Vec<Rc<Texts>>,
    known: HashMap<Rc<Texts>, u32>,
    none: Texts,
}

impl InputTags {
    /// Adds a tag of the input of that id.
    pub(super) fn add(&mut self, input: &str, tag: (String, String)) {
        let mut tags = self.of(input).clone();
        tags.extend([tag]);
        let next = u32::try_from(self.sets.len()).expect("fewer than 4 Gi fit into memory");
        let set = *self.known.get(&tags).unwrap_or(&next);
        if set == next {
            let tags = Rc::new(tags);
            self.sets.push(Rc::clone(&tags));
            self.known.insert(tags, set);
        }
        self.by_input.insert(id_start(input), set);
    }

    /// The tags of the input of that id; none where nothing was said of it.
    pub(super) fn of(&self, input: &str) -> &Texts {
        let set = self.by_input.get(&id_start(input)).and_then(|set| self.sets.get(*set as usize));
        set.map_or(&self.none, |tags| tags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_with_the_same_tags_share_them() {
        let mut tags = InputTags::default();
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (input, name, value) in
            [("a", "context", "train"), ("b", "context", "train"), ("b", "split", "1")]
        {
            tags.add(input, tag(name, value));
        }
        assert_eq!(*tags.of("a"), Texts::from([tag("context", "train")]));
        assert_eq!(*tags.of("b"), Texts::from([tag("context", "train"), tag("split", "1")]));
        assert_eq!(*tags.of("c"), Texts::new());
        tags.add("c", tag("context", "train"));
        assert_eq!(tags.sets.len(), 2);
    }
}
