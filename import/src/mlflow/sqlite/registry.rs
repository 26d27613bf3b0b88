//! Registered names, versions, aliases and their tags of a SQLite store.

use super::super::error::Error;
use super::super::store::{RegisteredModel, Store, Texts, Version, located};
use super::table::{Cells, Database};
use super::version_tags::{Reading, VersionTags};
use std::collections::BTreeMap;

/// Reads all tables of the registry half.
pub(super) fn read(database: &Database<'_>, store: &mut Store) -> Result<(), Error> {
    let mut names: BTreeMap<String, RegisteredModel> = BTreeMap::new();
    let columns = ["name", "workspace", "creation_time", "last_updated_time", "description"];
    database.each("registered_models", &columns, |row| {
        let name = full_name(row);
        let model = RegisteredModel {
            name: name.clone(),
            created_ms: row.int(2),
            updated_ms: row.int(3),
            description: row.present(4),
            ..RegisteredModel::default()
        };
        names.insert(name, model);
    })?;
    let mut tags = Reading::default();
    let columns = ["name", "workspace", "version", "key", "value"];
    database.each("model_version_tags", &columns, |row| {
        let version = row.text_or_empty(2);
        tags.add((&full_name(row), &version), (&row.text_or_empty(3), &row.text_or_empty(4)));
    })?;
    let laid_aside = |source| Error::Io { path: std::env::temp_dir(), source };
    versions(database, &mut names, &tags.finish().map_err(laid_aside)?)?;
    database.each("registered_model_tags", &["name", "workspace", "key", "value"], |row| {
        let tag = (row.text_or_empty(2), row.text_or_empty(3));
        named(&mut names, full_name(row)).tags.extend([tag]);
    })?;
    let columns = ["name", "workspace", "alias", "version"];
    database.each("registered_model_aliases", &columns, |row| {
        let alias = (row.text_or_empty(2), row.text_or_empty(3));
        named(&mut names, full_name(row)).aliases.push(alias);
    })?;
    store.registered.extend(names.into_values());
    Ok(())
}

/// Adds the versions to their names, with their tags.
fn versions(
    database: &Database<'_>,
    names: &mut BTreeMap<String, RegisteredModel>,
    tags: &VersionTags,
) -> Result<(), Error> {
    let at = located(&database.file());
    let columns = [
        "name",
        "workspace",
        "version",
        "creation_time",
        "last_updated_time",
        "description",
        "user_id",
        "current_stage",
        "source",
        "run_id",
        "status",
        "status_message",
        "run_link",
        "storage_location",
        // Not in any schema seen so far; the file store has it.
        "model_id",
    ];
    database.each("model_versions", &columns, |row| {
        let mut version = Version {
            number: row.text_or_empty(2),
            created_ms: row.int(3),
            updated_ms: row.int(4),
            description: row.present(5),
            user: row.present(6),
            stage: row.present(7),
            source: row.present(8),
            run: row.present(9),
            status: row.present(10),
            status_message: row.present(11),
            run_link: row.present(12),
            storage: row.present(13),
            model_id: row.present(14),
            tags: Texts::new(),
            at: at.clone(),
        };
        version.drop_redacted();
        let name = full_name(row);
        version.tags = tags.of(&name, &version.number);
        named(names, name).versions.push(&version);
    })
}

/// The name, which the workspace qualifies where it is not the default one: names are unique in a
/// workspace only. Name and workspace are the first two columns of every list above.
fn full_name(row: &Cells<'_, '_>) -> String {
    let name = row.text_or_empty(0);
    match row.borrowed(1) {
        "" | "default" => name,
        workspace => format!("{workspace}/{name}"),
    }
}

fn named(names: &mut BTreeMap<String, RegisteredModel>, name: String) -> &mut RegisteredModel {
    names
        .entry(name)
        .or_insert_with_key(|name| RegisteredModel { name: name.clone(), ..Default::default() })
}
