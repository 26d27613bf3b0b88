//! A drawing surface over the `svg` crate: a few shapes, a few patterns, text, and a title and a
//! description for who does not see it.

use crate::report::escape::visible;
use svg::Document;
use svg::node::Text as Letters;
use svg::node::element::{
    Definitions, Description, Group, Line, Marker, Path, Pattern, Polygon, Rectangle, Text, Title,
};

/// How wide pictures are; they shrink with the page.
pub(super) const WIDTH: f64 = 960.0;
/// Letters of a description: what is longer stands in the words below the picture.
const DESCRIPTION_MAX: usize = 1_000;

/// Gives a shape its line.
macro_rules! lined {
    ($shape:expr, $stroke:expr) => {{
        let (colour, width, dashes) = match $stroke {
            Stroke::Thin => ("black", 1.0, None),
            Stroke::Thick => ("black", 2.5, None),
            Stroke::Dashed => ("black", 1.0, Some("6 3")),
            Stroke::Dotted => ("black", 1.3, Some("1.5 3")),
            Stroke::Faint => ("#999", 0.6, None),
        };
        let shape = $shape.set("stroke", colour).set("stroke-width", width);
        match dashes {
            Some(dashes) => shape.set("stroke-dasharray", dashes),
            None => shape,
        }
    }};
}
/// How a shape is filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fill {
    White,
    Light,
    Dark,
    /// Slanted lines.
    Hatch,
}

/// How a line is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stroke {
    Thin,
    Thick,
    Dashed,
    Dotted,
    Faint,
}

/// Where a text stands by its point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A picture that is being drawn.
pub(super) struct Canvas {
    name: &'static str,
    height: f64,
    body: Group,
}

impl Canvas {
    /// An empty picture; `name` is unique in a document.
    pub(super) fn new(name: &'static str, height: f64) -> Canvas {
        let body = Group::new()
            .set("font-family", "sans-serif")
            .set("font-size", 11)
            .set("fill", "black")
            .set("stroke", "none");
        Canvas { name, height, body }
    }

    fn fill(&self, fill: Fill) -> String {
        match fill {
            Fill::White => "white".to_owned(),
            Fill::Light => "#ddd".to_owned(),
            Fill::Dark => "#333".to_owned(),
            Fill::Hatch => format!("url(#{}-hatch)", self.name),
        }
    }

    /// A rectangle from its upper left corner, its corners round by `round`.
    pub(super) fn rectangle(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        round: f64,
        fill: Fill,
        stroke: Stroke,
    ) {
        let shape = Rectangle::new()
            .set("x", number(x))
            .set("y", number(y))
            .set("width", number(width.max(0.0)))
            .set("height", number(height))
            .set("rx", number(round))
            .set("fill", self.fill(fill));
        self.add(lined!(shape, stroke));
    }

