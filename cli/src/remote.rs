//! A server in place of a store here: the same questions, over HTTP, and answers that print the same.

mod connection;
pub(crate) mod elsewhere;
mod evidence;
mod mirror;
mod refusal;
#[cfg(feature = "server")]
mod tokens;
mod upload;
mod ways;

pub(crate) use ways::{refuse, stated_name};

use crate::args::Arguments;
use crate::exit::{Exit, Failure, Outcome};
use crate::render::visible;
use connection::Connection;
use lineal_query::{Answer, Parameters, Picture, Value};
use serde_json::{Map, Value as Json, json};
use std::io::{BufRead, Read};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The form of an answer with its types (docs/operating.md, "Asking").
const TYPED: &str = "application/vnd.lineal.answer+ndjson";
/// The member that ends it.
const END: &str = "$answer";
/// How often it is looked whether somebody has pressed Ctrl-C.
const LOOK: Duration = Duration::from_millis(20);

/// A server.
#[derive(Clone)]
pub(crate) struct Remote {
    connection: Connection,
}

/// An answer, with what was wished for beside it.
pub(crate) struct Asked {
    pub(crate) answer: Answer,
    /// A few facts of each node, by number; empty where none were wished for.
    pub(crate) told: Map<String, Json>,
    pub(crate) picture: Option<Picture>,
}

/// What is wished for beside an answer.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside {
    pub(crate) told: bool,
    pub(crate) picture: bool,
}

impl Remote {
    /// The server that is meant, if one is.
    ///
    /// # Errors
    /// What its address or its token has against it; and `--restricted`, which a server does not heed.
    pub(crate) fn meant(arguments: &Arguments) -> Outcome<Option<Remote>> {
        let Some(url) = &arguments.there.url else { return Ok(None) };
        if arguments.restricted {
            return Err(Failure::usage(
                "--restricted does not go with --url: what is restricted is shown to the role of the token \
                 that may see it, the privacy officer's",
            ));
        }
        let connection = Connection::new(url, &arguments.there)?;
        Ok(Some(Remote { connection }))
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        self.connection.url()
    }

    /// Where a thing comes from, with what a tree says of each node if that is wished for.
    pub(crate) fn trace(&self, target: &str, as_of: Option<u64>, told: bool) -> Outcome<Json> {
        let mut parameters = vec![("target", target.to_owned())];
        parameters.extend(as_of.map(|commit| ("as_of", commit.to_string())));
        parameters.extend(told.then(|| ("told", "true".to_owned())));
        self.connection.json("/v1/trace", &parameters)
    }

    /// Everything recorded about a thing.
    pub(crate) fn show(&self, target: &str, as_of: Option<u64>) -> Outcome<Json> {
        let mut parameters = vec![("target", target.to_owned())];
        parameters.extend(as_of.map(|commit| ("as_of", commit.to_string())));
        self.connection.json("/v1/show", &parameters)
    }

    /// What the store holds, counted.
    pub(crate) fn stats(&self) -> Outcome<Json> {
        let mut json = self.connection.json("/v1/stats", &[])?;
        // What the server says of itself is no count of the store.
        if let Some(object) = json.as_object_mut() {
            object.shift_remove("trail");
            // But what it holds for the store, and no commit has yet.
            if object.get("intake").is_some_and(|intake| intake["written_here"] == false) {
                object.shift_remove("intake");
            }
        }
        for counts in json["kinds"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            let listed = counts["missing"].as_array().map_or(0, Vec::len) as u64;
            if counts["missing_count"].as_u64() == Some(listed)
                && let Some(object) = counts.as_object_mut()
            {
                object.shift_remove("missing_count");
            }
        }
        Ok(json)
    }

    /// A copy of the store as an archive, and how many bytes it has.
    pub(crate) fn backup(&self) -> Outcome<(Option<u64>, impl Read + use<>)> {
        self.connection.stream("/v1/backup")
    }

