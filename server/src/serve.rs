//! Listening: connections in, each bounded, and at the end none cut off that can still be answered.

use crate::app::App;
use crate::aside::{Either, either};
use crate::config::Config;
use crate::connection::Patient;
use crate::error::{Error, Result};
use crate::exact::exact;
use crate::gate::{From, Held, pass};
use crate::lanes::Lanes;
use crate::places::Place;
use crate::role::Role;
use crate::router::router;
use crate::tls;
use crate::token::{ALL, Token, Wanted};
use crate::trail::{NO_TRAIL, Peer};
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use lineal_engine::clock::{Clock, SystemClock};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// How long is waited when the system gives no connection (too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A store that takes a second to open is left alone for that many: during an import `head` moves
/// often, and each opening before its index is written builds the graph anew.
const FOLLOW_REST: u32 = 4;
/// How often it is looked whether a minute is over of which something was counted.
const COUNTS_EVERY: Duration = Duration::from_secs(1);
/// Threads for connections at least; more where there are more cores, since questions that are known
/// to be short run on them.
const CONNECTION_THREADS_MIN: usize = 2;

/// Connections that wait in the system until they are taken; the system may allow fewer. With the 128 of
/// the standard library some of a thousand that come at once are asked to come again a second later.
const BACKLOG: u32 = 4_096;

/// A server that is bound to its address and has its stores open.
pub struct Server {
    app: Arc<App>,
    /// Waits for connections, and looks after stores and tokens.
    runtime: Runtime,
    lanes: Lanes,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    first_token: Option<String>,
    stop: watch::Sender<bool>,
}

/// Ends a server from elsewhere.
#[derive(Clone, Debug)]
pub struct Handle(watch::Sender<bool>);

impl Handle {
    /// Takes no more connections, answers what runs, ends.
    pub fn stop(&self) {
        // Also before it serves, when nobody listens for that yet.
        self.0.send_replace(true);
    }
}

impl Server {
    /// Opens the stores and binds the address.
    ///
    /// # Errors
    /// [`Error`]: a store, the address, the certificate, the tokens.
    pub fn bind(config: Config) -> Result<Server> {
        Server::bind_with(config, Arc::new(SystemClock))
    }

