//! Prints a tree back as text that parses to the same tree.

use std::fmt::{self, Display, Formatter};

use lineal_engine::schema::{Direction, Kind, Relation};

use super::{
    AsOf, Binary, Count, Expr, ExprKind, Extreme, Find, Item, ItemValue, Key, Link, LinkRelation,
    Literal, Modifiers, OrderKey, Output, Query, Reference, Return, Script, Select, SetCall,
    SetOperand, SetWord, Statement, Subject, Summarize, Tail, Target, Term, Trace, UNITS, Unary,
    Via,
};

type Printed = fmt::Result;

/// Writes items with commas between them.
fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> Printed {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
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
            Statement::Let(name, find) => write!(f, "let {} = {find}", name.node),
            Statement::Explain(_, body) => write!(f, "{} {}", self.verb(), body.node),
            Statement::Find(find) => find.fmt(f),
            Statement::Trace(trace) => trace.fmt(f),
            Statement::Diff(left, right, tail) => write!(f, "diff {left} with {right}{tail}"),
            Statement::History(target, condition, tail) => {
                write!(f, "history of {target}")?;
                if let Some(condition) = condition {
                    write!(f, " where {condition}")?;
                }
                tail.fmt(f)
            }
            Statement::Prove(absent, target, tail) => {
                write!(f, "prove {}{target}{tail}", if *absent { "no " } else { "" })
            }
            Statement::Verify(deep, target, tail) => {
                write!(f, "verify {}{target}{tail}", if *deep { "deep " } else { "" })
            }
            Statement::Show(topic, of) => {
                write!(f, "show {}", topic.node)?;
                of.as_ref().map_or(Ok(()), |of| write!(f, " of {}", of.node))
            }
        }
    }
}

impl Display for Find {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        write!(f, "{}{}", self.query, self.tail)
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
                write!(f, " {word} {operand}")?;
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
            f.write_str(" order by ")?;
            separated(f, &self.order_by)?;
        }
        if let Some(skip) = &self.skip {
            write!(f, " skip {}", skip.node)?;
        }
        if let Some(limit) = &self.limit {
            write!(f, " limit {}", limit.node)?;
        }
        if let Some(as_of) = &self.as_of {
            write!(f, " as of {}", as_of.node)?;
        }
        if let Some(format) = &self.format {
            write!(f, " format {}", format.node)?;
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
            write!(f, " where {condition}")?;
        }
        match &self.output {
            Some(Output::Return(output)) => write!(f, " {output}"),
            Some(Output::Summarize(output)) => write!(f, " {output}"),
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
        self.having.as_ref().map_or(Ok(()), |having| write!(f, " having {having}"))
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
            write!(f, " where {condition}")?;
        }
        if let Some(output) = &self.output {
            write!(f, " {output}")?;
        }
        self.tail.fmt(f)
    }
}

impl Binary {
    /// The sign or word of the operator.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Binary::Or => "or",
            Binary::And => "and",
            Binary::Equal => "=",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::In => "in",
            Binary::NotIn => "not in",
            Binary::Like => "like",
            Binary::Matches => "matches",
            Binary::Contains => "contains",
            Binary::Range => "..",
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
        }
    }

    /// How strongly it binds; the parser's order, loosest first.
    fn strength(self) -> u8 {
        match self {
            Binary::Or => 1,
            Binary::And => 2,
            Binary::Range => 5,
            Binary::Add | Binary::Subtract => 6,
            Binary::Multiply | Binary::Divide => 7,
            _ => 4,
        }
    }
}

impl ExprKind {
    fn strength(&self) -> u8 {
        match self {
            ExprKind::Binary(operator, ..) => operator.strength(),
            ExprKind::Unary(Unary::Not, _) => 3,
            ExprKind::Unary(Unary::Negative, _) => 8,
            // A relation or exists ends with a term that would swallow what follows it.
            ExprKind::Related(..) | ExprKind::ExistsTerm(_) => 9,
            ExprKind::IsNull(..) | ExprKind::Member(..) | ExprKind::Index(..) => 10,
            _ => 11,
        }
    }
}

/// Prints a part, in brackets if it binds less strongly than its place needs.
fn bracketed(f: &mut Formatter<'_>, expr: &Expr, least: u8) -> Printed {
    if expr.node.strength() < least { write!(f, "({expr})") } else { expr.fmt(f) }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match &self.node {
            ExprKind::Literal(literal) => literal.fmt(f),
            ExprKind::Reference(reference) => reference.fmt(f),
            ExprKind::Id(id) => write!(f, "#{id}"),
            ExprKind::Parameter(name) => write!(f, "${name}"),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Member(of, name) => {
                bracketed(f, of, 10)?;
                write!(f, ".{}", name.node)
            }
            ExprKind::Index(of, index) => {
                bracketed(f, of, 10)?;
                write!(f, "[{index}]")
            }
            ExprKind::List(items) => {
                f.write_str("[")?;
                separated(f, items)?;
                f.write_str("]")
            }
            ExprKind::Call(name, distinct, arguments) => {
                write!(f, "{}({}", name.node, if *distinct { "distinct " } else { "" })?;
                separated(f, arguments)?;
                f.write_str(")")
            }
            ExprKind::ExistsTerm(term) => write!(f, "exists {term}"),
            ExprKind::ExistsFind(find) => write!(f, "exists ({find})"),
            ExprKind::SetCall(call, find) => {
                let word = match call {
                    SetCall::Size => "size",
                    SetCall::List => "list",
                    SetCall::First => "first",
                };
                write!(f, "{word}({find})")
            }
            ExprKind::Subquery(find) => write!(f, "({find})"),
            ExprKind::Related(subject, link) => {
                if let Some(subject) = subject {
                    write!(f, "{} ", subject.node)?;
                }
                link.fmt(f)
            }
            ExprKind::Unary(Unary::Not, of) => {
                f.write_str("not ")?;
                bracketed(f, of, 3)
            }
            ExprKind::Unary(Unary::Negative, of) => {
                // `--` would begin a comment.
                let is_again = matches!(of.node, ExprKind::Unary(Unary::Negative, _));
                f.write_str(if is_again { "- " } else { "-" })?;
                bracketed(f, of, 8)
            }
            ExprKind::Binary(operator, left, right) => {
                let strength = operator.strength();
                bracketed(f, left, strength)?;
                match operator {
                    Binary::Range => f.write_str("..")?,
                    operator => write!(f, " {} ", operator.word())?,
                }
                bracketed(f, right, strength + 1)
            }
            ExprKind::IsNull(negated, of) => {
                bracketed(f, of, 10)?;
                f.write_str(if *negated { " is not null" } else { " is null" })
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            Literal::Text(text) => quoted(f, text),
            Literal::Int(number) => number.fmt(f),
            // `{:?}` keeps the point that makes it a float and every digit needed to read it back.
            Literal::Float(number) => {
                let text = format!("{number:?}");
                match text.split_once('e') {
                    Some((digits, power)) if !digits.contains('.') => {
                        write!(f, "{digits}.0e{power}")
                    }
                    _ => f.write_str(&text),
                }
            }
            Literal::Bool(truth) => truth.fmt(f),
            Literal::Time(time) => f.write_str(&crate::value::time_text(*time)),
            Literal::Duration(count, unit) => {
                let suffix = UNITS.iter().find(|(one, _)| one == unit).map_or("", |row| row.1);
                write!(f, "{count}{suffix}")
            }
            Literal::Hash(algorithm, digits) => write!(f, "{algorithm}:{digits}"),
        }
    }
}
