//! `lineal --url`: every command that reads, here and over a server, gives the same bytes.

#![cfg(unix)]

use crate::program::{ARCHIVE, DATABASE, Folder, HASH, Run};
use crate::serve::Serving;
use serde_json::Value as Json;
use std::io::{Read, Write};
use std::net::TcpStream;

/// What the store is called: here as its folder, there as the server calls it.
const NAME: &str = ".lineal";

/// A store, and a server of it with an investigator's token.
struct Both {
    folder: Folder,
    serving: Option<Serving>,
    url: String,
}

impl Both {
    fn new() -> Both {
        let folder = Folder::with(&[DATABASE, ARCHIVE]);
        folder.write("server.toml", format!("[stores]\n\"{NAME}\" = \"{NAME}\"\n"));
        for (role, file) in [("investigator", "token"), ("engineer", "engineer")] {
            let made = ["token", "create", "--role", role, "--name", "ada"];
            let made = folder.done(&[&made[..], &["--config", "server.toml"]].concat());
            folder.write(file, made.out);
        }
        let serving = Serving::with(&folder, &["--config", "server.toml"]);
        let url = format!("http://{}", serving.address);
        Both { folder, serving: Some(serving), url }
    }

    fn there(&self, arguments: &[&str], input: &str) -> Run {
        let first = ["--url", &self.url, "--token-file", "token", "--case", "2026-17"];
        self.folder.run_with(&[arguments, &first].concat(), input.as_bytes())
    }

    /// Runs it here and there, which must give the same.
    #[track_caller]
    fn same(&self, arguments: &[&str], input: &str) -> Run {
        let here = [arguments, &["--store", NAME]].concat();
        let here = self.folder.run_with(&here, input.as_bytes());
        let there = self.there(arguments, input);
        assert_eq!(there.all(), here.all(), "{arguments:?} {input}");
        there
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.end();
        }
    }
}

/// Answers but for when they were asked for.
fn timeless(mut json: Json) -> Json {
    json["now"] = Json::Null;
    json
}

#[test]
fn commands_that_read_give_the_same_here_and_there() {
    let both = Both::new();
    let run = "run:f7d2f0a9fa90413fbc9a56125400ca43";
    for target in [HASH, "model:credit-risk-scorer@3", run, "credit-risk-scorer@1"] {
        for command in ["trace", "show"] {
            assert!(both.same(&[command, target], "").out.lines().count() > 2);
            both.same(&[command, target, "--json"], "");
            both.same(&[command, target, "--tz", "Europe/Berlin"], "");
        }
    }
    both.same(&["trace", "model:credit-risk-scorer@1", "--as-of", "2"], "");
    let uncertain = ["trace", HASH, "--fail-on", "cannot-tell"];
    both.same(&uncertain, "");
    assert!(both.same(&["stats"], "").out.contains("events"));
    both.same(&["stats", "--json"], "");
    assert!(both.same(&["imports"], "").out.contains("import:1"));
    both.same(&["imports", "--json", "--tz", "Europe/Berlin"], "");
    both.same(&["imports", "--tz", "Europe/Berlin"], "");
    both.same(&["show", "schema"], "");
}

#[test]
fn questions_give_the_same_here_and_there_in_every_form() {
    let both = Both::new();
    let trace = format!("trace inference:{HASH} to dataset");
    let questions = [
        "find model return it, name, version, time order by it",
        "find inference return it, time, decision, confidence, latency_ms order by time limit 7",
        "find dataset upstream of model:credit-risk-scorer@3 return it, rows",
        "history of model:credit-risk-scorer@3",
        "diff model:credit-risk-scorer@2 and model:credit-risk-scorer@3",
        "explain find model where name like \"credit%\"",
        "show kinds",
        "show functions",
        "find run return it, metrics, params limit 3",
        "find model where time > @2020-01-01 summarize count() as n, min(time) as first by stage",
        "find batch return it, first_event, last_event, last_event - first_event as length",
        "find model limit 2 format csv",
        &trace,
    ];
    for question in questions {
        both.same(&["query", question], "");
        for form in ["csv", "ndjson", "table"] {
            both.same(&["query", question, "--format", form], "");
        }
        let [here, there] = [
            both.folder.run(&["query", question, "--format", "json"]),
            both.there(&["query", question, "--format", "json"], ""),
        ];
        assert_eq!((here.code, &here.err), (there.code, &there.err), "{question}");
        if here.code == 0 {
            assert_eq!(timeless(there.json()), timeless(here.json()), "{question}");
        }
    }
    for form in ["prov", "dot", "mermaid"] {
        let run = both.same(&["query", &trace, "--format", form], "");
        assert!(run.out.contains("credit-risk-scorer"), "{form}: {run:?}");
    }
    let param = ["query", "find dataset upstream of inference:$hash", "--param"];
    both.same(&[&param[..], &[&format!("hash={HASH}")]].concat(), "");
    both.same(&["query", "find inference return it", "--limit", "rows=3"], "");
    let json = ["query", "find model where version in $all return it", "--param-json"];
    both.same(&[&json[..], &["all=[\"1\", \"2\"]"]].concat(), "");
    // Mistakes are told with their places, whoever finds them.
    for wrong in ["find modle", "find dataset upstream of model:nobody@9", "find model order by"] {
        assert_eq!(both.same(&["query", wrong], "").code, 2, "{wrong}");
    }
}

