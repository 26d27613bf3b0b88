//! The model registry of a file store: `mlruns/models`.

use super::super::error::Error;
use super::super::store::{RegisteredModel, Store, Version};
use super::super::versions::Versions;
use super::folder::Folder;

/// How the folder of a version begins.
const VERSION: &str = "version-";

/// Reads all registered names.
pub(super) fn read(folder: &Folder, store: &mut Store) -> Result<(), Error> {
    for child in folder.folders(store)? {
        let Some(meta) = child.meta(store)? else { continue };
        let mut model = RegisteredModel {
            name: meta.present("name").unwrap_or_else(|| child.name().to_owned()),
            created_ms: meta.int("creation_timestamp"),
            updated_ms: meta.int("last_updated_timestamp"),
            description: meta.present("description"),
            tags: child.texts("tags", store)?,
            aliases: child.texts("aliases", store)?.into_iter().collect(),
            versions: Versions::default(),
        };
        for folder in child.folders(store)? {
            let Some(number) = folder.name().strip_prefix(VERSION) else { continue };
            if let Some(version) = version(&folder, number, store)? {
                model.versions.push(&version);
            }
        }
        store.registered.push(model);
    }
    Ok(())
}

fn version(folder: &Folder, number: &str, store: &mut Store) -> Result<Option<Version>, Error> {
    let Some(meta) = folder.meta(store)? else { return Ok(None) };
    let mut version = Version {
        number: meta.present("version").unwrap_or_else(|| number.to_owned()),
        created_ms: meta.int("creation_timestamp"),
        updated_ms: meta.int("last_updated_timestamp"),
        description: meta.present("description"),
        user: meta.present("user_id"),
        stage: meta.present("current_stage"),
        source: meta.present("source"),
        run: meta.present("run_id"),
        model_id: meta.present("model_id"),
        status: meta.present("status"),
        status_message: meta.present("status_message"),
        run_link: meta.present("run_link"),
        storage: meta.present("storage_location"),
        tags: folder.texts("tags", store)?,
        at: folder.meta_location(),
    };
    version.drop_redacted();
    Ok(Some(version))
}
