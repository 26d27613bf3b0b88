//! Opening containers: no byte is believed before its hash is that of the manifest.

use super::checked::Checked;
use super::pages::Pages;
use super::reader::{Container, fault};
use crate::error::{Error, Result};
use crate::event_fields::EVENT_FIELDS;
use crate::graph::ContainerPlace;
use crate::mapping;
use crate::schema::FieldType;
use crate::storage::Storage;
use crate::transaction::container_path;
use lineal_proof::Hash;
use lineal_proof::pieces::pieces;
use sha2::{Digest, Sha256};

impl Container {
    /// Opens the bytes of a container, which somebody else has checked or will.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if they are no container of ours.
    pub(crate) fn open(path: &str, bytes: mapping::Bytes) -> Result<Container> {
        Container::over(path, Checked::believed(bytes))
    }

    fn over(path: &str, bytes: Checked) -> Result<Container> {
        let damaged = bytes.clone();
        let pages = Pages::open(bytes).map_err(|e| fault(path, damaged.damaged(), &e))?;
        let file = pages.metadata().file_metadata();
        let schema = file.schema_descr();
        let find = |name: &str| schema.columns().iter().position(|column| column.name() == name);
        let columns = EVENT_FIELDS
            .iter()
            .map(|spec| match spec.field_type {
                FieldType::Hash => (find(spec.name), find(&format!("{}_other", spec.name))),
                _ => (find(spec.name), None),
            })
            .collect();
        let rows = usize::try_from(file.num_rows()).unwrap_or(0);
        Ok(Container { path: path.to_owned(), pages, columns, rows })
    }

    /// Opens the container that a manifest describes, and believes no piece of it before that was
    /// hashed: the list of the pieces' hashes proves itself against the manifest.
    ///
    /// # Errors
    /// As [`Container::open_checked`], which is asked where the list proves nothing.
    pub(crate) fn open_by_pieces(
        storage: &dyn Storage,
        place: &ContainerPlace,
        pieces: &[[u8; 32]],
    ) -> Result<Container> {
        let path = container_path(&place.id, place.generation);
        // Of later generations the manifest knows the SHA-256 alone.
        if place.generation == 1
            && let Some(bytes) = storage.read(&path)?
            && bytes.len() as u64 == place.length
            && let Some(bytes) = Checked::by_pieces(bytes, &place.id, pieces)
        {
            return Container::over(&path, bytes);
        }
        Container::open_checked(storage, place)
    }

    /// Opens the container that a manifest describes, and believes no byte of it before its hash
    /// fits: once for each time that a process opens it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is not there or not what the manifest says.
    pub(crate) fn open_checked(storage: &dyn Storage, place: &ContainerPlace) -> Result<Container> {
        let (path, bytes) = checked(storage, place)?;
        Container::open(&path, bytes)
    }

    /// As [`Container::open_checked`], with the hashes of its pieces.
    ///
    /// # Errors
    /// As [`Container::open_checked`].
    pub(crate) fn open_with_pieces(
        storage: &dyn Storage,
        place: &ContainerPlace,
    ) -> Result<(Container, Vec<[u8; 32]>)> {
        let (path, bytes) = checked(storage, place)?;
        let pieces = pieces(&bytes);
        Ok((Container::open(&path, bytes)?, pieces))
    }
}

/// The bytes of a container whose hash is that of its manifest, and its path.
fn checked(storage: &dyn Storage, place: &ContainerPlace) -> Result<(String, mapping::Bytes)> {
    let path = container_path(&place.id, place.generation);
    let fail = |rule: &str| Err(Error::corrupt(&path, 0, rule));
    let Some(bytes) = storage.read(&path)? else { return fail("the container is there") };
    if bytes.len() as u64 != place.length {
        return fail("it is as long as its manifest says");
    }
    // The name of the first generation is its BLAKE3, which is quicker than SHA-256.
    let fits = if place.generation == 1 {
        Hash::of(&bytes) == place.id
    } else {
        Sha256::digest(&bytes)[..] == place.sha256.0
    };
    if fits { Ok((path, bytes)) } else { fail("its hash is that of its manifest") }
}
