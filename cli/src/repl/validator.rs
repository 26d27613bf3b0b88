//! Where a statement ends: at `;`, or at an empty line behind a text that reads as a whole.
//!
//! The editor asks whether Enter sends or goes on to the next line; a script is cut by the same
//! rule, so that what worked at the prompt works in a file.

use super::words::{Form, pieces, rows_as_names};
use lineal_query::{Query, TEXT_BYTES_MAX};

/// Lines that come in, statements that go out.
#[derive(Default, Debug)]
pub(crate) struct Feed {
    pending: String,
}

impl Feed {
    /// Takes a line, without its end; gives the statements that it completes.
    pub(crate) fn line(&mut self, line: &str) -> Vec<String> {
        if self.is_empty() && is_directive(line) {
            self.pending.clear();
            return vec![line.trim().to_owned()];
        }
        if line.trim().is_empty() {
            return self.blank();
        }
        self.pending.push_str(line);
        self.pending.push('\n');
        let mut whole = Vec::new();
        if self.pending.len() > TEXT_BYTES_MAX {
            // Longer than a question may be: the parser says so.
            return self.end().into_iter().collect();
        }
        while let Some(end) = first_end(&self.pending) {
            let rest = self.pending.split_off(end);
            whole.extend(statement(&self.pending));
            self.pending = rest;
        }
        whole
    }

    /// What is left at the end of the input.
    pub(crate) fn end(&mut self) -> Option<String> {
        statement(&self.rest())
    }

    /// The same as it stands, with comments that nothing follows.
    pub(crate) fn rest(&mut self) -> String {
        std::mem::take(&mut self.pending)
    }

    /// Does nothing wait for its end?
    pub(crate) fn is_empty(&self) -> bool {
        pieces(&self.pending).iter().all(|piece| piece.form == Form::Comment)
    }

    /// An empty line ends what reads as a whole. A second one ends anything: who presses Enter
    /// three times wants to be told what is wrong. A text in quotes may hold empty lines.
    fn blank(&mut self) -> Vec<String> {
        let open = pieces(&self.pending).last().is_some_and(|last| last.form == Form::OpenText);
        let again = self.pending.ends_with("\n\n") && !open;
        if !self.is_empty() && (again || is_whole(&self.pending)) {
            return self.end().into_iter().collect();
        }
        if !self.pending.is_empty() {
            self.pending.push('\n');
        }
        Vec::new()
    }
}

/// Does the text read as a question, whatever it means?
pub(crate) fn is_whole(text: &str) -> bool {
    Query::parse(&rows_as_names(text)).is_ok()
}

/// Does Enter send this text?
pub(crate) fn is_complete(text: &str) -> bool {
    let mut feed = Feed::default();
    for line in text.split('\n') {
        feed.line(line);
    }
    feed.is_empty()
}

/// Is the line a directive, such as `.help`?
pub(crate) fn is_directive(line: &str) -> bool {
    let mut letters = line.trim_start().chars();
    letters.next() == Some('.') && letters.next().is_none_or(char::is_alphabetic)
}

/// The end of the first `;` that stands outside of texts and comments.
fn first_end(text: &str) -> Option<usize> {
    pieces(text).iter().find(|piece| piece.is(";")).map(super::words::Piece::end)
}

/// The text without its end and blanks; `None` if only comments stand in it.
fn statement(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_suffix(';').unwrap_or(text).trim_end();
    let says = pieces(text).iter().any(|piece| piece.form != Form::Comment);
    says.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut feed = Feed::default();
        let mut all: Vec<String> = text.lines().flat_map(|line| feed.line(line)).collect();
        all.extend(feed.end());
        all
    }

    #[test]
    fn a_semicolon_ends_a_statement_but_not_inside_a_text_or_comment() {
        assert!(is_complete("find model;"));
        assert!(is_complete("find model; -- all of them"));
        assert!(!is_complete("find model where name = \"a;"));
        assert!(!is_complete("find model -- a;"));
        assert!(!is_complete("find model; find"));
    }

    #[test]
    fn an_empty_line_ends_what_reads_as_a_whole() {
        assert!(!is_complete("find model"));
        assert!(is_complete("find model\n"));
        assert!(!is_complete("find model where\n"));
        assert!(!is_complete("find model\nwhere stage = \"Production\""));
        assert!(is_complete("find model\nwhere stage = \"Production\"\n"));
        assert!(is_complete("find model upstream of $1\n"));
    }

    #[test]
    fn a_second_empty_line_ends_even_a_mistake() {
        assert!(!is_complete("fnd model\n"));
        assert!(is_complete("fnd model\n\n"));
        assert!(!is_complete("find model where name = \"a\n\n\n"));
    }

    #[test]
    fn what_never_ends_is_cut_where_the_parser_refuses_it() {
        let mut feed = Feed::default();
        let line = format!("find model where name = \"{}", "x".repeat(1000));
        let whole = (0..TEXT_BYTES_MAX / 1000 + 1).find_map(|_| feed.line(&line).pop());
        let whole = whole.expect("no question is that long");
        assert!(lineal_query::parse(&whole).is_err_and(|mistake| mistake.code.name() == "L001"));
        assert!(feed.is_empty());
    }

    #[test]
    fn a_directive_is_one_line_and_nothing_needs_no_end() {
        assert!(is_complete(".help"));
        assert!(is_complete("."));
        assert!(is_complete(""));
        assert!(is_complete("  "));
        assert!(!is_complete("find model return m\n.name"));
    }

    #[test]
    fn a_script_is_cut_as_it_was_typed() {
        let script = "-- models\nfind model; show kinds;\n.format csv\n\nfind run\n\n-- the end\nfind\n  code\n";
        assert_eq!(
            cut(script),
            [
                "-- models\nfind model",
                "show kinds",
                ".format csv",
                "find run",
                "-- the end\nfind\n  code"
            ]
        );
        assert_eq!(cut("-- nothing but words\n;\n;;\n"), Vec::<String>::new());
    }
}
