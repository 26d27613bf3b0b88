//! A server as a place to pull a mirror from. Nothing that it says is believed: the engine verifies.

use super::Remote;
use super::connection::Connection;
use crate::args::There;
use crate::exit::Outcome;
use data_encoding::{BASE64, HEXLOWER};
use lineal_engine::Error;
use lineal_engine::head::Head;
use lineal_engine::mirror::{Offer, Upstream};
use serde_json::Value as Json;

impl Remote {
    /// The server at an address that is no flag.
    pub(crate) fn at(url: &str, there: &There) -> Outcome<Remote> {
        Ok(Remote { connection: Connection::new(url, there)? })
    }

    fn failed(&self, why: impl std::fmt::Display) -> Error {
        Error::Upstream { name: self.url().to_owned(), why: why.to_string() }
    }
}

impl Upstream for Remote {
    fn offer(&self) -> Result<Offer, Error> {
        let said = self.connection.json("/v1/mirror", &[]);
        let said = said.map_err(|failure| self.failed(failure.text()))?;
        let unread = || self.failed("its offer cannot be read; compare `lineal --version` there");
        let head = BASE64.decode(said["head"].as_str().unwrap_or_default().as_bytes());
        let head = Head::from_bytes(&head.map_err(|_| unread())?)?;
        offered(head, &said).ok_or_else(unread)
    }

    fn bytes(&self, path: &str, from: u64, length: u64) -> Result<Option<Vec<u8>>, Error> {
        let parameters = [("from", from.to_string()), ("length", length.to_string())];
        let came = self.connection.piece(&format!("/v1/mirror/{path}"), &parameters, length);
        came.map_err(|failure| self.failed(failure.text()))
    }

    fn name(&self) -> String {
        self.url().to_owned()
    }
}

fn offered(head: Head, said: &Json) -> Option<Offer> {
    let numbers = said["segments"].as_array()?.iter().map(Json::as_u64);
    let digest = |text: &Json| -> Option<[u8; 32]> {
        HEXLOWER.decode(text.as_str()?.as_bytes()).ok()?.try_into().ok()
    };
    let register = match &said["register"] {
        Json::Null => None,
        register => Some((register["bytes"].as_u64()?, digest(&register["sha256"])?)),
    };
    let notes = said["checkpoints"].as_array()?.iter().map(|note| {
        let path = note["path"].as_str()?.to_owned();
        Some((path, note["bytes"].as_u64()?, digest(&note["sha256"])?))
    });
    Some(Offer {
        head,
        segments: numbers.collect::<Option<_>>()?,
        register,
        checkpoints: notes.collect::<Option<_>>()?,
    })
}
