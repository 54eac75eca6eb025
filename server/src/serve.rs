//! `kanjie serve`: opens everything, listens, and ends in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::{self, AppState};
use crate::auth::devices;
use crate::config::Config;
use crate::env::SystemEnv;
use crate::error::Failure;
use crate::net::listen::{self, Front};
use crate::net::{Connections, tls};
use crate::rooms::Rooms;
use crate::services::Services;
use crate::{cases, cli, metrics, seed, status};

const MOST_FILES: u64 = 65_536;

/// What a demonstration's record says of its clock, where nothing is configured.
const DEMO_CLOCK: &str = "示例：演示环境，时钟未经核对";

/// Runs until the process is asked to end.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn run(mut config: Config, demo: bool) -> Result<(), Failure> {
    config.check()?;
    make_room_for_connections();
    if demo && config.clock.kept_by.is_none() {
        config.clock.kept_by = Some(String::from(DEMO_CLOCK));
    }
    let certificate = tls::Certificate::open(&config)?;
    let tls = tls::server_config(Arc::clone(&certificate))?;
    let listeners = bind(&config).await?;
    let port = listeners.first().map_or(0, |(_, address)| address.port());
    let address = config.public_address(port);
    let env = SystemEnv::shifted_by(config.clock.shift_file.clone());
    let services = Services::open(config, Arc::new(env)).await?;
    if demo {
        cli::say(&seed::once(&services, &address).await?);
    }
    let rooms = Rooms::start(services.clone()).await?;
    let limits = &services.config.limits;
    let front = Front {
        tls,
        connections: Connections::new(
            limits.strangers,
            limits.strangers_per_address,
            Duration::from_secs(limits.stranger_seconds),
        ),
        router: app::router(AppState {
            services: services.clone(),
            rooms: rooms.clone(),
        }),
    };
    if let Some(address) = services.config.metrics.listen {
        metrics::listen(address, rooms.clone()).await?;
    }
    let background = tokio::spawn(background(services.clone(), certificate));
    let (stop, stopping) = watch::channel(false);
    let mut loops = JoinSet::new();
    for (listener, bound) in listeners {
        tracing::info!(%bound, "listening");
        loops.spawn(listen::accept(listener, front.clone(), stopping.clone()));
    }
    cli::say(&format!("ready {address}"));
    asked_to_end().await?;
    rooms.stop().await;
    // Nobody listens any more only where every loop has ended already.
    let _ = stop.send(true);
    loops.join_all().await;
    background.abort();
    services.store.close().await;
    Ok(())
}

/// Each connection is a file: the limit that shells are born with is too low for a server.
fn make_room_for_connections() {
    let limits = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limits
            .maximum
            .map_or(Some(MOST_FILES), |most| Some(most.min(MOST_FILES))),
        maximum: limits.maximum,
    };
    if limits.current.is_some_and(|now| Some(now) < wanted.current)
        && let Err(error) = setrlimit(Resource::Nofile, wanted)
    {
        tracing::warn!(%error, "the limit of open files stays low");
    }
}

/// All addresses; the second loopback family may be missing.
async fn bind(config: &Config) -> Result<Vec<(TcpListener, SocketAddr)>, Failure> {
    let mut listeners = Vec::new();
    for address in &config.listen {
        let bound = TcpListener::bind(address).await;
        match bound.and_then(|l| l.local_addr().map(|a| (l, a))) {
            Ok(listener) => listeners.push(listener),
            Err(error)
                if address.is_ipv6() && address.ip().is_loopback() && !listeners.is_empty() =>
            {
                tracing::info!(%error, "no IPv6 loopback");
            }
            Err(source) => {
                return Err(Failure::Listen {
                    address: *address,
                    source,
                });
            }
        }
    }
    Ok(listeners)
}

async fn background(services: Services, certificate: Arc<tls::Certificate>) {
    let sweep = async {
        let mut minute = tokio::time::interval(Duration::from_secs(60));
        loop {
            minute.tick().await;
            services.limits.sweep();
        }
    };
    tokio::join!(
        services.notices.clone().run(),
        cases::effects::run(services.clone()),
        status::run(services.clone()),
        services.webhooks.clone().run(),
        certificate.keep_fresh(),
        devices::watch(services.clone()),
        sweep
    );
}

/// Waits for the process to be asked to end.
///
/// # Errors
/// When signals cannot be had.
pub async fn asked_to_end() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done?,
        _ = terminate.recv() => {}
    }
    tracing::info!("ending");
    Ok(())
}
