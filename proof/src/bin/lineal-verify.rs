//! `lineal-verify`: checks a proof file without a store, a network or the rest of Lineal.

#![forbid(unsafe_code)]

use lineal_proof::bundle::{Trust, check};
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

const HELP: &str = "\
Checks a proof that `lineal prove` made.

Usage: lineal-verify PROOF --key KEY [--checkpoint NOTE] [--json]

  PROOF              the proof file
  --key KEY          the verifier key of the log, name+id+base64, or a file that holds it: take it
                     from somewhere else than the proof
  --checkpoint NOTE  a checkpoint that you know from elsewhere; the proof must be against it. Without,
                     the checkpoint in the proof counts, if the key signed it
  --json             print JSON for programs

Example:
  lineal-verify loans.proof --key lineal/5f2c+0a1b2c3d+AQ... --checkpoint checkpoint.txt

Exit codes:
  0  valid
  1  tampered: the first place that does not fit, and what was expected there
  2  wrong use
 10  valid, redacted by a recorded erasure
 11  valid, withheld: the subject group of an event is kept back
";
/// The code for wrong use.
const WRONG_USE: u8 = 2;
/// A proof is read up to one byte beyond what is allowed, so that a longer one is told from it.
const READ_MAX: u64 = lineal_proof::bundle::FILE_BYTES_MAX as u64 + 1;

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {why}");
            ExitCode::from(WRONG_USE)
        }
    }
}

#[derive(Default)]
struct Arguments {
    proof: Option<String>,
    key: Option<String>,
    checkpoint: Option<String>,
    json: bool,
}

fn run() -> Result<u8, String> {
    let mut given = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value; --help says which"));
        match word.as_str() {
            "--help" | "-h" => {
                print(HELP)?;
                return Ok(0);
            }
            "--version" | "-V" => {
                print(concat!("lineal-verify ", env!("CARGO_PKG_VERSION"), "\n"))?;
                return Ok(0);
            }
            "--json" => given.json = true,
            "--key" => given.key = Some(value()?),
            "--checkpoint" => given.checkpoint = Some(value()?),
            option if option.starts_with("--") => {
                return Err(format!("no option {option}; --help lists them"));
            }
            _ if given.proof.is_none() => given.proof = Some(word),
            _ => return Err("one proof at a time; --help says more".to_owned()),
        }
    }
    let (Some(proof), Some(key)) = (given.proof, given.key) else {
        return Err("a proof and --key KEY are needed; --help says more".to_owned());
    };
    // A key has a + in it; a path that has one can be written with ./ in front and stays a path.
    let key = if key.contains('+') && !key.starts_with('.') && !key.starts_with('/') {
        key
    } else {
        String::from_utf8(read(&key)?).map_err(|_| format!("{key}: no text"))?
    };
    let note = given.checkpoint.as_deref().map(read).transpose()?;
    let trust = Trust::new(&key, note.as_deref()).map_err(|error| error.to_string())?;
    let report = check(&read(&proof)?, &trust);
    print(&if given.json { report.in_json() } else { report.in_words() })?;
    Ok(report.verdict.code())
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(READ_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Whoever reads a pipe may have had enough of the words: the verdict stands.
fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}
