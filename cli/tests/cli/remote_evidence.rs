//! `lineal --url report`, `export logs`, `pack`, `alias`, `key list`: over a server they give the bytes that
//! they give beside the store, to whom they are for.

#![cfg(unix)]

use crate::program::{ARCHIVE, DATABASE, Folder, Run};
use crate::serve::Serving;
use std::collections::BTreeMap;
use std::path::Path;

const SYSTEM: &str = "CREDIT-RISK-EU-001";
const MODEL: &str = "model:credit-risk-scorer@3";
const BY: [&str; 2] = ["--by", "a.novak@bank.example"];
const REASON: &str = "the authority asked for it";
const PUBLIC: &str = include_str!("../../../evidence/tests/approver.pub");

/// A store with logs, an incident, a hold and a checkpoint, and a server of it that writes.
struct Served {
    folder: Folder,
    serving: Option<Serving>,
    url: String,
    /// The last commit before it was served.
    commit: String,
}

impl Served {
    fn new() -> Served {
        let folder = Folder::with(&[DATABASE, ARCHIVE]);
        let done = |words: &[&'static str]| drop(folder.done(&[words, &BY].concat()));
        done(&["declare", "system", SYSTEM, "provider=Example Bank"]);
        let aware = "aware_at=2026-03-01T00:00:00Z";
        done(&["incident", "inc-7", "--concerns", MODEL, "declared_serious=true", aware]);
        let scope = format!("system:{SYSTEM}");
        folder.done(&[&["hold", "add", "inc-7", &scope, "--reason", REASON][..], &BY].concat());
        folder.write("id.pub", PUBLIC);
        done(&["key", "add", "id.pub", "--of", "b.horvat@bank.example"]);
        let made = folder.done(&["checkpoint", "--json"]).json();
        let commit = made["size"].as_u64().unwrap_or_else(|| panic!("{made}")).to_string();
        for role in ["investigator", "engineer", "approver", "privacy-officer", "auditor", "admin"]
        {
            let made = ["token", "create", "--role", role, "--name", "ada"];
            let bound = ["--system", "*", "--expires", "1d"];
            let made = if role == "auditor" { [&made[..], &bound].concat() } else { made.to_vec() };
            folder.write(role, folder.done(&made).out);
        }
        let serving = Serving::with(&folder, &["--write"]);
        let url = format!("http://{}", serving.address);
        Served { folder, serving: Some(serving), url, commit }
    }

    fn here(&self, arguments: &[&str]) -> Run {
        self.folder.run(&[arguments, &["--store", ".lineal"]].concat())
    }

    fn there(&self, role: &str, arguments: &[&str]) -> Run {
        let first = ["--url", &self.url, "--token-file", role, "--case", "2026-17"];
        self.folder.run(&[arguments, &first].concat())
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.end();
        }
    }
}

