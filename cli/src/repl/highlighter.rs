//! Colours for a text that is being typed.

use super::words::{Form, Piece, pieces};
use lineal_engine::schema::{Kind, RELATIONS};
use lineal_query::RESERVED;

/// The text with the colours of its words.
pub(crate) fn highlight(text: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    let mut after_dot = false;
    for piece in pieces(text) {
        out.push_str(text.get(from..piece.at).unwrap_or_default());
        match colour(&piece, after_dot) {
            Some(code) => out.push_str(&format!("\x1b[{code}m{}\x1b[0m", piece.text)),
            None => out.push_str(piece.text),
        }
        after_dot = piece.is(".");
        from = piece.end();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// Few colours: what the language reserves, what it knows, what is yours.
fn colour(piece: &Piece<'_>, after_dot: bool) -> Option<&'static str> {
    match piece.form {
        Form::Word if after_dot => None,
        Form::Word if RESERVED.iter().any(|word| piece.is(word)) => Some("1"),
        Form::Word if Kind::parse(piece.text).is_some() || piece.is("node") => Some("36"),
        Form::Word if is_relation(piece) => Some("34"),
        Form::Word | Form::Sign => None,
        Form::Key | Form::Id => Some("32"),
        Form::Text => Some("33"),
        Form::Number | Form::Parameter => Some("35"),
        Form::OpenText => Some("31"),
        Form::Comment => Some("2"),
    }
}

fn is_relation(piece: &Piece<'_>) -> bool {
    RELATIONS.iter().any(|spec| piece.is(spec.name) || piece.is(spec.inverse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_nothing_but_colours() {
        let text = "find model:a@3 as m -- x\n where m.limit >= 3 and name = \"é";
        let shown = highlight(text);
        let mut plain = String::new();
        let mut rest = shown.as_str();
        while let Some((before, after)) = rest.split_once("\x1b[") {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain.push_str(rest);
        assert_eq!(plain, text);
        assert!(shown.starts_with("\x1b[1mfind\x1b[0m \x1b[32mmodel:a@3\x1b[0m"));
        assert!(shown.contains("m.limit"), "what stands behind a dot is a field");
    }

    #[test]
    fn every_reserved_word_is_reserved_by_the_grammar() {
        for word in RESERVED {
            let named = format!("find model as {word} return {word}");
            // `distinct` is a word of its place only.
            assert!(
                lineal_query::parse(&named).is_err() || word == "distinct",
                "{word} may name a term: it deserves no colour"
            );
        }
    }
}
