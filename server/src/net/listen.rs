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

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::JoinHandle;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;

    use super::*;
    use crate::config::Config;
    use crate::net::tls::{self, Certificate};

    struct Running {
        address: SocketAddr,
        connector: TlsConnector,
        stop: watch::Sender<bool>,
        done: JoinHandle<()>,
        _dir: tempfile::TempDir,
    }

    /// Serves `/` for strangers and `/me`, which signs the connection in, on a port of its own.
    async fn run(connections: Connections) -> Running {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data: dir.path().to_owned(),
            ..Config::default()
        };
        let certificate = Certificate::open(&config).unwrap();
        let made = dir.path().join("keys/loopback.crt");
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(made).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let me = |connection: axum::Extension<Connection>| async move {
            connection.recognise();
            "me"
        };
        let front = Front {
            tls: tls::server_config(certificate).unwrap(),
            router: Router::new()
                .route("/", get(|| async { "stranger" }))
                .route("/me", get(me)),
            connections,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        Running {
            address,
            connector: TlsConnector::from(Arc::new(client)),
            stop,
            done: tokio::spawn(accept(listener, front, stopping)),
            _dir: dir,
        }
    }

    impl Running {
        async fn connect(&self) -> TlsStream<TcpStream> {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let name = ServerName::try_from("localhost").unwrap();
            self.connector.connect(name, stream).await.unwrap()
        }
    }

    async fn ask(stream: &mut TlsStream<TcpStream>, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"stranger") && !answer.ends_with(b"me") {
            let n = stream.read_buf(&mut answer).await.unwrap();
            assert_ne!(n, 0, "ended before the answer");
        }
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn serves_over_tls_and_ends_when_told() {
        let running = run(Connections::new(10, 10, Duration::from_secs(10))).await;
        let mut stream = running.connect().await;
        assert!(ask(&mut stream, "/").await.starts_with("HTTP/1.1 200"));
        running.stop.send(true).unwrap();
        running.done.await.unwrap();
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
    }

    #[tokio::test]
    async fn whoever_says_nothing_is_let_go() {
        let running = run(Connections::new(10, 10, Duration::from_millis(50))).await;
        let mut silent = TcpStream::connect(running.address).await.unwrap();
        assert_eq!(silent.read(&mut [0; 16]).await.unwrap_or(0), 0);
        let mut only_tls = running.connect().await;
        assert_eq!(only_tls.read(&mut [0; 16]).await.unwrap_or(0), 0);
    }

    #[tokio::test]
    async fn a_flood_of_strangers_leaves_who_is_signed_in_alone() {
        let connections = Connections::new(20, 8, Duration::from_secs(60));
        let running = run(connections.clone()).await;
        let mut member = running.connect().await;
        ask(&mut member, "/me").await;
        let mut flood = Vec::new();
        for _ in 0..300 {
            flood.push(TcpStream::connect(running.address).await.unwrap());
        }
        // The first of them is shed for the later ones.
        assert_eq!(flood[0].read(&mut [0; 16]).await.unwrap_or(0), 0);
        assert!(connections.strangers() <= 8);
        assert!(ask(&mut member, "/me").await.contains("200 OK"));
        // A newcomer comes in too, at the cost of the oldest stranger.
        let mut newcomer = running.connect().await;
        assert!(ask(&mut newcomer, "/").await.contains("200 OK"));
    }
}
