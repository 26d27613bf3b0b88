//! A running server over a store with the bundled exports, and tokens of every role.

use crate::client::{Ask, Reply, get, post};
use lineal_engine::{Options, Store};
use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
use lineal_server::{ALL, Config, Handle, Role, Server, Token, TokenFile, Wanted};
use lineal_tests::place::{DATABASE, fixture};
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// The system of the bundled logs.
pub(crate) const SYSTEM: &str = "CREDIT-RISK-EU-001";
/// An input hash of version 3.
pub(crate) const HASH: &str = "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504";
/// A question that takes minutes: 27 million combinations of events.
pub(crate) const ENDLESS: &str = "find inference as a, inference as b, inference as c \
     where a.latency_ms + b.latency_ms = c.latency_ms + 0.123 summarize count() as n";
const DAY_NS: i64 = 86_400_000_000_000;

/// The server. It ends when this is dropped.
pub(crate) struct Live {
    pub(crate) address: SocketAddr,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) tokens: TokenFile,
    pub(crate) first_token: String,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Live {
    /// With the bundled database and an archive.
    pub(crate) fn new() -> Live {
        Live::with(|_| {})
    }

    /// The same, configured otherwise.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Live {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        bring(&path, &[DATABASE, "datadog-art12-a-nested"]);
        let mut config = Config::default();
        config.listen.set_port(0);
        config.stores.insert("main".to_owned(), path);
        config.limits.follow_ms = 20;
        change(&mut config);
        let tokens = TokenFile::new(config.token_path());
        let mut server = Server::bind(config).unwrap();
        let (address, handle) = (server.address(), server.handle());
        let first_token = server.take_first_token().unwrap();
        let thread = Some(std::thread::spawn(move || server.serve().unwrap()));
        Live { address, folder, tokens, first_token, handle, thread }
    }

    /// Why a server that is configured so does not start.
    pub(crate) fn refused(change: impl FnOnce(&mut Config)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        drop(Store::create(&path, Options::default()).unwrap());
        let mut config = Config::default();
        config.listen.set_port(0);
        config.stores.insert("main".to_owned(), path);
        change(&mut config);
        Server::bind(config).err().expect("it starts").to_string()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// A new token of a role, as little bound as the role allows; the server knows it.
    pub(crate) fn token(&self, role: Role) -> String {
        self.bound(role, ALL, ALL)
    }

    /// The same, for one store and one system.
    pub(crate) fn bound(&self, role: Role, store: &str, system: &str) -> String {
        let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap();
        let wanted = Wanted {
            name: format!("a test's {role}"),
            role,
            stores: vec![store.to_owned()],
            systems: vec![system.to_owned()],
            expires: role.must_expire().then_some(now + DAY_NS / 2),
        };
        let (token, text) = Token::create(wanted, now).unwrap();
        self.tokens.add(token).unwrap();
        self.until(|| self.send(get("/v1/schema").token(&text)).status != 401);
        text
    }

    #[expect(clippy::needless_pass_by_value, reason = "a request is made, sent and gone")]
    pub(crate) fn send(&self, ask: Ask) -> Reply {
        ask.send(self.address)
    }

    /// Asks a question with a token.
    pub(crate) fn query(&self, token: &str, query: &str) -> Reply {
        self.send(query_with(json!({ "query": query })).token(token))
    }

    /// A figure of the metrics.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.send(get("/metrics").token(&self.first_token)).text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
    }

    /// The sum of a figure of the metrics over all its labels that hold this one.
    pub(crate) fn metric_of(&self, name: &str, label: &str) -> u64 {
        let text = self.send(get("/metrics").token(&self.first_token)).text();
        let own = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        own.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Waits until something holds.
    #[track_caller]
    pub(crate) fn until(&self, mut holds: impl FnMut() -> bool) {
        for _ in 0..3_000 {
            if holds() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("it never came to hold");
    }

    /// Lets it end, and waits for that.
    pub(crate) fn end(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Wishes for its end.
    pub(crate) fn stop(&self) {
        self.handle.stop();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.handle.stop();
    }
}

/// A question as a request.
#[expect(clippy::needless_pass_by_value, reason = "bodies are written where they are sent")]
pub(crate) fn query_with(body: Json) -> Ask {
    post("/v1/query", &body)
}

/// Imports fixtures into a store, which is made if it is not there.
pub(crate) fn bring(path: &Path, fixtures: &[&str]) {
    let store = if path.exists() {
        Store::open(path, Options::default()).unwrap()
    } else {
        Store::create(path, Options::default()).unwrap()
    };
    let paths: Vec<PathBuf> = fixtures.iter().map(|name| fixture(name)).collect();
    let mapping = LoadedMapping::built_in().unwrap();
    import(&store, &paths, &ImportOptions::default(), &mapping, &Progress::default()).unwrap();
    store.write_indexes().unwrap();
}
