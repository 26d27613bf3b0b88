//! A tape of bytes as choices, for what is built rather than read.

/// Bytes that are used up one by one; an empty tape gives zeros.
pub(crate) struct Tape<'b> {
    bytes: &'b [u8],
}

impl<'b> Tape<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Tape<'b> {
        Tape { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.take(8).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A place below a bound; 0 below an empty one.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let two = usize::from(self.byte()) << 8 | usize::from(self.byte());
        two % bound.max(1)
    }

    /// At most so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.bytes.split_at(count.min(self.bytes.len()));
        self.bytes = rest;
        taken
    }
}
