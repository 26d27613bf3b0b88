//! What a check found, as verifiers print it: for a person and for programs. `verify.py` prints the same.

use super::check::{Report, Verdict};
use super::json::Json;

impl Report {
    /// For a person: the verdict, what is shown, against which checkpoint, and what is not shown. Ends with
    /// a line's end; what could steer a terminal is left out.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut lines = vec![self.verdict.name().to_owned()];
        if let Verdict::Tampered(fault) = &self.verdict {
            lines.push(format!("  {fault}"));
        }
        lines.extend(self.words.iter().map(|words| format!("  {words}")));
        if let Some(checkpoint) = &self.checkpoint {
            lines.push(format!(
                "shown against checkpoint {} of {}, root {}",
                checkpoint.size, checkpoint.origin, checkpoint.root
            ));
        }
        lines.extend(self.limits.iter().map(|limit| format!("not shown: {limit}")));
        // Names in a proof are what somebody wrote.
        let plain = |line: &String| line.chars().filter(|letter| !letter.is_control()).collect();
        let lines: Vec<String> = lines.iter().map(plain).collect();
        lines.join("\n") + "\n"
    }

    /// For programs: one line of JSON with the members `checkpoint` (`origin`, `root`, `size`), `exit`, `fault` (`at`,
    /// `rule`), `not_shown`, `verdict` and `words`.
    #[must_use]
    pub fn in_json(&self) -> String {
        let fault = match &self.verdict {
            Verdict::Tampered(fault) => {
                Json::map([("at", Json::text(&fault.at)), ("rule", Json::text(fault.rule))])
            }
            _ => Json::Null,
        };
        let texts = |texts: &[String]| Json::List(texts.iter().map(Json::text).collect());
        let checkpoint = self.checkpoint.as_ref().map_or(Json::Null, |found| {
            Json::map([
                ("origin", Json::text(&found.origin)),
                ("root", Json::text(found.root.to_string())),
                ("size", Json::Int(i64::try_from(found.size).unwrap_or(i64::MAX))),
            ])
        });
        let mut text = Json::map([
            ("checkpoint", checkpoint),
            ("exit", Json::Int(i64::from(self.verdict.code()))),
            ("fault", fault),
            ("not_shown", texts(&self.limits)),
            ("verdict", Json::text(self.verdict.name())),
            ("words", texts(&self.words)),
        ])
        .write();
        text.push('\n');
        text
    }
}
