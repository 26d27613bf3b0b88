//! What a server says in place of an answer (RFC 9457), as a failure of this program.

use crate::exit::{Exit, Failure};
use lineal_query::{Code, Mistake, Span};
use serde_json::Value as Json;

/// The failure that a refusal amounts to. Of a wrong question the place is shown as if it had been
/// refused here.
pub(super) fn failure(base: &str, status: u16, body: &str, question: &str) -> Failure {
    let json: Json = serde_json::from_str(body).unwrap_or_default();
    if let Some(mistake) = json["errors"].get(0).and_then(|error| mistake(error, question)) {
        return Failure::Query { error: mistake.into(), text: question.to_owned() };
    }
    let kind = json["type"].as_str().unwrap_or_default().trim_start_matches("urn:lineal:problem:");
    let Some(detail) = json["detail"].as_str() else {
        let message = format!("{base}: status {status}, and no word of why; is that lineal?");
        return Failure::Remote { message, exit: Exit::Usage };
    };
    if status == 404 && kind == "not-found" {
        return Failure::NotFound(detail.to_owned());
    }
    let exit = match kind {
        "store-damaged" => Exit::Damaged,
        // It is done, and something behind it is not.
        "recorded" => Exit::Partial,
        _ => Exit::Usage,
    };
    let id = json["request_id"].as_str().unwrap_or("-");
    // Whoever keeps the server finds it in the log by this.
    let message = if status >= 500 {
        format!("{base}: {detail}\n  in the server's log: request {id}")
    } else {
        format!("{base}: {detail}")
    };
    Failure::Remote { message, exit }
}

fn mistake(json: &Json, question: &str) -> Option<Mistake> {
    let place = |name: &str| usize::try_from(json[name].as_u64()?).ok();
    let (at, end) = (place("at")?, place("end")?);
    // A place outside the text would be drawn nowhere.
    (at <= end && end <= question.len()).then_some(())?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    Some(Mistake {
        code: Code::parse(json["code"].as_str()?)?,
        span: Span::new(at, end),
        message: text("message")?.into(),
        hint: text("hint").map(Into::into),
        replacement: text("replacement"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_server_says_and_ends_as_here() {
        let told = |status, body: &str| {
            let failure = failure("https://x", status, body, "find modle");
            (failure.exit(), failure.text())
        };
        let damaged =
            r#"{"type":"urn:lineal:problem:store-damaged","detail":"bad","request_id":"7"}"#;
        let (exit, text) = told(500, damaged);
        assert_eq!(exit, Exit::Damaged);
        assert!(text.contains("bad") && text.contains("request 7"), "{text}");
        let mistake = r#"{"errors":[{"code":"R001","at":5,"end":10,"message":"m","hint":null,"replacement":null}]}"#;
        let (exit, text) = told(422, mistake);
        assert_eq!(exit, Exit::Usage);
        assert!(text.contains('^') && text.contains("R001"), "{text}");
        let (_, outside) = told(422, &mistake.replace("10", "99"));
        assert!(outside.contains("422"), "{outside}");
        assert!(told(502, "<html>").1.contains("502"));
    }
}
