//! `lineal serve` and `lineal token` as a person uses them.

#![cfg(unix)]

use crate::program::{ARCHIVE, Folder};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A server that was started, and the lines that it said.
pub(crate) struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Serving {
    fn start(folder: &Folder) -> Serving {
        Serving::with(folder, &[])
    }

    pub(crate) fn with(folder: &Folder, more: &[&str]) -> Serving {
        let arguments = [&["serve", "--listen", "127.0.0.1:0", "--until-eof"], more].concat();
        let mut command = folder.command(&arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let address = line.trim().trim_start_matches("serving http://").to_owned();
        Serving { child, out, address }
    }

    fn status(&self, token: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "GET /v1/stats HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n")
            .expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        text.split(' ').nth(1).expect("a status").to_owned()
    }

    /// Ends it as systemd does; what it still said, and its log.
    pub(crate) fn end(mut self) -> (String, String, Option<i32>) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).expect("text");
        self.child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        (out, err, self.child.wait().expect("it ends").code())
    }
}

#[test]
fn the_first_token_is_shown_once_and_stands_in_no_log() {
    let folder = Folder::with(&[ARCHIVE]);
    let mut first = Serving::start(&folder);
    let mut said = String::new();
    first.out.read_line(&mut said).unwrap();
    first.out.read_line(&mut said).unwrap();
    let token = said.lines().nth(1).unwrap().trim().to_owned();
    assert!(token.starts_with("lineal_"), "{said}");
    assert_eq!(first.status(&token), "200");
    assert_eq!(first.status("lineal_other"), "401");
    let (out, log, code) = first.end();
    assert_eq!(code, Some(0));
    assert!(out.contains("no trail"), "{out}");
    assert!(log.contains("status=200") && log.contains("status=401"), "{log}");
    assert!(!log.contains(&token) && !log.contains("lineal_other"), "{log}");
    let kept = std::fs::read_to_string(folder.path().join(".lineal/tokens.json")).unwrap();
    assert!(!kept.contains(&token), "only its hash is kept");
    // The store is whole with it, and a second start shows nothing.
    assert_eq!(folder.run(&["verify"]).code, 0);
    let second = Serving::start(&folder);
    assert_eq!(second.status(&token), "200");
    let (out, _, _) = second.end();
    assert!(!out.contains("lineal_") && out.contains("no trail"), "{out}");
}

#[test]
fn a_server_ends_with_the_program_that_started_it() {
    let folder = Folder::with(&[]);
    let mut serving = Serving::with(&folder, &["--no-first-token"]);
    assert_eq!(serving.status("lineal_other"), "401");
    // As the system does it when that program is killed.
    drop(serving.child.stdin.take().expect("a pipe"));
    assert_eq!(serving.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_writer_that_is_not_done_in_time_is_broken_off_and_the_end_says_so() {
    let folder = Folder::with(&[ARCHIVE]);
    let end_within = |seconds: u64| {
        let config = format!("write = true\n[limits]\ndrain_seconds = {seconds}\n");
        folder.write("server.toml", config);
        let serving = Serving::with(&folder, &["--config", "server.toml", "--no-first-token"]);
        assert_eq!(serving.status("lineal_other"), "401");
        serving.end()
    };
    let (_, log, code) = end_within(0);
    assert_eq!(code, Some(5), "{log}");
    let told = log.lines().find(|line| line.contains("ERROR") && line.contains("broken off"));
    assert!(told.is_some_and(|line| line.contains("store=\"default\"")), "{log}");
    assert!(log.contains("error: ") && log.contains("limits.drain_seconds"), "{log}");
    // As after a kill: the next one has the store.
    let (_, log, code) = end_within(60);
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("broken off"), "{log}");
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let folder = Folder::with(&[]);
    assert!(folder.done(&["token", "list"]).out.contains("no tokens yet"));
    let auditor = ["token", "create", "--role", "auditor", "--name", "authority"];
    let refused = folder.run(&auditor);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--system"), "{}", refused.err);
    let whole = [&auditor[..], &["--system", "credit", "--expires", "30d", "--json"]].concat();
    let made = folder.done(&whole).json();
    assert!(made["token"].as_str().unwrap().starts_with("lineal_"));
    let id = made["id"].as_str().unwrap();
    let listed = folder.done(&["token", "list", "--json"]).json();
    assert_eq!((&listed[0]["state"], &listed[0]["role"]), (&"good".into(), &"auditor".into()));
    assert!(listed.to_string().contains("credit") && listed[0]["token"].is_null());
    folder.done(&["token", "revoke", id]);
    assert!(folder.done(&["token", "list"]).out.contains("revoked"));
    assert_eq!(folder.run(&["token", "revoke", "nobody"]).code, 2);
    let plain = folder.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(plain.code, 2);
    assert!(plain.err.contains("in the clear"), "{}", plain.err);
}
