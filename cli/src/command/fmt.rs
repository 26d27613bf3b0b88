//! `lineal fmt`: questions in their canonical form. The meaning is that of the parser alone, so no
//! store is needed.

use crate::args::{Arguments, Fmt};
use crate::exit::{Exit, Failure, Outcome};
use crate::repl::{Form, Statements, names_as_rows, pieces, rows_as_names};
use lineal_query::{Mistake, layout, parse};
use serde_json::json;
use std::io::{Read, Write};

pub(super) fn run(arguments: &Arguments, wanted: &Fmt) -> Outcome {
    let text = match &wanted.file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?,
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|e| Failure::usage(format!("standard input: {e}")))?;
            text
        }
    };
    let formatted = formatted(&text)?;
    let mut out = std::io::stdout().lock();
    let canonical = formatted == text;
    let exit = if wanted.check && !canonical { Exit::No } else { Exit::Answer };
    if arguments.json {
        let mut answer = json!({ "canonical": canonical });
        if !wanted.check {
            answer["text"] = json!(formatted);
        }
        writeln!(out, "{answer}")?;
    } else if !wanted.check {
        write!(out, "{formatted}")?;
    } else if !canonical {
        let name = wanted.file.as_ref().map(|file| file.display().to_string());
        let name = name.unwrap_or_else(|| "standard input".to_owned());
        writeln!(out, "{name} is not in canonical form; `lineal fmt` prints it")?;
    }
    Ok(exit)
}

/// Each statement in canonical form, below its comments, ended by `;`; directives as they stand.
fn formatted(text: &str) -> Outcome<String> {
    let mut statements = Statements::default();
    let mut whole: Vec<String> = Vec::new();
    for line in text.lines() {
        let ended = statements.line(line);
        let is_end = !ended.is_empty();
        whole.extend(ended);
        // What stands beside the end of a question belongs to it, not to the next.
        if is_end && statements.is_empty() {
            let comment = statements.rest();
            if let Some(last) = whole.last_mut().filter(|_| !comment.trim().is_empty()) {
                *last = format!("{}\n{last}", comment.trim());
            }
        }
    }
    let rest = statements.rest();
    let is_comment = pieces(&rest).iter().all(|piece| piece.form == Form::Comment);
    let (left, comments) = if is_comment { (None, rest.trim()) } else { (Some(&rest), "") };
    whole.extend(left.cloned());
    let mut out: Vec<String> = Vec::new();
    for statement in &whole {
        if statement.starts_with('.') {
            out.push(format!("{statement}\n"));
            continue;
        }
        let refused =
            |mistake: Mistake| Failure::Query { error: mistake.into(), text: statement.clone() };
        // A mistake is told of the text as it was written.
        parse(&rows_as_names(statement)).map_err(refused)?;
        // On a line of its own the sign does not fall into a comment.
        let ended = format!("{}\n;", statement.trim_end());
        let laid_out = layout(&rows_as_names(&ended)).map_err(refused)?;
        out.push(names_as_rows(&laid_out));
    }
    if !comments.is_empty() {
        let lines: Vec<&str> = comments.lines().map(str::trim).collect();
        out.push(format!("{}\n", lines.join("\n")));
    }
    Ok(out.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_twice_changes_nothing_and_keeps_comments_above() {
        let text =
            "-- the first\nFIND   model where stage=\"Production\"   ;\n.timing on\n\nshow\n kinds";
        let once = formatted(text).unwrap();
        assert_eq!(
            once,
            "-- the first\nfind model where stage = \"Production\";\n\n.timing on\n\nshow kinds;\n"
        );
        assert_eq!(formatted(&once).unwrap(), once);
        assert_eq!(formatted("").unwrap(), "");
    }

    #[test]
    fn a_comment_within_or_beside_a_question_comes_to_stand_above_it() {
        for (text, expected) in [
            ("find model -- all\nwhere stage = 'x';", "-- all\nfind model where stage = \"x\";\n"),
            ("find model\n-- all\n;", "-- all\nfind model;\n"),
            ("find model; -- all\nfind run;", "-- all\nfind model;\n\nfind run;\n"),
            ("find model -- all", "-- all\nfind model;\n"),
            ("find  model;\n-- the end\n", "find model;\n\n-- the end\n"),
        ] {
            assert_eq!(formatted(text).unwrap(), expected, "{text}");
            assert_eq!(formatted(expected).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_mistake_is_told_of_the_text_as_it_was_written() {
        let Err(Failure::Query { error, text }) = formatted("find model order by") else {
            panic!("it is refused")
        };
        assert!(error.render(&text).contains("something is missing at the end"), "{error}");
    }

    #[test]
    fn a_long_question_has_a_line_for_each_clause_and_rows_stay() {
        let text = "find dataset as d upstream of $1 where d.license = 'MIT' and d.rows > 1000 \
                    return d, d.license order by d.license limit 5";
        let expected = "find dataset as d upstream of $1\n\
                        where d.license = \"MIT\" and d.rows > 1000\n\
                        return d, d.license\norder by d.license\nlimit 5;\n";
        assert_eq!(formatted(text).unwrap(), expected);
        assert_eq!(formatted(expected).unwrap(), expected);
    }
}
