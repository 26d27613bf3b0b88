//! Log lines of Article 12 events, made up one by one.

use serde_json::{Value as Json, json};
use std::path::Path;

/// One line: an event and what its frame says.
#[derive(Clone, Debug)]
pub struct Line {
    /// The id that the application gave it.
    pub event_id: Option<String>,
    /// The id that the log organisation gave the line.
    pub log_id: Option<String>,
    /// Seconds after 2026-03-01T00:00:00Z; below a day.
    pub second: u32,
    /// What was decided.
    pub decision: &'static str,
    /// The model's name, as the application says it.
    pub model: &'static str,
    /// Its version, as the application says it.
    pub version: Option<&'static str>,
    /// The run that made it.
    pub run: Option<&'static str>,
    /// The service that answered.
    pub service: String,
}

impl Line {
    /// An event of version 2 of the scorer that bears a number.
    #[must_use]
    pub fn number(number: u32) -> Line {
        Line {
            event_id: Some(format!("event-{number}")),
            log_id: Some(format!("AQAAA{number}")),
            second: number % 86_400,
            decision: if number.is_multiple_of(3) { "refer" } else { "grant" },
            model: "credit-risk-scorer",
            version: Some("2"),
            run: None,
            service: "scorer".to_owned(),
        }
    }

    /// The input's hash, in hexadecimal digits: one a second.
    #[must_use]
    pub fn hash(&self) -> String {
        lineal_proof::Hash::of(&self.second.to_le_bytes()).to_string()
    }

    /// The line as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let (hour, minute, second) = (self.second / 3_600, self.second / 60 % 60, self.second % 60);
        let time = format!("2026-03-01T{hour:02}:{minute:02}:{second:02}.000Z");
        let mut model = json!({ "name": self.model });
        for (name, value) in [("version", self.version), ("run_id", self.run)] {
            if let Some(value) = value {
                model[name] = json!(value);
            }
        }
        let mut event = json!({
            "timestamp": time, "system_id": "CREDIT-RISK-EU-001", "model": model,
            "input": { "hash": self.hash(), "hash_algorithm": "sha256" },
            "output": { "decision": self.decision },
            "deployment": { "id": "eu-1", "env": "prod" },
        });
        if let Some(id) = &self.event_id {
            event["event_id"] = json!(id);
        }
        let mut line: Json = json!({
            "date": time, "host": "h", "service": self.service, "status": "info",
            "message": "inference", "attributes": { "art12": event },
        });
        if let Some(id) = &self.log_id {
            line["_id"] = json!(id);
        }
        line.to_string()
    }
}

/// Writes lines as a file of one JSON value a line, making its folder.
///
/// # Errors
/// What the system says.
pub fn write(path: &Path, lines: impl IntoIterator<Item = Line>) -> std::io::Result<()> {
    use std::io::Write as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for line in lines {
        writeln!(file, "{}", line.json())?;
    }
    file.flush()
}
