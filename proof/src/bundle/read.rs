//! Values of a proof file with the places where they stand, so that each fault names its own.

use super::fault::{Checked, Fault};
use super::json::Json;
use crate::base64;
use crate::hash::Hash;
use data_encoding::HEXLOWER;

/// A value with its JSON pointer.
pub(super) struct Place<'a> {
    pub(super) json: &'a Json,
    pub(super) at: String,
}

impl<'a> Place<'a> {
    pub(super) fn fault(&self, rule: &'static str) -> Fault {
        Fault::new(&self.at, rule)
    }

    /// Is it a map with this member?
    pub(super) fn has(&self, name: &str) -> bool {
        matches!(self.json, Json::Map(members) if members.iter().any(|(n, _)| n == name))
    }

    /// The members of a map that has exactly these, which are given in their order.
    pub(super) fn members<const N: usize>(&self, names: [&str; N]) -> Checked<[Place<'a>; N]> {
        const RULE: &str = "a map of exactly the members that section 'Proofs' names";
        let Json::Map(members) = self.json else { return Err(self.fault(RULE)) };
        if !members.iter().map(|(name, _)| name.as_str()).eq(names) {
            return Err(self.fault(RULE));
        }
        let places = members
            .iter()
            .map(|(name, json)| Place { json, at: format!("{}/{name}", self.at) })
            .collect::<Vec<_>>();
        places.try_into().map_err(|_| self.fault(RULE))
    }

    pub(super) fn list(&self) -> Checked<Vec<Place<'a>>> {
        let Json::List(items) = self.json else { return Err(self.fault("a list")) };
        let place = |(number, json)| Place { json, at: format!("{}/{number}", self.at) };
        Ok(items.iter().enumerate().map(place).collect())
    }

    pub(super) fn text(&self) -> Checked<&'a str> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => Err(self.fault("a text")),
        }
    }

    pub(super) fn truth(&self) -> Checked<bool> {
        match self.json {
            Json::Bool(truth) => Ok(*truth),
            _ => Err(self.fault("true or false")),
        }
    }

    pub(super) fn count(&self) -> Checked<u64> {
        match self.json {
            Json::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
        .ok_or_else(|| self.fault("a whole number, not negative"))
    }

    /// A number of 64 bits with a sign, as the text of its decimal digits.
    pub(super) fn whole(&self) -> Checked<i64> {
        let text = self.text()?;
        let read = text.parse().ok().filter(|read: &i64| read.to_string() == text);
        read.ok_or_else(|| self.fault("a whole number of 64 bits"))
    }

    /// What null stands for the absence of.
    pub(super) fn optional<T>(
        &self,
        read: impl Fn(&Place<'a>) -> Checked<T>,
    ) -> Checked<Option<T>> {
        if *self.json == Json::Null { Ok(None) } else { read(self).map(Some) }
    }

    pub(super) fn hex(&self) -> Checked<Vec<u8>> {
        let digits = self.text()?;
        let bytes = HEXLOWER.decode(digits.as_bytes());
        bytes.map_err(|_| self.fault("bytes in lower-case hexadecimal"))
    }

    pub(super) fn hash(&self) -> Checked<Hash> {
        let bytes = self.hex()?;
        Hash::from_slice(&bytes).ok_or_else(|| self.fault("a hash: 64 hexadecimal digits"))
    }

    pub(super) fn key(&self) -> Checked<[u8; 32]> {
        self.hash().map(|hash| hash.0)
    }

    pub(super) fn bytes(&self) -> Checked<Vec<u8>> {
        let text = self.text()?;
        base64::decode(text.as_bytes()).ok_or_else(|| self.fault("bytes in base64 with padding"))
    }

    /// Hashes one behind another.
    pub(super) fn hashes(&self) -> Checked<Vec<Hash>> {
        let bytes = self.bytes()?;
        let (hashes, rest) = bytes.as_chunks();
        if rest.is_empty() {
            Ok(hashes.iter().copied().map(Hash).collect())
        } else {
            Err(self.fault("hashes of 32 bytes each, one behind another"))
        }
    }
}
