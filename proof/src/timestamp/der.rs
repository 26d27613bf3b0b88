//! As much of DER (X.690) as an answer of a time-stamp authority is read with: values one after another,
//! each with its length in the shortest form.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The tag of a constructed value that its context numbers.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Values one after another.
#[derive(Clone, Copy)]
pub(super) struct Der<'a> {
    rest: &'a [u8],
}

impl<'a> Der<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Der<'a> {
        Der { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value, whatever it is.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.rest.split_first()?;
        // Tags of more than a byte occur in none of these forms.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                let shortest = bytes[0] != 0 && length > 0x7f;
                (shortest.then_some(length)?, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((*tag, value))
    }

    /// The next value, if it has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (found, value) = ahead.any()?;
        if found != tag {
            return None;
        }
        *self = ahead;
        Some(value)
    }

    /// The values inside the next one, if that has this tag.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Der<'a>> {
        self.take(tag).map(Der::new)
    }
}

/// Seconds since 1970 of `YYMMDDhhmmssZ` or `YYYYMMDDhhmmss[.f]Z`; fractions are dropped.
pub(super) fn time(kind: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let length = if kind == UTC_TIME { 12 } else { 14 };
    if !digits(whole) || !digits(fraction) || whole.len() != length {
        return None;
    }
    let (year, rest) = whole.split_at(length - 10);
    let year: i64 = year.parse().ok()?;
    // RFC 5280, section 4.1.2.5.1: two digits are of 1950 to 2049.
    let year = match kind {
        UTC_TIME if year < 50 => year + 2_000,
        UTC_TIME => year + 1_900,
        _ => year,
    };
    let part = |at: usize| rest[at..at + 2].parse::<i64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    let (hour, minute, second) = (part(4)?, part(6)?, part(8)?);
    let fits = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    // Civil date to days after Howard Hinnant's `days_from_civil`.
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days =
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    fits.then_some((days - 719_468) * 86_400 + hour * 3_600 + minute * 60 + second)
}
