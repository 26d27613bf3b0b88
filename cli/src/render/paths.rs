//! Paths as one tree: what they share is drawn once, what each leads to carries its number.

use super::page::{Layout, item_name};
use super::{Style, terminal_width};
use crate::command::describe_node;
use crate::exit::Outcome;
use lineal_query::{Answer, Item, Path, Value};
use std::io::Write;

/// Blanks between a line's key and what is told of it.
pub(super) const GAP: usize = 2;

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

/// Draws the paths of these rows of an answer, whose only column they are.
pub(super) fn print(
    out: &mut dyn Write,
    answer: &Answer,
    rows: &[Vec<Value>],
    layout: &Layout<'_>,
) -> Outcome<()> {
    let mut tree = Tree::default();
    for (row, values) in rows.iter().enumerate() {
        if let Some(Value::Path(path)) = values.first() {
            tree.add(row, path);
        }
    }
    let style = Style::new();
    let width = terminal_width();
    // A stack of its own, since lineage may be deep.
    let mut waiting: Vec<(usize, String, &str, &str)> =
        tree.roots.iter().rev().map(|root| (*root, String::new(), "", "")).collect();
    while let Some((at, prefix, joint, bar)) = waiting.pop() {
        let Some(place) = tree.places.get(at) else { continue };
        let word = place.word.map_or(String::new(), |word| format!("{} ", style.faint(word)));
        let name = style.strong(item_name(answer, place.item));
        let told = match place.item {
            Item::Node(node) => describe_node(&(layout.told)(node)?, layout.zone, style),
            Item::Event(_) => String::new(),
        };
        let rows = place.rows.iter().filter_map(|row| layout.mark(*row));
        let rows = rows.map(|mark| style.found(&format!("  {mark}")));
        let rows = rows.collect::<String>();
        let head = format!("{prefix}{joint}{word}{name}{rows}");
        let prefix = format!("{prefix}{bar}");
        let below = if place.below.is_empty() { "   " } else { "│  " };
        for line in folded(head, &told, &format!("{prefix}{below}"), GAP, width) {
            writeln!(out, "{line}")?;
        }
        let last = place.below.len();
        for (number, below) in place.below.iter().enumerate().rev() {
            let (joint, bar) =
                if number + 1 == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            waiting.push((*below, prefix.clone(), joint, bar));
        }
    }
    Ok(())
}

/// What a line says, and what is told of it, on as many lines as it takes to fit. Keys are never
/// broken: they are there to be pasted.
pub(crate) fn folded(
    head: String,
    told: &str,
    indent: &str,
    gap: usize,
    width: Option<usize>,
) -> Vec<String> {
    let mut lines = vec![head];
    let mut gap = " ".repeat(gap);
    for word in told.split(' ').filter(|word| !word.is_empty()) {
        let gap = std::mem::replace(&mut gap, " ".to_owned());
        let Some(line) = lines.last_mut() else { break };
        if width.is_none_or(|width| shown(line) + gap.len() + shown(word) <= width) {
            line.push_str(&gap);
            line.push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines
}

/// Columns that a text takes, its colours left out.
fn shown(text: &str) -> usize {
    let mut coloured = text.split("\x1b[");
    let plain = coloured.next().unwrap_or_default().chars().count();
    let after =
        coloured.map(|part| part.split_once('m').map_or(0, |(_, text)| text.chars().count()));
    plain + after.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_folds_below_its_line_and_keys_stay_whole() {
        let lines =
            folded("└─ run:0123456789".to_owned(), "\"a b\", FINISHED", "   │  ", GAP, Some(22));
        assert_eq!(lines, ["└─ run:0123456789  \"a", "   │  b\", FINISHED"]);
        let lines = folded("model:a".to_owned(), "x y", "", GAP, None);
        assert_eq!(lines, ["model:a  x y"]);
        let lines = folded("run:0123456789".to_owned(), "", "", GAP, Some(5));
        assert_eq!(lines, ["run:0123456789"]);
    }

    #[test]
    fn colours_take_no_columns() {
        assert_eq!(shown("\x1b[1mmodel:é\x1b[0m  x"), 10);
    }
}
