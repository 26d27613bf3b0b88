//! One point of a metric, in the one form that all encodings of MLflow come to.
//!
//! A database writes plus and minus infinity as the largest floats and NaN as 0 with a mark, files
//! write `inf` and `nan`, JSON writes either numbers or texts. A series is a set of points.

use crate::record::SeriesPoint;
use lineal_proof::Value;
use std::cmp::Ordering;

/// A measured value, in canonical form: infinities are infinite, zero has no sign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure(f64);

impl Figure {
    /// The value of what a store wrote as a number.
    pub(super) fn new(number: f64) -> Figure {
        if number == f64::MAX {
            Figure(f64::INFINITY)
        } else if number == f64::MIN {
            Figure(f64::NEG_INFINITY)
        } else {
            Figure(number + 0.0)
        }
    }

    /// Not a number.
    pub(super) const NAN: Figure = Figure(f64::NAN);

    /// The value of what a store wrote as text: `0.5`, `nan`, `-inf`, `Infinity`.
    pub(super) fn parse(text: &str) -> Option<Figure> {
        text.trim().parse().ok().map(Figure::new)
    }

    /// Is it not a number?
    pub(super) fn is_nan(self) -> bool {
        self.0.is_nan()
    }

    /// Is it zero?
    pub(super) fn is_zero(self) -> bool {
        self.0 == 0.0
    }

    /// The number itself.
    pub(super) fn number(self) -> f64 {
        self.0
    }

    /// As a record holds it.
    pub(super) fn value(self) -> Value {
        Value::float(self.0)
    }
}

impl Ord for Figure {
    /// NaN comes first, so that a number at the same step and time is the later one.
    fn cmp(&self, other: &Figure) -> Ordering {
        match (self.0.is_nan(), other.0.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.0.total_cmp(&other.0),
        }
    }
}
impl PartialOrd for Figure {
    fn partial_cmp(&self, other: &Figure) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Figure {
    fn eq(&self, other: &Figure) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Figure {}

/// One point of a metric. The order is MLflow's own for what is the latest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Point {
    /// The step.
    pub(super) step: i64,
    /// The time, in ms since 1970.
    pub(super) time_ms: i64,
    /// The value.
    pub(super) value: Figure,
}

impl Point {
    /// As a record holds it.
    pub(super) fn of_series(self) -> SeriesPoint {
        (self.step, self.time_ms, self.value.0)
    }
}

/// Makes a set of a list of points: sorted, each once.
pub(super) fn sort_points(points: &mut Vec<Point>) {
    points.sort_unstable();
    points.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encodings_of_infinity_and_nan_are_one() {
        assert_eq!(Figure::new(1.797_693_134_862_315_7e308), Figure::parse("inf").unwrap());
        assert_eq!(Figure::new(f64::MIN), Figure::parse("-Infinity").unwrap());
        assert_eq!(Figure::parse("nan").unwrap(), Figure::NAN);
        assert_eq!(Figure::new(-0.0).value(), Figure::new(0.0).value());
        assert_eq!(Figure::parse("high"), None);
    }

    #[test]
    fn a_series_is_a_set_in_order_of_step_time_and_value() {
        let point = |step, time_ms, value| Point { step, time_ms, value: Figure::new(value) };
        let mut points =
            vec![point(1, 5, 2.0), point(0, 9, 1.0), point(1, 5, f64::NAN), point(0, 9, 1.0)];
        sort_points(&mut points);
        assert_eq!(points, [point(0, 9, 1.0), point(1, 5, f64::NAN), point(1, 5, 2.0)]);
    }
}
