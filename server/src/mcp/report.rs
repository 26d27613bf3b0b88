//! The tool that reports: Markdown, as much as may be told at once.

use super::evidence::{optional, text_of};
use super::tools::{Refusal, Tools, encoded};
use crate::handler::report;
use rmcp::model::JsonObject;
use serde_json::Value as Json;

/// The arguments of the tool that reports.
pub(super) const ARGUMENTS: [&str; 7] = ["kind", "target", "old", "new", "as_of", "from", "until"];
/// What leads to the rest of a report that is too long to be told at once.
const THE_REST: &str = "`lineal report` or GET /v1/report gives all of it";

impl Tools {
    /// A report as Markdown, as much of it as may be told at once.
    pub(super) async fn report(
        &self,
        arguments: &JsonObject,
        most: usize,
    ) -> Result<String, Refusal> {
        let kind = text_of(arguments, "kind")?;
        let mut uri = "/v1/report/kind?format=md".to_owned();
        for name in &ARGUMENTS[1..] {
            // A commit may come as a number.
            let number = arguments.get(*name).and_then(Json::as_u64).map(|it| it.to_string());
            let text = match number.filter(|_| *name == "as_of") {
                Some(number) => Some(number),
                None => optional(arguments, name)?.map(str::to_owned),
            };
            if let Some(text) = text {
                uri.push_str(&format!("&{name}={}", encoded(&text)));
            }
        }
        let mut call = self.within(&uri, None)?;
        call.places.insert("kind".to_owned(), kind.to_owned());
        Ok(cut(super::tools::text_of(report::get(call).await?).await?, most))
    }
}

/// So many bytes of a report, cut between two lines, with what is left out: how much, and of which headings.
fn cut(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let heading = |line: &str| line.starts_with('#');
    let headings = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| heading(line));
        lines.map(|line| line.trim_start_matches(['#', ' ']).to_owned()).collect()
    };
    let mut end = most;
    loop {
        // Room for what is said of the rest, which grows with it.
        let at = (0..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let kept = text[..at].rfind('\n').map_or(0, |at| at + 1);
        // The part in which it is cut, and those that are left out.
        let mut parts = headings(&text[kept..]);
        parts.splice(0..0, headings(&text[..kept]).pop());
        let said = format!(
            "\n({kept} of {} bytes are told. Cut or left out: {}. {THE_REST}.)\n",
            text.len(),
            parts.join("; ")
        );
        if kept + said.len() <= most {
            return format!("{}{said}", &text[..kept]);
        }
        if kept == 0 {
            return format!("({} bytes, too long to be told at once. {THE_REST}.)\n", text.len());
        }
        end = kept - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_is_too_long_says_what_is_left_out() {
        let short = "# One\n\nWords.\n".to_owned();
        assert_eq!(cut(short.clone(), 100), short);
        let part = |name: &str| format!("## {name}\n\n{}\n", "ü word ".repeat(60));
        let long = format!("# Title\n\n{}{}{}", part("First"), part("Second"), part("Third"));
        let told = cut(long.clone(), 1_000);
        assert!(told.len() <= 1_000, "{}", told.len());
        assert!(told.starts_with("# Title\n\n## First\n"), "{told}");
        assert!(
            told.contains(&format!("of {} bytes", long.len())) && told.contains("Second; Third.")
        );
        let none = cut(long, 150);
        assert!(none.len() <= 150 && none.contains("bytes"), "{none}");
    }
}
