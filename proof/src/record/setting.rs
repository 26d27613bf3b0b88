//! A setting of the store: the last one of a name counts.

use super::{Parts, Record};
use crate::error::Result;
use crate::frame::RecordType;
use crate::value::{Map, Value};

/// A setting.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

impl Record for Setting {
    const TYPE: RecordType = RecordType::Setting;

    fn to_map(&self) -> Map {
        [("name", Value::text(&self.name)), ("value", self.value.clone())].into_iter().collect()
    }

    fn from_parts(parts: &mut Parts) -> Result<Setting> {
        Ok(Setting { name: parts.text("name")?, value: parts.take("value")? })
    }
}
