//! Any text as a mapping file: it is refused with its name, or read; and what is read and compiles
//! translates log lines as well as the built-in one does.

use std::sync::LazyLock;

use lineal_import::datadog::CompiledMapping;
use lineal_import::mapping::Mapping;

use super::log_lines;
use super::seeds;

/// What to call the text in messages.
const FILE: &str = "the file";

/// Some lines of each form of log.
static LINES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(seeds::log_lines);

/// Checks one text.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mapping = match Mapping::parse(&text, FILE) {
        Ok(mapping) => mapping,
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains(FILE), "which file is wrong is not said: {said}");
            return;
        }
    };
    match CompiledMapping::new(&mapping.datadog) {
        Ok(compiled) => {
            for lines in LINES.iter() {
                log_lines::check_with(lines, &compiled);
            }
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}
