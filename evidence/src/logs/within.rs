//! Does an event lie within the time that was asked for? Of an erased one its time is gone too: rows
//! of a batch stand in the order of time, so those beside it tell, mostly.

use super::parts::Part;
use super::{LogsError, Wanted};
use lineal_engine::event_fields::EventField;
use lineal_engine::{BatchInfo, Snapshot};

/// Where an event lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lies {
    /// Within the time.
    Inside,
    /// Before or behind it.
    Outside,
    /// It has no time.
    Untimed,
    /// It is erased, and what stands beside it does not tell.
    Unplaced,
}

/// The time that was asked for, over a part of a batch.
pub(super) struct Within<'v> {
    view: &'v Snapshot,
    info: &'v BatchInfo,
    places: u32,
    from: i64,
    until: i64,
    is_asked: bool,
    /// Of each row the time of the last known one up to it and of the first from it on; made where
    /// an erased row asks.
    beside: Option<Vec<(i64, i64)>>,
}

impl<'v> Within<'v> {
    pub(super) fn new(view: &'v Snapshot, wanted: &Wanted, part: &'v Part) -> Within<'v> {
        let Part { info, places, .. } = part;
        let is_asked = wanted.from.is_some() || wanted.until.is_some();
        let from = wanted.from.unwrap_or(i64::MIN);
        let until = wanted.until.unwrap_or(i64::MAX);
        Within { view, info, places: *places, from, until, is_asked, beside: None }
    }

    fn has_untimed(&self) -> bool {
        self.view.months_of(self.info.node).iter().any(|counts| counts.month.is_none())
    }

    /// Lies all of the part outside, as its counters tell?
    pub(super) fn is_apart(&self) -> bool {
        let apart = self.info.last_time < self.from || self.info.first_time >= self.until;
        self.is_asked && apart && !self.has_untimed()
    }

    /// Where an event of this time lies.
    pub(super) fn at(&self, time: Option<i64>) -> Lies {
        match time {
            _ if !self.is_asked => Lies::Inside,
            None => Lies::Untimed,
            Some(time) if time >= self.from && time < self.until => Lies::Inside,
            Some(_) => Lies::Outside,
        }
    }

    /// Where an erased event lies.
    pub(super) fn erased(&mut self, row: u32) -> Result<Lies, LogsError> {
        if !self.is_asked {
            return Ok(Lies::Inside);
        }
        let beside = match self.beside.take() {
            Some(beside) => beside,
            None => self.times_beside()?,
        };
        let beside = self.beside.insert(beside);
        let (before, after) = beside.get(row as usize).copied().unwrap_or((i64::MIN, i64::MAX));
        Ok(if before > after {
            Lies::Unplaced
        } else if after < self.from || before >= self.until {
            Lies::Outside
        } else if before >= self.from && after < self.until {
            Lies::Inside
        } else {
            Lies::Unplaced
        })
    }

    fn times_beside(&self) -> Result<Vec<(i64, i64)>, LogsError> {
        let rows = self.places;
        let read = self.view.read_standing(self.info.ordinal, 0..rows, &[EventField::Time])?;
        let time = |row: usize| read.block.int(row, EventField::Time);
        // Rows without a time stand first, and the erased one may have been one of these.
        let mut last = if self.has_untimed() { i64::MIN } else { self.info.first_time };
        let mut beside: Vec<(i64, i64)> = Vec::with_capacity(rows as usize);
        for row in 0..rows as usize {
            last = time(row).unwrap_or(last);
            beside.push((last, i64::MAX));
        }
        let mut next = self.info.last_time;
        for (row, (_, after)) in beside.iter_mut().enumerate().rev() {
            next = time(row).unwrap_or(next);
            *after = next;
        }
        Ok(beside)
    }
}
