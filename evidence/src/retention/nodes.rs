//! What is recorded of the other classes: how many things, from when their periods count, and what of
//! the access trail is due. A system's papers count from when it was placed on the market, and so does
//! all that it rests on; what no system is recorded for, or no time, nobody can tell.

use super::{Class, NotDue, Period};
use crate::Error;
use crate::check::ask::DAY;
use crate::record::time_text;
use lineal_engine::schema::{Direction, Kind, Relation, TRAIL_SEALED};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::{Hash, Value};
use lineal_query::told::upstream;
use std::collections::{BTreeMap, BTreeSet};

/// What a period counts from, as a policy writes it: when a system was placed on the market.
const PLACED: &str = "system.placed_on_market_at";
/// When the store was used.
const USED: &str = "access.at";
/// What is said about a thing by others, and belongs to its papers.
const BESIDE: [Relation; 4] =
    [Relation::Approves, Relation::Documents, Relation::Evaluates, Relation::Concerns];

/// How a class stands.
#[derive(Clone, Default, Debug)]
pub struct Standing {
    /// Things of its kinds.
    pub nodes: u64,
    /// Of these, those whose floor has not passed.
    pub below_floor: u64,
    /// Those of which nobody can tell.
    pub cannot_tell: u64,
    /// Those whose ceiling has passed.
    pub due: u64,
    /// Of the access trail, a sealed field of each day that is due and can still be read.
    pub days: Vec<DueDay>,
}

/// A day of the access trail: erasing one sealed field takes all that was sealed that day.
#[derive(Clone, Debug)]
pub struct DueDay {
    /// The node that has it.
    pub node: Hash,
    /// What that is called.
    pub name: String,
    /// The field.
    pub field: &'static str,
    /// When its ceiling passed, ns.
    pub ceiling: i64,
}

/// How a class stands at a time; none of a class whose things are not counted here.
///
/// # Errors
/// What the store says.
pub fn standing(view: &Snapshot, class: &Class, now: i64) -> Result<Option<Standing>, Error> {
    standing_of(view, class, now, &|_| true)
}

/// How those things of a class stand that are meant.
///
/// # Errors
/// What the store says.
pub fn standing_of(
    view: &Snapshot,
    class: &Class,
    now: i64,
    is_meant: &dyn Fn(NodeNo) -> bool,
) -> Result<Option<Standing>, Error> {
    let kinds: Vec<Kind> = class.kinds.iter().filter_map(|name| Kind::parse(name)).collect();
    if kinds.is_empty() || !matches!(class.anchor.as_str(), PLACED | USED) {
        return Ok(None);
    }
    let placed = match class.anchor.as_str() {
        PLACED => placed(view)?,
        _ => BTreeMap::new(),
    };
    let mut all = Standing::default();
    let mut days: BTreeMap<i64, DueDay> = BTreeMap::new();
    // Days of which a use is not due: the key of a day goes as a whole.
    let mut open_days: BTreeSet<i64> = BTreeSet::new();
    let nodes = kinds.into_iter().flat_map(|kind| view.nodes_of(kind));
    for node in nodes.filter(|node| is_meant(*node)) {
        all.nodes += 1;
        let anchor = match class.anchor.as_str() {
            PLACED => placed.get(&node).copied().flatten(),
            _ => time(view, node, "time")?,
        };
        let Some(anchor) = anchor else {
            all.cannot_tell += 1;
            continue;
        };
        match (&class.min, class.min.end(anchor)) {
            (_, Some(end)) if end > now => all.below_floor += 1,
            // A floor in words is for a person to read.
            (Period::Words(_) | Period::Undeclared, _) => all.cannot_tell += 1,
            _ => {}
        }
        let is_below = class.min.end(anchor).is_some_and(|end| end > now);
        let ceiling = class.max.end(anchor).filter(|_| class.has_floor_in_time());
        let Some(ceiling) = ceiling.filter(|end| *end <= now) else {
            open_days.insert(anchor.div_euclid(DAY));
            continue;
        };
        all.due += 1;
        if is_below {
            open_days.insert(anchor.div_euclid(DAY));
            continue;
        }
        if class.anchor == USED
            && !days.contains_key(&(anchor.div_euclid(DAY)))
            && let Some(field) = readable(view, node)?
        {
            let (id, name) = (view.node_id(node), view.name_of(node));
            let day = DueDay { node: id, name, field, ceiling };
            days.insert(anchor.div_euclid(DAY), day);
        }
    }
    days.retain(|day, _| !open_days.contains(day));
    all.days = days.into_values().collect();
    Ok(Some(all))
}

