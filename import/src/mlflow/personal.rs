//! Recognises texts that must not stand in the clear: home paths, e-mail addresses, passwords in
//! addresses. MLflow puts them into artifact places, source names, parameters and tags.

/// Folders that hold one folder a person.
const HOMES: &[&str] = &["/home/", "/Users/", "\\Users\\", "\\\\Users\\\\"];

/// Places before a home folder that hide it from the rule for plain paths.
const MOUNTS: &[&str] = &["/Workspace/Users/", "/mnt/c/Users/", "/Repos/"];

/// Does the text hold a home path, an e-mail address or the user part of an address?
pub(crate) fn is_personal(text: &str) -> bool {
    // Each of them needs one of these, and most texts have none.
    if !text.bytes().any(|byte| matches!(byte, b'/' | b'\\' | b'@')) {
        return false;
    }
    home_at(text).is_some() || holds_user_part(text) || holds_email(text)
}

/// The text with home folders shortened to `~` and what else is personal cut out.
pub(super) fn redacted(text: &str) -> String {
    let mut text = text.to_owned();
    // Each turn removes one home folder, so the loop ends.
    while let Some((start, end)) = home_at(&text) {
        text.replace_range(start..end, "~");
    }
    if is_personal(&text) { "(sealed)".to_owned() } else { text }
}

/// Where a home folder with its owner stands.
fn home_at(text: &str) -> Option<(usize, usize)> {
    let plain = HOMES.iter().flat_map(|home| {
        text.match_indices(home).filter(|(at, _)| {
            // `s3://bucket/home/x` is a bucket's folder: what stands before is a name.
            !text[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '-')
        })
    });
    let mounted = MOUNTS.iter().flat_map(|mount| text.match_indices(mount));
    plain.chain(mounted).find_map(|(at, home)| {
        let owner = at + home.len();
        let length =
            text[owner..].find(['/', '\\', '"', '\'', ' ', ',']).unwrap_or(text.len() - owner);
        (length > 0).then_some((at, owner + length))
    })
}

/// `https://user:password@host/`.
fn holds_user_part(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        let authority = rest.split(['/', ' ', '"', '?']).next().unwrap_or(rest);
        // `abfss://container@account` is an address without a person; a password is what counts.
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

fn holds_email(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let local = text[..at].ends_with(|c: char| c.is_alphanumeric() || "._+-".contains(c));
        let from_place =
            text[..at].rsplit(|c: char| c.is_whitespace()).next().is_some_and(|word| {
                // The container of `abfss://container@account.dfs.core.windows.net/x`.
                word.contains("://")
            });
        let domain: String = text[at + 1..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || ".-".contains(*c))
            .collect();
        let top = domain.trim_end_matches('.').rsplit_once('.').map(|(_, top)| top);
        local
            && !from_place
            && top.is_some_and(|top| top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_paths_addresses_and_passwords_are_personal() {
        for text in [
            "/home/maria/train.py",
            "file:///home/maria/mlruns/0",
            "C:\\Users\\maria\\x.csv",
            "{\"uri\":\"C:\\\\Users\\\\maria\\\\x.csv\"}",
            "file:///C:/Users/maria/x",
            "/Workspace/Users/m@b.eu/nb",
            "maria.keller@example.eu",
            "asked maria@example.eu about it",
            "https://maria:secret@git.example.org/x.git",
        ] {
            assert!(is_personal(text), "{text}");
        }
    }

    #[test]
    fn what_names_nobody_is_not_personal() {
        for text in [
            "s3://bucket/home/data",
            "/srv/mlops/mlruns/0",
            "credit-risk@champion",
            "package@1.2.3",
            "abfss://lake@account.dfs.core.windows.net/x",
            "/home/",
            "git@",
        ] {
            assert!(!is_personal(text), "{text}");
        }
    }

    #[test]
    fn redacting_keeps_what_is_useful() {
        assert_eq!(redacted("/home/maria/data/train.csv"), "~/data/train.csv");
        assert_eq!(redacted("C:\\Users\\maria\\x.csv"), "C:~\\x.csv");
        assert_eq!(redacted("m@b.eu"), "(sealed)");
        assert_eq!(redacted("s3://b/x"), "s3://b/x");
    }
}
