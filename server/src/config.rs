//! The configuration: defaults, then a TOML file, then variables of the environment.
//!
//! A variable is `LINEAL_SERVER_` and the key in capitals, two underlines between table and key:
//! `LINEAL_SERVER_LISTEN`, `LINEAL_SERVER_LIMITS__ROWS`. A key that is not known is an error, in the
//! file as in the environment: a misspelt limit would otherwise be no limit.

mod mcp;
mod oidc;
mod telemetry;
mod trail;
mod writing;

pub use mcp::Mcp;
pub use oidc::{Grant, Oidc};
pub use telemetry::Telemetry;
pub use trail::Trail;
pub use writing::{Intake, Writing};

use crate::error::{Error, Result};
use lineal_query::Limits;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;
use toml::{Table, Value};

/// What variables of the environment begin with.
pub const ENVIRONMENT_PREFIX: &str = "LINEAL_SERVER_";
/// Largest configuration file that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;
/// Most stores of one server: each keeps files mapped and a graph at hand.
const STORES_MAX: usize = 64;

/// How to serve.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Listen without encryption where other machines can reach it.
    pub force_plain: bool,
    /// The file of tokens; `tokens.json` in the folder of the first store if none is named.
    pub tokens: Option<PathBuf>,
    /// Make and print a token for an administrator where there is none yet.
    pub first_token: bool,
    /// Give `/metrics` to whoever asks, without a token.
    pub open_metrics: bool,
    /// Give administrators copies of whole stores over the network. They hold what that role does not
    /// see in answers.
    pub backups: bool,
    /// Certificate and key.
    pub tls: Option<Tls>,
    /// An identity provider whose tokens are taken beside our own.
    pub oidc: Option<Oidc>,
    /// The stores by name. In the file each is a path, or a table with `path`, `write`, `imports`
    /// and `mapping`.
    pub stores: BTreeMap<String, PathBuf>,
    /// Write all stores, also those that do not say so themselves.
    pub write: bool,
    /// The stores that say `write = true`.
    #[serde(skip)]
    pub writing: BTreeMap<String, Writing>,
    /// What bounds imports and live intake.
    pub intake: Intake,
    /// When the trail of who asked what is sealed.
    pub trail: Trail,
    /// What assistants may do.
    pub mcp: Mcp,
    /// What bounds a request, and all of them.
    pub limits: Bounds,
    /// What is written of requests.
    pub log: Log,
    /// Where traces of requests go; nowhere if it is not said.
    pub telemetry: Option<Telemetry>,
}

/// Certificate and key, PEM files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, its chain behind it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The form of the log, which goes to standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is written of requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Its form.
    pub form: LogForm,
    /// `error`, `warn`, `info`, `debug` or `off`.
    pub level: String,
}

/// What bounds a request, and all of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// Threads that answer questions; 0 is one a core.
    pub threads: usize,
    /// Questions that wait for a thread; more are refused at once.
    pub waiting: usize,
    /// Connections at a time; more wait until one closes.
    pub connections: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Seconds for a request's head to arrive, and for which a connection may idle.
    pub head_seconds: u64,
    /// Seconds for a question; then the answer says that it is cut.
    pub request_seconds: u64,
    /// Seconds for which a client may take nothing of an answer.
    pub stalled_seconds: u64,
    /// Seconds for which running requests are waited for at the end, and then what is being written.
    pub drain_seconds: u64,
    /// Rows kept for one answer.
    pub rows: u64,
    /// Edges followed for one answer.
    pub edges: u64,
    /// Edges told of in one trace, which is made in memory and has no pages.
    pub trace_edges: u64,
    /// Events read for one answer.
    pub events: u64,
    /// Bytes of the rows of one answer in memory.
    pub bytes: u64,
    /// Rows of a page of JSON, and most of any page.
    pub page_rows: u64,
    /// Prepared questions that are kept for all tokens together.
    pub plans: usize,
    /// Requests at a time of one token.
    pub token_requests: usize,
    /// Requests a second of one token, on average.
    pub token_rate: f64,
    /// Requests that one token may make at once after a pause.
    pub token_burst: f64,
    /// Milliseconds between two looks whether a writer has committed, or tokens have changed.
    pub follow_ms: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            // Loopback: what others can reach is a decision.
            listen: SocketAddr::from(([127, 0, 0, 1], 7413)),
            force_plain: false,
            tokens: None,
            first_token: true,
            open_metrics: false,
            backups: false,
            tls: None,
            oidc: None,
            stores: BTreeMap::new(),
            write: false,
            writing: BTreeMap::new(),
            intake: Intake::default(),
            trail: Trail::default(),
            mcp: Mcp::default(),
            limits: Bounds::default(),
            log: Log::default(),
            telemetry: None,
        }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log { form: LogForm::Text, level: "info".to_owned() }
    }
}