#[test]
fn a_visit_is_the_same_here_and_there() {
    let both = Both::new();
    let script = format!(
        ".param hash={HASH}\ntrace inference:$hash to dataset;\nfind deployment downstream of $1;\n\
         let mine = find model where name like \"credit%\";\nfind run produces mine return it;\n\
         .sets\n.limits rows 2\nfind inference return it;\n.format csv\nfind model return it, name;\n\
         .stats\n.kinds\n.fields model\nfind run produces nothing;\n"
    );
    let run = both.same(&["repl"], &script);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.out.contains("└─ "), "a tree was drawn: {}", run.out);
    both.same(&["repl", "--json"], ".stats\n.help\n");
    // Files of the last answer, pictures too: these are drawn at the server.
    let ask = format!("trace inference:{HASH} to dataset;\n");
    for ending in ["csv", "dot", "mermaid", "prov", "ndjson", "txt"] {
        let (here, there) = (format!("here.{ending}"), format!("there.{ending}"));
        let export = |name: &str| format!("{ask}.export {name}\n");
        assert_eq!(both.folder.run_with(&["repl"], export(&here).as_bytes()).code, 0);
        let run = both.there(&["repl"], &export(&there));
        assert_eq!(run.code, 0, "{run:?}");
        let read = |name: &str| std::fs::read_to_string(both.folder.path().join(name)).unwrap();
        assert_eq!(read(&there), read(&here), "{ending}");
    }
    assert!(both.same(&["repl"], ".imports\n").out.contains("import:1"));
}

/// Between two looks.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// An event as an application logs it.
const EVENT: &str = r#"[{"message": "inference", "art12": {"event_id": "live-1",
    "timestamp": "2025-12-01T10:00:00Z", "system_id": "CREDIT-RISK-EU-001",
    "model": {"name": "credit-risk-scorer", "version": "3"},
    "input": {"hash": "6c6976652d312e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e",
              "hash_algorithm": "blake3"}, "output": {"decision": "approve"}}}]"#;

/// A server that has acknowledged the event, and asks it as an engineer.
fn with_waiting(more: &str) -> (Folder, Serving, String) {
    let folder = Folder::with(&[DATABASE]);
    let config = "write = true\n[stores]\nmain = \".lineal\"\n[intake]\nseal_seconds = 3600\n";
    folder.write("server.toml", format!("{config}{more}"));
    for role in ["engineer", "importer"] {
        let made = ["token", "create", "--role", role, "--name", "ada", "--config", "server.toml"];
        folder.write(role, folder.done(&made).out);
    }
    let serving = Serving::with(&folder, &["--config", "server.toml"]);
    let url = format!("http://{}", serving.address);
    let question = ["query", QUESTION, "--fail-on", "cannot-tell"];
    let before =
        folder.run(&[&question[..], &["--url", &url, "--token-file", "engineer"]].concat());
    assert!(before.code == 0 && before.all().contains("complete"), "{before:?}");
    let token =
        std::fs::read_to_string(folder.path().join("importer")).expect("the server answers");
    let mut stream = TcpStream::connect(&serving.address).expect("the server answers");
    write!(
        stream,
        "POST /api/v2/logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{EVENT}",
        token.trim(),
        EVENT.len()
    )
    .expect("the server answers");
    let mut taken = String::new();
    stream.read_to_string(&mut taken).expect("the server answers");
    assert!(taken.starts_with("HTTP/1.1 202"), "{taken}");
    (folder, serving, url)
}

const QUESTION: &str = "find inference as i return i.event_id, i.proof limit 1";

#[test]
fn what_is_acknowledged_and_not_shown_is_told_in_every_form() {
    let (folder, serving, url) = with_waiting("shown_bytes = 0\n");
    for form in ["table", "json", "ndjson"] {
        let question = ["query", QUESTION, "--fail-on", "cannot-tell", "--format", form];
        let run =
            folder.run(&[&question[..], &["--url", &url, "--token-file", "engineer"]].concat());
        assert!(run.code == 4 && run.all().contains("1 event is not sealed yet"), "{run:?}");
    }
    serving.end();
}

