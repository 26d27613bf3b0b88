//! The types that expressions have, and their words.

use lineal_engine::schema::FieldType;

/// Types of expressions; `Any` where it is not known before running.
#[derive(Clone, Copy, PartialEq, Debug)]
#[expect(missing_docs, reason = "the names are the language's type names")]
pub enum Type {
    Any,
    Bool,
    Int,
    Float,
    Text,
    Time,
    Duration,
    Months,
    Hash,
    Node,
    List,
    Map,
    Path,
}

impl Type {
    /// The language's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Any => "any",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Float => "float",
            Type::Text => "string",
            Type::Time => "timestamp",
            Type::Duration => "duration",
            Type::Months => "calendar duration",
            Type::Hash => "hash",
            Type::Node => "node",
            Type::List => "list",
            Type::Map => "map",
            Type::Path => "path",
        }
    }

    /// The word with its article, for messages: `an int`.
    pub(crate) fn with_article(self) -> String {
        let name = self.name();
        let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
        format!("{article} {name}")
    }
}

impl From<FieldType> for Type {
    fn from(field: FieldType) -> Type {
        match field {
            FieldType::Text => Type::Text,
            FieldType::Int => Type::Int,
            FieldType::Float => Type::Float,
            FieldType::Bool => Type::Bool,
            FieldType::Time => Type::Time,
            FieldType::Hash => Type::Hash,
            FieldType::Node => Type::Node,
            FieldType::List => Type::List,
            FieldType::Map => Type::Map,
        }
    }
}