    /// The imports that the store holds.
    pub(crate) fn imports(&self) -> Outcome<Json> {
        Ok(self.connection.json("/v1/history", &[])?["imports"].take())
    }

    /// Names that begin with what is typed, and whether these are all.
    pub(crate) fn names(&self, typed: &str, within: Duration) -> Outcome<(Vec<String>, bool)> {
        let begins = [("begins", typed.to_owned())];
        let json = self.connection.json_within("/v1/names", &begins, Some(within))?;
        let names = crate::render::texts(&json["names"]);
        Ok((names.into_iter().map(str::to_owned).collect(), json["all"] == true))
    }

    /// Records a statement, and gives what was recorded.
    pub(crate) fn record(&self, request: &Json) -> Outcome<Json> {
        self.done("/v1/records", request)
    }

    /// The statement of a decision, to be signed here.
    pub(crate) fn statement(&self, request: &Json) -> Outcome<Json> {
        self.done("/v1/records/statement", request)
    }

    /// Whether the release record of a model is there.
    pub(crate) fn gate(&self, model: &str) -> Outcome<Json> {
        self.connection.json("/v1/gate", &[("model", model.to_owned())])
    }

    /// What was decided on requests to erase.
    pub(crate) fn erasures(&self) -> Outcome<Json> {
        self.connection.json("/v1/erasures", &[])
    }

    /// The holds that stand.
    pub(crate) fn holds(&self) -> Outcome<Json> {
        self.connection.json("/v1/holds", &[])
    }

    /// Has the server's writer do something, and gives its report.
    pub(crate) fn done(&self, path: &str, body: &Json) -> Outcome<Json> {
        let body = self.connection.post(path, body, "application/json", "")?;
        let job: Json = serde_json::from_reader(body).map_err(|why| broken(&why.to_string()))?;
        self.await_job(&job, &lineal_import::Progress::default())
    }

    /// The signed note of the kept checkpoint of so many commits.
    pub(crate) fn checkpoint(&self, size: u64) -> Outcome<String> {
        let (_, mut body) = self.connection.stream(&format!("/v1/checkpoint?size={size}"))?;
        let mut note = String::new();
        body.read_to_string(&mut note).map_err(|error| broken(&error.to_string()))?;
        Ok(note)
    }

    /// What shows that the log only grew from one checkpoint to another.
    pub(crate) fn consistency(&self, earlier: u64, later: u64) -> Outcome<Json> {
        let sizes = [("earlier", earlier.to_string()), ("later", later.to_string())];
        self.connection.json("/v1/log/consistency", &sizes)
    }

    /// What shows that a commit stands in the log.
    pub(crate) fn log_proof(&self, commit: u64, size: Option<u64>) -> Outcome<Json> {
        let mut asked = vec![("commit", commit.to_string())];
        asked.extend(size.map(|size| ("size", size.to_string())));
        self.connection.json("/v1/log/proof", &asked)
    }

    /// A proof of a statement, against a checkpoint or the newest of the store there, and what waits
    /// there for a commit, so that it stands in no proof yet.
    pub(crate) fn prove(
        &self,
        statement: &str,
        parameters: &Parameters,
        checkpoint: Option<&[u8]>,
        (withhold, bytes_max): (bool, u64),
    ) -> Outcome<(String, Option<String>)> {
        let note = checkpoint.map(String::from_utf8_lossy);
        let body = json!({
            "statement": statement, "params": json_of(parameters), "checkpoint": note,
            "withhold": if withhold { json!("subject") } else { Json::Null },
            "max_bytes": bytes_max,
        });
        let form = "application/json";
        let (head, mut body) = self.connection.posted("/v1/prove", &body, form, statement)?;
        let mut file = String::new();
        body.read_to_string(&mut file).map_err(|error| broken(&error.to_string()))?;
        let waiting = head.get("lineal-unsealed").and_then(|words| words.to_str().ok());
        Ok((file, waiting.map(|words| visible(words).into_owned())))
    }

