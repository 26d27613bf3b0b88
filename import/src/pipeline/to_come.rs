//! Events of a time that is still to come: counted as they are staged, and told when it is known when that was.
//!
//! They are taken as they are, since nobody can say here which clock was wrong. By days, so that nothing but the
//! clock of the store's commits is asked, and little is kept of an import of any size.

use std::collections::BTreeMap;

/// Ns of a day. Clocks differ, and so do those who write no zone: what is of tomorrow is not told.
const DAY: i64 = 86_400_000_000_000;

/// Events of a day (UTC): how many, and the last.
type OfDay = (u64, i64);

/// The events of an import by their days.
#[derive(Default)]
pub(super) struct Days {
    days: BTreeMap<i64, OfDay>,
    /// The day at hand: neighbours are mostly of one.
    at_hand: Option<(i64, OfDay)>,
}

impl Days {
    /// Takes note of an event.
    pub(super) fn add(&mut self, time: i64) {
        let day = time.div_euclid(DAY);
        match &mut self.at_hand {
            Some((of, (events, last))) if *of == day => {
                *events += 1;
                *last = time.max(*last);
            }
            _ => {
                self.put();
                self.at_hand = Some((day, (1, time)));
            }
        }
    }

    fn put(&mut self) {
        if let Some((day, (events, last))) = self.at_hand.take() {
            let (all, latest) = self.days.entry(day).or_insert((0, last));
            *all += events;
            *latest = last.max(*latest);
        }
    }

    /// How many are of a day behind tomorrow, and the last of these.
    pub(super) fn behind_tomorrow(mut self, now: i64) -> (u64, Option<i64>) {
        self.put();
        let tomorrow = now.div_euclid(DAY) + 1;
        let behind = self.days.range(tomorrow + 1..).map(|(_, of)| of);
        behind.fold((0, None), |(all, _), (events, last)| (all + events, Some(*last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_day_behind_tomorrow_is_counted() {
        let told = |times: &[i64]| {
            let mut days = Days::default();
            times.iter().for_each(|time| days.add(*time));
            days.behind_tomorrow(10 * DAY + 5)
        };
        assert_eq!(told(&[]), (0, None));
        assert_eq!(told(&[-1, 0, 10 * DAY, 11 * DAY, 12 * DAY - 1]), (0, None));
        assert_eq!(told(&[12 * DAY, 3, 12 * DAY + 7, 12 * DAY + 1]), (3, Some(12 * DAY + 7)));
        assert_eq!(told(&[90 * DAY, 12 * DAY]), (2, Some(90 * DAY)));
        assert_eq!(told(&[i64::MAX, i64::MIN]), (1, Some(i64::MAX)));
    }
}
