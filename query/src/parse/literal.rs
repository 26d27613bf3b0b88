//! Values written out: text, numbers, times, durations, hashes.

use lineal_grammar::Rule;
use pest::iterators::Pair;

use super::{span, unexpected};
use crate::ast::{Literal, UNITS};
use crate::error::{Code, Mistake, Span};
use crate::value::HashValue;

/// Reads a literal's pair.
pub(super) fn literal(pair: &Pair<'_, Rule>) -> Result<Literal, Mistake> {
    let text = pair.as_str();
    let place = span(pair);
    Ok(match pair.as_rule() {
        Rule::string => Literal::Text(string(text)),
        Rule::integer => Literal::Int(integer(text, place)?),
        Rule::float => Literal::Float(text.parse().map_err(|_| too_great(place, text))?),
        Rule::boolean => Literal::Bool(text.eq_ignore_ascii_case("true")),
        Rule::timestamp => Literal::Time(parse_time_text(text).ok_or_else(|| {
            if has_leap_second(text) {
                return Mistake::new(
                    Code::Timestamp,
                    place,
                    "times are counted without leap seconds, so no minute has a second 60",
                )
                .hint("write second 59, or the next minute");
            }
            Mistake::new(Code::Timestamp, place, format!("there is no time `{text}`"))
                .hint("times run from 1678 to 2261; write 2026-03-14 or 2026-03-14T09:00Z")
        })?),
        Rule::duration => {
            let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let (count, suffix) = text.split_at(split);
            let unit = UNITS.iter().find(|(_, name)| *name == suffix).map(|row| row.0);
            let count = count.parse().map_err(|_| too_great(place, text))?;
            Literal::Duration(count, unit.ok_or_else(|| unexpected(pair))?)
        }
        Rule::hash => match text.split_once(':') {
            Some((algorithm, digits)) => {
                if let Some(why) = wrong_length(algorithm, digits.len()) {
                    return Err(Mistake::new(Code::Number, place, why).hint(
                        "a hash is compared whole; an event is also found by its `request_id`",
                    ));
                }
                Literal::Hash(algorithm.to_owned(), digits.to_ascii_lowercase())
            }
            None => return Err(unexpected(pair)),
        },
        _ => return Err(unexpected(pair)),
    })
}

fn too_great(place: Span, text: &str) -> Mistake {
    Mistake::new(Code::Number, place, format!("`{text}` is too great a number"))
        .hint("whole numbers go up to 9223372036854775807")
}

/// A whole number; underscores group its digits.
pub(super) fn integer(text: &str, place: Span) -> Result<i64, Mistake> {
    text.replace('_', "").parse().map_err(|_| too_great(place, text))
}

/// The text between the quotes, with its escapes read. The guard has checked them.
pub(super) fn string(quoted: &str) -> String {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let digits: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
            }
            Some(c) => out.push(c),
            None => {}
        }
    }
    out
}

/// A timestamp of the language: a day at midnight UTC, or a time with its zone. `None` where it
/// has another form or there is no such time.
pub(crate) fn parse_time_text(text: &str) -> Option<i64> {
    let timestamp: jiff::Timestamp = match text.split_once('T') {
        None => {
            let day: jiff::civil::Date = text.parse().ok()?;
            day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        }
        Some(_) if has_leap_second(text) => return None,
        Some(_) => text.parse().ok()?,
    };
    i64::try_from(timestamp.as_nanosecond()).ok()
}

/// Is its second 60? The library of times would take it for 59, another time than was written.
fn has_leap_second(text: &str) -> bool {
    text.get(10..).is_some_and(|clock| clock.starts_with('T'))
        && text.get(16..19).is_some_and(|second| second == ":60")
}

/// What to say of a hash that has not as many digits as its algorithm gives.
pub(crate) fn wrong_length(algorithm: &str, digits: usize) -> Option<String> {
    let (name, due) = HASH_DIGITS.iter().find(|row| row.0.eq_ignore_ascii_case(algorithm))?;
    (*due != digits)
        .then(|| format!("a hash of {name} has {due} hexadecimal digits, this one has {digits}"))
}

