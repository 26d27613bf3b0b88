//! Commands to paste into a shell: each word arrives as it stands.

use crate::render::visible;
use std::borrow::Cow;
use std::path::Path;

/// A call of this program: by the path it was called by (it may not be on PATH), with the store
/// where one was named.
pub(crate) fn shell_line(store: Option<&Path>, words: &[&str]) -> String {
    let program = std::env::args().next().filter(|called| called.contains('/'));
    let mut line = quoted(program.as_deref().unwrap_or("lineal")).into_owned();
    if let Some(store) = store {
        line = format!("{line} --store {}", quoted(&store.display().to_string()));
    }
    for word in words {
        line = format!("{line} {}", quoted(&visible(word)));
    }
    line
}

/// A word in single quotes, where a shell would read more than letters.
pub(crate) fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_each_word_as_it_stands() {
        let words =
            ["", "it's", "$h `id`", "#9f", "~", "a\\b", "model:\"x y\"@1", "plain@3", "!*?"];
        let line: Vec<Cow<'_, str>> = words.iter().map(|word| quoted(word)).collect();
        let script = format!("printf '%s\\n' {}", line.join(" "));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), words.join("\n") + "\n");
    }
}