/// The files of a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for inside in std::fs::read_dir(at).expect("a folder") {
            let path = inside.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").display().to_string();
                found.insert(name, std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

#[test]
fn each_kind_of_report_has_the_same_bytes_here_and_there_in_each_form() {
    let served = Served::new();
    let dataset = served.here(&["--json", "query", "find dataset return it limit 1"]).json();
    let dataset = dataset["rows"][0][0].as_str().unwrap_or_default().to_owned();
    served.folder.write("policy.toml", include_str!("../../../rules/retention.toml"));
    let kinds: [(&str, Vec<&str>, &str); 10] = [
        ("annex-iv", vec![SYSTEM], "investigator"),
        ("oversight", vec![SYSTEM, "--sample", "3"], "engineer"),
        ("oversight", vec![SYSTEM, "--from", "2025-01-01", "--names"], "auditor"),
        ("incident", vec!["inc-7"], "privacy-officer"),
        ("incident", vec!["inc-7", "--until", "2026-05-01T10:00"], "admin"),
        ("change", vec!["credit-risk-scorer@1", "credit-risk-scorer@3", "--names"], "engineer"),
        ("data-sheet", vec![&dataset], "investigator"),
        ("retention", vec![], "auditor"),
        ("retention", vec![SYSTEM, "--policy", "policy.toml"], "privacy-officer"),
        ("dpia", vec![SYSTEM], "auditor"),
    ];
    for (kind, names, role) in kinds {
        for form in ["md", "html", "json"] {
            let as_of = ["--as-of", &served.commit, "--format", form];
            let asked = [&["report", kind], &names[..], &as_of].concat();
            let (here, there) = (served.here(&asked), served.there(role, &asked));
            assert_eq!((here.code, here.out.len() > 500), (0, true), "{asked:?}: {here:?}");
            assert_eq!(there.all(), here.all(), "{role} {asked:?}");
        }
    }
    // What is said of a file is the same, too, and what the file's name says counts.
    for more in [vec![], vec!["--json"]] {
        let asked = ["report", "annex-iv", MODEL, "--as-of", &served.commit, "--out", "r.html"];
        let asked = [&asked[..], &more].concat();
        let (here, page) = (served.here(&asked), served.bytes("r.html"));
        let there = served.there("engineer", &asked);
        assert_eq!((there.all(), served.bytes("r.html")), (here.all(), page));
    }
}

#[test]
fn a_report_tells_each_role_what_is_for_it_and_says_what_is_wrong() {
    let served = Served::new();
    for kind in ["retention", "dpia"] {
        let run = served.there("engineer", &["report", kind, SYSTEM]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains("for the roles that read that"), "{}", run.err);
    }
    let asked = ["report", "incident", "inc-7", "--as-of", &served.commit];
    assert!(served.there("admin", &asked).out.contains(REASON));
    let kept = served.there("engineer", &asked);
    assert!(kept.code == 0 && kept.out.contains("withheld"), "{kept:?}");
    assert!(!kept.out.contains(REASON), "{}", kept.out);
    for wrong in [
        vec!["report", "annex-iv", "system:CREDITS"],
        vec!["report", "annex-iv", SYSTEM, "--as-of", "9999"],
        vec!["report", "incident", SYSTEM],
        vec!["report", "oversight", SYSTEM, "--sample", "5000"],
        vec!["report", "oversight", SYSTEM, "--from", "soon"],
        vec!["report", "annex-iv", "gone", "--as-of", "1"],
    ] {
        let (here, there) = (served.here(&wrong), served.there("engineer", &wrong));
        assert_ne!(here.code, 0, "{wrong:?}");
        assert_eq!(there.code, here.code, "{wrong:?}\n{here:?}\n{there:?}");
    }
}

#[test]
fn logs_are_the_same_files_here_and_there_with_the_same_signature() {
    let served = Served::new();
    let both = |form: &str, more: &[&str]| {
        let asked = |out: &'static str| {
            let first = ["export", "logs", SYSTEM, "--as-of", &served.commit, "--format", form];
            [&first[..], more, &["--out", out]].concat()
        };
        let here = served.here(&asked("here"));
        let there = served.there("investigator", &asked("there"));
        assert_eq!(here.code, 0, "{here:?}");
        assert_eq!(there.all().replace("there", "here"), here.all(), "{more:?}");
        let [own, came] = ["here", "there"].map(|name| {
            let folder = served.folder.path().join(name);
            let found = files(&folder);
            std::fs::remove_dir_all(folder).expect("it is there");
            found
        });
        assert!(own.contains_key("logs.json.sig"), "{:?}", own.keys());
        assert_eq!(came, own, "{more:?}");
    };
    both("csv", &["--disclose", "subject", "--proof"]);
    both("csv", &["--until", "2025-11-04", "--proof=all"]);
    both("parquet", &["--from", "2025-01-01", "--json"]);
    let ask = |role: &str, more: &[&str]| {
        let first = ["export", "logs", SYSTEM, "--out", "refused"];
        let run = served.there(role, &[&first[..], more].concat());
        assert!(!served.folder.path().join("refused").exists(), "nothing is left: {run:?}");
        assert!(!served.folder.path().join("refused.zip.partial").exists());
        (run.code, run.err)
    };
    let (code, err) = ask("engineer", &[]);
    assert!(code == 2 && err.contains("may not"), "{err}");
    let (code, err) = ask("privacy-officer", &["--disclose", "subject"]);
    assert!(code == 2 && err.contains("subject group"), "{err}");
    served.folder.write("full/x", "x");
    let run = served.there("auditor", &["export", "logs", SYSTEM, "--out", "full"]);
    assert!(run.code == 2 && run.err.contains("not empty"), "{run:?}");
}