#[test]
fn what_is_acknowledged_is_shown_with_its_proof_pending() {
    let (folder, serving, url) = with_waiting("");
    let there = |arguments: &[&str]| {
        folder.run(&[arguments, &["--url", &url, "--token-file", "engineer"]].concat())
    };
    // A busy machine may need longer than a question waits for it.
    let is_shown = || there(&["query", QUESTION]).out.contains("live-1");
    assert!((0..100).any(|_| is_shown() || {
        std::thread::sleep(PAUSE);
        false
    }));
    for form in ["table", "json", "ndjson"] {
        let run = there(&["query", QUESTION, "--fail-on", "cannot-tell", "--format", form]);
        let all = run.all();
        let is_told = all.contains("1 entry that is not sealed yet is looked at too");
        assert!(run.code == 0 && all.contains("pending") && is_told, "{run:?}");
    }
    let hash = "6c6976652d312e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e";
    let shown = there(&["show", hash]);
    assert!(shown.code == 0 && shown.out.contains("  proof pending"), "{shown:?}");
    serving.end();
}

/// A policy whose ceiling has passed for all logs.
const POLICY: &str = "[policy]\nname = \"ours\"\nversion = 1\n[[retention]]\nclass = \"inference-log\"\n\
    min = \"P6M\"\nmax = \"P1Y\"\nanchor = \"event.at\"\nbasis = \"b\"\npurpose = \"p\"\nmax_basis = \"m\"\n";

/// The system of the bundled logs.
const SYSTEM: &str = "CREDIT-RISK-EU-001";

#[test]
fn evidence_is_the_same_here_and_there() {
    let both = Both::new();
    // As of a time, so that the time of asking is in no report.
    let then = ["--as-of", "2199-01-01"];
    for form in [&[][..], &["--json"], &["--sarif"], &["--junit"]] {
        for about in [&["check", SYSTEM][..], &["check", SYSTEM, "--reconcile"], &["check"]] {
            let run = both.same(&[about, &then, form].concat(), "");
            assert!(run.code == 0 && run.out.len() > 500, "{run:?}");
        }
    }
    let scorer = ["check", SYSTEM, "--model", "credit-risk-scorer@3", "--as-of", "2"];
    assert!(both.same(&scorer, "").out.contains("commit 2"));
    let failing = [&["check", SYSTEM, "--fail-on", "major"][..], &then].concat();
    assert_eq!(both.same(&failing, "").code, 1);
    let diff = ["check", "--diff", "1", "2"];
    assert!(both.same(&diff, "").out.contains("commit 1 and commit 2"));
    for wrong in [&["check", "CREDIT-RISK-EU-0001"][..], &["check", "--as-of", "yesterday"]] {
        assert_eq!(both.same(wrong, "").code, 2, "{wrong:?}");
    }
    let there = both.there(&["check", "--rules", "x.toml"], "");
    assert!(there.code == 2 && there.err.contains("leave --rules out"), "{there:?}");
    assert!(both.there(&["check", "--diff", "recorded", "now"], "").err.contains("no report like"));

    let model = "model:credit-risk-scorer@3";
    for form in ["prov", "cyclonedx", "cyclonedx-1.6", "slsa", "openlineage", "spdx"] {
        assert!(both.same(&["export", form, model], "").out.len() > 100, "{form}");
        both.same(&["export", form, model, "--as-of", "1"], "");
    }
    both.same(&["export", "prov", &format!("system:{SYSTEM}")], "");
    let kept = |run: &Run, file: &str| {
        assert_eq!(run.code, 0, "{run:?}");
        let bytes = std::fs::read(both.folder.path().join(file)).unwrap();
        (run.out.clone(), bytes)
    };
    for more in [&[][..], &["--json"]] {
        let export = [&["export", "car", model, "-o", "lineage.car"][..], more].concat();
        let here = kept(&both.folder.run(&export), "lineage.car");
        std::fs::remove_file(both.folder.path().join("lineage.car")).unwrap();
        assert_eq!(kept(&both.there(&export, ""), "lineage.car"), here);
    }
    assert_eq!(both.there(&["export", "slsa", &format!("system:{SYSTEM}")], "").code, 2);

    let made = ["token", "create", "--role", "privacy-officer", "--name", "x"];
    let made = [&made[..], &["--config", "server.toml"]].concat();
    both.folder.write("officer", both.folder.done(&made).out);
    both.folder.write("ours.toml", POLICY);
    for more in [&[][..], &["--policy", "ours.toml"], &["--json", "--policy", "ours.toml"]] {
        let asked = [&["retention", "--at", "2199-01-01"][..], more].concat();
        let here = both.folder.run(&asked);
        // A running server knows a token within a moment.
        let there = || {
            both.folder
                .run(&[&asked[..], &["--url", &both.url, "--token-file", "officer"]].concat())
        };
        let mut told = there();
        for _ in 0..100 {
            if told.code == 0 {
                break;
            }
            std::thread::sleep(PAUSE);
            told = there();
        }
        assert_eq!(told.all(), here.all(), "{asked:?}");
        assert!(here.out.contains("inference-log"), "{here:?}");
    }

    assert_eq!(both.same(&["gate", model], "").code, 1);
    both.same(&["gate", model, "--json"], "");
}

