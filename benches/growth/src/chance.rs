//! Chance that is a function of a seed, a stream and a number: any event of a world can be made again
//! without those before it, which is what lets a run go on where it stopped.

/// What is drawn; streams never share a number.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(crate) enum Stream {
    /// Data sets, runs, models and deployments of a stretch.
    Graph = 1,
    /// The digest of a data set.
    Digest = 2,
    /// The id of a run.
    Run = 3,
    /// The batches of a day.
    Day = 4,
    /// The times of a batch.
    Batch = 5,
    /// The fields of an event.
    Event = 6,
    /// The hash of an input.
    Input = 7,
    /// The hash of an output.
    Output = 8,
    /// Whether an input was seen before on its day, and which.
    Repeat = 9,
    /// The arguments of questions.
    Arguments = 10,
    /// A hash that no event has.
    Missing = 11,
}

/// 2^64 divided by the golden ratio, the step of splitmix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A sequence of splitmix64.
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence of a stream's number.
    pub(crate) fn new(seed: u64, stream: Stream, number: u64) -> Chance {
        let start = scramble(seed ^ scramble(stream as u64)).wrapping_add(number);
        Chance(scramble(start))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        scramble(self.0)
    }

    /// From 0 to below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a fraction holds")]
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 to below `bound`; 0 if that is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// The same for an index.
    #[expect(clippy::cast_possible_truncation, reason = "it is below a usize")]
    pub(crate) fn index(&mut self, bound: usize) -> usize {
        self.below(bound as u64) as usize
    }

    /// The same for milliseconds.
    pub(crate) fn millis(&mut self, bound: i64) -> i64 {
        let drawn = self.below(u64::try_from(bound).unwrap_or(0));
        i64::try_from(drawn).unwrap_or(i64::MAX)
    }

    /// True so often.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        self.fraction() < share
    }

    /// Exponential with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -(1.0 - self.fraction()).ln()
    }

    /// Gamma with a whole shape: the sum of so many exponentials.
    fn gamma(&mut self, shape: u32) -> f64 {
        -(0..shape).map(|_| 1.0 - self.fraction()).product::<f64>().ln()
    }

    /// Beta with whole shapes.
    pub(crate) fn beta(&mut self, a: u32, b: u32) -> f64 {
        let (up, rest) = (self.gamma(a), self.gamma(b));
        up / (up + rest)
    }

    /// 32 random bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.chunks_exact_mut(8) {
            part.copy_from_slice(&self.bits().to_le_bytes());
        }
        bytes
    }
}

/// The finisher of splitmix64.
fn scramble(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Draws by weight: the place of a drawn number among sums of weights.
pub(crate) struct Weighted(Vec<f64>);

impl Weighted {
    pub(crate) fn new(weights: impl Iterator<Item = f64>) -> Weighted {
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Weighted(sums.collect())
    }

    /// Zipf's law: the `n`th is drawn as `1 / n^exponent`.
    #[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^52")]
    pub(crate) fn zipf(many: usize, exponent: f64) -> Weighted {
        Weighted::new((1..=many).map(|rank| (rank as f64).powf(-exponent)))
    }

    /// One of them; 0 where there is none.
    pub(crate) fn draw(&self, chance: &mut Chance) -> usize {
        let wanted = chance.fraction() * self.0.last().copied().unwrap_or(0.0);
        self.0.partition_point(|sum| *sum <= wanted).min(self.0.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, Stream, Weighted};

    #[test]
    fn a_sequence_depends_on_seed_stream_and_number_alone() {
        let first = |seed, stream, number| Chance::new(seed, stream, number).bits();
        assert_eq!(first(1, Stream::Event, 5), first(1, Stream::Event, 5));
        assert_ne!(first(1, Stream::Event, 5), first(2, Stream::Event, 5));
        assert_ne!(first(1, Stream::Event, 5), first(1, Stream::Input, 5));
        assert_ne!(first(1, Stream::Event, 5), first(1, Stream::Event, 6));
    }

    #[test]
    fn means_are_those_of_the_distributions() {
        let mut chance = Chance::new(1, Stream::Graph, 0);
        let mean =
            |mut draw: Box<dyn FnMut() -> f64 + '_>| (0..20_000).map(|_| draw()).sum::<f64>() / 2e4;
        assert!((mean(Box::new(|| chance.fraction())) - 0.5).abs() < 0.01);
        assert!((mean(Box::new(|| chance.exponential())) - 1.0).abs() < 0.03);
        assert!((mean(Box::new(|| chance.beta(8, 2))) - 0.8).abs() < 0.01);
    }

    #[test]
    fn weights_are_kept_and_the_last_is_the_bound() {
        let drawn = Weighted::new([1.0, 0.0, 3.0].into_iter());
        let mut chance = Chance::new(1, Stream::Graph, 0);
        let mut found = [0_u32; 3];
        for _ in 0..10_000 {
            found[drawn.draw(&mut chance)] += 1;
        }
        assert_eq!(found[1], 0);
        assert!((2_300..2_700).contains(&found[0]), "{found:?}");
        assert_eq!(Weighted::zipf(0, 1.0).draw(&mut chance), 0);
    }
}
