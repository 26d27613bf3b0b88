//! Answers on a terminal, in a file, for a program.

mod answer;
pub(crate) mod page;
mod paths;
mod plural;
mod table;
mod timeline;
mod told;
mod visible;

pub(crate) use answer::{Drawn, cell_text, is_picture, no_bundle, print_answer, print_notes};
pub(crate) use paths::folded;
pub(crate) use plural::counted;
pub(crate) use table::{print_table, table, terminal_width};
pub(crate) use told::{number_of, texts, time_of, told_text};
pub(crate) use visible::{visible, visible_lines};

use std::io::IsTerminal;

/// Are colours wanted? Only on a terminal, and not if NO_COLOR is set.
pub(crate) fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Styles that are empty where colours are not wanted. What they wrap is one line.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    on: bool,
}

impl Style {
    pub(crate) fn new() -> Style {
        Style { on: colours() }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        let text = visible(text);
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into_owned() }
    }

    /// For what a thing is.
    pub(crate) fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// For what matters less.
    pub(crate) fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// For what is missing.
    pub(crate) fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// For what was looked for.
    pub(crate) fn found(self, text: &str) -> String {
        self.wrap("32", text)
    }
}

/// Names in a row, the first of them where there are many: `a, b and 7 more`.
pub(crate) fn listed(names: impl ExactSizeIterator<Item = String>, shown: usize) -> String {
    let more = and_more(names.len() as u64, shown);
    let first = names.take(shown).collect::<Vec<_>>().join(", ");
    match more {
        Some(more) => format!("{first} {more}"),
        None => first,
    }
}

/// `and 7 more`, where not all are shown.
pub(crate) fn and_more(all: u64, shown: usize) -> Option<String> {
    let more = all.checked_sub(shown as u64).filter(|more| *more > 0)?;
    Some(format!("and {} more", grouped(more)))
}

/// A number in groups of three: 12,345,678.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