#[test]
fn what_cannot_work_over_a_server_says_what_to_do() {
    let both = Both::new();
    let commands: [&[&str]; 4] = [&["init"], &["migrate"], &["repair"], &["serve"]];
    for command in commands {
        let run = both.there(command, "");
        assert_eq!(run.code, 2, "{run:?}");
        let sentence = format!("`lineal {}` does not work over --url", command[0]);
        assert!(run.err.contains(&sentence) && run.err.trim_end().lines().count() == 1, "{run:?}");
    }
    assert!(!both.folder.path().join("x").exists());
}

#[test]
fn a_certificate_is_trusted_where_the_file_of_trust_names_it() {
    let folder = Folder::with(&[ARCHIVE]);
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    folder.write("cert.pem", made.cert.pem());
    folder.write("key.pem", made.signing_key.serialize_pem());
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    folder.write("other.pem", other.cert.pem());
    let tls =
        "[stores]\nmain = \".lineal\"\n[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n";
    folder.write("server.toml", tls);
    let config = ["--config", "server.toml"];
    let token = ["token", "create", "--role", "engineer", "--name", "ada"];
    folder.write("token", folder.done(&[&token[..], &config].concat()).out);
    let serving = Serving::with(&folder, &config);
    let port = serving.address.rsplit(':').next().unwrap().to_owned();
    let url = format!("https://localhost:{port}");
    let ask = |more: &[&str]| {
        let first = ["stats", "--url", &url, "--token-file", "token"];
        folder.run(&[&first[..], more].concat())
    };
    let trusted = ask(&["--ca", "cert.pem"]);
    assert!(trusted.code == 0 && trusted.out.starts_with("main at commit"), "{trusted:?}");
    for more in [&["--ca", "other.pem"][..], &["--ca", "server.toml"], &[]] {
        let refused = ask(more);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{refused:?}");
    }
    serving.end();
}

#[test]
fn who_asks_and_whom_is_trusted() {
    let both = Both::new();
    let ask = |more: &[&str]| both.folder.run(&[&["stats", "--url", &both.url], more].concat());
    let nobody = ask(&[]);
    assert!(nobody.code == 2 && nobody.err.contains("LINEAL_TOKEN"), "{nobody:?}");
    both.folder.write("wrong", "lineal_wrong\n");
    let wrong = ask(&["--token-file", "wrong"]);
    assert!(wrong.code == 2 && wrong.err.contains("a token is needed"), "{wrong:?}");
    assert!(!wrong.err.contains("lineal_wrong"), "{wrong:?}");
    let caseless = ask(&["--token-file", "token"]);
    assert!(caseless.code == 2 && caseless.err.contains("case"), "{caseless:?}");
    // What a role does not see is refused, or said to be kept back.
    let engineer = ["--url", &both.url, "--token-file", "engineer"];
    let shown = both.folder.run(&[&["show", HASH][..], &engineer].concat());
    assert!(shown.out.contains("withheld from this role: "), "{shown:?}");
    assert!(!shown.out.contains(HASH), "{shown:?}");
    let refused =
        both.folder.run(&[&["query", "find inference return input_hash"][..], &engineer].concat());
    assert!(refused.code == 2 && refused.err.contains("person's data"), "{refused:?}");
    let other = ask(&["--token-file", "token", "--case", "1", "--server-store", "other"]);
    assert!(other.code == 2 && other.err.contains("no store of that name"), "{other:?}");
    let mut by_environment = both.folder.command(&["stats", "--url", &both.url, "--case", "1"]);
    let token = std::fs::read_to_string(both.folder.path().join("token")).unwrap();
    let output = by_environment.env("LINEAL_TOKEN", token.trim()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    // A proxy of the environment is not asked for what would pass it in the clear.
    for name in ["http_proxy", "ALL_PROXY"] {
        let output = by_environment.env(name, "http://127.0.0.1:1").output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
    }
    let gone = both.folder.run(&["stats", "--url", "http://127.0.0.1:1", "--token-file", "token"]);
    assert!(gone.code == 2 && gone.err.contains("lineal serve"), "{gone:?}");
}
