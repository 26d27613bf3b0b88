//! Help texts and completions.

use crate::program::Folder;
#[cfg(feature = "server")]
use expect_test::expect_file;

/// With the server, as it is built by default.
#[cfg(feature = "server")]
const COMMANDS: [&str; 46] = [
    "init",
    "import",
    "query",
    "repl",
    "prove",
    "fmt",
    "trace",
    "show",
    "export",
    "report",
    "pack",
    "stats",
    "imports",
    "retract",
    "erase",
    "hold",
    "declare",
    "attach",
    "evaluate",
    "incident",
    "monitor",
    "change",
    "loss",
    "downtime",
    "withdraw",
    "waive",
    "approve",
    "reject",
    "key",
    "gate",
    "retention",
    "check",
    "alias",
    "compact",
    "backup",
    "mirror",
    "restore",
    "checkpoint",
    "rebuild",
    "verify",
    "repair",
    "serve",
    "mcp",
    "token",
    "demo",
    "completions",
];

#[cfg(feature = "server")]
#[test]
fn the_help_of_the_program_and_of_each_command() {
    let folder = Folder::new();
    let help = folder.done(&["--help"]).out;
    expect_file!["../golden/help.txt"].assert_eq(&help);
    for command in COMMANDS {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
        let own = folder.done(&[command, "--help"]).out;
        expect_file![format!("../golden/help-{command}.txt")].assert_eq(&own);
    }
    // Every command of the list in the help is one of those above.
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed: Vec<&str> = listed
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS);
}

#[test]
fn completions_for_each_shell() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = folder.done(&["completions", shell]);
        assert!(run.out.len() > 1_000, "{shell}");
        assert!(run.out.contains("lineal") && run.out.contains("explain-mapping"), "{shell}");
        assert!(run.err.is_empty(), "{shell}");
    }
    assert_eq!(folder.run(&["completions", "cmd"]).code, 2);
}

#[cfg(unix)]
#[test]
fn who_reads_no_more_completions_ends_them_without_a_word() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lineal"));
    let run = command.args(["completions", "bash"]).stdout(writer).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.is_empty(), "{run:?}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let run = Folder::new().done(&["--version"]);
    assert_eq!(run.out, format!("lineal {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_exit_codes_of_the_help_are_those_of_the_readme() {
    let help = Folder::new().done(&["--help"]).out;
    let table = help.split("Exit codes:\n").nth(1).unwrap_or_default().replace("\n     ", " ");
    let readme = include_str!("../../../README.md").replace('`', "");
    let rows: Vec<&str> = table.lines().map_while(|line| line.strip_prefix("  ")).collect();
    assert_eq!(rows.len(), 6, "{table}");
    for (code, row) in rows.into_iter().enumerate() {
        let (number, meaning) = row.split_once("  ").unwrap_or_default();
        assert_eq!(number, code.to_string());
        assert!(
            readme.contains(&format!("| {number} | {meaning} |")),
            "{row} is not in the README"
        );
    }
}
