//! What the ledger keeps of a batch's revision.

use super::BatchEntry;
use crate::events::{Month, MonthCounts};
use lineal_proof::record::Revision;
use lineal_proof::{Hash, KeyPart, Map, Value};

/// Reads the key and the fields of a batch.
pub(super) fn batch(revision: &Revision) -> lineal_proof::Result<BatchEntry> {
    let rule = "a batch has the key and fields of section 9";
    entry(revision).ok_or(lineal_proof::Error::Record { record: "revision", rule })
}

fn entry(revision: &Revision) -> Option<BatchEntry> {
    let fields = &revision.fields;
    let bytes = |name: &str| fields.get(name).and_then(Value::as_bytes);
    let Some(KeyPart::Bytes(deployment)) = revision.key.0.get(1) else { return None };
    // A reader of rows needs both: without them it is no batch.
    (bytes("root")?.len() == 32 && bytes("seed")?.len() == 16).then_some(())?;
    Some(BatchEntry {
        revision: 0,
        deployment: Hash::from_slice(deployment)?,
        rows: u32::try_from(count(fields.get("rows"))?).ok()?,
        overrides: count(fields.get("overrides"))?,
        art12: count(fields.get("art12"))?,
        first_time: time(fields, "first_time").unwrap_or(i64::MAX),
        last_time: time(fields, "last_time").unwrap_or(i64::MIN),
        months: months(fields)?,
        doubted: runs(fields.get("doubted"))?,
        place: None,
        erased: Vec::new(),
    })
}

fn count(value: Option<&Value>) -> Option<u64> {
    u64::try_from(value?.as_i64()?).ok()
}

fn time(fields: &Map, name: &str) -> Option<i64> {
    fields.get(name).and_then(Value::as_i64)
}

/// The counters by month: as they are listed, what is left of the whole being of events without a
/// time; else those of the whole, in the one month of all of them or in none.
fn months(fields: &Map) -> Option<Vec<MonthCounts>> {
    let [events, overrides, art12] =
        ["rows", "overrides", "art12"].map(|name| count(fields.get(name)));
    let mut rest =
        MonthCounts { month: None, events: events?, overrides: overrides?, art12: art12? };
    let (first, last) = (time(fields, "first_time"), time(fields, "last_time"));
    let Some(listed) = fields.get("months") else {
        let timed = fields.get("presence").and_then(Value::as_map)?.get("time");
        let timed = timed.map_or(Some(0), |timed| count(Some(timed)))?;
        rest.month = first.map(Month::of);
        let is_of_one =
            timed == first.map_or(0, |_| rest.events) && last.map(Month::of) == rest.month;
        return is_of_one.then(|| if rest.events > 0 { vec![rest] } else { Vec::new() });
    };
    let mut months = Vec::new();
    for (month, counts) in listed.as_map()?.iter() {
        let [events, overrides, art12] = counts.as_list()? else { return None };
        let [events, overrides, art12] =
            [events, overrides, art12].map(|number| count(Some(number)));
        let month = Some(Month::parse(month)?);
        let counts = MonthCounts { month, events: events?, overrides: overrides?, art12: art12? };
        let is_within = counts.overrides <= counts.events && counts.art12 <= counts.events;
        (counts.events > 0 && is_within).then_some(())?;
        rest.events = rest.events.checked_sub(counts.events)?;
        rest.overrides = rest.overrides.checked_sub(counts.overrides)?;
        rest.art12 = rest.art12.checked_sub(counts.art12)?;
        months.push(counts);
    }
    // The order of a map's keys is that of the months: each is as long as the other.
    let is_between = months.first()?.month == first.map(Month::of)
        && months.last()?.month == last.map(Month::of)
        && rest.overrides <= rest.events
        && rest.art12 <= rest.events;
    months.extend((rest.events > 0).then_some(rest));
    (is_between && months.len() > 1).then_some(months)
}

/// Runs of rows as a batch lists them; none for nothing.
fn runs(listed: Option<&Value>) -> Option<Vec<(u32, u32)>> {
    let number = |value: &Value| u32::try_from(value.as_i64()?).ok();
    let Some(listed) = listed else { return Some(Vec::new()) };
    let run = |run: &Value| match run.as_list()? {
        [first, count] => Some((number(first)?, number(count)?)),
        _ => None,
    };
    listed.as_list()?.iter().map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(months: &[(&str, [i64; 3])], timed: i64) -> Map {
        let mut fields = Map::new();
        let counts = [("rows", 9), ("overrides", 3), ("art12", 2)];
        for (name, count) in counts {
            fields.insert(name, Value::from(count as i64));
        }
        // The last day of January 1970 and the first of February.
        fields.insert("first_time", 30 * 86_400_000_000_000_i64);
        fields.insert("last_time", 31 * 86_400_000_000_000_i64);
        let presence: Map = [("time", timed)].into_iter().collect();
        fields.insert("presence", Value::Map(presence));
        if !months.is_empty() {
            let list =
                |counts: &[i64; 3]| Value::List(counts.iter().copied().map(Value::from).collect());
            let map: Map = months.iter().map(|(month, counts)| (*month, list(counts))).collect();
            fields.insert("months", Value::Map(map));
        }
        fields
    }

    #[test]
    fn what_no_month_holds_has_no_time() {
        let read = months(&fields(&[("1970-01", [4, 1, 0]), ("1970-02", [3, 1, 2])], 7)).unwrap();
        let counts: Vec<_> =
            read.iter().map(|c| (c.month.map(|m| m.to_string()), c.events, c.overrides)).collect();
        let month = |text: &str| Some(text.to_owned());
        assert_eq!(counts, [(month("1970-01"), 4, 1), (month("1970-02"), 3, 1), (None, 2, 1)]);
    }

    #[test]
    fn months_that_do_not_fit_the_batch_are_refused() {
        let whole = [("1970-01", [4, 1, 0]), ("1970-02", [5, 2, 2])];
        assert!(months(&fields(&whole, 9)).is_some());
        for spoiled in [
            [("1970-01", [4, 1, 0]), ("1970-02", [6, 2, 2])],
            [("1970-01", [4, 5, 0]), ("1970-02", [5, 2, 2])],
            [("1970-01", [4, 1, 0]), ("1970-03", [5, 2, 2])],
            [("1969-12", [4, 1, 0]), ("1970-02", [5, 2, 2])],
            [("1970-1", [4, 1, 0]), ("1970-02", [5, 2, 2])],
            [("1970-01", [9, 3, 2]), ("1970-02", [0, 0, 0])],
        ] {
            assert_eq!(months(&fields(&spoiled, 9)), None, "{spoiled:?}");
        }
        assert_eq!(months(&fields(&[], 9)), None, "they lie in two months");
    }
}