#[test]
fn a_pack_is_the_same_here_and_there_and_fuller_only_for_who_may_see_it() {
    let served = Served::new();
    for (role, disclosure) in [("privacy-officer", "third-party"), ("auditor", "authority")] {
        let asked = |out: &'static str, zip: &'static str| {
            let first = ["pack", MODEL, "--disclosure", disclosure, "--samples", "2"];
            [&first[..], &["--as-of", &served.commit, "--out", out, "--zip", zip]].concat()
        };
        let here = served.here(&asked("here", "here.zip"));
        let there = served.there(role, &asked("there", "there.zip"));
        assert_eq!(here.code, 0, "{here:?}");
        let note =
            |text: String| text.lines().filter(|it| !it.starts_with("note:")).collect::<String>();
        assert_eq!(note(there.all()).replace("there", "here"), note(here.all()), "{disclosure}");
        assert!(
            served.bytes("here.zip") == served.bytes("there.zip"),
            "{disclosure}: the same bytes"
        );
        let [own, came] = ["here", "there"].map(|name| files(&served.folder.path().join(name)));
        assert!(own == came && own.contains_key("MANIFEST.sha256.sig"), "{:?}", own.keys());
        let again = served.there(role, &asked("there", "other.zip"));
        assert!(again.code == 2 && again.err.contains("is there already"), "{again:?}");
        for name in ["here", "there"] {
            let at = |name: &str| served.folder.path().join(name);
            std::fs::remove_dir_all(at(name)).expect("it is there");
            std::fs::remove_file(at(&format!("{name}.zip"))).expect("it is there");
        }
    }
    let refused = |role: &str, more: &[&str], words: &str| {
        let run = served.there(role, &[&["pack", MODEL], more].concat());
        assert!(run.code == 2 && run.err.contains(words), "{role} {more:?}: {run:?}");
    };
    refused("engineer", &[], "may not");
    refused("admin", &["--disclosure", "authority"], "points at persons");
    refused("auditor", &["--record", "--by", "x"], "trail");
}

#[test]
fn names_are_given_and_keys_listed_over_a_server() {
    let served = Served::new();
    assert!(served.here(&["key", "list"]).out.contains("SHA256:"));
    for more in [vec![], vec!["--json"], vec!["--tz", "Europe/Berlin"]] {
        let asked = [&["key", "list"], &more[..]].concat();
        assert_eq!(served.there("engineer", &asked).all(), served.here(&asked).all());
    }
    let scorer = ["alias", "scorer", "=", "model:credit-risk-scorer"];
    let given = served.there("engineer", &scorer);
    assert!(given.code == 0 && given.out.starts_with("scorer = model:"), "{given:?}");
    assert_eq!(served.here(&["show", "scorer@3"]).code, 0);
    let refused = served.there("auditor", &scorer);
    assert!(refused.code == 2 && refused.err.contains("may not"), "{refused:?}");
    for wrong in [
        vec!["alias", "x", "=", "model:nobody-knows"],
        vec!["alias", "x", "=", "scorer"],
        vec!["alias", "x", "=", "none"],
        vec!["alias", "x", "=", "none", "--kind", "modle"],
    ] {
        let there = served.there("admin", &wrong);
        assert_eq!(there.code, 2, "{wrong:?}: {there:?}");
    }
    let gone = served.there("admin", &["--json", "alias", "scorer", "=", "none"]).json();
    assert_eq!((&gone["name"], &gone["kind"]), (&"scorer".into(), &"model".into()));
    assert_ne!(served.here(&["show", "scorer@3"]).code, 0);
}

#[test]
fn a_statement_over_a_server_is_the_tokens_and_its_words_are_held() {
    let served = Served::new();
    let scope = ["declare", "node", MODEL, "--belongs-to", SYSTEM];
    let stated = served.there("engineer", &scope);
    assert!(stated.code == 0 && stated.out.contains("recorded in commit"), "{stated:?}");
    let other = served.there("engineer", &[&scope[..], &["--by", "x@y.example"]].concat());
    assert!(other.code == 2 && other.err.contains("leave `by` (--by) out"), "{other:?}");
    let waive = |rule: &str| {
        let words = ["waive", rule, "--node", MODEL, "--until", "2099-01-01", "--reason", "seen"];
        served.there("approver", &words)
    };
    let refused = waive("log_04");
    assert!(refused.code == 2 && refused.err.contains("did you mean LOG-04?"), "{refused:?}");
    assert_eq!(waive("LOG-04").code, 0);
    served.folder.write("risk.md", "the risks are these\n");
    let attach = ["attach", "risk.md", "--to", MODEL, "--type", "risk-management"];
    let told = served.there("engineer", &attach);
    assert!(told.out.contains("did you mean risk_management?"), "{told:?}");
    for more in [&[][..], &["--record"]] {
        let check = ["check", SYSTEM, "--model", "iris@1"];
        let refused = served.there("engineer", &[&check[..], more].concat());
        assert!(refused.code == 2 && refused.err.contains("no record makes"), "{refused:?}");
    }
}