/// The digits that a hash of each algorithm has.
const HASH_DIGITS: [(&str, usize); 5] =
    [("sha256", 64), ("sha512", 128), ("sha1", 40), ("md5", 32), ("blake3", 64)];

/// Reads `sha256:...` or bare hexadecimal digits of a hash's length, of either case.
pub(crate) fn parse_hash_text(text: &str) -> Option<HashValue> {
    let is_whole = HASH_DIGITS.iter().any(|(_, digits)| *digits == text.len());
    let bare = if is_whole { hash_of(None, text) } else { None };
    bare.or_else(|| {
        let (prefix, digits) = text.split_once(':')?;
        let (name, _) = HASH_DIGITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(prefix))?;
        hash_of(Some(name), digits)
    })
}

/// A hash of these digits, if there are any.
fn hash_of(algorithm: Option<&str>, digits: &str) -> Option<HashValue> {
    /// As many as any hash has: they are read without memory of their own.
    const BYTES_MAX: usize = 64;
    let digits = digits.as_bytes();
    // None ends the look at the others, so that sixteen are looked at side by side: the hash that
    // nobody has is asked for often (`benches/compare`, q9 miss).
    let are_digits = digits.iter().fold(true, |all, digit| all & digit.is_ascii_hexdigit());
    if !are_digits || digits.is_empty() || digits.len() % 2 == 1 {
        return None;
    }
    let byte = |pair: &[u8; 2]| number_of(pair[0]) << 4 | number_of(pair[1]);
    let (pairs, _) = digits.as_chunks::<2>();
    let mut own = [0; BYTES_MAX];
    match own.get_mut(..pairs.len()) {
        Some(own) => {
            own.iter_mut().zip(pairs).for_each(|(own, pair)| *own = byte(pair));
            Some(HashValue::new(algorithm, own))
        }
        None => Some(HashValue::new(algorithm, &pairs.iter().map(byte).collect::<Vec<_>>())),
    }
}

/// The number that a hexadecimal digit stands for: letters of either case follow 64, digits do not.
fn number_of(digit: u8) -> u8 {
    (digit & 15) + 9 * (digit >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_nanoseconds() {
        assert_eq!(parse_time_text("1970-01-02"), Some(86_400_000_000_000));
        assert_eq!(parse_time_text("1970-01-01T01:00+01:00"), Some(0));
        assert_eq!(parse_time_text("1970-01-01T00:00:00.000000001Z"), Some(1));
        assert_eq!(parse_time_text("2026-02-30"), None);
        assert_eq!(parse_time_text("2026-02-03T10:00"), None);
        assert_eq!(parse_time_text("2016-12-31T23:59:60Z"), None);
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(string(r#""a\"b\n\u{e4}\\""#), "a\"b\nä\\");
    }

    #[test]
    fn hashes_are_named_or_of_a_known_length() {
        let hash = |name, bytes: &[u8]| Some(HashValue::new(name, bytes));
        assert_eq!(parse_hash_text("SHA256:AB"), hash(Some("sha256"), &[0xab]));
        assert_eq!(parse_hash_text("ab"), None);
        assert_eq!(parse_hash_text(&"ab".repeat(32)), hash(None, &[0xab; 32]));
        assert_eq!(parse_hash_text(&"aB".repeat(64)), hash(None, &[0xab; 64]));
        let long = format!("md5:{}", "ab".repeat(65));
        assert_eq!(parse_hash_text(&long), hash(Some("md5"), &[0xab; 65]));
        for none in ["req-1", "md5:", "md5:a", "md5:xy"] {
            assert_eq!(parse_hash_text(none), None, "{none}");
        }
    }

    #[test]
    fn every_digit_is_read_and_nothing_else() {
        for character in (0..=255).map(char::from) {
            let expected = character.to_digit(16).and_then(|number| u8::try_from(number).ok());
            let expected = expected.map(|number| HashValue::new(Some("md5"), &[0x50 | number]));
            assert_eq!(parse_hash_text(&format!("md5:5{character}")), expected, "{character:?}");
        }
    }
}
