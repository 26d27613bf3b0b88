//! Prints a tree back as text that parses to the same tree.

mod expression;

use std::fmt::{self, Display, Formatter};

use lineal_engine::schema::{Direction, Kind, Relation};

use super::{
    AsOf, Count, Expr, ExprKind, Extreme, Find, Item, ItemValue, Key, Link, LinkRelation, Literal,
    Modifiers, OrderKey, Output, Query, Reference, Return, Script, Select, SetOperand, SetWord,
    Statement, Subject, Summarize, Tail, Target, Term, Trace, Via,
};

type Printed = fmt::Result;

/// What stands before a clause: a blank, or with `{:#}` a line of its own. Inner questions are
/// written without that, so they stay on their line.
fn clause(f: &mut Formatter<'_>) -> Printed {
    f.write_str(if f.alternate() { "\n" } else { " " })
}

/// Writes items with commas between them.
fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Printed {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            f.write_str(", ")?;
        }
        // Anew: a question within an item stays on its line.
        write!(f, "{item}")?;
    }
    Ok(())
}

impl Display for Script {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        for (number, statement) in self.statements.iter().enumerate() {
            if number > 0 {
                f.write_str(";\n")?;
            }
            statement.node.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            Statement::Let(name, find) => {
                write!(f, "let {} = ", name.node)?;
                find.fmt(f)
            }
            Statement::Explain(_, body) => {
                write!(f, "{} ", self.verb())?;
                body.node.fmt(f)
            }
            Statement::Find(find) => find.fmt(f),
            Statement::Trace(trace) => trace.fmt(f),
            Statement::Diff(left, right, tail) => {
                write!(f, "diff {left}")?;
                clause(f)?;
                write!(f, "with {right}")?;
                tail.fmt(f)
            }
            Statement::History(target, condition, tail) => {
                write!(f, "history of {target}")?;
                if let Some(condition) = condition {
                    clause(f)?;
                    write!(f, "where {condition}")?;
                }
                tail.fmt(f)
            }
            Statement::Prove(absent, target, tail) => {
                write!(f, "prove {}{target}", if *absent { "no " } else { "" })?;
                tail.fmt(f)
            }
            Statement::Verify(deep, target, tail) => {
                write!(f, "verify {}{target}", if *deep { "deep " } else { "" })?;
                tail.fmt(f)
            }
            Statement::Show(topic, of, tail) => {
                write!(f, "show {}", topic.node)?;
                if let Some(of) = of {
                    write!(f, " of {}", of.node)?;
                }
                tail.fmt(f)
            }
        }
    }
}

impl Display for Find {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        self.query.fmt(f)?;
        self.tail.fmt(f)
    }
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        self.first.fmt(f)?;
        if let Some((word, rest)) = &self.rest {
            let word = match word {
                SetWord::Union => "union",
                SetWord::Intersect => "intersect",
                SetWord::Except => "except",
            };
            for operand in rest {
                clause(f)?;
                write!(f, "{word} ")?;
                operand.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl Display for SetOperand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            SetOperand::Select(select) => select.fmt(f),
            SetOperand::Subquery(find) => write!(f, "({find})"),
        }
    }
}

impl Display for Tail {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        if !self.order_by.is_empty() {
            clause(f)?;
            f.write_str("order by ")?;
            separated(f, &self.order_by)?;
        }
        if let Some(skip) = &self.skip {
            clause(f)?;
            write!(f, "skip {}", skip.node)?;
        }
        if let Some(limit) = &self.limit {
            clause(f)?;
            write!(f, "limit {}", limit.node)?;
        }
        if let Some(as_of) = &self.as_of {
            clause(f)?;
            write!(f, "as of {}", as_of.node)?;
        }
        if let Some(format) = &self.format {
            clause(f)?;
            write!(f, "format {}", format.node)?;
        }
        Ok(())
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            Count::Number(number) => number.fmt(f),
            Count::Parameter(name) => write!(f, "${name}"),
        }
    }
}

impl Display for AsOf {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            AsOf::Time(time) => Literal::Time(*time).fmt(f),
            AsOf::Commit(number) => number.fmt(f),
            AsOf::Reference(reference) => reference.fmt(f),
            AsOf::Id(id) => write!(f, "#{id}"),
            AsOf::Parameter(name) => write!(f, "${name}"),
        }
    }
}

impl Display for OrderKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        write!(f, "{}{}", self.expr, if self.descending { " desc" } else { "" })
    }
}

impl Display for Select {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        f.write_str("find ")?;
        match self.extreme {
            Some(Extreme::Root) => f.write_str("root ")?,
            Some(Extreme::Tip) => f.write_str("tip ")?,
            None => {}
        }
        separated(f, &self.pattern)?;
        if let Some(condition) = &self.condition {
            clause(f)?;
            write!(f, "where {condition}")?;
        }
        if self.output.is_some() {
            clause(f)?;
        }
        match &self.output {
            Some(Output::Return(output)) => output.fmt(f),
            Some(Output::Summarize(output)) => output.fmt(f),
            None => Ok(()),
        }
    }
}

