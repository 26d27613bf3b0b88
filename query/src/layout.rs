//! Lays the text of questions out: `lineal fmt`.
//!
//! A question that fits a line stands on it, a longer one has a line for each clause. Words are
//! written as the reference writes them. Comments are kept: those within a question or beside it
//! come to stand above it.

use crate::error::Mistake;

/// Longest line of a question that stands on one.
pub const COLUMNS_MAX: usize = 80;

/// The text, laid out. What it means stays the same, and laying it out again changes nothing.
///
/// # Errors
/// The first mistake in the syntax: what is not understood is left alone.
pub fn layout(text: &str) -> Result<String, Mistake> {
    let script = crate::parse::parse(text)?;
    let tokens = crate::parse::token::tokens(text);
    let mut comments = comments(text).into_iter().peekable();
    let mut out = String::new();
    let several = script.statements.len() > 1 || ends_with_semicolon(text);
    for statement in &script.statements {
        // Behind the last word the span of a statement goes on over comments.
        let words = tokens.iter().take_while(|token| token.span.end <= statement.span.end);
        let last = words.last().map_or(statement.span.end, |token| token.span.end);
        let sign = tokens.iter().find(|token| token.span.at >= last && token.is(";"));
        let end = sign.map_or(last, |sign| sign.span.end);
        // What stands beside the last word belongs to the question as well.
        let is_its = |at: usize| {
            at < end || text.get(end..at).is_some_and(|between| !between.contains('\n'))
        };
        while let Some((_, comment)) = comments.next_if(|(at, _)| is_its(*at)) {
            out.push_str(comment);
            out.push('\n');
        }
        let line = statement.node.to_string();
        if line.chars().count() <= COLUMNS_MAX {
            out.push_str(&line);
        } else {
            out.push_str(&format!("{:#}", statement.node));
        }
        out.push_str(if several { ";\n" } else { "\n" });
    }
    for (_, comment) in comments {
        out.push_str(comment);
        out.push('\n');
    }
    Ok(out)
}

/// Comments with their places: from two dashes, outside of text, to the end of the line.
fn comments(text: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '-') if chars.peek().is_some_and(|(_, next)| *next == '-') => {
                let rest = text.get(at..).unwrap_or_default();
                let comment = rest.lines().next().unwrap_or_default();
                out.push((at, comment.trim_end()));
                while chars.next_if(|(_, c)| *c != '\n').is_some() {}
            }
            _ => {}
        }
    }
    out
}

/// Does the last statement end with its sign?
fn ends_with_semicolon(text: &str) -> bool {
    let mut code = text.to_owned();
    for (at, comment) in comments(text) {
        code.replace_range(at..at + comment.len(), &" ".repeat(comment.len()));
    }
    code.trim_end().ends_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_questions_have_a_line_a_clause_and_comments_stay() {
        let text = "-- all of them\nFIND model AS m  -- each\n where m.stage = 'Production' and not exists \
                    (find approval approves m where decision = 'granted') return m, m.name order by m.name limit 5;\n\
                    find run;";
        let expected = "-- all of them\n-- each\nfind model as m\n\
            where m.stage = \"Production\" and not exists (find approval approves m where decision = \"granted\")\n\
            return m, m.name\norder by m.name\nlimit 5;\nfind run;\n";
        assert_eq!(layout(text).unwrap(), expected);
        assert_eq!(layout(expected).unwrap(), expected);
    }

    #[test]
    fn a_comment_beside_a_question_stays_with_it() {
        let text = "find model; -- all of them\n-- then\nfind run -- each\n-- the end\n";
        let expected = "-- all of them\nfind model;\n-- then\n-- each\nfind run;\n-- the end\n";
        assert_eq!(layout(text).unwrap(), expected);
    }

    #[test]
    fn dashes_within_text_are_no_comment() {
        assert_eq!(
            layout("find model where name = 'a -- b'").unwrap(),
            "find model where name = \"a -- b\"\n"
        );
    }
}
