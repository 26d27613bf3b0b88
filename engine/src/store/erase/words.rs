//! What is erased, as a text about it writes it, and whether a text does.
//!
//! A hash is known by its digits, twelve or more from its begin, with `0x` in front or without, and as a whole
//! in base64 of either alphabet. Anything else is known as a whole word, so that `e1` is not found in `e17`, in
//! small or capital letters, however the text had to write it: within a string of the language or of JSON, in
//! an address, for a shell; an id of hexadecimal digits with hyphens or without.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Digits of a hash from which on no other thing is meant.
const DIGITS_MIN: usize = 12;
/// Digits that are compared: of more the rest follows from them.
const DIGITS_MAX: usize = 32;
/// What stands in front of digits in many languages.
const PREFIX: &str = "0x";
/// Digits of a UUID, and where hyphens stand behind them.
const UUID_DIGITS: usize = 32;
const UUID_HYPHENS: [usize; 4] = [8, 12, 16, 20];
/// Characters of the shortest text that is sought: shorter ones stand in every question.
const TEXT_MIN: usize = 3;
/// Bytes of the longest.
const TEXT_MAX: usize = 16 << 10;
/// Ways in which one text may have been written that are looked at.
const FORMS_MAX: usize = 16;

/// Words to be found.
#[derive(Default)]
pub(super) struct Words {
    /// The first 16 bytes of hashes.
    hashes: BTreeSet<u128>,
    /// Texts, in small letters.
    texts: HashSet<String>,
    /// How long they are, and with which bytes those of a length begin.
    begins: BTreeMap<usize, [bool; 256]>,
}

impl Words {
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty() && self.texts.is_empty()
    }

    /// Takes a hash.
    pub(super) fn add_hash(&mut self, hash: &[u8]) {
        if hash.len() * 2 >= DIGITS_MIN {
            let bytes = hash.iter().copied().chain(std::iter::repeat(0)).take(DIGITS_MAX / 2);
            self.hashes.insert(bytes.fold(0, |head, byte| head << 8 | u128::from(byte)));
            // In small letters, as what is compared with them; padding is no part of a word.
            self.add_word(BASE64_NOPAD.encode(hash).to_lowercase());
            self.add_word(BASE64URL_NOPAD.encode(hash).to_lowercase());
            uuid(&HEXLOWER.encode(hash)).into_iter().for_each(|text| self.add_word(text));
        }
    }

    /// Takes a text.
    pub(super) fn add_text(&mut self, text: &str) {
        let text = text.trim().to_lowercase();
        if let Some(digits) = digits_of(&text) {
            self.add_word(format!("{PREFIX}{digits}"));
            uuid(&digits).into_iter().for_each(|text| self.add_word(text));
            self.add_word(digits);
        }
        self.add_word(text);
    }

    /// Takes a word in small letters.
    fn add_word(&mut self, text: String) {
        let Some(first) = text.bytes().next() else { return };
        if text.chars().count() >= TEXT_MIN && text.len() <= TEXT_MAX {
            let begins = self.begins.entry(text.len()).or_insert([false; 256]);
            begins[usize::from(first)] = true;
            self.texts.insert(text);
        }
    }

    /// Takes the mail addresses that stand in a text.
    pub(super) fn add_addresses(&mut self, text: &str) {
        let ends = |c: char| c.is_whitespace() || "\"'\\,;:<>()[]{}|=".contains(c);
        let is_address = |word: &&str| {
            word.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty())
        };
        text.split(ends).filter(is_address).for_each(|word| self.add_text(word));
    }

    /// Does a text hold one of them?
    pub(super) fn are_in(&self, text: &str) -> bool {
        forms(text).iter().any(|form| self.has_hash(form) || self.has_text(form))
    }

    fn has_hash(&self, form: &str) -> bool {
        if self.hashes.is_empty() {
            return false;
        }
        let words = form.split(|c: char| !c.is_alphanumeric());
        let mut words = words.filter(|word| word.len() >= DIGITS_MIN);
        words.any(|word| {
            let word = word.strip_prefix(PREFIX).unwrap_or(word);
            if word.len() < DIGITS_MIN {
                return false;
            }
            let digits = &word.as_bytes()[..word.len().min(DIGITS_MAX)];
            let number = |digits: &[u8]| {
                let text = std::str::from_utf8(digits).ok()?;
                // No sign: words have letters and digits alone.
                u128::from_str_radix(text, 16).ok()
            };
            let Some(number) = number(digits) else { return false };
            let unsaid = 4 * (DIGITS_MAX - digits.len());
            let first = number << unsaid;
            let last = first | ((1 << unsaid) - 1);
            self.hashes.range(first..=last).next().is_some()
        })
    }

    fn has_text(&self, form: &str) -> bool {
        if self.texts.is_empty() {
            return false;
        }
        let mut before = None;
        for (at, first) in form.char_indices() {
            let is_within = joined(before, Some(first));
            before = Some(first);
            if is_within {
                continue;
            }
            let (left, rest) = form.as_bytes().split_at(at);
            for (length, begins) in self.begins.range(..=rest.len()) {
                let end = left.len() + length;
                if begins[usize::from(rest[0])]
                    && let Some(part) = form.get(at..end)
                    && self.texts.contains(part)
                    && !joined(part.chars().next_back(), form[end..].chars().next())
                {
                    return true;
                }
            }
        }
        false
    }
}