impl Display for Return {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        f.write_str(if self.distinct { "return distinct " } else { "return " })?;
        separated(f, &self.items)
    }
}

impl Display for Summarize {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        f.write_str("summarize ")?;
        separated(f, &self.items)?;
        if !self.groups.is_empty() {
            f.write_str(" by ")?;
            separated(f, &self.groups)?;
        }
        match &self.having {
            Some(having) => {
                clause(f)?;
                write!(f, "having {having}")
            }
            None => Ok(()),
        }
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match &self.value {
            // A term at the end would take the column's name for its own.
            ItemValue::Expr(expr) if self.alias.is_some() && ends_with_term(expr) => {
                write!(f, "({expr})")?;
            }
            ItemValue::Expr(expr) => expr.fmt(f)?,
            ItemValue::Star(name) => write!(f, "{}.*", name.node)?,
        }
        self.alias.as_ref().map_or(Ok(()), |alias| write!(f, " as {}", alias.node))
    }
}

/// Does the text of this expression end with a term?
fn ends_with_term(expr: &Expr) -> bool {
    match &expr.node {
        ExprKind::Related(..) | ExprKind::ExistsTerm(_) => true,
        ExprKind::Unary(_, of) => ends_with_term(of),
        ExprKind::Binary(_, _, right) => ends_with_term(right),
        _ => false,
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        self.subject.node.fmt(f)?;
        if let Some(alias) = &self.alias {
            write!(f, " as {}", alias.node)?;
        }
        self.link.as_ref().map_or(Ok(()), |link| write!(f, " {link}"))
    }
}

/// The word for a kind, or for any.
pub(super) fn kind_word(kind: Option<Kind>) -> &'static str {
    kind.map_or("node", Kind::name)
}

impl Display for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            Subject::Kind(kind) => f.write_str(kind_word(*kind)),
            Subject::Reference(reference) => reference.fmt(f),
            Subject::Id(id) => write!(f, "#{id}"),
            Subject::Parameter(name) => write!(f, "${name}"),
            Subject::Variable(name) => f.write_str(name),
        }
    }
}

impl Display for Reference {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        write!(f, "{}:", kind_word(self.kind))?;
        match &self.key {
            Key::Parameter(name) => write!(f, "${name}"),
            Key::Text(text) if is_bare(text) => f.write_str(text),
            // A version inside the quotes is read as part of the same key.
            Key::Text(text) => quoted(f, text),
        }
    }
}

/// Can this text stand as a key without quotes?
pub(crate) fn is_bare(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| "-./+%:@~_".contains(c) || c.is_ascii_alphanumeric())
        && !text.contains("--")
}

/// Text in quotes, with escapes.
fn quoted(f: &mut Formatter<'_>, text: &str) -> Printed {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            c if crate::parse::is_forbidden(c) || crate::parse::typographic(c).is_some() => {
                write!(f, "\\u{{{:x}}}", u32::from(c))?;
            }
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

impl Display for Link {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        write!(f, "{} {}", self.relation.node, self.target)
    }
}

fn relation_word(relation: Relation, direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => relation.spec().name,
        Direction::Inverse => relation.spec().inverse,
    }
}

impl Display for LinkRelation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            LinkRelation::Reach(reach) => {
                let word = if reach.downstream { "downstream" } else { "upstream" };
                write!(f, "{word}{} of", reach.modifiers)
            }
            LinkRelation::Edge(relation, direction) => {
                f.write_str(relation_word(*relation, *direction))
            }
        }
    }
}

impl Display for Modifiers {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        for (number, via) in self.via.iter().enumerate() {
            f.write_str(if number == 0 { " via " } else { ", " })?;
            f.write_str(match via.node {
                Via::Lineage => "lineage",
                Via::Any => "any",
                Via::Training => "training",
                Via::Edge(relation, direction) => relation_word(relation, direction),
            })?;
        }
        for target in &self.avoiding {
            write!(f, " avoiding {target}")?;
        }
        match self.within.as_ref().map(|within| within.node) {
            Some((1, most)) => write!(f, " within {most}"),
            Some((least, most)) => write!(f, " within {least}..{most}"),
            None => Ok(()),
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            Target::Subquery(find) => write!(f, "({find})"),
            Target::Term(term) => term.fmt(f),
            Target::Variable(name) => f.write_str(&name.node),
        }
    }
}

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        let all = if self.all { "all " } else { "" };
        write!(f, "trace {all}{} to {}{}", self.from, self.to, self.modifiers)?;
        if let Some(condition) = &self.condition {
            clause(f)?;
            write!(f, "where {condition}")?;
        }
        if let Some(output) = &self.output {
            clause(f)?;
            write!(f, "{output}")?;
        }
        self.tail.fmt(f)
    }
}
