//! What stands where the medium failed behind a write that counts: it is never told as if nothing had been done.

/// What is recorded, and what waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stands {
    /// The commit is recorded; what is derived of it is not written.
    Derived,
    /// The commit is whole in the segments, and `head` does not name it yet.
    Unseen,
    /// The commit was written, and whether it is durable nobody can tell.
    Unsure,
    /// The erasure is recorded; not all that it destroys is gone.
    Erasing,
    /// Containers were packed up to here.
    Packed,
}

impl Stands {
    /// In words, with what to do.
    #[must_use]
    pub fn words(self, commit: u64) -> String {
        match self {
            Stands::Derived => format!(
                "commit {commit} is recorded and stays; what is derived of it waits: questions make it in memory, \
                 and once there is room the next command that writes writes it, or `lineal rebuild`"
            ),
            Stands::Unseen => format!(
                "commit {commit} is recorded and stays, but `head` does not name it yet, so questions do not see \
                 it: once there is room the next command that writes brings it up, or `lineal repair`"
            ),
            Stands::Unsure => format!(
                "commit {commit} was written, and whether it is recorded is not known: the next command that \
                 writes finds out, and `lineal imports` then lists what is there"
            ),
            Stands::Erasing => format!(
                "the erasure is recorded as commit {commit} and stays, but not all that it destroys is gone: \
                 once there is room the next command that writes goes on with it"
            ),
            Stands::Packed => format!(
                "what was packed is recorded up to commit {commit} and stays: once there is room `lineal compact` \
                 goes on"
            ),
        }
    }
}
