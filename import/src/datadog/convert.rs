//! How a value of a log line becomes the value of an event field.
//!
//! A converter reads a value whole or not at all: what it cannot read stays in `rest` and is
//! counted, nothing is guessed.

use std::borrow::Cow;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use jiff::Timestamp;
use lineal_proof::bare_version;

use crate::mapping::datadog::Convert;

/// Longest hash: 64 bytes, as of SHA-512.
const HASH_BYTES_MAX: usize = 64;
/// Shortest hash: below four bytes it is a number or a word.
const HASH_BYTES_MIN: usize = 4;

/// A value as the line holds it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Raw<'a> {
    /// Text.
    Text(&'a str),
    /// A number, as it was written.
    Number(&'a str),
    /// True or false.
    Bool(bool),
    /// A list or an object.
    Nested,
}

/// A value that a converter has read.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Converted<'a> {
    Text(Cow<'a, str>),
    Time(i64),
    Float(f64),
    Bool(bool),
    Hash(Hash<'a>),
    /// One person; a list of them is taken apart by the caller.
    Person(&'a str),
}

/// A hash and the algorithm its text named.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Hash<'a> {
    bytes: [u8; HASH_BYTES_MAX],
    length: usize,
    pub(super) algorithm: Option<Cow<'a, str>>,
}

impl Hash<'_> {
    pub(super) fn into_owned<'b>(self) -> Hash<'b> {
        let algorithm = self.algorithm.map(|name| Cow::Owned(name.into_owned()));
        Hash { bytes: self.bytes, length: self.length, algorithm }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Reads a value; `None` where the converter cannot.
pub(super) fn convert<'a>(how: Convert, raw: Raw<'a>) -> Option<Converted<'a>> {
    match how {
        Convert::Text => text(raw).map(|text| Converted::Text(Cow::Borrowed(text))),
        Convert::Version => {
            text(raw).map(|text| Converted::Text(Cow::Borrowed(bare_version(text.trim()))))
        }
        Convert::Algorithm => text(raw).map(|text| Converted::Text(algorithm(text))),
        Convert::Person => match raw {
            Raw::Text(name) | Raw::Number(name) => Some(Converted::Person(name)),
            Raw::Bool(_) | Raw::Nested => None,
        },
        Convert::Hash => match raw {
            Raw::Text(text) => hash(text.trim()).map(Converted::Hash),
            _ => None,
        },
        Convert::Time => time(raw).map(Converted::Time),
        Convert::Float => match raw {
            Raw::Text(text) | Raw::Number(text) => float(text).map(Converted::Float),
            _ => None,
        },
        Convert::Bool => truth(raw).map(Converted::Bool),
    }
}

/// Whether a default of a mapping file can be read by its converter.
pub(crate) fn reads_as(how: Convert, text: &str) -> bool {
    convert(how, Raw::Text(text)).is_some()
}

fn text(raw: Raw<'_>) -> Option<&str> {
    match raw {
        Raw::Text(text) | Raw::Number(text) => Some(text),
        Raw::Bool(true) => Some("true"),
        Raw::Bool(false) => Some("false"),
        Raw::Nested => None,
    }
}

/// `SHA-256` and `sha_256` as `sha256`; others in lower case.
fn algorithm(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let plain = |byte: u8| !byte.is_ascii_uppercase() && byte != b'_';
    if text.bytes().all(plain) && !text.contains("sha-") {
        return Cow::Borrowed(text);
    }
    let lower = text.to_ascii_lowercase().replace('_', "-");
    let bare = ["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"];
    let mut name = lower;
    for spelled in bare {
        // `hmac-sha-256` too; `sha-3-256` stays.
        if name.ends_with(spelled) {
            name = name.replace("sha-", "sha");
        }
    }
    Cow::Owned(name)
}

fn hash(text: &str) -> Option<Hash<'_>> {
    // The usual form: digits alone, which neither prefix below can be read as.
    if let Some(hash) = hexadecimal(text) {
        return (hash.length >= HASH_BYTES_MIN).then_some(hash);
    }
    if let Some((prefix, digits)) = text.split_once(':') {
        let mut hash = digest(digits)?;
        let name =
            prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !name || prefix.is_empty() || prefix.len() > 32 {
            return None;
        }
        hash.algorithm = Some(algorithm(prefix));
        return Some(hash);
    }
    // Subresource integrity: `sha256-` and base64.
    for prefix in ["sha256", "sha384", "sha512"] {
        let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
        if let Some(digits) = digits {
            let mut hash = digest(digits)?;
            hash.algorithm = Some(Cow::Borrowed(prefix));
            return Some(hash);
        }
    }
    digest(text)
}

fn hexadecimal(text: &str) -> Option<Hash<'static>> {
    let mut hash = Hash { bytes: [0; HASH_BYTES_MAX], length: 0, algorithm: None };
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * HASH_BYTES_MAX {
        return None;
    }
    hash.length = digits.len() / 2;
    HEXLOWER_PERMISSIVE.decode_mut(digits, &mut hash.bytes[..hash.length]).ok()?;
    Some(hash)
}