/// Which of some sealed fields of uses, by the ids of their nodes, do not stand for a day that is due at a time.
///
/// # Errors
/// What the store says.
pub fn days_not_due(
    view: &Snapshot,
    class: &Class,
    now: i64,
    fields: &[(Hash, String)],
) -> Result<Vec<NotDue>, Error> {
    let due = standing(view, class, now)?.map(|standing| standing.days).unwrap_or_default();
    let is_due = |(node, field): &&(Hash, String)| {
        due.iter().any(|day| day.node == *node && day.field == field.as_str())
    };
    let kinds: Vec<Kind> = class.kinds.iter().filter_map(|name| Kind::parse(name)).collect();
    let mut found = Vec::new();
    for (id, field) in fields.iter().filter(|one| !is_due(one)) {
        let mut nodes = kinds.iter().flat_map(|kind| view.nodes_of(*kind));
        let Some(node) = nodes.find(|node| view.node_id(*node) == *id) else {
            let why = format!("nothing of the class `{}` has this id", class.name);
            found.push(NotDue { name: id.to_string(), why });
            continue;
        };
        let end = time(view, node, "time")?.and_then(|anchor| class.max.end(anchor));
        let why = match end.filter(|end| *end > now) {
            Some(end) => format!("it is due on {} and not before", time_text(end)),
            None => {
                format!("`{field}` of it stands for no day that is due as a whole and can be read")
            }
        };
        found.push(NotDue { name: view.name_of(node), why });
    }
    Ok(found)
}

/// A sealed field of a use that can still be opened.
fn readable(view: &Snapshot, node: NodeNo) -> Result<Option<&'static str>, Error> {
    for field in TRAIL_SEALED {
        if view.field(node, field)?.is_some() {
            return Ok(Some(field));
        }
    }
    Ok(None)
}

fn time(view: &Snapshot, node: NodeNo, field: &str) -> Result<Option<i64>, Error> {
    Ok(view.field(node, field)?.as_ref().and_then(Value::as_i64))
}

