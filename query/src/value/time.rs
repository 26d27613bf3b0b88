//! Times as text, in UTC, as the language writes them. An answer says two of them, and every answer of a
//! server the same two seconds again: their text is kept, so that only the part of a second is written.

use std::cell::RefCell;

/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;
/// Digits of the part of a second.
const DIGITS: usize = 9;
/// Seconds whose text is kept on a thread: when a store was recorded, and now.
const KEPT: usize = 2;

thread_local! {
    /// Seconds since 1970 UTC and their text without the zone, the one that was made last at the front.
    static SECONDS: RefCell<Vec<(i64, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

/// A time as the language writes it, in UTC; the argument in ns since 1970.
#[must_use]
pub fn time_text(time: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time))
        .map_or_else(|_| format!("{time}ns"), |timestamp| timestamp.to_string())
}

/// Appends what [`time_text`] gives.
pub(crate) fn push_time(out: &mut Vec<u8>, time: i64) {
    let (second, part) = (time.div_euclid(SECOND_NS), time.rem_euclid(SECOND_NS));
    let is_pushed = SECONDS.with_borrow_mut(|kept| {
        let Some(text) = text_of(kept, second) else { return false };
        out.extend_from_slice(text);
        true
    });
    if !is_pushed {
        out.extend_from_slice(time_text(time).as_bytes());
        return;
    }
    if part != 0 {
        out.push(b'.');
        push_part(out, part.unsigned_abs());
    }
    out.push(b'Z');
}

/// The text of a whole second without its zone, kept or made; none of one that is no time.
fn text_of(kept: &mut Vec<(i64, Vec<u8>)>, second: i64) -> Option<&[u8]> {
    let place = match kept.iter().position(|(known, _)| *known == second) {
        Some(place) => place,
        None => {
            let text = jiff::Timestamp::from_second(second).ok()?.to_string();
            let text = text.strip_suffix('Z')?.as_bytes().to_vec();
            kept.truncate(KEPT - 1);
            kept.insert(0, (second, text));
            0
        }
    };
    kept.get(place).map(|(_, text)| text.as_slice())
}

/// The nanoseconds of a second, without the zeros at their end.
fn push_part(out: &mut Vec<u8>, mut part: u64) {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(part % 10).unwrap_or_default();
        part /= 10;
    }
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    out.extend_from_slice(&digits[..end]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_the_text_of_the_library_whatever_came_before() {
        let second = 1_700_000_000 * SECOND_NS;
        let near = [0, 1, 10, 100_000, 500_000_000, 123_456_789, 999_999_999, SECOND_NS];
        let whole = [0, second, -second, second + SECOND_NS, i64::MIN, i64::MAX, -1, second];
        for begin in whole {
            for part in near {
                let time = begin.saturating_add(part);
                let mut out = b"x".to_vec();
                push_time(&mut out, time);
                assert_eq!(String::from_utf8(out).unwrap(), format!("x{}", time_text(time)));
            }
        }
        assert_eq!(SECONDS.with_borrow(Vec::len), KEPT, "no more are kept");
    }
}
