//! A log file as a stream of decompressed bytes: compression told by magic bytes, hashed as it is
//! stored in the same pass, and bounded.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::report::{Compression, DamageKind};

/// Most bytes that may come out of one file. Datadog writes archives of about 100 MB compressed,
/// some 2 GB decompressed; 16 GiB leaves room and keeps a hostile file from running for days.
pub const DECOMPRESSED_MAX: u64 = 16 << 30;
/// Most bytes that may come out for each that went in. Repetitive logs reach 100; gzip's own
/// limit is 1,032, zstd has none worth the name.
pub const RATIO_MAX: u64 = 500;
/// Below this size the ratio is not looked at: a small file can do no harm.
pub const RATIO_FREE: u64 = 256 << 20;

/// Bytes read from the file at a time.
const STORED_BUFFER: usize = 128 << 10;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a stream ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file cannot be read.
    Io(io::Error),
    /// The file is damaged, or too large.
    Damage(DamageKind),
}

/// Bytes as stored, hashed and counted on their way.
struct Stored<'r> {
    inner: &'r mut dyn Read,
    progress: &'r mut dyn FnMut(u64),
    blake3: blake3::Hasher,
    size: u64,
    failed: bool,
    /// The first bytes, taken to look at and not handed on yet.
    front: Vec<u8>,
}

impl Stored<'_> {
    /// Reads as many bytes as a magic number has, however few come at a time.
    fn look_at_front(&mut self) -> io::Result<()> {
        let mut front = [0; ZSTD_MAGIC.len()];
        let mut count = 0;
        while count < front.len() {
            match self.read(&mut front[count..]) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.front = front[..count].to_vec();
        Ok(())
    }
}

impl Read for Stored<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.front.is_empty() {
            let count = self.front.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.front[..count]);
            self.front.drain(..count);
            return Ok(count);
        }
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(error) => {
                self.failed |= error.kind() != io::ErrorKind::Interrupted;
                return Err(error);
            }
        };
        self.blake3.update(&buffer[..count]);
        self.size += count as u64;
        if count > 0 {
            (self.progress)(self.size);
        }
        Ok(count)
    }
}

type Source<'r> = BufReader<Stored<'r>>;

