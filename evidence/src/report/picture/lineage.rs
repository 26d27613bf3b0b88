//! What a thing rests on, drawn from its origins downward.

use super::canvas::{Anchor, Canvas, Fill, Stroke, WIDTH, fitted};
use super::layers::{Layers, Place};
use crate::report::document::{Picture, Reference, Sentence};
use crate::report::words::{counted, kind_words, thousands};
use crate::{Closure, Member};
use lineal_engine::schema::{Kind, RELATIONS, Relation};
use std::collections::BTreeMap;

/// Most edges that are told one by one; all are counted.
const TOLD_MAX: usize = 60;
/// The size of a box.
const BOX: (f64, f64) = (148.0, 36.0);
/// From one row to the next.
const STEP: f64 = 78.0;
/// Above the first row.
const TOP: f64 = 14.0;
/// Letters of a name that fit into a box.
const LETTERS: usize = 20;

/// The picture of a closure's lineage.
pub(in crate::report) fn lineage(closure: &Closure) -> Picture {
    let layers = Layers::of(closure);
    let legend = TOP + layers.rows.len() as f64 * STEP;
    let mut canvas = Canvas::new("lineage", legend + 58.0);
    let mut middles: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (at, row) in layers.rows.iter().enumerate() {
        let cell = WIDTH / row.len() as f64;
        for (place, index) in row.iter().zip(0_u32..) {
            let x = cell * (f64::from(index) + 0.5);
            middles.insert(*place, (x, TOP + at as f64 * STEP));
        }
    }
    for (older, newer, relation) in &layers.lines {
        let (Some(from), Some(to)) = (middles.get(older), middles.get(newer)) else { continue };
        canvas.arrow((from.0, from.1 + BOX.1), (to.0, to.1), style(*relation));
    }
    for (place, (x, y)) in &middles {
        draw(&mut canvas, closure, &layers.places[*place], (x - BOX.0 / 2.0, *y));
    }
    explain(&mut canvas, legend);
    let title = format!("Lineage of {}", closure.root().name);
    let words = words(closure, &layers);
    let told: Vec<String> = words.iter().map(Sentence::plain).collect();
    let svg = canvas.finish(&title, &told.join(" "));
    Picture { name: "lineage".to_owned(), title, words, svg }
}

/// How a line of a relation is drawn.
fn style(relation: Relation) -> Stroke {
    match relation {
        Relation::ValidatedOn => Stroke::Dashed,
        Relation::Used | Relation::DerivedFrom => Stroke::Dotted,
        _ => Stroke::Thin,
    }
}

/// One box: its shape says the kind.
fn draw(canvas: &mut Canvas, closure: &Closure, place: &Place, (x, y): (f64, f64)) {
    let (width, height) = BOX;
    let only = match place.members.as_slice() {
        [one] => Some(&closure.members[*one]),
        _ => None,
    };
    let is_root = place.members.contains(&closure.root);
    let fill = if is_root { Fill::Light } else { Fill::White };
    let stroke = match only {
        Some(member) if member.is_missing() => Stroke::Dashed,
        _ if place.kind == Kind::Model || is_root => Stroke::Thick,
        _ => Stroke::Thin,
    };
    if only.is_none() {
        canvas.rectangle((x + 4.0, y - 4.0), BOX, 3.0, Fill::White, Stroke::Thin);
    }
    match place.kind {
        Kind::Run => canvas.rectangle((x, y), BOX, 17.0, fill, stroke),
        Kind::Deployment => {
            let points = [
                (x + 10.0, y),
                (x + width - 10.0, y),
                (x + width, y + height / 2.0),
                (x + width - 10.0, y + height),
                (x + 10.0, y + height),
                (x, y + height / 2.0),
            ];
            canvas.polygon(&points, fill, stroke);
        }
        Kind::Code => {
            let points =
                [(x + 8.0, y), (x + width, y), (x + width - 8.0, y + height), (x, y + height)];
            canvas.polygon(&points, fill, stroke);
        }
        Kind::Dataset => {
            canvas.rectangle((x, y), BOX, 3.0, fill, stroke);
            canvas.line((x, y + 5.0), (x + width, y + 5.0), Stroke::Thin);
        }
        _ => canvas.rectangle((x, y), BOX, 3.0, fill, stroke),
    }
    let middle = x + width / 2.0;
    let (above, below) = match only {
        Some(member) if member.is_missing() => {
            (format!("{}, only referred to", kind_words(member.kind)), bare(member))
        }
        Some(member) => (kind_words(member.kind).to_owned(), bare(member)),
        None => {
            let count = place.members.len() as u64;
            (String::new(), format!("+ {}", counted(count, kind_words(place.kind))))
        }
    };
    canvas.text((middle, y + 16.0), Anchor::Middle, 9, &above);
    canvas.text((middle, y + 29.0), Anchor::Middle, 11, &fitted(&below, LETTERS));
}

