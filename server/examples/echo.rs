//! The limit: the server's router and connections with nothing behind them. Each body comes back as
//! it came, from as many threads and with the program's allocator. `benches/load/run.py` holds the server to it.
//!
//! ```text
//! cargo run --release -p lineal-server --example echo
//! ```
//! Prints its address. `POST /` gives the body back, `POST /BYTES` as many bytes.

use axum::Router;
use axum::extract::Path;
use axum::routing::post;
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::error::Error;
use tokio::net::TcpListener;

// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Most bytes that are given: an answer of some thousand rows.
const BYTES_MAX: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(2))
        .enable_all()
        .build()?;
    runtime.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let bytes = |Path(count): Path<usize>, _: Bytes| async move {
        Bytes::from(vec![b'x'; count.min(BYTES_MAX)])
    };
    let router = Router::new()
        .route("/", post(|body: Bytes| async move { body }))
        .route("/{bytes}", post(bytes));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            // Whoever leaves, leaves.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
