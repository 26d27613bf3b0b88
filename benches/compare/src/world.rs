//! The numbers by which the harness knows the things of its world, read from its own tables.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use std::sync::Arc;

use crate::Outcome;

/// Names of things by number, and numbers by name.
pub(crate) struct World {
    datasets: Names,
    models: Names,
    runs: Names,
}

#[derive(Default)]
struct Names {
    by_number: Vec<String>,
    by_name: HashMap<String, i64>,
}

impl Names {
    fn read(file: &Path, columns: &[&str], name: fn(&[String]) -> String) -> Outcome<Names> {
        let reader = SerializedFileReader::new(File::open(file)?)?;
        let schema = reader.metadata().file_metadata().schema();
        let fields = columns.iter().map(|wanted| {
            let found = schema.get_fields().iter().find(|field| field.name() == *wanted);
            found.cloned().ok_or_else(|| format!("{} has no column {wanted}", file.display()))
        });
        let fields = fields.collect::<Result<Vec<Arc<Type>>, String>>()?;
        let wanted = Type::group_type_builder(schema.name()).with_fields(fields).build()?;
        let mut names = Names::default();
        for row in reader.get_row_iter(Some(wanted))? {
            let row: Row = row?;
            // A projection keeps the order of the file, not that of the wish.
            let cell = |column: &&str| {
                row.get_column_iter()
                    .find(|(name, _)| name.as_str() == *column)
                    .map_or_else(String::new, |(_, field)| text(field))
            };
            let cells: Vec<String> = columns.iter().map(cell).collect();
            let name = name(&cells);
            names.by_name.insert(name.clone(), i64::try_from(names.by_number.len())?);
            names.by_number.push(name);
        }
        Ok(names)
    }

    fn name(&self, number: i64) -> Outcome<&str> {
        let name = usize::try_from(number).ok().and_then(|at| self.by_number.get(at));
        Ok(name.ok_or_else(|| format!("the world has no number {number}"))?)
    }

    fn number(&self, name: &str) -> Outcome<i64> {
        Ok(*self.by_name.get(name).ok_or_else(|| format!("the world has no {name}"))?)
    }
}

fn text(field: &Field) -> String {
    match field {
        Field::Str(text) => text.clone(),
        other => other.to_string(),
    }
}

impl World {
    /// Reads the tables; their rows stand in the order of the numbers.
    pub(crate) fn read(data: &Path) -> Outcome<World> {
        let versioned = |cells: &[String]| format!("{}@{}", cells[0], cells[1]);
        Ok(World {
            datasets: Names::read(&data.join("datasets.parquet"), &["name", "version"], versioned)?,
            models: Names::read(&data.join("models.parquet"), &["name", "version"], versioned)?,
            runs: Names::read(&data.join("runs.parquet"), &["run_uuid"], |cells| cells[0].clone())?,
        })
    }

    pub(crate) fn dataset(&self, number: i64) -> Outcome<&str> {
        self.datasets.name(number)
    }

    pub(crate) fn model(&self, number: i64) -> Outcome<&str> {
        self.models.name(number)
    }

    /// The harness's letter and number of a node by its printed name.
    pub(crate) fn number(&self, name: &str) -> Outcome<(&'static str, i64)> {
        let (kind, key) = name.split_once(':').ok_or_else(|| format!("{name} is no node"))?;
        Ok(match kind {
            "dataset" => ("d", self.datasets.number(key)?),
            "model" => ("m", self.models.number(key)?),
            "run" => ("r", self.runs.number(key)?),
            // service/environment/ID@model:version, and the ID is the number.
            "deployment" => {
                let id = key.split('@').next().and_then(|head| head.rsplit('/').next());
                ("deployment", id.ok_or_else(|| format!("{name} has no id"))?.parse()?)
            }
            _ => return Err(format!("the harness knows no {kind}").into()),
        })
    }
}
