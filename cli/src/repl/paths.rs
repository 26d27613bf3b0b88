//! Paths as one tree: what they share is drawn once, what each leads to carries its number.

use super::answer::item_name;
use crate::command::describe_node;
use crate::exit::Outcome;
use crate::render::Style;
use crate::time::Zone;
use lineal_engine::Snapshot;
use lineal_query::{Answer, Item, Path, Value};
use std::io::Write;

/// A place in the tree: how it is reached, what it is, where it goes on.
struct Place {
    word: Option<&'static str>,
    item: Item,
    /// Rows whose paths end here.
    rows: Vec<usize>,
    /// Places below, by their numbers, in the order of the rows.
    below: Vec<usize>,
}

/// All places; those without a way to them are the roots.
#[derive(Default)]
struct Tree {
    places: Vec<Place>,
    roots: Vec<usize>,
}

impl Tree {
    fn add(&mut self, row: usize, path: &Path) {
        let mut at = self.place(None, None, path.start);
        for step in &path.steps {
            at = self.place(Some(at), Some(step.word()), step.to);
        }
        if let Some(place) = self.places.get_mut(at) {
            place.rows.push(row);
        }
    }

    /// The place of an item below another, new if need be.
    fn place(&mut self, above: Option<usize>, word: Option<&'static str>, item: Item) -> usize {
        let number = self.places.len();
        let same = |place: &Place| place.word == word && place.item == item;
        let siblings = match above {
            Some(above) => self.places.get(above).map(|place| &place.below),
            None => Some(&self.roots),
        };
        let known = siblings.into_iter().flatten().copied();
        let found = known.into_iter().find(|at| self.places.get(*at).is_some_and(same));
        if let Some(found) = found {
            return found;
        }
        self.places.push(Place { word, item, rows: Vec::new(), below: Vec::new() });
        match above.and_then(|above| self.places.get_mut(above)) {
            Some(above) => above.below.push(number),
            None => self.roots.push(number),
        }
        number
    }
}

/// Draws the paths of an answer, whose only column they are.
pub(crate) fn print(
    out: &mut dyn Write,
    answer: &Answer,
    view: &Snapshot,
    zone: &Zone,
) -> Outcome<()> {
    let mut tree = Tree::default();
    for (row, values) in answer.rows.iter().enumerate() {
        if let Some(Value::Path(path)) = values.first() {
            tree.add(row, path);
        }
    }
    let style = Style::new();
    // A stack of its own, since lineage may be deep.
    let mut waiting: Vec<(usize, String, &str, &str)> =
        tree.roots.iter().rev().map(|root| (*root, String::new(), "", "")).collect();
    while let Some((at, prefix, joint, bar)) = waiting.pop() {
        let Some(place) = tree.places.get(at) else { continue };
        let word = place.word.map_or(String::new(), |word| format!("{} ", style.faint(word)));
        let name = style.strong(item_name(answer, place.item));
        let told = match place.item {
            Item::Node(node) => describe_node(view, node, zone, style)?,
            Item::Event(_) => String::new(),
        };
        let rows = place.rows.iter().map(|row| style.found(&format!("  ${}", row + 1)));
        let rows = rows.collect::<String>();
        let told = if told.is_empty() { told } else { format!("  {told}") };
        writeln!(out, "{prefix}{joint}{word}{name}{rows}{told}")?;
        let prefix = format!("{prefix}{bar}");
        let last = place.below.len();
        for (number, below) in place.below.iter().enumerate().rev() {
            let (joint, bar) =
                if number + 1 == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            waiting.push((*below, prefix.clone(), joint, bar));
        }
    }
    Ok(())
}
