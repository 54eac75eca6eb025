//! `kanjie migrate`, `kanjie backup`, `kanjie catalogue`, `kanjie user link`, `kanjie export` and `kanjie verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use kanjie_domain::records::Purpose;
use kanjie_evidence::command;
use kanjie_evidence::package::Copy;
use kanjie_store::{Database, MigrationState, NewIdentity, Store, Verified};

use super::say;
use crate::auth::oidc::token;
use crate::backup::{self, Recordings};
use crate::cases::import;
use crate::config::Config;
use crate::error::Failure;
use crate::export;
use crate::files;
use crate::services::Services;

#[derive(Debug, Args)]
pub struct Migrate {
    /// Say where the database stands; change nothing.
    #[arg(long)]
    status: bool,
    /// Move everything from this SQLite database (`sqlite:PATH`) into the configured, empty PostgreSQL database.
    #[arg(long, conflicts_with = "status")]
    from: Option<String>,
}

impl Migrate {
    /// # Errors
    /// When the database cannot be reached or a migration fails.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        files::private_dir(&config.data).map_err(Failure::file(&config.data))?;
        let database = config.database()?;
        let store = Store::open(&database).await?;
        if !self.status {
            store.migrate().await?;
        }
        if let Some(from) = &self.from {
            transfer(&store, from).await?;
        }
        say(&database.to_string());
        for migration in store.migrations().await? {
            let state = match migration.state {
                MigrationState::Applied => "applied",
                MigrationState::Pending => "pending",
                MigrationState::Unknown => "of a newer program",
            };
            say(&format!(
                "{:04}\t{state}\t{}",
                migration.version, migration.name
            ));
        }
        store.close().await;
        Ok(())
    }
}

#[derive(Debug, Subcommand)]
pub enum Catalogue {
    /// Add new versions of holidays, experts and templates from a JSON file, all or nothing; what stood is never changed.
    Import { file: PathBuf },
}

impl Catalogue {
    /// # Errors
    /// When the file cannot be read, or the catalogue does not take it.
    pub async fn run(self, services: &Services) -> Result<(), Failure> {
        let Self::Import { file } = self;
        let text = std::fs::read(&file).map_err(Failure::file(&file))?;
        let mut reader = serde_json::Deserializer::from_slice(&text);
        let brought = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
        let added = import::import(services, brought).await?;
        say(&format!("{added} versions added"));
        services.store.close().await;
        Ok(())
    }
}

/// Links a user to a subject at the configured provider of identities, or takes that back.
///
/// # Errors
/// Where no provider is configured, there is no such account, or the subject is somebody else's.
pub async fn link(services: &Services, user: &str, subject: Option<String>) -> Result<(), Failure> {
    let (store, no) = (&services.store, Failure::Usage);
    let Some(oidc) = &services.config.oidc else {
        return Err(no(String::from("the configuration names no [oidc]")));
    };
    let account = store.account(user).await?;
    let person = account
        .ok_or_else(|| no(format!("no enabled account {user}")))?
        .person;
    let Some(subject) = subject else {
        if store.unlink_identities(&oidc.issuer, &person).await? {
            return Ok(());
        }
        return Err(no(format!("{user} is not linked")));
    };
    if !token::is_subject(&subject) {
        return Err(no(String::from("SUBJECT has 1 to 255 characters")));
    }
    let new = NewIdentity {
        issuer: oidc.issuer.clone(),
        subject,
        person,
        linked_at: services.env.now(),
        linked_by: None,
    };
    Ok(store.link_identity(&new).await?)
}

async fn transfer(to: &Store, from: &str) -> Result<(), Failure> {
    let database = Database::parse(from)?;
    // Opening would make one.
    if let Database::File(path) = &database
        && !path.is_file()
    {
        return Err(Failure::Usage(format!("there is no {database}")));
    }
    let file = Store::open(&database).await?;
    let moved = to.transfer_from(&file).await;
    file.close().await;
    let moved = moved.map_err(|error| Failure::Usage(error.to_string()))?;
    for (table, rows) in &moved.tables {
        say(&format!("{table}\t{rows}"));
    }
    say(&whole(&moved.journals));
    Ok(())
}

fn whole(of: &Verified) -> String {
    format!("{} journals, {} entries: whole", of.journals, of.entries)
}

#[derive(Debug, Args)]
pub struct Backup {
    /// The directory to make.
    out: PathBuf,
    /// List recordings with their digests and copy them not: something else does.
    #[arg(long)]
    list_recordings: bool,
}

impl Backup {
    /// # Errors
    /// When anything cannot be read or written, or a journal of the copy does not hold.
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let recordings = if self.list_recordings {
            Recordings::Listed
        } else {
            Recordings::Copied
        };
        let written = backup::run(config, &self.out, recordings).await?;
        say(&written.database.display().to_string());
        if let Some(journals) = &written.journals {
            say(&whole(journals));
        }
        say(&format!("{} files, {} bytes", written.files, written.bytes));
        Ok(())
    }
}

/// Whose copy.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    /// Without what the applicant may not see; verifies against the same receipts.
    Applicant,
}

#[derive(Debug, Args)]
pub struct Export {
    /// The session's id.
    session: String,
    /// A copy for somebody in particular, rather than the full one.
    #[arg(long = "for", value_enum)]
    whose: Option<For>,
    /// Why it is taken out; stands in the case's journal (R59). Default: the bureau's own review, or the applicant's copy.
    #[arg(long)]
    purpose: Option<String>,
    /// Where the package goes; must not exist. Default: under `exports` in the data directory.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Export {
    /// # Errors
    /// When the session is not closed or the package cannot be written.
    pub async fn run(self, services: &Services) -> Result<(), Failure> {
        let (copy, name) = match self.whose {
            None => (Copy::Full, "full"),
            Some(For::Applicant) => (Copy::Applicant, "applicant"),
        };
        let out = self.out.unwrap_or_else(|| {
            let name = format!("{}-{name}-{}", self.session, services.env.now());
            services.config.data.join("exports").join(name)
        });
        let purpose = match (self.purpose, copy) {
            (Some(why), _) => Purpose::Other { why },
            (None, Copy::Full) => Purpose::Review,
            (None, Copy::Applicant) => Purpose::OwnCopy,
        };
        export::take_out(services, &self.session, copy, purpose, &out)
            .await
            .map_err(|error| Failure::Rooms(error.to_string()))?;
        let place = std::fs::canonicalize(&out).map_err(Failure::file(&out))?;
        say(&place.display().to_string());
        Ok(())
    }
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The package's directory.
    path: PathBuf,
    /// A file with a receipt: it must be one of the package's.
    #[arg(long)]
    receipt: Option<PathBuf>,
    /// The key that must have signed: in hex, or a file with it or with a keys.json.
    #[arg(long)]
    key: Option<String>,
    /// Say it as JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    #[must_use]
    pub fn run(self) -> ExitCode {
        let verify = command::Verify {
            path: self.path,
            receipt: self.receipt,
            key: self.key,
            json: self.json,
        };
        let outcome = verify.run();
        say(outcome.text.trim_end());
        ExitCode::from(outcome.exit_code)
    }
}