/// For each node that a system rests on, or that is about such a one, when the last of its systems was
/// placed on the market; none where one of them does not say.
fn placed(view: &Snapshot) -> Result<BTreeMap<NodeNo, Option<i64>>, Error> {
    let mut all: BTreeMap<NodeNo, Option<i64>> = BTreeMap::new();
    for system in view.nodes_of(Kind::System) {
        let when = time(view, system, "placed_on_market_at")?;
        let mut seen = BTreeSet::from([system]);
        let mut stack = vec![system];
        while let Some(node) = stack.pop() {
            let inverse = |relation| view.edges(node, relation, Direction::Inverse).iter().copied();
            let mut next: Vec<NodeNo> = BESIDE.into_iter().flat_map(inverse).collect();
            next.extend(inverse(Relation::BelongsTo));
            if node != system {
                next.extend(upstream(view, node).into_iter().map(|(_, target)| target));
            }
            stack.extend(next.into_iter().filter(|node| seen.insert(*node)));
        }
        for node in seen {
            let before = all.entry(node).or_insert(when);
            *before = before.zip(when).map(|(one, other)| one.max(other));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Policy;
    use lineal_engine::{ErasureOrder, NodeDraft, Options, Saying, SealedField, Store, Target};
    use lineal_proof::record::Decision;
    use lineal_proof::{Key, KeyPart};

    fn at(text: &str) -> i64 {
        crate::record::time_of(&format!("{}:00Z", text.trim_end_matches('Z'))).unwrap()
    }

    fn key(parts: &[&str]) -> Key {
        Key::new(parts.iter().map(|part| KeyPart::from(*part)).collect())
    }

    /// A system that was placed on the market in 2020, a deployment of it with its model, a model that no
    /// system is recorded for, and three uses on two days.
    fn store(folder: &std::path::Path) -> Store {
        let store = Store::create(folder, Options::default()).unwrap();
        let saying = |source: &str, form: &str| Saying {
            source: source.into(),
            form: form.into(),
            observed_at: at("2026-01-01T00:00Z"),
        };
        let own = saying("bank", "declared");
        let mut tx = store.begin(None, None).unwrap();
        let mut system = NodeDraft::new(Kind::System, key(&["scoring"]));
        system.fields.insert("placed_on_market_at", Value::from(at("2020-01-01T00:00Z")));
        tx.add_node(&own, system).unwrap();
        let model = key(&["registry", "credit", "3"]);
        tx.add_node(&own, NodeDraft::new(Kind::Model, model.clone())).unwrap();
        let stray = key(&["registry", "stray", "1"]);
        tx.add_node(&own, NodeDraft::new(Kind::Model, stray)).unwrap();
        let served = key(&["api", "prod", "eu", "credit", "3"]);
        let mut deployment = NodeDraft::new(Kind::Deployment, served);
        deployment.link(Relation::Deploys, Kind::Model, model);
        deployment.link(Relation::BelongsTo, Kind::System, key(&["scoring"]));
        tx.add_node(&own, deployment).unwrap();
        tx.commit().unwrap();
        let mut tx = store.begin(None, None).unwrap();
        for (place, when) in
            [(0, "2026-03-01T08:00Z"), (1, "2026-03-01T09:00Z"), (2, "2026-03-02T08:00Z")]
        {
            let start = KeyPart::Text("0123456789abcdef".into());
            let key = Key::new(vec![start, KeyPart::Int(place)]);
            let mut used = NodeDraft::new(Kind::Access, key);
            used.fields.insert("time", Value::from(at(when)));
            let value = Value::text(format!("find model:secret{place}"));
            used.sealed.push(SealedField { field: "question".into(), value, actor: None });
            let saying = Saying { observed_at: at(when), ..saying("trail", "access") };
            tx.add_node(&saying, used).unwrap();
        }
        tx.commit().unwrap();
        store
    }

    #[test]
    fn papers_count_from_the_market_and_the_trail_from_its_use() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder.path().join("s"));
        let policy = Policy::read(None).unwrap();
        let stands = |class: &Class, now: &str| {
            let view = store.snapshot().unwrap();
            standing(&view, class, at(now)).unwrap().unwrap()
        };
        let papers = policy.class("technical-file").unwrap();
        let before = stands(papers, "2029-12-31T00:00Z");
        // The system and its model; of the other model nobody can tell.
        assert_eq!((before.nodes, before.below_floor, before.cannot_tell), (3, 2, 1));
        let after = stands(papers, "2030-01-02T00:00Z");
        assert_eq!((after.below_floor, after.cannot_tell, after.due), (0, 1, 0), "no ceiling");

        let max = Period::Span("P1Y".parse().unwrap(), "P1Y".into());
        let words = Class { max: max.clone(), ..policy.class("access-trail").unwrap().clone() };
        let unread = stands(&words, "2027-03-03T00:00Z");
        assert_eq!((unread.due, unread.cannot_tell), (0, 3), "its floor is for a person to read");
        let trail =
            Class { min: Period::None, max, ..policy.class("access-trail").unwrap().clone() };
        let first = stands(&trail, "2027-03-01T12:00Z");
        assert_eq!((first.nodes, first.due, first.days.len()), (3, 2, 1));
        // The key of a day goes as a whole, and its second use is not due yet.
        let part = stands(&trail, "2027-03-01T08:30Z");
        assert_eq!((part.due, part.days.len()), (1, 0));
        let both = stands(&trail, "2027-03-03T00:00Z");
        assert_eq!((both.due, both.days.len()), (3, 2));
        let day = &both.days[0];
        let asked = [(day.node, day.field.to_owned())];
        let refused = |now: &str, asked: &[(Hash, String)]| {
            let view = store.snapshot().unwrap();
            let found = days_not_due(&view, &trail, at(now), asked).unwrap();
            found.into_iter().map(|one| one.why).collect::<Vec<_>>()
        };
        assert_eq!(refused("2027-03-03T00:00Z", &asked), [] as [String; 0]);
        assert!(refused("2027-03-01T07:00Z", &asked)[0].contains("due on 2027-03-01T08:00"));
        assert!(refused("2027-03-01T08:30Z", &asked)[0].contains("as a whole"));
        let stranger = [(Hash::of(b"none"), day.field.to_owned())];
        assert!(refused("2027-03-03T00:00Z", &stranger)[0].contains("has this id"));
        let order = ErasureOrder {
            targets: vec![Target::Field(day.node, day.field.to_owned())],
            decision: Decision::Erased,
            basis: "policy".into(),
            reference: "r".into(),
            decided_by: store.actor_key("a@bank.example").unwrap(),
            executed_by: store.actor_key("b@bank.example").unwrap(),
        };
        assert_eq!(store.erase(&order, false).unwrap().values.len(), 2, "all of that day");
        assert_eq!(stands(&trail, "2027-03-03T00:00Z").days.len(), 1);
        let logs = policy.class("inference-log").unwrap();
        assert!(standing(&store.snapshot().unwrap(), logs, 0).unwrap().is_none());
    }
}
