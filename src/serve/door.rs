//! Connections: encrypted or not, so many at once, and none that takes its time. What a request says is for others to look at.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Connections at once.
const MOST: usize = 256;

/// Connections at once of one client, unless it is a proxy or this machine.
const MOST_OF_ONE: usize = 48;

/// How long the two sides may take to agree on a key.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a request's address and headers may take to arrive, or the next request on a connection.
const HEAD: Duration = Duration::from_secs(15);

/// How long a connection may last, whatever it carries: a slow reader of a large file included.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long answers under way may take once the process is to end.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes that are read of a head before there is a request. What keyroll takes is less; see `guard`.
const LARGEST_HEAD: usize = 24 * 1024;

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Lets connections in.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    /// Peers that may hold as many connections as there are.
    pub(super) trusted: Vec<IpAddr>,
}

impl Door {
    /// Lets connections in until `stop` holds true or nobody holds its other end any more.
    pub(super) async fn open(self, router: Router, mut stop: watch::Receiver<bool>) -> io::Result<()> {
        let room = Arc::new(Semaphore::new(MOST));
        let held: Arc<Mutex<HashMap<IpAddr, usize>>> = Arc::default();
        let graceful = GracefulShutdown::new();
        loop {
            let entering = async {
                let permit = Arc::clone(&room).acquire_owned().await.expect("internal: the semaphore is never closed");
                (permit, self.listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                entered = entering => entered,
                // An error says that the sender is gone: there is nobody left to answer for.
                _told = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most likely there are no more files to be had: others have to be closed first.
                    tracing::debug!("a connection could not be taken: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let client = peer.ip().to_canonical();
            let may_hold_many = client.is_loopback() || self.trusted.contains(&client);
            let Some(place) = Place::of(&held, client, permit, may_hold_many) else { continue };
            let service = router.clone().layer(Extension(Peer(client)));
            tokio::spawn(serve(stream, self.tls.clone(), service, graceful.watcher(), place));
        }
        drop(self.listener);
        // Whoever is still served then has had their time.
        timeout(GRACE, graceful.shutdown()).await.ok();
        Ok(())
    }
}

/// The place of one connection among all, and among those of its client. It is free again when this is dropped.
struct Place {
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
    client: IpAddr,
    _among_all: OwnedSemaphorePermit,
}

impl Place {
    fn of(
        held: &Arc<Mutex<HashMap<IpAddr, usize>>>,
        client: IpAddr,
        permit: OwnedSemaphorePermit,
        may_hold_many: bool,
    ) -> Option<Self> {
        let mut counts = held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= MOST_OF_ONE && !may_hold_many {
            return None;
        }
        *count += 1;
        Some(Self { held: Arc::clone(held), client, _among_all: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, watcher: Watcher, place: Place) {
    let served = async {
        match tls {
            None => answer(stream, router, watcher).await,
            Some(acceptor) => match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => answer(stream, router, watcher).await,
                Ok(Err(error)) => tracing::debug!("a connection was not encrypted: {error}"),
                Err(_too_slow) => tracing::debug!("a connection took too long to be encrypted"),
            },
        }
    };
    timeout(LONGEST, served).await.ok();
    drop(place);
}

async fn answer<S>(stream: S, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LARGEST_HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!("a connection broke off: {error}");
    }
}
