//! Uploads: bodies that go to a file as they come, without a thread of a connection waiting for the disk.

use crate::body::make_folder;
use crate::problem::Problem;
use crate::room::Share;
use axum::BoxError;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;
use tokio::runtime::Handle;

/// A file that was uploaded, in a folder of its own. Both go when this is dropped.
pub(crate) struct Upload {
    folder: PathBuf,
    pub(crate) file: PathBuf,
    /// Given back after the files are gone; none of what the server makes itself.
    share: Option<Share>,
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (folder, share) = (std::mem::take(&mut self.folder), self.share.take());
        let remove = move || {
            // What cannot be removed now goes when the server starts again.
            let _ = std::fs::remove_dir_all(folder);
            drop(share);
        };
        // To remove a large file takes its time, and a connection has no thread for itself.
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// How much is heard of an upload, and until when.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    /// Bytes, at most.
    pub(crate) bytes: usize,
    /// In so long.
    pub(crate) within: Duration,
}

impl Upload {
    /// A place for a file below a folder.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn begin(below: &Path, id: &str, name: &str) -> std::io::Result<Upload> {
        let folder = below.join(id);
        make_folder(&folder)?;
        Ok(Upload { file: folder.join(name), folder, share: None })
    }

    /// The same, that takes part in the room for uploads.
    pub(crate) fn within(mut self, share: Share) -> Upload {
        self.share = Some(share);
        self
    }

    /// Makes the file, for whoever runs the server alone.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create(&self) -> std::io::Result<File> {
        create(&self.file)
    }

    /// Writes the body of a request into it. The disk is waited for beside the thread of the connection,
    /// which others share: what comes is gathered up to [`PIECE`], handed over, and no more is heard until
    /// that is written.
    ///
    /// # Errors
    /// [`Problem`]: too large, too slow, broken off, or no room for it.
    pub(crate) async fn fill<B>(&self, body: B, most: Most) -> Result<u64, Problem>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
    {
        let Most { bytes: most, within } = most;
        if body.size_hint().lower() > most as u64 {
            return Err(Problem::too_large(most));
        }
        let path = self.file.clone();
        let written = async {
            let mut file = beside(move || create(&path)).await?;
            let mut body = pin!(Limited::new(body, most));
            let (mut piece, mut written) = (Vec::with_capacity(PIECE), 0_u64);
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
                    true => Problem::too_large(most),
                    false => Problem::bad_request("the body broke off"),
                })?;
                let Some(part) = frame.data_ref() else { continue };
                let bytes = part.len() as u64;
                if self.share.as_ref().is_some_and(|share| !share.take(bytes)) {
                    return Err(Problem::busy());
                }
                written += bytes;
                piece.extend_from_slice(part);
                if piece.len() >= PIECE {
                    (file, piece) = write(file, piece).await?;
                }
            }
            write(file, piece).await?;
            Ok(written)
        };
        tokio::time::timeout(within, written).await.unwrap_or_else(|_| Err(Problem::slow()))
    }
}

/// Bytes of an upload that are gathered before they are written: what stands in memory of it.
const PIECE: usize = 256 << 10;

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a piece, and gives it back empty.
async fn write(mut file: File, mut piece: Vec<u8>) -> Result<(File, Vec<u8>), Problem> {
    let work = move || {
        file.write_all(&piece)?;
        piece.clear();
        Ok((file, piece))
    };
    beside(work).await
}

/// Asks the disk on a thread that no connection waits for.
///
/// # Errors
/// [`Problem::unready`] for what the system says, [`Problem::fault`] if the thread broke off.
pub(crate) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::fault())?;
    done.map_err(|error| {
        tracing::error!(%error, "an upload cannot be written");
        Problem::unready("the upload cannot be written; the server's log says why")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Frame;
    use std::pin::Pin;
    use std::process::Command;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::task::{Context, Poll};

    #[cfg(unix)]
    #[test]
    fn an_upload_is_for_the_server_alone_and_goes_when_it_was_read() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let upload = Upload::begin(&place.path().join("uploads"), "id", "log").unwrap();
        upload.create().unwrap().write_all(b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&place.path().join("uploads")), 0o700);
        assert_eq!(mode(&upload.folder), 0o700);
        assert_eq!(mode(&upload.file), 0o600);
        let folder = upload.folder.clone();
        drop(upload);
        assert!(!folder.exists());
    }

    /// A body without end, which counts what was taken of it.
    struct Endless(Arc<AtomicUsize>);

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let part = Bytes::from_static(&[b'x'; 8 << 10]);
            self.0.fetch_add(part.len(), Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(part))))
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_disk_that_takes_nothing_holds_up_no_other_connection_and_no_more_is_heard() {
        let place = tempfile::tempdir().unwrap();
        let upload = Upload::begin(&place.path().join("uploads"), "id", "log").unwrap();
        // A pipe whose other end reads nothing is a disk that stands still.
        assert!(Command::new("mkfifo").arg(&upload.file).status().unwrap().success());
        let pipe = File::options().read(true).write(true).open(&upload.file).unwrap();
        let (heard, (tell, told)) = (Arc::new(AtomicUsize::new(0)), channel());
        let body = Endless(Arc::clone(&heard));
        // The thread of both connections: it must not be waited for, should it stand still itself.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.unwrap();
            runtime.block_on(async {
                let most = Most { bytes: usize::MAX, within: Duration::from_secs(2) };
                let other = async {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    tell.send("answered").unwrap();
                };
                let (filled, ()) = tokio::join!(upload.fill(body, most), other);
                assert_eq!(filled.unwrap_err().name, Problem::slow().name);
                tell.send("given up").unwrap();
            });
            runtime.shutdown_background();
        });
        let soon = Duration::from_secs(60);
        assert_eq!(told.recv_timeout(soon), Ok("answered"));
        assert_eq!(told.recv_timeout(soon), Ok("given up"));
        let heard = heard.load(Ordering::Relaxed);
        assert!((PIECE..=PIECE + (8 << 10)).contains(&heard), "{heard}");
        drop(pipe);
    }

    #[test]
    fn what_was_sent_stands_in_the_file_and_goes_with_it() {
        let place = tempfile::tempdir().unwrap();
        let room = crate::room::Room::of(1 << 20);
        let upload = Upload::begin(&place.path().join("uploads"), "id", "log").unwrap();
        let upload = upload.within(room.share());
        let sent: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
        let body = http_body_util::Full::new(Bytes::from(sent.clone()));
        let most = Most { bytes: 1 << 20, within: Duration::from_secs(60) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (folder, file) = (upload.folder.clone(), upload.file.clone());
        runtime.block_on(async {
            assert_eq!(upload.fill(body, most).await.unwrap(), 700_000);
            assert_eq!(std::fs::read(&file).unwrap(), sent);
            assert!(!room.share().take(500_000), "it takes its room");
            drop(upload);
            // It is removed on a thread beside, and its room given back after that.
            for _ in 0..3_000 {
                if room.share().take(1 << 20) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(!folder.exists());
        assert!(room.share().take(1 << 20), "and gives it back");
    }
}