impl Bounds {
    /// The bounds of one question.
    pub(crate) fn of_answers<'a>(
        &self,
        deadline: Instant,
        stop: &'a dyn Fn() -> bool,
    ) -> Limits<'a> {
        let Bounds { rows, edges, events, bytes, .. } = *self;
        Limits { rows, edges, events, bytes, deadline: Some(deadline), stop: Some(stop) }
    }
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            threads: 0,
            // Some seconds of short questions; a longer queue only answers those who have left.
            waiting: 256,
            connections: 2_048,
            // A question has 64 KiB at most; its parameters may be a list of some thousand hashes.
            body_bytes: 1 << 20,
            head_bytes: 32 << 10,
            head_seconds: 10,
            request_seconds: 30,
            stalled_seconds: 20,
            drain_seconds: 30,
            // Below those of the command line: here several ask at once.
            rows: 200_000,
            edges: 50_000_000,
            // Some ten megabytes; seven times the deepest lineage of the hostile pass.
            trace_edges: 200_000,
            events: 50_000_000,
            bytes: 256 << 20,
            page_rows: 10_000,
            plans: 4_096,
            token_requests: 32,
            token_rate: 200.0,
            token_burst: 400.0,
            follow_ms: 250,
        }
    }
}

impl Config {
    /// Reads a configuration: a file, if one is named, then the environment.
    ///
    /// # Errors
    /// [`Error::Config`] with the place and what was expected there.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config> {
        let mut table = match file {
            Some(path) => read_file(path)?,
            None => Table::new(),
        };
        let mut variables: Vec<(String, String)> = environment
            .into_iter()
            .filter_map(|(name, value)| {
                Some((name.strip_prefix(ENVIRONMENT_PREFIX)?.to_owned(), value))
            })
            .collect();
        variables.sort();
        for (name, value) in &variables {
            set(&mut table, name, value)?;
        }
        let place = match (file, variables.is_empty()) {
            (Some(path), true) => path.display().to_string(),
            (Some(path), false) => format!("{} and {ENVIRONMENT_PREFIX}*", path.display()),
            (None, _) => format!("{ENVIRONMENT_PREFIX}*"),
        };
        let writing = writing::take(&mut table, &place)?;
        let mut config: Config = Value::Table(table).try_into().map_err(|e: toml::de::Error| {
            Error::Config { place: place.clone(), why: with_key(&e) }
        })?;
        config.writing = writing;
        config.check().map_err(|why| Error::Config { place, why })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let Bounds { connections, request_seconds, page_rows, follow_ms, plans, .. } = self.limits;
        for (name, value) in [
            ("connections", connections as u64),
            ("request_seconds", request_seconds),
            ("head_seconds", self.limits.head_seconds),
            ("stalled_seconds", self.limits.stalled_seconds),
            ("page_rows", page_rows),
            ("follow_ms", follow_ms),
            ("plans", plans as u64),
            ("waiting", self.limits.waiting as u64),
            ("token_requests", self.limits.token_requests as u64),
        ] {
            if value == 0 {
                return Err(format!("limits.{name} is 0: nothing could be asked"));
            }
        }
        self.intake.check()?;
        self.trail.check()?;
        self.telemetry.as_ref().map_or(Ok(()), Telemetry::check)?;
        self.oidc.as_ref().map_or(Ok(()), Oidc::check)?;
        // hyper takes no smaller buffer.
        if self.limits.head_bytes < 8_192 {
            return Err("limits.head_bytes is 8192 at least".to_owned());
        }
        let rates = [self.limits.token_rate, self.limits.token_burst];
        if rates.iter().any(|rate| !rate.is_finite() || *rate <= 0.0) || rates[1] < 1.0 {
            return Err(
                "limits.token_rate and token_burst are above 0, the burst 1 at least".to_owned()
            );
        }
        if self.stores.len() > STORES_MAX {
            return Err(format!("{} stores, {STORES_MAX} at most", self.stores.len()));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let odd = self.stores.keys().find(|name| name.is_empty() || !name.chars().all(fits));
        match odd {
            Some(name) => {
                Err(format!("store `{name}`: letters, digits, `-`, `_` and `.` make a name"))
            }
            None => Ok(()),
        }
    }

