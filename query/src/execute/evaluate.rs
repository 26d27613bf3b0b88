//! Expressions to values. Logic is two-valued: a comparison with an absent value is false, and
//! `not` is plain complement, so `a != b` holds where a side is absent.

use std::cmp::Ordering;

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::FieldType;

use super::arithmetic::arithmetic;
use super::columns::column_value;
use super::like::like;
use super::scan::WHOLE;
use super::{Executor, Run, store};
use crate::bind::PROOF;
use crate::error::{Code, Mistake, Result};
use crate::parse::parse_hash_text;
use crate::plan::{Comparison, Expression, FieldReference, Pattern};
use crate::source::{EventRef, NodeNo, PENDING, RECORDED, Source};
use crate::value::{HashValue, Item, Value};

/// Is it a parameter, or made of one alone?
fn holds_parameter(operand: &Expression) -> bool {
    match operand {
        Expression::Parameter(_) => true,
        Expression::Negative(of) => holds_parameter(of),
        _ => false,
    }
}

/// Regular expressions that are kept compiled.
const PATTERNS_MAX: usize = 64;

impl<'a, S: Source> Executor<'a, S> {
    /// Does the condition hold?
    pub(super) fn holds(&mut self, condition: &'a Expression) -> Run<bool> {
        Ok(match condition {
            Expression::And(a, b) => self.holds(a)? && self.holds(b)?,
            Expression::Or(a, b) => self.holds(a)? || self.holds(b)?,
            Expression::Not(of) => !self.holds(of)?,
            Expression::Chain(chain) => self.chain_holds(chain)?,
            Expression::InSet(of, set) => match self.value(of)?.as_item() {
                Some(item) => self.set(*set)?.has(item),
                None => false,
            },
            Expression::Exists(find, memo) => self.has_row(find, *memo)?,
            Expression::InFind(of, find, memo) => {
                let value = self.value(of)?;
                let rows = self.inner_rows(find, *memo)?;
                rows.iter()
                    .any(|row| row.values.first().is_some_and(|other| is_equal(&value, other)))
            }
            Expression::Compare(comparison, a, b) => {
                let (a, b) = (self.value(a)?, self.value(b)?);
                self.compare(*comparison, &a, &b)
            }
            Expression::In(of, list) => {
                let value = self.value(of)?;
                match self.value(list)? {
                    Value::List(items) => items.iter().any(|item| is_equal(&value, item)),
                    _ => false,
                }
            }
            Expression::InRange(of, low, high) => {
                let of = self.value(of)?;
                let (low, high) = (self.value(low)?, self.value(high)?);
                self.compare(Comparison::GreaterEqual, &of, &low)
                    && self.compare(Comparison::Less, &of, &high)
            }
            Expression::Like(of, pattern) => match (self.value(of)?, self.value(pattern)?) {
                (Value::Text(text), Value::Text(pattern)) => like(&text, &pattern),
                _ => false,
            },
            Expression::Contains(of, part) => match (self.value(of)?, self.value(part)?) {
                (Value::Text(text), Value::Text(part)) => text.contains(&part),
                (Value::List(items), part) => items.iter().any(|item| is_equal(item, &part)),
                _ => false,
            },
            Expression::Matches(of, pattern) => {
                let Value::Text(text) = self.value(of)? else { return Ok(false) };
                match pattern {
                    Pattern::Known(pattern) => pattern.is_match(&text),
                    Pattern::Given(pattern) => match self.value(pattern)? {
                        Value::Text(pattern) => self.given_pattern_matches(&pattern, &text),
                        _ => false,
                    },
                }
            }
            Expression::IsAbsent(of) => self.value(of)?.is_absent(),
            other => self.value(other)? == Value::Bool(true),
        })
    }

    /// A pattern that is known only now: read once, and told of once where it cannot be read.
    fn given_pattern_matches(&mut self, pattern: &str, text: &str) -> bool {
        if let Some(known) = self.patterns.get(pattern) {
            return known.as_ref().is_some_and(|known| known.is_match(text));
        }
        // Patterns that stand in fields may be many: those that were read are not kept for ever.
        if self.patterns.len() >= PATTERNS_MAX {
            self.patterns.clear();
        }
        let read = crate::bind::regular(pattern);
        if let Err(why) = &read {
            self.warn(format!(
                "`{pattern}` is no regular expression, so nothing matches it: {why}"
            ));
        }
        let read = read.ok();
        let matches = read.as_ref().is_some_and(|read| read.is_match(text));
        self.patterns.insert(pattern.to_owned(), read);
        matches
    }