fn digest(text: &str) -> Option<Hash<'static>> {
    if let Some(hash) = hexadecimal(text) {
        return (hash.length >= HASH_BYTES_MIN).then_some(hash);
    }
    let mut hash = Hash { bytes: [0; HASH_BYTES_MAX], length: 0, algorithm: None };
    // Base64 has no mark of its own, so only the lengths of real digests are believed.
    let digits = text.trim_end_matches('=').as_bytes();
    let url = digits.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let encoding = if url { BASE64URL_NOPAD } else { BASE64_NOPAD };
    let length = encoding.decode_len(digits.len()).ok()?;
    if !matches!(length, 16 | 20 | 28 | 32 | 48 | 64) {
        return None;
    }
    hash.length = encoding.decode_mut(digits, &mut hash.bytes[..length]).ok()?;
    Some(hash)
}

fn float(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

fn truth(raw: Raw<'_>) -> Option<bool> {
    match raw {
        Raw::Bool(truth) => Some(truth),
        Raw::Text(word) | Raw::Number(word) => {
            let is = |known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
            if is(&["true", "1", "yes"]) {
                Some(true)
            } else if is(&["false", "0", "no"]) {
                Some(false)
            } else {
                None
            }
        }
        Raw::Nested => None,
    }
}

fn time(raw: Raw<'_>) -> Option<i64> {
    let text = match raw {
        Raw::Text(text) | Raw::Number(text) => text.trim(),
        _ => return None,
    };
    let number = text.strip_prefix('-').unwrap_or(text);
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return count_of_time(text);
    }
    if let Some(time) = plain_time(text.as_bytes()) {
        return Some(time);
    }
    let time: Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

/// `2025-11-03T14:00:00.123Z`, as logs say it: the common form, read without the library.
fn plain_time(text: &[u8]) -> Option<i64> {
    let two = |at: usize| {
        let (tens, ones) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then_some(i64::from(tens) * 10 + i64::from(ones))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| text.get(*at) == Some(mark)) {
        return None;
    }
    let year = two(0)? * 100 + two(2)?;
    let (month, day) = (two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    // Years that nanoseconds hold with room; days that every month has; no leap second.
    let plain =
        (1700..2200).contains(&year) && (1..=12).contains(&month) && (1..=28).contains(&day);
    if !plain || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, end) = text.get(19..)?.split_last().map(|(end, fraction)| (fraction, *end))?;
    if end != b'Z' {
        return None;
    }
    let mut nanoseconds = 0;
    if let [b'.', digits @ ..] = fraction {
        if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        for place in 0..9 {
            let digit = digits.get(place).map_or(0, |byte| i64::from(byte - b'0'));
            nanoseconds = nanoseconds * 10 + digit;
        }
    } else if !fraction.is_empty() {
        return None;
    }
    // Days since 1970 after Howard Hinnant's `days_from_civil`.
    let shifted = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (shifted.0 / 400, shifted.0 % 400);
    let day_of_year = (153 * shifted.1 + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1_000_000_000 + nanoseconds)
}

/// A number since 1970, its unit told by its magnitude: s below 10^11 (year 5138), ms below
/// 10^14, us below 10^17, else ns. Decimals are kept to the nanosecond, without a float.
fn count_of_time(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let units: i128 = whole.parse().ok()?;
    let (scale, digits): (i128, usize) = match units.unsigned_abs() {
        0..=99_999_999_999 => (1_000_000_000, 9),
        100_000_000_000..=99_999_999_999_999 => (1_000_000, 6),
        100_000_000_000_000..=99_999_999_999_999_999 => (1_000, 3),
        _ => (1, 0),
    };
    if decimals.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let mut fraction = 0_i128;
    for position in 0..digits {
        let digit = decimals.as_bytes().get(position).map_or(0, |byte| byte - b'0');
        fraction = fraction * 10 + i128::from(digit);
    }
    if whole.starts_with('-') {
        fraction = -fraction;
    }
    i64::try_from(units.checked_mul(scale)?.checked_add(fraction)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(text: &str) -> Option<(String, Option<String>)> {
        let hash = hash(text)?;
        let algorithm = hash.algorithm.as_deref().map(str::to_owned);
        Some((data_encoding::HEXLOWER.encode(hash.bytes()), algorithm))
    }

    #[test]
    fn hashes_are_read_from_hex_and_base64_with_and_without_a_prefix() {
        let hex = "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504";
        let base64 = "zdpNNBy2o7m3JdMMebnV4Fqo1mbn+PfvPKe8h40W1QQ=";
        let plain = Some((hex.to_owned(), None));
        let named = Some((hex.to_owned(), Some("sha256".to_owned())));
        assert_eq!(hash_of(hex), plain);
        assert_eq!(hash_of(&hex.to_uppercase()), plain);
        assert_eq!(hash_of(base64), plain);
        assert_eq!(hash_of(base64.trim_end_matches('=')), plain);
        assert_eq!(hash_of(&base64.replace('+', "-")), plain);
        assert_eq!(hash_of(&format!("sha256:{hex}")), named);
        assert_eq!(hash_of(&format!("SHA-256:{}", hex.to_uppercase())), named);
        assert_eq!(hash_of(&format!("sha256:{base64}")), named);
        assert_eq!(hash_of(&format!("sha256-{base64}")), named);
        let keyed = hash_of(&format!("hmac-sha256:{hex}")).expect("read");
        assert_eq!(keyed.1.as_deref(), Some("hmac-sha256"));
    }

    #[test]
    fn what_is_no_hash_is_not_read() {
        for text in
            ["", "ab", "hello world", "c2hvcnQ=", ":abcdef12", "a b:abcdef12", &"f".repeat(130)]
        {
            assert_eq!(hash_of(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_read_from_rfc_3339_and_by_magnitude() {
        let expected = Some(1_762_178_400_123_000_000);
        assert_eq!(time(Raw::Text("2025-11-03T14:00:00.123Z")), expected);
        assert_eq!(time(Raw::Text("2025-11-03T15:00:00.123+01:00")), expected);
        assert_eq!(time(Raw::Number("1762178400.123")), expected);
        assert_eq!(time(Raw::Number("1762178400123")), expected);
        assert_eq!(time(Raw::Text("1762178400123000")), expected);
        assert_eq!(time(Raw::Number("1762178400123000000")), expected);
        assert_eq!(time(Raw::Number("-1.5")), Some(-1_500_000_000));
        assert_eq!(time(Raw::Number("-0.5")), Some(-500_000_000));
        assert_eq!(time(Raw::Text("2025-11-03T14:00:00")), None, "no offset, no instant");
        for text in
            ["", "-", ".", "1.2.3", "yesterday", "99999999999999999999999999999999999999999"]
        {
            assert_eq!(time(Raw::Text(text)), None, "{text}");
        }
    }

    #[test]
    fn the_common_form_of_a_time_is_read_as_the_library_reads_it() {
        let mut plain = 0;
        for year in ["1700", "1899", "1970", "2000", "2024", "2100", "2199", "2200", "0001", "+999"]
        {
            for day in
                ["01-01", "02-28", "02-29", "02-30", "03-01", "12-28", "12-31", "13-01", "1-011"]
            {
                for clock in ["00:00:00", "23:59:59", "24:00:00", "23:59:60", "07:08:09"] {
                    for end in
                        ["Z", ".5Z", ".123456789Z", ".1234567891Z", ".Z", "", "z", "+00:00", ",5Z"]
                    {
                        let text = format!("{year}-{day}T{clock}{end}");
                        let by_library = text.parse::<Timestamp>().ok();
                        let by_library =
                            by_library.and_then(|time| i64::try_from(time.as_nanosecond()).ok());
                        if let Some(time) = plain_time(text.as_bytes()) {
                            assert_eq!(Some(time), by_library, "{text}");
                            plain += 1;
                        }
                        assert_eq!(time(Raw::Text(&text)), by_library, "{text}");
                    }
                }
            }
        }
        assert!(plain > 200, "{plain} were plain");
    }

    #[test]
    fn words_and_numbers_are_read_as_truth_and_floats() {
        assert_eq!(truth(Raw::Text("Yes")), Some(true));
        assert_eq!(truth(Raw::Number("1")), Some(true));
        assert_eq!(truth(Raw::Text("FALSE")), Some(false));
        assert_eq!(truth(Raw::Text("maybe")), None);
        assert_eq!(float("0.93"), Some(0.93));
        assert_eq!(float("NaN"), None);
        assert_eq!(float("1e999"), None);
    }

    #[test]
    fn versions_lose_a_leading_v_and_numbers_keep_every_digit() {
        let version = |text| convert(Convert::Version, Raw::Text(text));
        let is = |text: &'static str| Some(Converted::Text(Cow::Borrowed(text)));
        assert_eq!(version(" v2 "), is("2"));
        assert_eq!(version("V2.0.1"), is("2.0.1"));
        assert_eq!(version("vanilla"), is("vanilla"));
        let number = convert(Convert::Text, Raw::Number("9007199254740993"));
        assert_eq!(number, Some(Converted::Text(Cow::Borrowed("9007199254740993"))));
    }

    #[test]
    fn names_of_hash_functions_are_brought_to_one_spelling() {
        for (text, name) in [
            ("sha256", "sha256"),
            ("SHA-256", "sha256"),
            ("sha_256", "sha256"),
            ("HMAC-SHA-256", "hmac-sha256"),
            ("SHA-3-256", "sha-3-256"),
            ("BLAKE3", "blake3"),
        ] {
            assert_eq!(algorithm(text), name, "{text}");
        }
    }
}
