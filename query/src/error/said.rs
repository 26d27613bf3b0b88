//! What a mistake says, as the parts that it is made of until somebody reads it: an event that nobody
//! has is asked for often, mostly by programs that look at the code alone, and to write the sentence
//! would cost as much as the look-up (`benches/compare`, q9 miss).

use std::borrow::Cow;
use std::fmt;

use crate::value::time_text;

/// A sentence, or its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Said {
    /// Written out.
    Text(Cow<'static, str>),
    /// No event has this hash or id.
    NoEvent(Box<str>),
    /// What was searched for it: batches, and the times of their events.
    Searched {
        /// How many.
        batches: u32,
        /// The first time, ns since 1970.
        first: i64,
        /// The last.
        last: i64,
        /// How many of their events are erased or restricted: it may be one of these.
        unshown: u64,
    },
}

impl Said {
    /// The sentence.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Said::Text(text) => Cow::Borrowed(text),
            parts => Cow::Owned(parts.to_string()),
        }
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for Said {
    fn from(text: T) -> Said {
        Said::Text(text.into())
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Text(text) => f.write_str(text),
            Said::NoEvent(text) => {
                write!(f, "no event is recorded with the hash or id `{text}`")
            }
            Said::Searched { batches, first, last, unshown } => {
                write!(
                    f,
                    "searched: indexed hashes, request, event and log ids of {batches} {} from {} \
                     to {}",
                    if *batches == 1 { "batch" } else { "batches" },
                    time_text(*first),
                    time_text(*last)
                )?;
                match unshown {
                    0 => Ok(()),
                    _ => write!(
                        f,
                        "; erased or restricted of their events: {unshown}; it may be one of these"
                    ),
                }
            }
        }
    }
}