    fn compare(&mut self, comparison: Comparison, a: &Value, b: &Value) -> bool {
        match a.compare(b) {
            Some(order) => comparison.holds(order),
            None => {
                let is_known = !a.is_absent() && !b.is_absent();
                // A number beside NaN is like one beside nothing.
                let are_numbers = a.as_number().is_some() && b.as_number().is_some();
                if is_known && !are_numbers && a.type_name() != b.type_name() {
                    self.warn(format!(
                        "a {} was compared with a {}, which is never true",
                        a.type_name(),
                        b.type_name()
                    ));
                }
                false
            }
        }
    }

    pub(super) fn value(&mut self, expression: &'a Expression) -> Run<Value> {
        Ok(match expression {
            Expression::Constant(value) => value.clone(),
            Expression::Parameter(place) => {
                self.parameters.get(*place).cloned().unwrap_or(Value::Absent)
            }
            Expression::Slot(slot) => self.bound_item(*slot).into(),
            Expression::Key(set) => self.single(*set)?,
            Expression::Path => self.path.clone().map_or(Value::Absent, Value::Path),
            Expression::Column(column) => self.group.get(*column).cloned().unwrap_or(Value::Absent),
            Expression::Field(of, field) => match self.value(of)?.as_item() {
                Some(item) => self.field(item, *field)?,
                None => Value::Absent,
            },
            Expression::Member(of, name) => member(self.value(of)?, name),
            Expression::Index(of, index) => match (self.value(of)?, self.value(index)?) {
                (Value::List(items), Value::Int(place)) => usize::try_from(place)
                    .ok()
                    .and_then(|place| items.into_iter().nth(place))
                    .unwrap_or(Value::Absent),
                (map, Value::Text(name)) => member(map, &name),
                _ => Value::Absent,
            },
            Expression::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.value(item)?);
                }
                Value::List(values)
            }
            Expression::Call(function, arguments) => self.call(*function, arguments)?,
            Expression::Size(find, memo) => {
                let rows = self.inner_rows(find, *memo)?;
                Value::Int(i64::try_from(rows.len()).unwrap_or(i64::MAX))
            }
            Expression::Collect(find, memo) => {
                let rows = self.inner_rows(find, *memo)?;
                Value::List(rows.iter().filter_map(|row| row.values.first().cloned()).collect())
            }
            Expression::First(find, memo) => {
                let rows = self.inner_rows(find, *memo)?;
                let first = rows.first().and_then(|row| row.values.first());
                first.cloned().unwrap_or(Value::Absent)
            }
            Expression::Negative(of) => match self.value(of)? {
                Value::Int(number) => number.checked_neg().map_or(Value::Absent, Value::Int),
                Value::Float(number) => Value::Float(-number),
                Value::Duration(length) => {
                    length.checked_neg().map_or(Value::Absent, Value::Duration)
                }
                Value::Months(months) => months.checked_neg().map_or(Value::Absent, Value::Months),
                _ => Value::Absent,
            },
            Expression::Arithmetic(operator, left, right, span) => {
                let (a, b) = (self.value(left)?, self.value(right)?);
                match arithmetic(*operator, &a, &b, *span)? {
                    Some(value) => value,
                    None if holds_parameter(left) || holds_parameter(right) => {
                        let message = format!(
                            "a {} and a {} cannot be joined so",
                            a.type_name(),
                            b.type_name()
                        );
                        return Err(Mistake::new(Code::ParameterType, *span, message)
                            .hint("numbers with numbers; a time with a time or a length of time")
                            .into());
                    }
                    None => {
                        self.warn(format!(
                            "a {} and a {} were joined by an operator that cannot",
                            a.type_name(),
                            b.type_name()
                        ));
                        Value::Absent
                    }
                }
            }
            condition => Value::Bool(self.holds(condition)?),
        })
    }

    /// The one node or event of a key that stands where a value is needed.
    fn single(&mut self, set: usize) -> Run<Value> {
        let found = self.set(set)?;
        if found.len() > 1 {
            let span = self.plan.sets.get(set).map(|set| set.span).unwrap_or_default();
            return Err(self.several(&found.nodes, "this key", span).into());
        }
        Ok(found.items().next().map_or(Value::Absent, Value::from))
    }

    /// A field of a node or event.
    pub(super) fn field(&mut self, item: Item, field: FieldReference) -> Run<Value> {
        match item {
            Item::Node(node) => Ok(self.node_value(node, field.name, field.field_type)?),
            Item::Event(event) => match (field.event, field.name) {
                (Some(event_field), _) => Ok(self.event_value(event, event_field)?),
                (None, "kind") => Ok(Value::Text("inference".to_owned())),
                (None, "key") => Ok(Value::Text(self.event_name(event)?)),
                // What is common to all records an event has from its batch.
                (None, "missing") => Ok(Value::Bool(false)),
                (None, name) if name == PROOF.0 => {
                    let batch = self.source.event_batch(event);
                    let pending = self.source.is_pending(batch);
                    Ok(Value::Text(if pending { PENDING } else { RECORDED }.to_owned()))
                }
                (None, "recorded" | "updated" | "source" | "sources" | "gone") => {
                    let batch = self.source.event_batch(event);
                    Ok(self.node_value(batch, field.name, field.field_type)?)
                }
                _ => Ok(Value::Absent),
            },
        }
    }

    pub(super) fn node_value(
        &self,
        node: NodeNo,
        name: &str,
        field_type: FieldType,
    ) -> Result<Value> {
        let source = self.source;
        match name {
            "kind" => return Ok(Value::Text(source.kind_of(node).name().to_owned())),
            "key" => return Ok(Value::Text(source.name_of(node))),
            "missing" => return Ok(Value::Bool(source.is_stub(node))),
            _ => {}
        }
        let value = source.field(node, name).map_err(store)?;
        let value =
            value.map_or(Value::Absent, |value| typed(Value::from_record(value), field_type));
        Ok(match value {
            // What a metric is, each of its values is: a float.
            Value::Map(members) if name == "metrics" => {
                let float = |(name, value)| (name, typed(value, FieldType::Float));
                Value::Map(members.into_iter().map(float).collect())
            }
            value => value,
        })
    }

    pub(super) fn event_value(&self, event: EventRef, field: EventField) -> Result<Value> {
        if event.row != WHOLE
            && let Some(columns) = self.blocks.borrow().at_hand(event, field)
        {
            return Ok(column_value(&columns.block, columns.place(event), field));
        }
        let read = |field| self.recorded(event, field);
        let Some(value) = read(field)? else { return Ok(Value::Absent) };
        let mut value = typed(Value::from_record(value), field.spec().field_type);
        if let Value::Hash(hash) = &mut value {
            let algorithm = match field {
                EventField::InputHash => read(EventField::InputAlgorithm)?,
                EventField::OutputHash => read(EventField::OutputAlgorithm)?,
                _ => None,
            };
            if let Some(name) = algorithm.as_ref().and_then(lineal_proof::Value::as_text) {
                hash.set_algorithm(name);
            }
        }
        Ok(value)
    }
}