    /// Asks a question; `stop` is asked now and then while the answer is awaited.
    pub(crate) fn ask(
        &self,
        text: &str,
        params: &Map<String, Json>,
        limits: &Json,
        beside: Beside,
        stop: &dyn Fn() -> bool,
    ) -> Outcome<Asked> {
        let wished = [(beside.told, "told"), (beside.picture, "picture")];
        let with: Vec<&str> =
            wished.into_iter().filter(|(wished, _)| *wished).map(|(_, name)| name).collect();
        let body = json!({ "query": text, "params": params, "limits": limits, "with": with });
        let (connection, question) = (self.connection.clone(), text.to_owned());
        let (send, receive) = channel();
        // A thread of its own, so that Ctrl-C is heard while the server is at work. One that is
        // left waits for an answer that nobody takes, which the server bounds.
        std::thread::spawn(move || {
            let answered = connection.post("/v1/query", &body, TYPED, &question).and_then(read);
            let _ = send.send(answered);
        });
        loop {
            match receive.recv_timeout(LOOK) {
                Ok(answered) => return answered,
                Err(RecvTimeoutError::Timeout) if stop() => {
                    return Err(Failure::Remote {
                        message: "stopped; nothing of the answer had come".to_owned(),
                        exit: Exit::Interrupted,
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(broken("it cannot be read")),
            }
        }
    }
}

/// Values of parameters as they travel: what was given, text, numbers, truths and lists of these.
pub(crate) fn json_of(parameters: &Parameters) -> Map<String, Json> {
    fn json(value: &Value) -> Json {
        match value {
            Value::Bool(truth) => json!(truth),
            Value::Int(number) => json!(number),
            Value::Float(number) => json!(number),
            Value::Text(text) => json!(text),
            Value::List(items) => items.iter().map(json).collect(),
            _ => Json::Null,
        }
    }
    let given = parameters.names();
    given.filter_map(|name| Some((name.to_owned(), json(parameters.get(name)?)))).collect()
}

/// Said of an answer that is none.
fn broken(why: &str) -> Failure {
    Failure::Remote {
        message: format!(
            "the server's answer broke off or is of another version of lineal ({why}); ask again, and compare `lineal --version` here and there"
        ),
        exit: Exit::Usage,
    }
}

/// Reads an answer in the form with types.
fn read(body: impl BufRead) -> Outcome<Asked> {
    let (mut head, mut rows, mut ended) = (None, Vec::new(), false);
    for line in body.lines() {
        let line = line.map_err(|error| broken(&error.to_string()))?;
        let json: Json = serde_json::from_str(&line).map_err(|error| broken(&error.to_string()))?;
        if head.is_none() {
            head = Some(json);
        } else if json.get(END).is_some() {
            ended = true;
        } else {
            rows.push(json);
        }
    }
    let head = head.filter(|_| ended).ok_or_else(|| broken("it has no end"))?;
    let answer = Answer::from_wire(&head, &rows).ok_or_else(|| broken("its form is unknown"))?;
    let told = head["told"].as_object().cloned().unwrap_or_default();
    Ok(Asked { answer, told, picture: Picture::from_wire(&head["picture"]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_its_end_is_none() {
        let head = r#"{"columns":[["n","int"]],"total":1,"truncated":null,"reasons":[],"reason_count":0,"commit":1,"recorded":0,"now":0,"warnings":[],"edges_followed":0,"events_read":0,"format":null,"has_store":true,"nodes":[],"events":[]}"#;
        let whole = format!("{head}\n[7]\n{{\"$answer\":{{}}}}\n");
        let Ok(asked) = read(whole.as_bytes()) else { panic!("it is whole") };
        assert_eq!(asked.answer.rows.len(), 1);
        for text in [head.to_owned(), format!("{head}\n[7]\n"), whole.replace("[7]", "[7")] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
