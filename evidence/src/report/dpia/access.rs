//! Who can open what points at a person, and who did: keys, roles, and the trail of uses.

use super::{KIND, Scope};
use crate::Error;
use crate::report::document::{Block, Gap, Lack, Section, Table};
use crate::report::facts::{Facts, ROWS_SHOWN};
use crate::report::words::NOT_RECORDED;
use lineal_engine::schema::Kind;
use lineal_query::{Parameters, Value};

/// What each key opens (docs/format.md, section 8): file, what it opens, what is impossible without it.
const KEYS: [(&str, &str, &str); 4] = [
    (
        "keys/seeds",
        "the salts of events, and the keys of sealed values",
        "sealed values stay closed",
    ),
    (
        "keys/index.key",
        "looking up an event by a hash",
        "a guess cannot be tested against the index",
    ),
    ("keys/actor.key", "telling which key a login has", "nobody can tell whose key it is"),
    ("keys/signing.key", "signing checkpoints", "no checkpoint can be signed"),
];

pub(super) fn opening(facts: &Facts<'_>, scope: &Scope) -> Result<Section, Error> {
    let mut section = facts.asks.section(KIND, "access")?;
    let mut table = Table::new("Keys of the store", &["key", "opens", "without it"]);
    for (key, opens, without) in KEYS {
        table.push(vec![key.into(), opens.into(), without.into()], ROWS_SHOWN);
    }
    section.push(Block::Table(table));
    let opening = &facts.asks.opening;
    section = section.say(format!(
        "Whoever can read the folder of the store and its keys reads everything, and leaves no trail. Over a server \
         the roles {} see the fields of events that point at a person; the roles {} do not; restricted events are \
         shown to {} alone ({}).",
        opening.sees.join(", "),
        opening.never.join(", "),
        opening.restricted.join(", "),
        opening.source
    ));
    let mut overseers = Table::new("Who can stop it", &["deployment", "overseer"]);
    for deployment in &scope.deployments.nodes {
        let row = vec![facts.cell(*deployment), facts.said(*deployment, "overseer")?];
        overseers.push(row, ROWS_SHOWN);
    }
    section.push(Block::Table(overseers));
    Ok(section)
}

/// The trail by role and endpoint: entries that stand for one use, and counts of uses.
const TRAIL: &str = "find access where it.what in [\"use\", \"count\"] \
    summarize count() as entries, sum(it.count) as counted, sum(it.results) as results, \
    max(it.time) as last_time by it.role as role, it.endpoint as endpoint, it.outcome as outcome";

pub(super) fn recipients(facts: &Facts<'_>) -> Result<Section, Error> {
    let section = facts.asks.section(KIND, "recipients")?;
    let view = facts.snapshot();
    let cannot = |why: &str| Gap::new(Lack::CannotTell, format!("who was given what: {why}"));
    if view.hides(Kind::Access) {
        let why = "the trail is not for who asks";
        return Ok(section.block(Block::Gaps(vec![cannot(why)])));
    }
    if view.nodes_of(Kind::Access).is_empty() {
        let why =
            "this store holds no trail of uses: it was not served, or the trail lies elsewhere";
        return Ok(section.block(Block::Gaps(vec![cannot(why)])));
    }
    let answer = facts.ask(TRAIL, &Parameters::new())?;
    let heads =
        ["role", "endpoint", "outcome", "#entries", "#uses counted in them", "#results", "last"];
    let mut table = Table::new("Uses over a server, of the whole store", &heads);
    let place = |name: &str| answer.columns.iter().position(|column| column.name == name);
    let names = ["role", "endpoint", "outcome", "entries", "counted", "results", "last_time"];
    let places = names.map(place);
    for row in &answer.rows {
        let cell = |at: &Option<usize>| match at.and_then(|at| row.get(at)) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Int(number)) => number.to_string(),
            Some(Value::Time(time)) => crate::check::time_text(*time),
            _ => NOT_RECORDED.to_owned(),
        };
        table.push(places.iter().map(|place| cell(place).into()).collect(), ROWS_SHOWN);
    }
    let section = section.say(
        "Each entry is one use, or stands for several that were only counted. Exports over the server stand under \
         their endpoints; exports made on the store's own machine leave no entry. What is listed is not narrowed to \
         one system.",
    );
    Ok(section.block(Block::Table(table)))
}