enum Decoder<'r> {
    Plain(Source<'r>),
    Gzip(Box<GzDecoder<Source<'r>>>),
    Zstd(Box<zstd::Decoder<'static, Source<'r>>>),
    /// All gzip members were read.
    Ended(Source<'r>),
    /// Only while one decoder is exchanged for the next.
    Between,
}

/// What is known of the stored bytes once all were read.
pub(super) struct Custody {
    pub(super) size: u64,
    pub(super) blake3: [u8; 32],
}

/// The decompressed bytes of one file.
pub(super) struct Body<'r> {
    decoder: Decoder<'r>,
    compression: Compression,
    produced: u64,
}

impl<'r> Body<'r> {
    pub(super) fn open(
        inner: &'r mut dyn Read,
        progress: &'r mut dyn FnMut(u64),
    ) -> Result<Body<'r>, io::Error> {
        let mut stored = Stored {
            inner,
            progress,
            blake3: blake3::Hasher::new(),
            size: 0,
            failed: false,
            front: Vec::new(),
        };
        stored.look_at_front()?;
        let compression = if stored.front.starts_with(&GZIP_MAGIC) {
            Compression::Gzip
        } else if stored.front == ZSTD_MAGIC {
            Compression::Zstd
        } else {
            Compression::Plain
        };
        let source = BufReader::with_capacity(STORED_BUFFER, stored);
        let decoder = match compression {
            Compression::Plain => Decoder::Plain(source),
            Compression::Gzip => Decoder::Gzip(Box::new(GzDecoder::new(source))),
            Compression::Zstd => Decoder::Zstd(Box::new(zstd::Decoder::with_buffer(source)?)),
        };
        Ok(Body { decoder, compression, produced: 0 })
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    /// Bytes that came out so far.
    pub(super) fn produced(&self) -> u64 {
        self.produced
    }

    /// Bytes of the stored file that were used up so far.
    pub(super) fn used(&self) -> u64 {
        let source = self.source();
        source.map_or(0, |source| source.get_ref().size - source.buffer().len() as u64)
    }

    /// Reads on; 0 at the end of the file.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Stop> {
        loop {
            let result = match &mut self.decoder {
                Decoder::Plain(source) => source.read(buffer),
                Decoder::Gzip(decoder) => decoder.read(buffer),
                Decoder::Zstd(decoder) => decoder.read(buffer),
                Decoder::Ended(_) | Decoder::Between => return Ok(0),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.stop(error)),
                Ok(0) if matches!(self.decoder, Decoder::Gzip(_)) => self.next_member()?,
                Ok(count) => {
                    self.produced += count as u64;
                    self.check_size()?;
                    return Ok(count);
                }
            }
        }
    }

    /// Reads the stored file to its end, so that the hashes cover all of it.
    pub(super) fn finish(self) -> Result<Custody, io::Error> {
        let source = match self.decoder {
            Decoder::Plain(source) | Decoder::Ended(source) => Some(source),
            Decoder::Gzip(decoder) => Some(decoder.into_inner()),
            Decoder::Zstd(decoder) => Some(decoder.finish()),
            Decoder::Between => None,
        };
        let Some(mut source) = source else { return Err(io::ErrorKind::Other.into()) };
        io::copy(&mut source, &mut io::sink())?;
        let stored = source.into_inner();
        Ok(Custody { size: stored.size, blake3: *stored.blake3.finalize().as_bytes() })
    }

    /// After a gzip member: the next one, the end, or the zeros that tapes and tools pad with.
    fn next_member(&mut self) -> Result<(), Stop> {
        let Decoder::Gzip(decoder) = std::mem::replace(&mut self.decoder, Decoder::Between) else {
            return Ok(());
        };
        let mut source = decoder.into_inner();
        let next = next_after_member(&mut source);
        self.decoder = match next {
            Ok(Next::Member) => Decoder::Gzip(Box::new(GzDecoder::new(source))),
            Ok(Next::End | Next::Other) | Err(_) => Decoder::Ended(source),
        };
        match next {
            Ok(Next::Member | Next::End) => Ok(()),
            Ok(Next::Other) => Err(Stop::Damage(DamageKind::Trailing)),
            Err(error) => Err(Stop::Io(error)),
        }
    }

    fn check_size(&self) -> Result<(), Stop> {
        if self.produced > DECOMPRESSED_MAX {
            return Err(Stop::Damage(DamageKind::TooLarge));
        }
        let compressed = self.compression != Compression::Plain;
        if compressed && self.produced > RATIO_FREE && self.produced / RATIO_MAX > self.used() {
            return Err(Stop::Damage(DamageKind::Bomb));
        }
        Ok(())
    }

    fn stop(&self, error: io::Error) -> Stop {
        let failed = self.source().is_none_or(|source| source.get_ref().failed);
        if failed || self.compression == Compression::Plain {
            return Stop::Io(error);
        }
        Stop::Damage(match error.kind() {
            io::ErrorKind::UnexpectedEof => DamageKind::Truncated(self.compression),
            _ => DamageKind::Corrupt(self.compression),
        })
    }

    fn source(&self) -> Option<&Source<'r>> {
        match &self.decoder {
            Decoder::Plain(source) | Decoder::Ended(source) => Some(source),
            Decoder::Gzip(decoder) => Some(decoder.get_ref()),
            Decoder::Zstd(decoder) => Some(decoder.get_ref()),
            Decoder::Between => None,
        }
    }
}

enum Next {
    Member,
    End,
    Other,
}

fn next_after_member(source: &mut Source<'_>) -> Result<Next, io::Error> {
    let first = loop {
        match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(bytes) => break bytes.first().copied(),
        }
    };
    match first {
        None => return Ok(Next::End),
        Some(byte) if byte == GZIP_MAGIC[0] => return Ok(Next::Member),
        Some(0) => {}
        Some(_) => return Ok(Next::Other),
    }
    loop {
        let bytes = source.fill_buf()?;
        if bytes.is_empty() {
            return Ok(Next::End);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let all = zeros == bytes.len();
        source.consume(zeros);
        if !all {
            return Ok(Next::Other);
        }
    }
}