/// The digits of an id that is a hexadecimal number, without the hyphens between them and what stands in front.
fn digits_of(text: &str) -> Option<String> {
    let digits = text.strip_prefix(PREFIX).unwrap_or(text).replace('-', "");
    let is_number = digits.len() >= DIGITS_MIN && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_number.then_some(digits)
}

/// As many digits as a UUID has, written as one.
fn uuid(digits: &str) -> Option<String> {
    if digits.len() != UUID_DIGITS || !digits.is_ascii() {
        return None;
    }
    let mut text = String::with_capacity(UUID_DIGITS + UUID_HYPHENS.len());
    for (at, digit) in digits.char_indices() {
        if UUID_HYPHENS.contains(&at) {
            text.push('-');
        }
        text.push(digit);
    }
    Some(text)
}

/// Do two characters beside one another stand in one word?
fn joined(one: Option<char>, other: Option<char>) -> bool {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    one.is_some_and(is_of_word) && other.is_some_and(is_of_word)
}

/// What a text may have stood for, in small letters: itself first.
fn forms(text: &str) -> Vec<String> {
    let mut all = vec![text.to_lowercase()];
    let mut at = 0;
    while let Some(form) = all.get(at).filter(|_| all.len() < FORMS_MAX) {
        let read = [
            unescaped(form),
            form.replace("'\\''", "'"),
            from_address(form, false),
            from_address(form, true),
        ];
        for form in read.into_iter().map(|form| form.to_lowercase()) {
            if !all.contains(&form) {
                all.push(form);
            }
        }
        at += 1;
    }
    all
}

/// Without the escapes of the language's strings and of JSON.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let (character, behind) = escaped(escape);
        out.push(character);
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// The character that stands behind a backslash, and what follows it.
fn escaped(text: &str) -> (char, &str) {
    let mut rest = text.chars();
    let character = match rest.next() {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some('u') => return by_number(rest.as_str()).unwrap_or(('u', rest.as_str())),
        Some(character) => character,
        None => '\\',
    };
    (character, rest.as_str())
}

/// The character of `00e4`, as in JSON, or of `{e4}`, as in the language; two halves of one count as none.
fn by_number(text: &str) -> Option<(char, &str)> {
    let (digits, behind) = match text.strip_prefix('{') {
        Some(text) => text.split_once('}')?,
        None => (text.get(..4)?, text.get(4..)?),
    };
    let number = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(number)?, behind))
}

