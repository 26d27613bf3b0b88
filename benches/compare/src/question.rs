//! The questions of the harness: LQL text, how its arguments become parameters, and how its rows
//! become those that the harness expects.

use std::collections::BTreeMap;

use lineal_query::{Parameters, Prepared, Source, StoreView, Table, Value};
use serde_json::Value as Json;

use crate::Outcome;
use crate::world::World;

/// What stands in a column, for the harness.
#[derive(Clone, Copy)]
enum Cell {
    /// The number of the node.
    Number,
    /// Its letter and its number, two columns.
    Lettered,
    /// As it is.
    Plain,
    /// Text that is a whole number.
    Whole,
    /// Milliseconds since 1970.
    Millis,
    /// Year and month as one number, 202603.
    Month,
    /// One more than it says: the harness counts the step from an event to its batch too.
    Hops,
    /// Left out.
    Unused,
}

/// What an argument of the harness becomes.
#[derive(Clone, Copy)]
enum Given {
    Hash,
    Dataset,
    Model,
    System,
    Millis,
}

/// Name in the harness, text, parameters in the order of its arguments, columns.
type Form = (&'static str, &'static str, &'static [(&'static str, Given)], &'static [Cell]);

const FORMS: [Form; 13] = {
    use Cell::{Hops, Lettered, Millis, Month, Number, Plain, Unused, Whole};
    const EVENT: &[Cell] = &[Whole, Millis, Number, Number, Plain, Plain];
    const HASH: &[(&str, Given)] = &[("hash", Given::Hash)];
    const DATASET: &[(&str, Given)] = &[("dataset", Given::Dataset)];
    const MODEL: &[(&str, Given)] = &[("model", Given::Model)];
    [
        ("q1", include_str!("../questions/q1.lql"), HASH, &[Number]),
        ("q2", include_str!("../questions/q2.lql"), DATASET, &[Number, Plain]),
        ("q2b", include_str!("../questions/q2b.lql"), DATASET, &[Number, Plain]),
        ("q3", include_str!("../questions/q3.lql"), MODEL, &[Lettered]),
        ("q4a", include_str!("../questions/q4a.lql"), MODEL, &[Plain, Plain]),
        ("q4b", include_str!("../questions/q4b.lql"), &[], &[Number]),
        ("q5", include_str!("../questions/q5.lql"), &[], &[Number, Month, Plain]),
        (
            "q6",
            include_str!("../questions/q6.lql"),
            &[("hash", Given::Hash), ("dataset", Given::Dataset)],
            &[Hops, Unused],
        ),
        ("q7", include_str!("../questions/q7.lql"), &[("t", Given::Millis)], &[Number, Number]),
        (
            "q8",
            include_str!("../questions/q8.lql"),
            &[("a", Given::Model), ("b", Given::Model)],
            &[Number],
        ),
        ("q9hit", include_str!("../questions/q9.lql"), HASH, EVENT),
        ("q9miss", include_str!("../questions/q9.lql"), HASH, EVENT),
        (
            "q10",
            include_str!("../questions/q10.lql"),
            &[("system", Given::System), ("from", Given::Millis), ("to", Given::Millis)],
            &[Whole, Millis, Number, Plain, Plain, Plain, Plain],
        ),
    ]
};

/// All of them, prepared.
pub(crate) struct Questions {
    by_name: BTreeMap<&'static str, Question>,
}

/// One of them.
pub(crate) struct Question {
    pub(crate) prepared: Prepared,
    given: &'static [(&'static str, Given)],
    cells: &'static [Cell],
}

impl Questions {
    pub(crate) fn prepare() -> Outcome<Questions> {
        let mut by_name = BTreeMap::new();
        for (name, text, given, cells) in FORMS {
            let prepared = Prepared::new(text).map_err(|mistake| format!("{name}: {mistake}"))?;
            by_name.insert(name, Question { prepared, given, cells });
        }
        Ok(Questions { by_name })
    }

    pub(crate) fn get(&self, name: &str) -> Outcome<&Question> {
        Ok(self.by_name.get(name).ok_or_else(|| format!("there is no question {name}"))?)
    }
}

impl Question {
    /// The harness's arguments as parameters.
    pub(crate) fn parameters(&self, arguments: &[Json], world: &World) -> Outcome<Parameters> {
        let mut parameters = Parameters::new();
        if arguments.len() != self.given.len() {
            return Err(format!("{} arguments, not {}", arguments.len(), self.given.len()).into());
        }
        for ((name, given), argument) in self.given.iter().zip(arguments) {
            let number = || argument.as_i64().ok_or_else(|| format!("{argument} is no number"));
            let value = match given {
                Given::Hash => Value::Text(argument.as_str().ok_or("a hash is a text")?.to_owned()),
                Given::Dataset => Value::Text(world.dataset(number()?)?.to_owned()),
                Given::Model => Value::Text(world.model(number()?)?.to_owned()),
                Given::System => Value::Text(format!("sys-{:03}", number()?)),
                Given::Millis => {
                    Value::Time(number()?.checked_mul(1_000_000).ok_or("a time is too great")?)
                }
            };
            parameters.set(*name, value);
        }
        Ok(parameters)
    }

    /// Rows as the harness writes them.
    pub(crate) fn rows(&self, answer: &Table, world: &World, view: &StoreView) -> Outcome<Json> {
        let mut rows = Vec::with_capacity(answer.len());
        for row in answer.rows() {
            let mut out = Vec::with_capacity(row.len() + 1);
            for (value, cell) in row.iter().zip(self.cells) {
                write(value, *cell, world, view, &mut out)?;
            }
            rows.push(Json::Array(out));
        }
        // The harness wants a row that says so where there is no path.
        if rows.is_empty() && matches!(self.cells, [Cell::Hops, ..]) {
            rows.push(Json::Array(vec![Json::Null]));
        }
        Ok(Json::Array(rows))
    }
}

fn write(
    value: &Value,
    cell: Cell,
    world: &World,
    view: &StoreView,
    out: &mut Vec<Json>,
) -> Outcome {
    let wrong = || format!("an unexpected {} in the answer", value.type_name());
    let written = match (cell, value) {
        (Cell::Unused, _) => return Ok(()),
        (_, Value::Absent) => Json::Null,
        (Cell::Number | Cell::Lettered, Value::Node(node)) => {
            let (letter, number) = world.number(&view.name_of(*node))?;
            if matches!(cell, Cell::Lettered) {
                out.push(letter.into());
            }
            number.into()
        }
        (Cell::Hops, Value::Int(number)) => (number + 1).into(),
        (Cell::Whole, Value::Text(text)) => text.parse::<i64>()?.into(),
        (Cell::Millis, Value::Time(time)) => (time / 1_000_000).into(),
        (Cell::Month, Value::Time(time)) => {
            let day = jiff::Timestamp::from_nanosecond(i128::from(*time))?
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date();
            (i64::from(day.year()) * 100 + i64::from(day.month())).into()
        }
        (Cell::Plain, Value::Int(number)) => (*number).into(),
        (Cell::Plain, Value::Float(number)) => (*number).into(),
        (Cell::Plain, Value::Bool(truth)) => (*truth).into(),
        (Cell::Plain, Value::Text(text)) => text.as_str().into(),
        (Cell::Plain, Value::Hash(hash)) => {
            hash.bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
        }
        _ => return Err(wrong().into()),
    };
    out.push(written);
    Ok(())
}