    /// How a store is written, if it is.
    #[must_use]
    pub fn writes(&self, name: &str) -> Option<Writing> {
        self.writing.get(name).cloned().or_else(|| self.write.then(Writing::default))
    }

    /// Where the tokens are.
    #[must_use]
    pub fn token_path(&self) -> PathBuf {
        match (&self.tokens, self.stores.values().next()) {
            (Some(path), _) => path.clone(),
            (None, Some(store)) => store.join("tokens.json"),
            (None, None) => PathBuf::from("tokens.json"),
        }
    }
}

/// What is wrong, and at which key.
fn with_key(error: &toml::de::Error) -> String {
    error.to_string().trim_end().replace('\n', " ")
}

fn read_file(path: &Path) -> Result<Table> {
    let fail = |why: String| Error::Config { place: path.display().to_string(), why };
    let length = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
    if length > BYTES_MAX {
        return Err(fail(format!("it has {length} bytes, {BYTES_MAX} at most")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    text.parse().map_err(|e: toml::de::Error| fail(e.to_string()))
}

/// Puts a variable in its place. Numbers and truths are read as such where they look so.
fn set(table: &mut Table, name: &str, value: &str) -> Result<()> {
    let lower = name.to_lowercase();
    let (section, key) = match lower.split_once("__") {
        Some((section, key)) => (Some(section), key),
        None => (None, lower.as_str()),
    };
    // Names of stores and paths are texts, whatever they look like.
    let is_text = section == Some("stores") || section == Some("tls");
    let read = value.parse::<i64>().map(Value::Integer);
    let read = read.or_else(|_| value.parse::<bool>().map(Value::Boolean));
    let read = read.or_else(|_| value.parse::<f64>().map(Value::Float));
    let read = read.ok().filter(|_| !is_text).unwrap_or_else(|| Value::String(value.to_owned()));
    let Some(section) = section else {
        table.insert(key.to_owned(), read);
        return Ok(());
    };
    let inner = table.entry(section.to_owned()).or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(inner) = inner else {
        return Err(Error::Config {
            place: format!("{ENVIRONMENT_PREFIX}{name}"),
            why: format!("`{section}` is no table"),
        });
    };
    inner.insert(key.to_owned(), read);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lineal.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Config::read(Some(&path), environment)
    }

    #[test]
    fn the_environment_goes_before_the_file_and_the_file_before_the_defaults() {
        let text =
            "listen = \"127.0.0.1:9\"\n[limits]\nrows = 5\npage_rows = 6\n[stores]\na = \"x\"";
        let config = read(
            text,
            &[
                ("LINEAL_SERVER_LIMITS__ROWS", "7"),
                ("LINEAL_SERVER_STORES__B", "12"),
                ("LINEAL_STORE", "elsewhere"),
            ],
        )
        .unwrap();
        assert_eq!(config.listen.port(), 9);
        assert_eq!((config.limits.rows, config.limits.page_rows), (7, 6));
        assert_eq!(config.limits.edges, Bounds::default().edges);
        let stores: Vec<_> = config.stores.keys().map(String::as_str).collect();
        assert_eq!(stores, ["a", "b"]);
        assert_eq!(config.token_path(), Path::new("x").join("tokens.json"));
    }

    #[test]
    fn what_is_misspelt_or_would_stop_everything_is_an_error() {
        for text in [
            "lisen = 1",
            "[limits]\nrow = 1",
            "[limits]\nrequest_seconds = 0",
            "[limits]\nhead_bytes = 10",
            "[limits]\ntoken_burst = 0.5",
            "[stores]\n\"a b\" = \"x\"",
            "listen = \"localhost\"",
            "[tls]\ncertificate = \"c\"",
            "[log]\nform = \"xml\"",
            "[stores.a]\nwrite = true",
            "[stores.a]\npath = \"x\"\nimports = \"y\"",
            "[stores.a]\npath = \"x\"\nwrites = true",
            "[intake]\nentries = 0",
            "[mcp]\nwrites = true",
            "[intake]\nbody_bytes = 100000000",
        ] {
            let error = read(text, &[]).unwrap_err().to_string();
            assert!(error.contains("lineal.toml"), "{text}: {error}");
        }
        for (text, key) in [
            ("[limits]\nrows = \"x\"", "`limits.rows`"),
            ("listen = \"localhost\"", "`listen`"),
            ("[stores.a]\npath = 7", "`path`"),
            ("[log]\nform = \"xml\"", "`log.form`"),
        ] {
            let error = read(text, &[]).unwrap_err().to_string();
            assert!(error.contains(key) && !error.contains('\n'), "{text}: {error}");
        }
        assert!(read("", &[("LINEAL_SERVER_LIMIT__ROWS", "1")]).is_err());
        assert!(read("", &[]).is_ok());
    }

    #[test]
    fn assistants_only_read_where_nothing_else_is_said() {
        assert!(!read("write = true", &[]).unwrap().mcp.write);
        assert!(read("[mcp]\nwrite = true", &[]).unwrap().mcp.write);
        assert!(read("", &[("LINEAL_SERVER_MCP__WRITE", "true")]).unwrap().mcp.write);
    }

    #[test]
    fn a_store_is_a_path_or_a_table_that_says_how_it_is_written() {
        let text = "[stores]\na = \"x\"\n[stores.b]\npath = \"y\"\nwrite = true\nimports = \"z\"\n[stores.c]\npath = \"w\"";
        let config = read(text, &[]).unwrap();
        let paths: Vec<_> = config.stores.values().map(|path| path.to_string_lossy()).collect();
        assert_eq!(paths, ["x", "y", "w"]);
        let imports = Some(PathBuf::from("z"));
        assert_eq!(config.writes("b"), Some(Writing { imports, mapping: None }));
        assert_eq!((config.writes("a"), config.writes("c")), (None, None));
        let all = read(text, &[("LINEAL_SERVER_WRITE", "true")]).unwrap();
        assert_eq!(all.writes("a"), Some(Writing::default()));
    }

    #[test]
    fn the_file_in_deploy_holds_every_key_with_its_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/server.toml");
        let read = Config::read(Some(&path), []).unwrap();
        let main = BTreeMap::from([("main".to_owned(), PathBuf::from("/var/lib/lineal/main"))]);
        let default = Config { stores: main, ..Config::default() };
        assert_eq!(format!("{read:?}"), format!("{default:?}"));
        let text = std::fs::read_to_string(path).unwrap();
        let said = format!("{:?}{:?}{:?}", default.limits, default.intake, default.trail);
        let keys = said.split(": ").filter_map(|part| part.rsplit([' ', '{']).next());
        let missing: Vec<&str> = keys
            .filter(|key| key.contains('_') && !text.contains(&format!("\n{key} = ")))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
