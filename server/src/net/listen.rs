//! Accepts connections, does TLS, and hands requests to the router.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::net::{Connection, Connections};

const MOST_HEADERS: usize = 64;
const HEADER_BYTES: u32 = 32 * 1024;
/// Read and write buffer of one HTTP/1 connection, bytes; bounds the header section too.
const BUFFER: usize = 64 * 1024;
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 64;

/// Everything one accept loop needs.
#[derive(Clone)]
pub struct Front {
    pub tls: Arc<ServerConfig>,
    pub router: Router,
    pub connections: Connections,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Front")
    }
}

/// Accepts until `stop` turns true, then lets running requests end.
pub async fn accept(listener: TcpListener, front: Front, mut stop: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let acceptor = TlsAcceptor::from(Arc::clone(&front.tls));
    let builder = Arc::new(builder());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: strangers' connections end within seconds and free some.
                tracing::warn!(%error, "accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = front.connections.admit(from.ip());
        let serving = serve(
            stream,
            from,
            acceptor.clone(),
            front.router.clone(),
            connection.clone(),
            Arc::clone(&builder),
            graceful.watcher(),
        );
        tokio::spawn(async move {
            tokio::select! {
                () = serving => {}
                () = connection.must_end() => {}
            }
        });
    }
    let patience = Duration::from_secs(3);
    if tokio::time::timeout(patience, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::info!("some connections were still busy");
    }
}

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    acceptor: TlsAcceptor,
    router: Router,
    connection: Connection,
    builder: Arc<Builder<TokioExecutor>>,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // Small frames of signalling must not wait for more.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %from, "nodelay");
    }
    let stream = match acceptor.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, %from, "TLS");
            return;
        }
    };
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        connection.requested();
        request.extensions_mut().insert(connection.clone());
        router.clone().oneshot(request)
    });
    let serving = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(serving.into_owned()).await {
        tracing::debug!(%error, %from, "connection");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .max_headers(MOST_HEADERS)
        .max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_BYTES)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}