/// Without the escapes of addresses; in parameters a plus stands for a blank.
fn from_address(text: &str, is_parameter: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'%' => {
                let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                if byte.is_some() {
                    rest = &behind[2..];
                }
                out.push(byte.unwrap_or(b'%'));
            }
            b'+' if is_parameter => out.push(b' '),
            other => out.push(*other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Words {
        let mut words = Words::default();
        texts.iter().for_each(|text| words.add_text(text));
        words
    }

    #[test]
    fn a_text_is_found_as_a_whole_word_however_it_is_written() {
        let words = of(&["d.docu@bank.example", "e17", "O'Brien", "Jürgen Groß", "a\"b"]);
        for text in [
            "find actor as a where a.email = 'D.Docu@Bank.example'",
            "lineal attach x --by d.docu@bank.example --reason r",
            "/v1/nodes/actor/d.docu%40bank.example?as_of=1",
            "mail to d.docu@bank.example.",
            "find inference:e17 return i",
            "{\"n\":\"E17\"}",
            "lineal show 'O'\\''Brien'",
            "{\"name\":\"J\\u00fcrgen Groß\"}",
            "find actor where name = \"j\\u{fc}rgen groß\"",
            "/v1/trace?target=J%C3%BCrgen+Gro%C3%9F",
            "find model where name = \"a\\\"b\"",
        ] {
            assert!(words.are_in(text), "{text}");
        }
        for text in [
            "",
            "find actor as a where a.email = 'd.docu@bank.examples'",
            "find inference:e170",
            "find inference:xe17",
            "find inference:e17-b",
            "%",
            "\\",
            "%zz\\u12",
            "100%ä",
        ] {
            assert!(!words.are_in(text), "{text}");
        }
        assert!(of(&["", " ", "17"]).is_empty(), "what stands in every question is not sought");
    }

    #[test]
    fn a_hash_is_found_by_its_digits_from_the_begin_on() {
        let mut words = Words::default();
        let hash: Vec<u8> = (0..32).map(|byte: u8| 0xa0 ^ byte).collect();
        words.add_hash(&hash);
        words.add_hash(&[1; 3]);
        let digits = data_encoding::HEXLOWER.encode(&hash);
        assert!(words.are_in(&format!("find dataset upstream of inference:{digits}")));
        assert!(words.are_in(&format!("sha256:{}", digits.to_uppercase())));
        assert!(words.are_in(&format!("lineal trace {}", &digits[..12])));
        assert!(!words.are_in(&format!("lineal trace {}", &digits[..11])));
        assert!(!words.are_in(&format!("lineal trace {}", &digits[1..])));
        assert!(!words.are_in(&format!("lineal trace x{digits}")));
        assert!(!words.are_in("find model limit 010101"));
    }

    #[test]
    fn a_hash_is_found_in_the_spellings_of_other_programs() {
        let mut words = Words::default();
        // Of these bytes base64 has + and /, and so differs in its two alphabets.
        let byte = |at: u8| if at < 3 { 0 } else { [0xfb, 0xef][usize::from(at % 2)] };
        let hash: Vec<u8> = (0..32).map(byte).collect();
        words.add_hash(&hash);
        let digits = HEXLOWER.encode(&hash);
        let (plain, for_address) = (BASE64_NOPAD.encode(&hash), BASE64URL_NOPAD.encode(&hash));
        assert_ne!(plain, for_address);
        for text in [
            format!("find event as e where e.input_hash = 0x{digits}"),
            format!("0X{}", &digits[..12].to_uppercase()),
            format!("lineal trace {plain}"),
            format!("sha256:{for_address}"),
            format!("{{\"sha\":\"{plain}=\"}}"),
            format!("/v1/trace?target={for_address}%3D&depth=2"),
        ] {
            assert!(words.are_in(&text), "{text}");
        }
        for text in [format!("0x{}", &digits[..11]), format!("x{plain}"), plain[1..].to_owned()] {
            assert!(!words.are_in(&text), "{text}");
        }
    }

    #[test]
    fn an_id_of_digits_is_found_with_hyphens_and_without() {
        let (joined, parted) =
            ("0af7651916cd43dd8448eb211c80319c", "0AF76519-16CD-43DD-8448-EB211C80319C");
        for recorded in [joined, parted, "0x0af7651916cd43dd8448eb211c80319c"] {
            let words = of(&[recorded]);
            for text in [joined, parted, "{0af76519-16cd-43dd-8448-eb211c80319c}"] {
                assert!(words.are_in(&format!("lineal show {text}")), "{recorded}: {text}");
            }
            assert!(words.are_in(&format!("0x{joined}")), "{recorded}");
            assert!(!words.are_in(&format!("{joined}f")), "{recorded}");
        }
        let mut bytes = Words::default();
        bytes.add_hash(&data_encoding::HEXLOWER.decode(joined.as_bytes()).unwrap());
        assert!(bytes.are_in(parted) && bytes.are_in(joined));
        // Other groups, and words that have hyphens.
        assert!(of(&["1-5759e988-bd862e3fe1be"]).are_in("15759e988bd862e3fe1be"));
        assert!(!of(&["credit-scorer-2"]).are_in("creditscorer2"));
    }

    #[test]
    fn addresses_are_taken_out_of_what_no_rule_maps() {
        let mut words = Words::default();
        words.add_addresses("{\"to\":\"Anna <anna@bank.example>\",\"at\":\"@\",\"n\":\"web\"}");
        assert!(words.are_in("lineal show anna@bank.example"));
        assert!(!words.are_in("find web where a = '@'"));
    }
}
