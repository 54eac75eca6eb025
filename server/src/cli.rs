//! The command line.

mod commands;

use std::collections::BTreeSet;
use std::io::{IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use kanjie_domain::{PersonId, Role};
use kanjie_store::{NewAccount, Person};
use tracing_subscriber::EnvFilter;

use crate::auth::{password, totp};
use crate::config::Config;
use crate::env::SystemEnv;
use crate::error::Failure;
use crate::rooms::bench;
use crate::services::Services;
use crate::{files, seed, serve};

/// 勘结: joint reviews, surveyed on the spot and concluded on the spot.
#[derive(Debug, Parser)]
#[command(name = "kanjie", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes; it goes before the configuration file.
#[derive(Debug, Args)]
pub struct Common {
    /// Configuration file; without it `kanjie.toml` where it is there, else the defaults.
    #[arg(long, global = true, env = "KANJIE_CONFIG")]
    config: Option<PathBuf>,
    /// Where everything is kept.
    #[arg(long, global = true, env = "KANJIE_DATA")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(Serve),
    /// Bring the database up to this program's version.
    Migrate(commands::Migrate),
    /// Copy everything while the server runs: a data directory with a list by which it is checked.
    Backup(commands::Backup),
    /// The relay and its doors alone, on loopback, for load generators: every room exists (docs/protocol/doors.md).
    BenchRoom(BenchRoom),
    /// Staff accounts.
    #[command(subcommand)]
    User(User),
    /// Fill the store with demonstration data: people that are plainly examples, sessions that begin now, a district and a
    /// case at every stage that needs no survey held.
    Seed {
        /// Write links, users, passwords, TOTP secrets and phones here as JSON, mode 0600.
        #[arg(long, conflicts_with = "cases")]
        json: Option<PathBuf>,
        /// Instead, add so many cases to what is there: the same for the same seed on the same day.
        #[arg(long)]
        cases: Option<u64>,
        /// Which cases; each serves a store once.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=999), requires = "cases")]
        seed: u64,
    },
    /// What the bureau works by, in versions that stand from a day on.
    #[command(subcommand)]
    Catalogue(commands::Catalogue),
    /// Write the archive package of a closed session; prints where it is.
    Export(commands::Export),
    /// Check a package, offline: exit 0 whole and authentic, 1 not, 2 it cannot be read.
    Verify(commands::Verify),
}

#[derive(Debug, Args)]
struct Serve {
    /// Listen here instead; may be given more than once.
    #[arg(long)]
    listen: Vec<SocketAddr>,
    /// The built web app.
    #[arg(long)]
    web: Option<PathBuf>,
    /// Fill an empty store with demonstration data, and print how each role comes in.
    #[arg(long)]
    demo: bool,
}

#[derive(Debug, Args)]
struct BenchRoom {
    /// On loopback; port 0 takes any.
    #[arg(long, default_value = "127.0.0.1:9443")]
    listen: SocketAddr,
    /// What every request must carry as `Authorization: Bearer`.
    #[arg(long)]
    token: String,
    /// Threads that move packets.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

#[derive(Debug, Subcommand)]
enum User {
    /// Add a staff account; the password is read from standard input, the TOTP secret printed once.
    Add {
        user: String,
        #[arg(long)]
        name: String,
        #[arg(long)]
        organisation: String,
        #[arg(long)]
        department: Option<String>,
        #[arg(long, default_value = "")]
        phone: String,
        /// surveyor, chair, approver, department_reviewer, supervisor, administrator, operator
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
    },
    /// List accounts.
    List,
    /// Disable an account and end its sign-ins.
    Disable { user: String },
    /// Say who a user is at the provider of identities: SUBJECT is the claim `sub`.
    Link { user: String, subject: String },
    /// Take that back.
    Unlink { user: String },
}

fn role(text: &str) -> Result<Role, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|e| e.to_string())
}

