//! Evaluations: figures of a model on a data set, stated by a person.

use super::desk::{By, Desk, Recorded, Statement, address, node_of, said};
use super::error::{Error, Result};
use super::words::{Fields, time_text};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::{Key, KeyPart, Value};

/// An evaluation that is to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Evaluate<'t> {
    /// Of which model.
    pub model: &'t str,
    /// On which data set.
    pub on: &'t str,
    /// `METRIC=VALUE`.
    pub metrics: &'t [String],
    /// `METRIC=VALUE`: what was asked of it.
    pub thresholds: &'t [String],
    /// `robustness`, `bias`, ...; none is a plain one.
    pub evaluation_type: Option<&'t str>,
    /// More fields, as `FIELD=VALUE`.
    pub fields: &'t [String],
}

impl Desk<'_> {
    /// Records an evaluation.
    ///
    /// # Errors
    /// [`Error`]: what is wrong with it; nothing was written.
    pub fn evaluate(&self, by: &By<'_>, wanted: &Evaluate<'_>) -> Result<Recorded> {
        let _turn = self.turn();
        let view = self.store().snapshot()?;
        let model = node_of(&view, Kind::Model, wanted.model)?;
        let dataset = node_of(&view, Kind::Dataset, wanted.on)?;
        let at = self.at(by)?;
        let mut fields = self.fields(Kind::Evaluation, wanted.fields)?;
        for (map, figures) in [("metrics", wanted.metrics), ("thresholds", wanted.thresholds)] {
            let figures: Vec<String> =
                figures.iter().map(|figure| format!("{map}.{figure}")).collect();
            let read = Fields::read(Kind::Evaluation, &figures)?;
            if let Some(Value::Map(members)) = read.clear.get(map) {
                for (name, value) in members.iter() {
                    if !matches!(value, Value::Float(_)) {
                        let (name, expected) = (name.to_owned(), "a number");
                        let found = value.as_text().unwrap_or_default().to_owned();
                        return Err(Error::Value { name, expected, found });
                    }
                }
                fields.clear.insert(map, Value::Map(members.clone()));
            }
        }
        if fields.clear.get("metrics").is_none() {
            let example = "accuracy=0.91";
            return Err(Error::Assignment { text: "nothing".to_owned(), example });
        }
        // What one person states at one time is one evaluation; runs have ids of their own.
        let kind_of_test = wanted.evaluation_type.unwrap_or("evaluation");
        let (_, data) = address(&view, dataset);
        let part = |at: usize| data.part_text(at).map_or(KeyPart::Null, KeyPart::from);
        let stated = format!("declared:{}:{}", said("the type", kind_of_test)?, time_text(at));
        let key = vec![view.name_of(model).into(), stated.into(), part(0), part(1)];
        let mut statement = Statement::new(Kind::Evaluation, Key::new(key));
        statement.fields = fields;
        statement.set("time", Value::from(at));
        if let Some(word) = wanted.evaluation_type {
            statement.set("type", word);
        }
        let digest = view.field(model, "digest")?;
        if let Some(digest) = digest.as_ref().and_then(Value::as_text)
            && statement.fields.clear.get("model_digest").is_none()
        {
            statement.set("model_digest", digest);
        }
        if let Some(why) = by.reason {
            statement.seal("note", Value::text(why));
        }
        statement.link(Relation::Evaluates, address(&view, model))?;
        statement.link(Relation::TestedOn, address(&view, dataset))?;
        statement.link(Relation::DoneBy, (Kind::Actor, Key::text(self.actor(by)?)))?;
        drop(view);
        self.write(by, statement)
    }
}