    /// The same with another clock, for tests.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub fn bind_with(config: Config, clock: Arc<dyn Clock>) -> Result<Server> {
        let listen = config.listen;
        if !listen.ip().is_loopback() && config.tls.is_none() && !config.force_plain {
            return Err(Error::Plain { listen });
        }
        let tls = config.tls.as_ref().map(tls::acceptor).transpose()?;
        let app = Arc::new(App::open(config, clock)?);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let lanes = Lanes::start(cores.max(CONNECTION_THREADS_MIN))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|source| Error::System { what: "start the server's threads", source })?;
        let listener = {
            let _within = runtime.enter();
            listening(listen).map_err(|source| Error::Listen { listen, source })?
        };
        let address = listener.local_addr().map_err(|source| Error::Listen { listen, source })?;
        let first_token = first_token(&app)?;
        let (stop, _) = watch::channel(false);
        Ok(Server { app, runtime, lanes, listener, address, tls, first_token, stop })
    }

    /// Where it listens: the port too, where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does it encrypt?
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The stores of which no trail is kept: those that it only reads.
    #[must_use]
    pub fn stores_without_trail(&self) -> Vec<String> {
        let read = self.app.tenants().filter(|tenant| self.app.keeper(tenant.name()).is_none());
        read.map(|tenant| tenant.name().to_owned()).collect()
    }

    /// The text of the token that was made because there was none: to be shown now or never.
    pub fn take_first_token(&mut self) -> Option<String> {
        self.first_token.take()
    }

    /// Ends it from elsewhere.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.stop.clone())
    }

    /// Serves until Ctrl-C, SIGTERM or its handle ends it, and then until the last running request
    /// is answered or the time for that is over, and as long again until what is being written is.
    ///
    /// # Errors
    /// [`Error::System`] if signals cannot be listened for; [`Error::BrokenOff`] if a writer was not done in
    /// time: its thread goes on until the process ends, and holds its store's lock.
    pub fn serve(self) -> Result<()> {
        let Server { app, runtime, lanes, listener, tls, stop, .. } = self;
        let served = Arc::clone(&app);
        let lanes = &lanes;
        let served = runtime.block_on(async move {
            let app = served;
            begin_trails(&app).await?;
            follow(&app);
            let mut stopped = stop.subscribe();
            let places = Arc::clone(&app.places);
            let router = router(&app);
            let signals = signals()?;
            tokio::pin!(signals);
            loop {
                // Taken before the connection: where all are in use by requests the rest waits in the
                // system.
                let place = tokio::select! {
                    place = places.take() => place,
                    () = &mut signals => break,
                    () = wished(&mut stopped) => break,
                };
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = &mut signals => break,
                    () = wished(&mut stopped) => break,
                };
                match accepted {
                    Ok((stream, from)) => {
                        let stream = match stream.into_std() {
                            Ok(stream) => stream,
                            Err(error) => {
                                tracing::warn!(%error, "a connection could not be taken over");
                                continue;
                            }
                        };
                        lanes.give(connection(
                            Arc::clone(&app),
                            router.clone(),
                            tls.clone(),
                            stream,
                            Peer(from.ip()),
                            place,
                            stop.subscribe(),
                        ));
                    }
                    Err(error) => {
                        // Where files are too few for all places, an idle connection gives its.
                        let made_room = places.make_room();
                        tracing::warn!(%error, made_room, "no connection could be taken");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
            drop(listener);
            let _ = stop.send(true);
            let seconds = Duration::from_secs(app.config.limits.drain_seconds);
            tracing::info!("the server ends: running requests are answered");
            if tokio::time::timeout(seconds, places.all_free()).await.is_err() {
                tracing::warn!("requests were still running when the time to end was over");
            }
            end_trails(&app).await;
            Ok(())
        });
        if served.is_err() {
            // What led to it may be told there alone.
            crate::log::flush();
            return served;
        }
        let stores = app.end_writers(Duration::from_secs(app.config.limits.drain_seconds));
        if let Some(telemetry) = &app.telemetry {
            telemetry.end();
        }
        crate::log::flush();
        // Whatever still runs has nobody left to answer.
        runtime.shutdown_background();
        if stores.is_empty() { Ok(()) } else { Err(Error::BrokenOff { stores }) }
    }
}

/// Listens at an address. Within a runtime.
fn listening(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // As the standard library does it: a server that begins again must not wait for the end of what
    // connections of the one before left behind.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Makes the first token where the file has none, not even a revoked one.
fn first_token(app: &App) -> Result<Option<String>> {
    if !app.config.first_token || !app.token_file().read()?.is_empty() {
        return Ok(None);
    }
    let wanted = Wanted {
        name: "first administrator".to_owned(),
        role: Role::Admin,
        stores: vec![ALL.to_owned()],
        systems: vec![ALL.to_owned()],
        expires: None,
    };
    let (token, text) = Token::create(wanted, app.now())?;
    let made = app.token_file().add_first(token)?;
    app.follow_tokens();
    Ok(made.then_some(text))
}

/// Notes that the server starts, and says which stores have no trail.
async fn begin_trails(app: &Arc<App>) -> Result<()> {
    for tenant in app.tenants().filter(|tenant| app.keeper(tenant.name()).is_none()) {
        tracing::warn!(store = tenant.name(), trail = false, "{NO_TRAIL}");
    }
    for trail in app.trails() {
        let fail = |why| Error::Trail(format!("{why:?}"));
        trail.mark("start").await.map_err(fail)?;
        let trail = Arc::clone(trail);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(COUNTS_EVERY).await;
                trail.write_counts(false).await;
            }
        });
    }
    Ok(())
}

/// Writes down what was counted, and that the server stops.
async fn end_trails(app: &App) {
    app.note_tokens().await;
    for trail in app.trails() {
        trail.write_counts(true).await;
        if let Err(why) = trail.mark("stop").await {
            tracing::error!(?why, "the end of the server could not be noted");
        }
    }
}

/// Looks after the writers of the stores, and after the tokens. Each store by itself: one that takes
/// long to open must not hold up the others.
pub(crate) fn follow(app: &Arc<App>) {
    let every = Duration::from_millis(app.config.limits.follow_ms);
    for tenant in app.tenants() {
        let tenant = Arc::clone(tenant);
        tokio::spawn(async move {
            let mut pause = every;
            loop {
                tokio::time::sleep(pause).await;
                let (looked, begun) = (Arc::clone(&tenant), Instant::now());
                let moved = tokio::task::spawn_blocking(move || looked.follow()).await;
                pause = every.max(begun.elapsed() * FOLLOW_REST);
                if let Ok(true) = moved {
                    let commit = tenant.current().commit();
                    tracing::info!(store = tenant.name(), commit, "the writer has committed");
                }
            }
        });
    }
    let app = Arc::clone(app);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            let looked = Arc::clone(&app);
            // One that panicked has said so; the next look is another.
            let _ = tokio::task::spawn_blocking(move || looked.follow_tokens()).await;
            app.note_tokens().await;
            if let Some(oidc) = &app.oidc {
                oidc.follow(app.now()).await;
            }
        }
    });
}