/// A name without its kind, which stands above it.
fn bare(member: &Member) -> String {
    let name = member.name.as_str();
    let rest = name.strip_prefix(member.kind.name()).and_then(|rest| rest.strip_prefix(':'));
    rest.unwrap_or(name).to_owned()
}

/// What lines and shapes mean.
fn explain(canvas: &mut Canvas, y: f64) {
    let lines = [
        (Stroke::Thin, "trained on, produced by, registered from, executes, deploys"),
        (Stroke::Dashed, "validated on"),
        (Stroke::Dotted, "used, derived from"),
    ];
    let mut x = 20.0;
    for (stroke, words) in lines {
        canvas.line((x, y + 8.0), (x + 34.0, y + 8.0), stroke);
        canvas.text((x + 40.0, y + 12.0), Anchor::Start, 10, words);
        x += if words.len() > 40 { 400.0 } else { 170.0 };
    }
    canvas.text(
        (20.0, y + 32.0),
        Anchor::Start,
        10,
        "Arrows lead from the older to the newer. Double top edge: data set; round: run; bold: model; hexagon: deployment; slanted: code.",
    );
    canvas.text(
        (20.0, y + 48.0),
        Anchor::Start,
        10,
        "Grey: what the report is about. Dashed frame: only referred to. Two frames: several, folded.",
    );
}

/// The same in words.
fn words(closure: &Closure, layers: &Layers) -> Vec<Sentence> {
    let root = Reference::from(closure.root());
    let mut counts: BTreeMap<Kind, u64> = BTreeMap::new();
    for place in &layers.places {
        *counts.entry(place.kind).or_default() += place.members.len() as u64;
    }
    let each: Vec<String> =
        counts.into_iter().map(|(kind, count)| counted(count, kind_words(kind))).collect();
    let folded: u64 =
        layers.places.iter().map(|it| it.members.len() as u64).filter(|count| *count > 1).sum();
    let mut first = Sentence::from("The lineage of ").node(root.clone()).text(format!(
        " has {} and {}.",
        each.join(", "),
        counted(layers.edges as u64, "edge")
    ));
    if folded > 0 {
        first = first.text(format!(" {} are folded into boxes by their kind.", thousands(folded)));
    }
    let mut words = vec![first];
    let mut told = 0;
    for (from, relation, to) in &closure.edges {
        let spec = &RELATIONS[*relation as usize];
        let ends = [from, to].map(|at| &closure.members[*at]);
        let drawn = ends.iter().all(|member| layers.places.iter().any(|it| it.kind == member.kind));
        if spec.class != lineal_engine::schema::Class::Lineage || !drawn {
            continue;
        }
        if told < TOLD_MAX {
            let say = Sentence::new().node(ends[0]).text(format!(" {} ", phrase(*relation)));
            words.push(say.node(ends[1]).text("."));
        }
        told += 1;
    }
    if told > TOLD_MAX {
        let more = thousands((told - TOLD_MAX) as u64);
        words.push(
            Sentence::from(format!("{more} more edges, of the lineage of ")).node(root).text("."),
        );
    }
    words
}

/// A relation in words.
fn phrase(relation: Relation) -> String {
    let name = relation.spec().name.replace('_', " ");
    match relation {
        Relation::Used | Relation::Executes | Relation::Deploys => name,
        _ => format!("was {name}"),
    }
}