/// Parses the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(failure) => failed(&failure),
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    // These need nothing of this machine, its configuration included.
    match cli.command {
        Command::Verify(verify) => return Ok(verify.run()),
        Command::BenchRoom(BenchRoom {
            listen,
            token,
            workers,
        }) => {
            let options = bench::Options {
                listen,
                token,
                workers,
            };
            return bench::run(options).await.map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let config = config(&cli.common)?;
    match cli.command {
        Command::Serve(serve) => serve_command(config, serve).await?,
        Command::Migrate(migrate) => migrate.run(&config).await?,
        Command::Backup(backup) => backup.run(&config).await?,
        Command::User(user) => user_command(config, user).await?,
        Command::Seed {
            cases: Some(cases),
            seed,
            ..
        } => {
            let services = open(config).await?;
            seed::more(&services, cases, seed).await?;
            services.store.close().await;
        }
        Command::Seed { json, .. } => seed_command(config, json).await?,
        Command::Catalogue(catalogue) => catalogue.run(&open(config).await?).await?,
        Command::Export(export) => export.run(&open(config).await?).await?,
        Command::Verify(_) | Command::BenchRoom(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve_command(mut config: Config, serve: Serve) -> Result<(), Failure> {
    if !serve.listen.is_empty() {
        config.listen = serve.listen;
    }
    if serve.web.is_some() {
        config.web.dist = serve.web;
    }
    serve::run(config, serve.demo).await
}

async fn seed_command(config: Config, json: Option<PathBuf>) -> Result<(), Failure> {
    let port = config.listen.first().map_or(0, SocketAddr::port);
    let address = config.public_address(port);
    let services = open(config).await?;
    let seeded = seed::everything(&services, &address).await?;
    match json {
        Some(path) => {
            let text = serde_json::to_vec_pretty(&seeded).map_err(std::io::Error::from)?;
            files::write_new_private(&path, &text).map_err(Failure::file(path))?;
        }
        None => say(&seeded.to_string()),
    }
    services.store.close().await;
    Ok(())
}

async fn user_command(config: Config, user: User) -> Result<(), Failure> {
    let services = open(config).await?;
    match user {
        User::Add {
            user,
            name,
            organisation,
            department,
            phone,
            roles,
        } => {
            let person = Person {
                id: PersonId(services.env.new_id()),
                name,
                organisation,
                department,
                phone,
            };
            let secret =
                add_staff(&services, user, &person, roles, &password_from_input()?).await?;
            say(&format!("TOTP {}", totp::base32(&secret)));
        }
        User::List => {
            for (user, name, enabled) in services.store.users().await? {
                say(&format!(
                    "{user}\t{name}\t{}",
                    if enabled { "enabled" } else { "disabled" }
                ));
            }
        }
        User::Link { user, subject } => commands::link(&services, &user, Some(subject)).await?,
        User::Unlink { user } => commands::link(&services, &user, None).await?,
        User::Disable { user } => {
            let now = services.env.now();
            if !services.store.disable_account(&user, now).await? {
                return Err(Failure::Usage(format!("no enabled account {user}")));
            }
        }
    }
    Ok(())
}

/// Adds a person with an account and returns the fresh TOTP secret.
///
/// # Errors
/// When the user exists or the password is not taken.
pub async fn add_staff(
    services: &Services,
    user: String,
    person: &Person,
    roles: impl IntoIterator<Item = Role>,
    password: &str,
) -> Result<Vec<u8>, Failure> {
    let secret = totp::new_secret(services.env.as_ref());
    let account = NewAccount {
        user,
        person: person.id.clone(),
        password_hash: password::hash(password)?,
        totp_secret: secret.clone(),
        roles: roles.into_iter().collect::<BTreeSet<_>>(),
        created_at: services.env.now(),
    };
    services.store.add_staff(person, &account).await?;
    Ok(secret)
}

fn password_from_input() -> Result<String, Failure> {
    const SHORTEST: usize = 12;
    let mut password = String::new();
    std::io::stdin().take(4_096).read_to_string(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if password.chars().count() < SHORTEST {
        return Err(Failure::Password(format!(
            "shorter than {SHORTEST} characters"
        )));
    }
    Ok(password.to_owned())
}

/// The configuration, with what the command line says over it.
///
/// # Errors
/// When the file cannot be read or is wrong.
pub fn config(common: &Common) -> Result<Config, Failure> {
    let beside = PathBuf::from("kanjie.toml");
    let mut config = match &common.config {
        Some(path) => Config::read(path)?,
        None if beside.is_file() => Config::read(&beside)?,
        None => Config::default(),
    };
    if let Some(data) = &common.data {
        config.data.clone_from(data);
    }
    Ok(config)
}

async fn open(config: Config) -> Result<Services, Failure> {
    let env = SystemEnv::shifted_by(config.clock.shift_file.clone());
    Services::open(config, Arc::new(env)).await
}

fn failed(failure: &Failure) -> ExitCode {
    // The terminal may be gone; the exit code stands.
    let _ = writeln!(std::io::stderr(), "kanjie: {failure}");
    ExitCode::FAILURE
}

/// A line on standard output.
pub fn say(line: &str) {
    // Whoever reads the output may have gone away; the work goes on.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
