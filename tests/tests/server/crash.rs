//! A server that is killed while many streams send: every acknowledged event is there, none twice.

use crate::intake::event;
use crate::live::bring;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_engine::{Options, Store};
use lineal_query::{Limits, Parameters, Prepared, Request, StoreView};
use lineal_server::{ALL, Config, Role, Server, Token, TokenFile, Wanted};
use lineal_tests::place::DATABASE;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Names the store to the process that is to be killed.
const STORE: &str = "LINEAL_TEST_KILLED_STORE";
/// Streams that send at once.
const STREAMS: usize = 24;
/// How often the server is killed.
const KILLS: u64 = 4;

/// Not a test by itself: the server of the test below, in a process of its own.
#[test]
fn the_server_that_is_killed() {
    let Some(path) = std::env::var_os(STORE) else { return };
    let mut config = Config { write: true, ..Config::default() };
    config.listen.set_port(0);
    config.stores.insert("main".to_owned(), path.into());
    config.first_token = false;
    config.limits.token_rate = 1e6;
    config.limits.token_burst = 1e6;
    // Sealing goes on while events arrive.
    config.intake.seal_bytes = 50_000;
    let server = Server::bind(config).unwrap();
    println!("listening {}", server.address());
    // It ends with whoever started it, also where that one is killed.
    let handle = server.handle();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        handle.stop();
    });
    server.serve().unwrap();
}

pub(crate) fn start(store: &Path) -> (Child, SocketAddr) {
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program)
        .args(["--exact", "crash::the_server_that_is_killed", "--nocapture"])
        .env(STORE, store)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut found = lines.filter_map(|line| {
        let (_, address) = line.split_once("listening ")?;
        address.trim().parse().ok()
    });
    let address = found.next().expect("the server says where it listens");
    (child, address)
}

/// Sends an event until it is acknowledged or there is nobody any more; the same key each time.
fn send(address: SocketAddr, token: &str, name: &str) -> bool {
    let body = event(name).to_string();
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let head = format!(
        "POST /api/v2/logs HTTP/1.1\r\nHost: x\r\nDD-API-KEY: {token}\r\nIdempotency-Key: {name}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut answer = String::new();
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    sent.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.contains(" 202 ")
}

fn counts(path: &Path) -> BTreeMap<String, u64> {
    let store = Arc::new(Store::open_read_only(path).unwrap());
    let view = StoreView::new(store).unwrap();
    let text = "find inference as i where i.event_id matches \"^s[0-9]+-\" summarize count() as n by i.event_id";
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let answer = Prepared::new(text).unwrap().run(&view, &request).unwrap().to_json();
    let mut columns = answer["columns"].as_array().unwrap().iter();
    let count = columns.position(|name| name == "n").unwrap();
    let rows = answer["rows"].as_array().unwrap();
    let row =
        |row: &Json| (row[1 - count].as_str().unwrap().to_owned(), row[count].as_u64().unwrap());
    rows.iter().map(row).collect()
}

/// A token of a role that every server over this store takes.
pub(crate) fn token_of(path: &Path, role: Role) -> String {
    let wanted = Wanted {
        name: "streams".to_owned(),
        role,
        stores: vec![ALL.to_owned()],
        systems: vec![ALL.to_owned()],
        expires: None,
    };
    let (token, text) = Token::create(wanted, SystemClock.now()).unwrap();
    TokenFile::new(path.join("tokens.json")).add(token).unwrap();
    text
}

/// A server that starts over a store and ends: what waits is sealed.
pub(crate) fn serve_once(path: &Path) {
    let mut config = Config { write: true, first_token: false, ..Config::default() };
    config.listen.set_port(0);
    config.stores.insert("main".to_owned(), path.to_owned());
    let server = Server::bind(config).unwrap();
    server.handle().stop();
    server.serve().unwrap();
}

#[test]
fn a_killed_server_loses_no_acknowledged_event_and_keeps_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    bring(&path, &[DATABASE]);
    let text = token_of(&path, Role::Importer);
    let mut acknowledged = Vec::new();
    let mut unknown: Vec<String> = Vec::new();
    for kill in 0..=KILLS {
        let (mut child, address) = start(&path);
        let over = AtomicBool::new(false);
        let (text, over) = (text.as_str(), &over);
        let again = std::mem::take(&mut unknown);
        let sent: Vec<(Vec<String>, Option<String>)> = std::thread::scope(|scope| {
            let streams: Vec<_> = (0..STREAMS)
                .map(|stream| {
                    // What nobody acknowledged is sent once more, as a sender would.
                    let mut first = again.get(stream).cloned();
                    scope.spawn(move || {
                        let mut good = Vec::new();
                        for number in 0..100_000 {
                            let name = first.take();
                            let name = name.unwrap_or_else(|| format!("s{stream}-{kill}-{number}"));
                            if over.load(Ordering::Relaxed) && kill == KILLS {
                                return (good, None);
                            }
                            if !send(address, text, &name) {
                                return (good, Some(name));
                            }
                            good.push(name);
                        }
                        (good, None)
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(400 + 170 * kill));
            over.store(true, Ordering::Relaxed);
            if kill < KILLS {
                child.kill().unwrap();
            }
            streams.into_iter().map(|stream| stream.join().unwrap()).collect()
        });
        for (good, last) in sent {
            acknowledged.extend(good);
            unknown.extend(last);
        }
        if kill == KILLS {
            assert!(unknown.is_empty(), "the last server answers everything: {unknown:?}");
            let _ = child.kill();
        }
        child.wait().unwrap();
    }
    // One more start finds what was acknowledged in the journal; its end seals it.
    serve_once(&path);
    let found = counts(&path);
    acknowledged.sort();
    acknowledged.dedup();
    let lost: Vec<&String> =
        acknowledged.iter().filter(|name| !found.contains_key(*name)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
    let twice: Vec<_> = found.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(acknowledged.len() > 50, "{}: too few to mean anything", acknowledged.len());
    eprintln!("{} acknowledged over {KILLS} kills", acknowledged.len());
    // Its writer is gone: the store is whole for the next one.
    Store::open(&path, Options::default()).unwrap();
}
