//! A visit at a real terminal, which tmux plays: keys go in, the screen comes out. Without tmux
//! these tests say that they are skipped.

use crate::program::{ARCHIVE, DATABASE, Folder};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What shows that the prompt waits.
const PROMPT: &str = "lineal>";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the screen.
const LOOK: Duration = Duration::from_millis(50);

static TERMINALS: AtomicU32 = AtomicU32::new(0);

/// A terminal with `lineal` in it, in a tmux server of its own.
struct Terminal<'a> {
    folder: &'a Folder,
    server: String,
}

impl<'a> Terminal<'a> {
    /// A visit. `None`, said on the terminal, where tmux is not installed.
    fn new(test: &str, folder: &'a Folder, columns: u32, rows: u32) -> Option<Terminal<'a>> {
        let terminal = Terminal::with(test, folder, columns, rows, "exec \"$0\"")?;
        terminal.until(PROMPT);
        Some(terminal)
    }

    /// A terminal in which a shell runs this line, where `$0` is `lineal`.
    fn with(
        test: &str,
        folder: &'a Folder,
        columns: u32,
        rows: u32,
        line: &str,
    ) -> Option<Terminal<'a>> {
        if !Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success()) {
            let line = format!("skipped: {test}: tmux is not installed\n");
            // Not `eprintln!`, whose output the test runner keeps to itself when a test passes.
            let _ = std::io::stderr().write_all(line.as_bytes());
            return None;
        }
        let number = TERMINALS.fetch_add(1, Ordering::Relaxed);
        let server = format!("lineal-{}-{number}", std::process::id());
        let terminal = Terminal { folder, server };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let state = folder.path().join("state");
        // The pager marks what went through it and ends by itself.
        terminal.tmux(&[
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            &rows,
            "env",
            &format!("XDG_STATE_HOME={}", state.display()),
            "PAGER=sed s/^/paged:/",
            "sh",
            "-c",
            line,
            env!("CARGO_BIN_EXE_lineal"),
        ]);
        Some(terminal)
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.server, "-f", "/dev/null"]).args(arguments);
        command.current_dir(self.folder.path()).env("TMUX_TMPDIR", self.folder.path());
        for name in ["TMUX", "LINEAL_STORE", "COLUMNS", "NO_COLOR"] {
            command.env_remove(name);
        }
        let output = command.output().expect("tmux ran before");
        String::from_utf8(output.stdout).expect("tmux writes UTF-8")
    }

    /// Types text as it stands.
    fn write(&self, text: &str) {
        // A `;` at the end of an argument is tmux's own separator; in hexadecimal it is a key.
        for letter in text.bytes() {
            self.tmux(&["send-keys", "-H", &format!("{letter:02x}")]);
        }
    }

    /// Presses keys by name: Enter, Tab, Up, C-c.
    fn press(&self, keys: &[&str]) {
        for key in keys {
            self.tmux(&["send-keys", key]);
        }
    }

    fn screen(&self) -> String {
        let screen = self.tmux(&["capture-pane", "-p"]);
        screen.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// Waits until the screen is as wished.
    #[track_caller]
    fn wait(&self, what: &str, wished: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if wished(&screen) {
                return screen;
            }
            assert!(begun.elapsed() < PATIENCE, "{what} never came; the screen is\n{screen}");
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the text stands on the screen.
    #[track_caller]
    fn until(&self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Waits until the prompt is the last thing on the screen, with this behind it.
    #[track_caller]
    fn until_prompt(&self, typed: &str) -> String {
        let wanted = format!("{PROMPT} {typed}");
        let wanted = wanted.trim_end();
        self.wait(wanted, |screen| screen.trim_end().ends_with(wanted))
    }

    fn history(&self) -> std::path::PathBuf {
        self.folder.path().join("state/lineal/history")
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn demo() -> Folder {
    Folder::with(&[DATABASE, ARCHIVE])
}

#[test]
fn the_first_screen_says_what_is_there_and_what_to_try() {
    let folder = demo();
    let Some(terminal) = Terminal::new("the first screen", &folder, 110, 30) else { return };
    let screen = terminal.until_prompt("");
    assert!(screen.contains("15 datasets, 13 runs"), "{screen}");
    assert!(screen.contains("300 events"), "{screen}");
    let tries: Vec<&str> =
        screen.lines().skip_while(|line| *line != "try:").skip(1).take(3).collect();
    assert!(tries.iter().all(|line| line.ends_with(';')), "{screen}");
    // What is offered works: each of the three is asked as it stands.
    for question in tries {
        terminal.press(&["C-l"]);
        terminal.until_prompt("");
        terminal.write(question.trim());
        terminal.press(&["Enter"]);
        let screen = terminal.until("as of commit 2");
        assert!(!screen.contains("error"), "{screen}");
    }
}

#[test]
fn a_question_may_take_several_lines_and_an_empty_one_asks_it() {
    let folder = demo();
    let Some(terminal) = Terminal::new("several lines", &folder, 110, 40) else { return };
    terminal.write("find experiment");
    terminal.until("an empty line asks");
    terminal.press(&["Enter"]);
    // The editor's prompt stands on the first line only; this marks the next.
    terminal.until("\n...> Enter or `;` asks, or go on");
    terminal.write("return it, name order by name limit 2");
    terminal.press(&["Enter"]);
    assert!(!terminal.screen().contains("as of commit"));
    terminal.press(&["Enter"]);
    let screen = terminal.until("2 of 4 rows, complete, as of commit 2");
    assert!(screen.contains(" 1   experiment:"), "{screen}");
    terminal.until_prompt("");
    // The row that was numbered can be asked about.
    terminal.write("find run in_experiment $1;");
    terminal.press(&["Enter"]);
    terminal.wait("the second answer", |screen| screen.matches("as of commit 2").count() == 2);
}

#[test]
fn tab_completes_words_by_their_place_and_names_from_the_store() {
    let folder = demo();
    let Some(terminal) = Terminal::new("completion", &folder, 110, 40) else { return };
    terminal.write("find dep");
    terminal.until("find deployment"); // the hint
    terminal.press(&["Tab"]);
    terminal.write("depl");
    terminal.press(&["Tab"]);
    terminal.write("model:credit-risk-s");
    terminal.press(&["Tab"]);
    let screen = terminal.until("model:credit-risk-scorer@3");
    assert!(screen.contains("find deployment deploys model:credit-risk-scorer@"), "{screen}");
    assert!(screen.contains("model:credit-risk-scorer@1"), "{screen}");
    terminal.write("3;");
    terminal.press(&["Enter"]);
    terminal.until("1 row, complete");
    terminal.until_prompt("");
    terminal.write(".ti");
    terminal.press(&["Tab"]);
    terminal.write("on");
    terminal.press(&["Enter"]);
    terminal.until("timing on");
}

#[test]
fn tab_completes_names_of_a_server_too() {
    let folder = demo();
    let line = "\"$0\" token create --role engineer --name x > token; \
        \"$0\" serve --listen 127.0.0.1:0 > said 2> log & \
        until grep -q trail said; do sleep 0.1; done; \
        exec \"$0\" --token-file token --url http://$(sed 's/.*http:..//;q' said)";
    let test = "completion of the names of a server";
    let Some(terminal) = Terminal::with(test, &folder, 100, 30, line) else { return };
    terminal.until(PROMPT);
    terminal.write("find model:credit-risk-sc");
    terminal.press(&["Tab"]);
    terminal.until("find model:credit-risk-scorer@");
}

#[test]
fn ctrl_c_drops_a_line_and_stops_a_question_but_not_the_visit() {
    let folder = demo();
    let Some(terminal) = Terminal::new("Ctrl-C", &folder, 110, 40) else { return };
    terminal.write("find modle");
    terminal.press(&["C-c"]);
    terminal.until_prompt("");
    // Thousands of millions of tuples: hours.
    terminal.write("find node as a, node as b, node as c, node as d, node as e summarize count();");
    terminal.press(&["Enter"]);
    terminal.until("Ctrl-C stops it");
    terminal.press(&["C-c"]);
    let screen = terminal.until("stopped;");
    assert!(screen.contains("truncated"), "{screen}");
    terminal.until_prompt("");
    terminal.write("find experiment summarize count() as n;");
    terminal.press(&["Enter"]);
    terminal.until("1 row, complete");
    terminal.press(&["C-d"]);
    terminal.wait("the end", |screen| !screen.contains(PROMPT));
}

#[test]
fn a_flood_of_rows_is_cut_on_the_screen_and_said_to_be() {
    let folder = demo();
    let Some(terminal) = Terminal::new("a flood", &folder, 110, 40) else { return };
    terminal.write("find run as a, model as b, dataset as c;");
    terminal.press(&["Enter"]);
    let screen = terminal.until("the first 2,000 rows are shown; `.export FILE` writes all");
    assert!(screen.contains("rows, complete"), "{screen}");
    terminal.until_prompt("");
    terminal.write(".export all.csv");
    terminal.press(&["Enter"]);
    terminal.until("rows written to all.csv");
    let lines = std::fs::read_to_string(folder.path().join("all.csv")).unwrap().lines().count();
    assert!(lines > 2_001, "{lines} lines");
}

#[test]
fn the_history_lasts_and_is_for_nobody_else() {
    let folder = demo();
    {
        let Some(terminal) = Terminal::new("history", &folder, 110, 40) else { return };
        terminal.write("find experiment");
        terminal.press(&["Enter"]);
        terminal.write("limit 1;");
        terminal.press(&["Enter"]);
        terminal.until("1 of 4 rows");
        terminal.until_prompt("");
        terminal.write(".quit");
        terminal.press(&["Enter"]);
        terminal.wait("the end", |screen| !screen.contains(PROMPT));
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(terminal.history()), 0o600);
        assert_eq!(mode(terminal.history().parent().unwrap().to_owned()), 0o700);
    }
    let Some(terminal) = Terminal::new("history", &folder, 110, 40) else { return };
    terminal.press(&["Up", "Up"]);
    // Both lines come back as one question.
    let screen = terminal.until("limit 1;");
    assert!(screen.contains("lineal> find experiment\n"), "{screen}");
    terminal.press(&["Enter"]);
    terminal.until("1 of 4 rows");
}

#[test]
fn tables_fit_the_width_and_long_answers_go_through_the_pager() {
    let folder = demo();
    let Some(terminal) = Terminal::new("width", &folder, 60, 20) else { return };
    terminal.press(&["C-l"]);
    terminal.until_prompt("");
    terminal.write(".fields code");
    terminal.press(&["Enter"]);
    terminal.until("paged:");
    let screen = terminal.until_prompt("");
    let paged: Vec<&str> = screen.lines().filter(|line| line.starts_with("paged:")).collect();
    assert!(paged.len() > 5, "{screen}");
    terminal.press(&["C-l"]);
    terminal.until_prompt("");
    terminal.write("find experiment as e return e, e.name, e.time, e.recorded limit 1;");
    terminal.press(&["Enter"]);
    let screen = terminal.until("as of commit");
    let rule = screen.lines().find(|line| line.contains("───")).unwrap();
    assert!(rule.chars().count() <= 60 && rule.starts_with('─'), "{screen}");
    let rules = screen.lines().filter(|line| line.contains("───")).count();
    assert_eq!(rules, 1, "the rule is not broken over lines: {screen}");
}

#[test]
fn a_file_of_statements_shows_each_answer_when_it_is_there() {
    let folder = demo();
    folder.write(
        "slow.lql",
        "find experiment limit 1;\nfind node as a, node as b, node as c, node as d, node as e summarize count();\nfind run limit 1;",
    );
    let Some(terminal) = Terminal::new("a file", &folder, 110, 40) else { return };
    terminal.write(".source slow.lql");
    terminal.press(&["Enter"]);
    let screen = terminal.until("Ctrl-C stops it");
    assert!(screen.contains("1 of 4 rows"), "{screen}");
    assert!(screen.contains(" steps, ") && screen.contains("/s, Ctrl-C"), "{screen}");
    terminal.press(&["C-c"]);
    let screen = terminal.until_prompt("");
    assert!(screen.contains("stopped;") && !screen.contains("of 13 rows"), "{screen}");
}

#[test]
fn a_single_question_at_a_terminal_is_drawn_and_in_a_pipe_it_is_a_table() {
    let folder = demo();
    let question = "history of model:credit-risk-scorer@3 where event like \"%st event\"";
    let line = format!("\"$0\" query '{question}' && \"$0\" query '{question}' | cat && sleep 60");
    let Some(terminal) = Terminal::with("one question", &folder, 200, 30, &line) else { return };
    let screen = terminal.wait("two answers", |screen| screen.matches("as of commit").count() == 2);
    let (drawn, piped) = screen.split_once("as of commit").unwrap();
    assert!(drawn.starts_with("2025-11-03\n├─ 14:00:00Z  first event  deployment:"), "{screen}");
    assert!(!drawn.contains("$1"), "there is no next question to use it in: {screen}");
    assert!(piped.contains(" time ") && piped.contains("───"), "{screen}");
}

#[test]
fn the_first_screen_of_an_empty_store_says_how_to_fill_it() {
    let folder = Folder::with(&[]);
    let Some(terminal) = Terminal::new("an empty store", &folder, 120, 30) else { return };
    let screen = terminal.until_prompt("");
    assert!(screen.contains("an empty store"), "{screen}");
    for line in ["import mlflow.db logs/ ", "import --explain-mapping logs/ ", " demo "] {
        assert!(screen.contains(line), "{line}: {screen}");
    }
    assert!(!screen.contains("try:"), "{screen}");
    // It fills while the prompt waits, and the next question sees it.
    folder.done(&["import", &crate::program::fixture(DATABASE).display().to_string()]);
    terminal.write("find experiment limit 1;");
    terminal.press(&["Enter"]);
    terminal.until("1 of 4 rows, complete, as of commit 1");
}

#[test]
fn three_questions_are_offered_whatever_the_store_holds() {
    for fixtures in [&[ARCHIVE][..], &["rest-3.17"]] {
        let folder = Folder::with(fixtures);
        let Some(terminal) = Terminal::new("three questions", &folder, 140, 30) else { return };
        let screen = terminal.until_prompt("");
        let tries = screen.lines().skip_while(|line| *line != "try:").skip(1);
        let tries: Vec<&str> = tries.take_while(|line| line.starts_with("  ")).collect();
        assert_eq!(tries.len(), 3, "{screen}");
        let script = tries.join("\n");
        let run = folder.run_with(&["repl"], script.as_bytes());
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.out.matches("as of commit").count(), 3, "{run:?}");
    }
}

#[test]
fn a_recorded_name_does_not_drive_the_screen_when_it_is_offered() {
    let folder = Folder::with(&[]);
    let line = r#"{"_id":"L","date":"2026-03-01T00:00:00Z","service":"s","attributes":{"art12":{"event_id":"e","timestamp":"2026-03-01T00:00:00Z","model":{"name":"turned\u202eround","version":"1"},"input":{"hash":"00","hash_algorithm":"sha256"}}}}"#;
    folder.write("logs.ndjson", line);
    folder.done(&["import", "logs.ndjson"]);
    let Some(terminal) = Terminal::new("an acting name", &folder, 110, 30) else { return };
    terminal.write("find deployment deploys model:\"tur");
    terminal.press(&["Tab"]);
    terminal.until("model:\"turned\\u{202e}round\"@1");
    // It means the same thing.
    terminal.write(" return it;");
    terminal.press(&["Enter"]);
    terminal.until("1 row, cannot tell");
}

#[test]
fn a_history_with_a_spoilt_line_is_still_a_history() {
    let folder = demo();
    folder.write("state/lineal/history", b"#V2\nfind run limit 1;\n\xff\xfe\nfind co");
    let Some(terminal) = Terminal::new("a spoilt history", &folder, 110, 40) else { return };
    terminal.press(&["Up"]);
    terminal.until("lineal> find co");
    terminal.press(&["Up"]);
    terminal.until("lineal> find run limit 1;");
    terminal.press(&["C-c"]);
    // What is typed before the prompt is back is lost.
    terminal.until_prompt("");
    terminal.write("find experiment limit 1;");
    terminal.press(&["Enter"]);
    terminal.until("1 of 4 rows");
    terminal.until_prompt("");
    let kept = std::fs::read_to_string(terminal.history()).unwrap();
    assert_eq!(kept, "#V2\nfind run limit 1;\nfind co\nfind experiment limit 1;\n");
}

/// Whole lines are asked next, and what is not ended by Enter stands at the next prompt.
#[test]
fn what_is_typed_while_a_question_runs_is_kept_for_the_prompt() {
    let folder = demo();
    let Some(terminal) = Terminal::new("typing ahead", &folder, 110, 40) else { return };
    terminal.write(".limits seconds 3");
    terminal.press(&["Enter"]);
    terminal.until("seconds 3");
    terminal.until_prompt("");
    terminal.write("find node as a, node as b, node as c, node as d, node as e summarize count();");
    terminal.press(&["Enter"]);
    terminal.until("Ctrl-C stops it");
    terminal.write("find experiment summarize count() as n;");
    terminal.press(&["Enter"]);
    terminal.write("find run");
    terminal.until("ended by the deadline");
    terminal.until("1 row, complete");
    terminal.until_prompt("find run");
}
