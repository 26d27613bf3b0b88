//! `lineal fmt`: questions in their canonical form. The meaning is that of the parser alone, so no
//! store is needed.

use crate::args::{Arguments, Fmt};
use crate::exit::{Exit, Failure, Outcome};
use crate::repl::{Form, Statements, names_as_rows, pieces, rows_as_names};
use lineal_query::Query;
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
    let mut whole: Vec<String> = text.lines().flat_map(|line| statements.line(line)).collect();
    let rest = statements.rest();
    let at_end = pieces(&rest).iter().all(|piece| piece.form == Form::Comment);
    whole.extend(Some(rest.clone()).filter(|_| !at_end));
    for piece in pieces(text).iter().filter(|piece| piece.form == Form::Comment) {
        let line = text.get(..piece.at).unwrap_or_default().rsplit('\n').next();
        if line.is_some_and(|before| !before.trim().is_empty()) {
            return Err(lost(piece.text, "beside"));
        }
    }
    let mut out: Vec<String> = Vec::new();
    for statement in &whole {
        if statement.starts_with('.') {
            out.push(format!("{statement}\n"));
            continue;
        }
        let query = Query::parse(&rows_as_names(statement))
            .map_err(|mistake| Failure::Query { error: mistake.into(), text: statement.clone() })?;
        let query = names_as_rows(&query.to_string());
        out.push(format!("{}{query};\n", comments_above(statement)?));
    }
    if at_end && !rest.trim().is_empty() {
        out.push(comments_above(&rest)?);
    }
    Ok(out.join("\n"))
}

fn lost(comment: &str, place: &str) -> Failure {
    Failure::usage(format!(
        "{}\n  this comment stands {place} a question and would lose its place; put it above",
        comment.trim_end()
    ))
}

/// The comments before the first word. The syntax tree holds none, so one further in would be lost.
fn comments_above(statement: &str) -> Outcome<String> {
    let mut above = String::new();
    let mut begun = false;
    for piece in pieces(statement) {
        if piece.form != Form::Comment {
            begun = true;
        } else if begun {
            return Err(lost(piece.text, "inside"));
        } else {
            above.push_str(piece.text.trim_end());
            above.push('\n');
        }
    }
    Ok(above)
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
    fn no_comment_loses_its_place_silently() {
        for text in [
            "find model -- all\nwhere stage = \"x\";",
            "find model\n-- all\nwhere stage = \"x\";",
            "find model; -- all\nfind run;",
        ] {
            let Err(failure) = formatted(text) else { panic!("the comment moves: {text}") };
            assert!(failure.text().contains("-- all"));
        }
        assert_eq!(formatted("find  model;\n-- the end\n").unwrap(), "find model;\n\n-- the end\n");
    }
}
