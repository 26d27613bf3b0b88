//! The 58 questions of the corpus, and the ten questions of the comparison with other engines.

use std::path::Path;

/// A question with its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// `Q01` in the corpus, `q1` in the comparison.
    pub name: String,
    /// Its text, comments left out.
    pub text: String,
}

/// The corpus.
///
/// # Errors
/// The file cannot be read.
pub fn corpus() -> std::io::Result<Vec<Question>> {
    read("query/tests/questions.lql")
}

/// Those of the comparison, in the order of their numbers.
///
/// # Errors
/// A file cannot be read.
pub fn of_the_peers() -> std::io::Result<Vec<Question>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compare/questions");
    let names = ["q1", "q2", "q2b", "q3", "q4a", "q4b", "q5", "q6", "q7", "q8", "q9", "q10"];
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.lql")))?;
        Ok(Question { name: name.to_owned(), text: text.trim().to_owned() })
    };
    names.into_iter().map(read).collect()
}

/// A question begins with `-- Q` or `-- q`, its name and what it asks.
fn read(path: &str) -> std::io::Result<Vec<Question>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = std::fs::read_to_string(file)?;
    let mut found: Vec<Question> = Vec::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("-- ")
            && title.starts_with(['Q', 'q'])
            && title[1..].starts_with(|c: char| c.is_ascii_digit())
        {
            let name = title.split_whitespace().next().unwrap_or_default().to_owned();
            found.push(Question { name, text: String::new() });
        } else if let Some(question) = found.last_mut()
            && !line.starts_with("--")
        {
            question.text.push_str(line);
            question.text.push('\n');
        }
    }
    for question in &mut found {
        question.text = question.text.trim().to_owned();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_query::{Code, Prepared};

    #[test]
    fn every_question_is_found_and_has_a_meaning() {
        let corpus = corpus().unwrap();
        assert_eq!(corpus.len(), 58);
        let peers = of_the_peers().unwrap();
        let names: Vec<&str> = peers.iter().map(|question| question.name.as_str()).collect();
        assert_eq!(
            names,
            ["q1", "q2", "q2b", "q3", "q4a", "q4b", "q5", "q6", "q7", "q8", "q9", "q10"]
        );
        for Question { name, text } in corpus.iter().chain(&peers) {
            match Prepared::new(text) {
                Ok(_) => {}
                Err(mistake) if mistake.code == Code::NotYet => {}
                Err(mistake) => panic!("{name}: {}", mistake.render(text)),
            }
        }
    }
}