async fn connection(
    app: Arc<App>,
    router: Router,
    tls: Option<TlsAcceptor>,
    stream: std::net::TcpStream,
    peer: Peer,
    place: Arc<Place>,
    stop: watch::Receiver<bool>,
) {
    // Here, and not where it was taken: it is woken by the runtime that it is made in.
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(error) => return tracing::warn!(%error, "a connection could not be taken over"),
    };
    app.metrics.connections.fetch_add(1, Ordering::Relaxed);
    // Small answers leave at once.
    let _ = stream.set_nodelay(true);
    let limits = &app.config.limits;
    let stream = Patient::new(stream, Duration::from_secs(limits.stalled_seconds));
    match tls {
        None => spoken(&app, router, stream, peer, &place, stop).await,
        Some(tls) => {
            let head = Duration::from_secs(limits.head_seconds);
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(head, tls.accept(stream)) => Some(shaken),
                _ = place.left() => None,
            };
            match shaken {
                Some(Ok(Ok(stream))) => spoken(&app, router, stream, peer, &place, stop).await,
                Some(Ok(Err(error))) => tracing::debug!(%error, "no TLS connection came about"),
                Some(Err(_)) => tracing::debug!("the TLS handshake took too long"),
                None => tracing::debug!("a connection made room in its TLS handshake"),
            }
        }
    }
    app.metrics.connections.fetch_sub(1, Ordering::Relaxed);
}

/// What ends a connection from outside.
enum Told {
    /// What is being answered is its last.
    End,
    /// It ends at once.
    Leave,
    /// Nothing comes.
    Late,
}

/// Requests of a connection, one after the other.
async fn spoken<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    app: &Arc<App>,
    router: Router,
    stream: S,
    peer: Peer,
    place: &Arc<Place>,
    mut stop: watch::Receiver<bool>,
) {
    let limits = &app.config.limits;
    let mut http = http1::Builder::new();
    // How long a head may take, and a connection idle between two, is looked after below: hyper begins
    // a timer for each head.
    http.header_read_timeout(None).max_buf_size(limits.head_bytes);
    let head = Duration::from_secs(limits.head_seconds);
    // The place was taken before the connection came.
    drop(place.answering());
    let router = &TowerToHyperService::new(router);
    let service = service_fn(move |request| respond(app, router, peer, place, request));
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let late = || tracing::debug!("a request's head took too long, or none came");
    let told = async {
        tokio::select! {
            () = wished(&mut stop) => Told::End,
            is_busy = place.left() => if is_busy { Told::End } else { Told::Leave },
            () = place.waited(head) => Told::Late,
        }
    };
    let ended = match either(connection.as_mut(), told).await {
        Either::Often(ended) => ended,
        Either::Seldom(Told::Leave) => return,
        Either::Seldom(Told::Late) => return late(),
        Either::Seldom(Told::End) => {
            connection.as_mut().graceful_shutdown();
            match either(connection.as_mut(), place.waited(head)).await {
                Either::Often(ended) => ended,
                Either::Seldom(()) => return late(),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// Answers one: without the router, where the table has it as it is asked for.
async fn respond(
    app: &Arc<App>,
    router: &TowerToHyperService<Router>,
    peer: Peer,
    place: &Arc<Place>,
    mut request: Request<Incoming>,
) -> std::result::Result<Response<Held>, Infallible> {
    let answering = place.answering();
    let response = match exact(request.method(), request.uri().path()) {
        Some(endpoint) => {
            let from = From { peer: Some(peer), place: Some(place) };
            pass(app, endpoint, BTreeMap::new(), from, request).await
        }
        None => {
            request.extensions_mut().insert(peer);
            // Weak: what lives on with a request must not hold the place of a connection that is gone.
            request.extensions_mut().insert(Arc::downgrade(place));
            router.call(request).await?.map(Held::of)
        }
    };
    Ok(response.map(|body| body.ending(answering)))
}

/// Ends when the server is to end. If nobody can wish that any more, it is over too.
async fn wished(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Ends with Ctrl-C or SIGTERM.
fn signals() -> Result<impl Future<Output = ()>> {
    let fail = |source| Error::System { what: "listen for signals", source };
    #[cfg(unix)]
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(fail)?;
    #[cfg(unix)]
    let mut interrupt =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).map_err(fail)?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn who_comes_in_a_crowd_is_let_wait_and_not_sent_away() {
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let crowd = allowed.trim().parse::<usize>().unwrap().min(400);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let listener = {
            let _within = runtime.enter();
            listening("127.0.0.1:0".parse().unwrap()).unwrap()
        };
        let address = listener.local_addr().unwrap();
        // Nobody takes them. Where the row is full a connection comes about a second later at best.
        let soon = Duration::from_millis(500);
        let came: Vec<_> = (0..crowd)
            .map_while(|_| std::net::TcpStream::connect_timeout(&address, soon).ok())
            .collect();
        assert_eq!(came.len(), crowd);
    }
}