    /// A polygon.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: Fill, stroke: Stroke) {
        let points: Vec<String> =
            points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
        let shape = Polygon::new().set("points", points.join(" ")).set("fill", self.fill(fill));
        self.add(lined!(shape, stroke));
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        let shape = Line::new()
            .set("x1", number(from.0))
            .set("y1", number(from.1))
            .set("x2", number(to.0))
            .set("y2", number(to.1));
        self.add(lined!(shape, stroke));
    }

    /// A line through points.
    pub(super) fn through(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let mut data = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let letter = if at == 0 { 'M' } else { 'L' };
            data.push_str(&format!("{letter}{} {} ", number(*x), number(*y)));
        }
        let shape = Path::new().set("d", data.trim_end()).set("fill", "none");
        self.add(lined!(shape, stroke));
    }

    /// An arrow downward that leaves and reaches its ends upright.
    pub(super) fn arrow(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        let middle = number((from.1 + to.1) / 2.0);
        let data = format!(
            "M{} {} C{} {middle} {} {middle} {} {}",
            number(from.0),
            number(from.1),
            number(from.0),
            number(to.0),
            number(to.0),
            number(to.1)
        );
        let shape = Path::new()
            .set("d", data)
            .set("fill", "none")
            .set("marker-end", format!("url(#{}-arrow)", self.name));
        self.add(lined!(shape, stroke));
    }

    /// A text on one line.
    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, size: u32, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let shape = Text::new(visible(text).into_owned())
            .set("x", number(at.0))
            .set("y", number(at.1))
            .set("text-anchor", anchor)
            .set("font-size", size);
        self.add(shape);
    }

    fn add(&mut self, shape: impl Into<Box<dyn svg::Node>>) {
        let body = std::mem::replace(&mut self.body, Group::new());
        self.body = body.add(shape);
    }

    /// The picture as one `<svg>` element.
    pub(super) fn finish(self, title: &str, words: &str) -> String {
        let (name, height) = (self.name, self.height);
        let words: String = visible(words).chars().take(DESCRIPTION_MAX).collect();
        let hatch = Pattern::new()
            .set("id", format!("{name}-hatch"))
            .set("width", 6)
            .set("height", 6)
            .set("patternUnits", "userSpaceOnUse")
            .add(Path::new().set("d", "M0 6 L6 0").set("stroke", "black").set("stroke-width", 0.8));
        let arrow = Marker::new()
            .set("id", format!("{name}-arrow"))
            .set("viewBox", "0 0 8 8")
            .set("refX", 8)
            .set("refY", 4)
            .set("markerWidth", 7)
            .set("markerHeight", 7)
            .set("orient", "auto")
            .add(Path::new().set("d", "M0 0 L8 4 L0 8 z").set("fill", "black"));
        Document::new()
            .set("viewBox", format!("0 0 {} {}", number(WIDTH), number(height)))
            .set("width", number(WIDTH))
            .set("height", number(height))
            .set("role", "img")
            .set("aria-labelledby", format!("{name}-title {name}-words"))
            .add(Title::new(visible(title).into_owned()).set("id", format!("{name}-title")))
            .add(Description::new().set("id", format!("{name}-words")).add(Letters::new(words)))
            .add(Definitions::new().add(hatch).add(arrow))
            .add(self.body)
            .to_string()
    }
}

/// A coordinate to a tenth: finer is not seen, and it reads the same everywhere.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A text that is no longer than so many letters; its middle goes first, because names differ at their
/// ends.
pub(super) fn fitted(text: &str, letters: usize) -> String {
    let all: Vec<char> = visible(text).chars().collect();
    if all.len() <= letters || letters < 4 {
        return all.into_iter().take(letters.max(4)).collect();
    }
    let end = (letters - 1) * 2 / 5;
    let begin = letters - 1 - end;
    let mut out: String = all[..begin].iter().collect();
    out.push('\u{2026}');
    out.extend(&all[all.len() - end..]);
    out
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Canvas, Fill, Stroke, fitted, number};

    #[test]
    fn what_is_written_into_a_picture_is_no_mark() {
        let mut canvas = Canvas::new("p", 10.0);
        canvas.text((1.0, 2.0), Anchor::Start, 9, "<script>&\u{0}");
        canvas.rectangle((0.0, 0.0), (1.0, 1.0), 0.0, Fill::Hatch, Stroke::Dashed);
        let svg = canvas.finish("a <title>", "b & c");
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains("&lt;script&gt;&amp;\\u{0}"), "{svg}");
        assert!(svg.contains("a &lt;title&gt;"), "{svg}");
        assert!(svg.contains("b &amp; c"), "{svg}");
        assert!(svg.contains("role=\"img\""), "{svg}");
    }

    #[test]
    fn names_and_numbers_are_cut_alike() {
        assert_eq!(fitted("deployment:scorer/prod@3", 12), "deploym\u{2026}od@3");
        assert_eq!(fitted("short", 12), "short");
        assert_eq!(number(-0.01), "0");
        assert_eq!(number(12.34), "12.3");
    }
}