/// A value in the type that the schema gives its field.
pub(super) fn typed(value: Value, field_type: FieldType) -> Value {
    match (field_type, value) {
        (FieldType::Time, Value::Int(time)) => Value::Time(time),
        (FieldType::Hash, Value::Bytes(bytes)) => Value::Hash(HashValue::new(None, &bytes)),
        (FieldType::Hash, Value::Text(text)) => match parse_hash_text(&text) {
            Some(hash) => Value::Hash(hash),
            None => Value::Text(text),
        },
        // What no float of the records can say stands as text in them.
        (FieldType::Float, Value::Text(text)) => match text.as_str() {
            "NaN" => Value::Float(f64::NAN),
            "Infinity" => Value::Float(f64::INFINITY),
            "-Infinity" => Value::Float(f64::NEG_INFINITY),
            _ => Value::Text(text),
        },
        (_, value) => value,
    }
}

fn member(map: Value, name: &str) -> Value {
    match map {
        Value::Map(entries) => {
            let entry = entries.into_iter().find(|(key, _)| key == name);
            entry.map_or(Value::Absent, |(_, value)| value)
        }
        _ => Value::Absent,
    }
}

pub(super) fn is_equal(a: &Value, b: &Value) -> bool {
    a.compare(b) == Some(Ordering::Equal)
}
