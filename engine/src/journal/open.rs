//! Reading the journal back: what is whole, and where a crash tore the end.

use super::frame::{self, Frame, Kept};
use super::{Journal, JournalFiles, JournalKey, Request};
use crate::error::{Error, Result};
use crate::storage::Storage;
use lineal_proof::frame::{SEGMENT_HEADER, header, read_header};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Magic of a file of the journal.
const MAGIC: [u8; 8] = [0x89, b'L', b'N', b'J', 0x0d, 0x0a, 0x1a, 0x0a];

/// What a file holds.
pub(super) struct Read {
    pub(super) requests: Vec<Request>,
    /// Bytes of the frame of each.
    lengths: Vec<u64>,
    keys: Vec<(JournalKey, Kept)>,
    /// The sequence number at its end.
    next: u64,
    length: u64,
    pub(super) torn: Option<Torn>,
}

/// Where no frame is whole any more, and why.
pub(crate) struct Torn {
    pub(crate) at: u64,
    pub(crate) rule: &'static str,
    /// Was it durable? A frame that a later write brought says so: then it is damage, and not the
    /// end of a write of which a power cut may leave any part.
    pub(crate) was_durable: bool,
    tail: Vec<u8>,
}

/// Reads a file; none if there is no such file.
pub(super) fn read(files: &JournalFiles, number: u32) -> Result<Option<Read>> {
    let path = files.path(number);
    let Some(bytes) = files.storage.read(&path)? else { return Ok(None) };
    parse(&path, &bytes, (files.store, number)).map(Some)
}

/// Reads the bytes of a file.
pub(super) fn parse(path: &str, bytes: &[u8], own: ([u8; 16], u32)) -> Result<Read> {
    let named = read_header(bytes, MAGIC).map_err(|error| Error::record(path, 0, error))?;
    if named != own {
        return Err(Error::corrupt(path, 0, "the header names this store and this file"));
    }
    let mut read = Read {
        requests: Vec::new(),
        lengths: Vec::new(),
        keys: Vec::new(),
        next: 0,
        length: bytes.len() as u64,
        torn: None,
    };
    let mut at = SEGMENT_HEADER;
    while at < bytes.len() {
        match frame::read(&bytes[at..]) {
            Ok((Frame::Request(request, _), length)) => {
                if request.first != read.next {
                    return Err(Error::corrupt(path, at as u64, "sequence numbers go on"));
                }
                read.next += request.entries.len() as u64;
                read.requests.push(request);
                read.lengths.push(length as u64);
                at += length;
            }
            Ok((Frame::Keys(next, keys), length)) => {
                read.next = next;
                read.keys.extend(keys);
                at += length;
            }
            Err(rule) => {
                let tail = bytes[at..].to_vec();
                let later = |skip: usize| match frame::read(&tail[skip..]) {
                    Ok((Frame::Request(_, write), _)) => write > at as u64,
                    Ok((Frame::Keys(..), _)) | Err(_) => false,
                };
                let was_durable = (1..tail.len()).any(later);
                read.torn = Some(Torn { at: at as u64, rule, was_durable, tail });
                break;
            }
        }
    }
    Ok(read)
}

/// The name of a file of a journal.
pub(super) fn path(folder: &str, number: u32) -> String {
    format!("{folder}/{number:08}.lnj")
}

/// The numbers of the files of a journal, ascending.
pub(super) fn numbers(storage: &dyn Storage, folder: &str) -> Result<Vec<u32>> {
    let names = storage.list(folder)?;
    let numbers = names.iter().filter_map(|name| name.strip_suffix(".lnj")?.parse().ok());
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes a file, durably; its length.
pub(super) fn begin(
    files: &JournalFiles,
    number: u32,
    next: u64,
    keys: &BTreeMap<JournalKey, Kept>,
) -> Result<u64> {
    let mut bytes = header(MAGIC, &files.store, number).to_vec();
    frame::write_keys(&mut bytes, next, keys);
    files.storage.put(&files.path(number), &bytes, true)?;
    Ok(bytes.len() as u64)
}

impl Journal {
    pub(super) fn open_on(
        storage: Arc<dyn Storage>,
        store: [u8; 16],
        folder: &'static str,
    ) -> Result<Journal> {
        let numbers = numbers(&*storage, folder)?;
        let mut journal = Journal {
            files: JournalFiles { storage, store, folder },
            number: 0,
            next: 0,
            length: 0,
            pending: BTreeMap::new(),
            keys: BTreeMap::new(),
            broken: None,
        };
        let newest = numbers.last().copied();
        for number in numbers {
            journal.take(number, newest == Some(number))?;
        }
        if newest.is_none() {
            journal.number = 1;
            journal.length = begin(&journal.files, 1, 0, &journal.keys)?;
        }
        Ok(journal)
    }

    fn take(&mut self, number: u32, newest: bool) -> Result<()> {
        let storage = &*self.files.storage;
        let Some(read) = read(&self.files, number)? else { return Ok(()) };
        if let Some(torn) = &read.torn {
            let name = self.files.path(number);
            if !newest || torn.was_durable {
                return Err(Error::corrupt(name, torn.at, torn.rule));
            }
            let aside = format!("orphans/{}.at-{}", name.replace('/', "-"), torn.at);
            storage.put(&aside, &torn.tail, true)?;
            storage.cut(&name, torn.at)?;
        }
        let length = read.torn.as_ref().map_or(read.length, |torn| torn.at);
        (self.number, self.next, self.length) = (number, read.next, length);
        self.keys.extend(read.keys);
        for (request, length) in read.requests.iter().zip(read.lengths) {
            self.pending.entry(number).or_default().add(request, length);
            self.know(request);
        }
        Ok(())
    }
}
