//! `kanjie backup`: a directory that is a data directory itself, and a list by which it is checked.
//!
//! The database comes first: whatever it refers to is in the files that are copied after it, for files are only added to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kanjie_evidence::Digester;
use kanjie_store::{Database, Store, Verified};

use crate::config::Config;
use crate::error::Failure;
use crate::files;

/// Read again at restoring: `sha256sum --check backup.sha256`.
const LIST: &str = "backup.sha256";
/// Recordings, stills, documents; by far the most bytes.
const RECORDINGS: &str = "sessions";
/// Made from the rest at any time.
const EXPORTS: &str = "exports";
/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// What becomes of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recordings {
    Copied,
    /// In the list with their digests; something else keeps a copy of them.
    Listed,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    pub database: PathBuf,
    /// Of an SQLite file: every chain of the copy was checked.
    pub journals: Option<Verified>,
    pub files: u64,
    pub bytes: u64,
}

/// Writes a backup into `out`, which must not exist; the server may go on meanwhile.
///
/// # Errors
/// When anything cannot be read or written, or a journal of the copy does not hold.
pub async fn run(config: &Config, out: &Path, recordings: Recordings) -> Result<Written, Failure> {
    if out.exists() {
        return Err(Failure::Usage(format!("{} exists already", out.display())));
    }
    files::private_dir(out).map_err(Failure::file(out))?;
    let own = fs::canonicalize(out).map_err(Failure::file(out))?;
    let database = config.database()?;
    let (copy, journals) = match &database {
        Database::File(path) => copy_file(path, &own).await?,
        Database::Postgres(_) => (dump(config, &own)?, None),
    };
    let mut work = Work {
        out: own,
        recordings,
        list: String::new(),
        files: 0,
        bytes: 0,
    };
    work.note(&copy)?;
    work.directory(&config.data, Path::new(""), &database)?;
    let list = work.out.join(LIST);
    files::write_new_private(&list, work.list.as_bytes()).map_err(Failure::file(&list))?;
    sync(&work.out)?;
    Ok(Written {
        database: copy,
        journals,
        files: work.files,
        bytes: work.bytes,
    })
}

async fn copy_file(from: &Path, out: &Path) -> Result<(PathBuf, Option<Verified>), Failure> {
    if !from.exists() {
        return Err(Failure::Usage(format!(
            "there is no database {}",
            from.display()
        )));
    }
    let to = out.join("kanjie.sqlite3");
    let store = Store::open(&Database::file(from)).await?;
    store.copy_to(&to).await?;
    store.close().await;
    let copy = Store::open(&Database::file(&to)).await?;
    let verified = copy.verify_journals().await;
    copy.close().await;
    let verified =
        verified.map_err(|error| Failure::Usage(format!("the copy does not hold: {error}")))?;
    Ok((to, Some(verified)))
}

/// PostgreSQL's own tool makes the copy: one moment of a database in use.
fn dump(config: &Config, out: &Path) -> Result<PathBuf, Failure> {
    let to = out.join("kanjie.dump");
    let url = config.database.url.clone().unwrap_or_default();
    let mut command = Command::new("pg_dump");
    command
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(&to)
        .arg("--dbname")
        .arg(url);
    if let Some(password) = config.database_password()? {
        command.env("PGPASSWORD", password);
    }
    let done = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::Usage(String::from(
            "pg_dump is missing: install PostgreSQL's client programs of the server's version",
        )),
        _ => Failure::System(error),
    })?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(Failure::Usage(format!("pg_dump: {}", said.trim())));
    }
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&to, private).map_err(Failure::file(&to))?;
    sync(&to)?;
    Ok(to)
}

struct Work {
    out: PathBuf,
    recordings: Recordings,
    list: String,
    files: u64,
    bytes: u64,
}

impl Work {
    /// Everything below `data/inner`, in the order of names.
    fn directory(&mut self, data: &Path, inner: &Path, database: &Database) -> Result<(), Failure> {
        let from = data.join(inner);
        let entries = fs::read_dir(&from).map_err(Failure::file(&from))?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.map_err(Failure::file(&from))?.file_name());
        }
        names.sort();
        for name in names {
            let inner = inner.join(name);
            let from = data.join(&inner);
            let kind = fs::symlink_metadata(&from)
                .map_err(Failure::file(&from))?
                .file_type();
            if kind.is_dir() && !self.leaves_out(&inner, &from) {
                self.make(&inner)?;
                self.directory(data, &inner, database)?;
            } else if kind.is_file() && !is_of(database, &from) {
                self.file(&from, &inner)?;
            }
        }
        Ok(())
    }

    /// The backup itself may lie within the data.
    fn leaves_out(&self, inner: &Path, from: &Path) -> bool {
        inner == Path::new(EXPORTS) || fs::canonicalize(from).is_ok_and(|from| from == self.out)
    }

    fn lists_only(&self, inner: &Path) -> bool {
        self.recordings == Recordings::Listed && inner.starts_with(RECORDINGS)
    }

    fn make(&self, inner: &Path) -> Result<(), Failure> {
        if self.lists_only(inner) {
            return Ok(());
        }
        let to = self.out.join(inner);
        files::private_dir(&to).map_err(Failure::file(&to))
    }

    fn file(&mut self, from: &Path, inner: &Path) -> Result<(), Failure> {
        let mut sink = if self.lists_only(inner) {
            None
        } else {
            let to = self.out.join(inner);
            let mut options = OpenOptions::new();
            let options = options.write(true).create_new(true).mode(0o600);
            Some(options.open(&to).map_err(Failure::file(&to))?)
        };
        let (digest, bytes) = copy(from, sink.as_mut()).map_err(Failure::file(from))?;
        if let Some(sink) = sink {
            sink.sync_all().map_err(Failure::file(from))?;
        }
        self.add(&digest, inner, bytes);
        Ok(())
    }

    fn note(&mut self, written: &Path) -> Result<(), Failure> {
        let (digest, bytes) = copy(written, None).map_err(Failure::file(written))?;
        let name = written.file_name().map(PathBuf::from).unwrap_or_default();
        self.add(&digest, &name, bytes);
        Ok(())
    }

    /// In the form that `sha256sum --check` reads.
    fn add(&mut self, digest: &str, inner: &Path, bytes: u64) {
        self.list
            .push_str(&format!("{digest}  {}\n", inner.display()));
        self.files += 1;
        self.bytes += bytes;
    }
}

/// The database's own files, which are copied in another way.
fn is_of(database: &Database, path: &Path) -> bool {
    let Database::File(file) = database else {
        return false;
    };
    let beside = |tail: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(tail);
        path == Path::new(&name)
    };
    ["", "-wal", "-shm", "-journal"]
        .iter()
        .any(|tail| beside(tail))
}

/// Copies, where it is to be copied, and digests in one pass what was read.
fn copy(from: &Path, mut to: Option<&mut File>) -> io::Result<(String, u64)> {
    let mut source = File::open(from)?;
    let mut digester = Digester::new();
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let read = source.read(&mut chunk)?;
        let part = chunk.get(..read).unwrap_or_default();
        if part.is_empty() {
            return Ok((digester.finish().to_string(), bytes));
        }
        digester.update(part);
        if let Some(to) = to.as_mut() {
            to.write_all(part)?;
        }
        bytes += read as u64;
    }
}

fn sync(path: &Path) -> Result<(), Failure> {
    let file = File::open(path).map_err(Failure::file(path))?;
    file.sync_all().map_err(Failure::file(path))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use kanjie_store::JournalId;
    use kanjie_test_postgres::TestDatabase;

    use super::*;
    use crate::testing::TestApp;

    fn checks(dir: &Path) -> bool {
        let mut command = Command::new("sha256sum");
        let command = command.args(["--check", "--strict", "--quiet", LIST]);
        command.current_dir(dir).status().unwrap().success()
    }

    /// What a session leaves in files, as far as a backup cares.
    fn record(app: &TestApp) -> PathBuf {
        let dir = app.services.config.session_dir("s").join("tracks");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("1.pcapng"), b"packets").unwrap();
        fs::create_dir_all(app.services.config.data.join(EXPORTS)).unwrap();
        fs::write(app.services.config.data.join(EXPORTS).join("x"), b"x").unwrap();
        dir
    }

    #[tokio::test]
    async fn a_backup_is_a_data_directory_that_opens_and_verifies() {
        let app = TestApp::new().await;
        record(&app);
        let out = app.dir.path().join("backup");
        let written = run(&app.services.config, &out, Recordings::Copied)
            .await
            .unwrap();
        // The server went on meanwhile, and still does.
        app.services.store.ping().await.unwrap();
        assert!(checks(&out));
        assert!(!out.join(EXPORTS).exists());
        assert_eq!(
            fs::read(out.join("sessions/s/tracks/1.pcapng")).unwrap(),
            b"packets"
        );

        let config = Config {
            data: out.clone(),
            ..Config::default()
        };
        let env = std::sync::Arc::clone(&app.services.env);
        let restored = crate::services::Services::open(config, env).await.unwrap();
        assert_eq!(restored.signer.key_id(), app.services.signer.key_id());
        let whole = app.services.store.verify_journals().await.unwrap();
        assert_eq!(restored.store.verify_journals().await.unwrap(), whole);
        assert_eq!(written.journals, Some(whole));
        let journal = JournalId::Session(app.seeded.sessions["journey"].clone());
        let entries = app.services.store.entries(&journal, 0, 10).await.unwrap();
        assert_eq!(
            restored.store.entries(&journal, 0, 10).await.unwrap(),
            entries
        );
        assert!(restored.store.account("chair").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn recordings_that_are_only_listed_are_found_changed() {
        let app = TestApp::new().await;
        let tracks = record(&app);
        let out = app.services.config.data.join("backup");
        run(&app.services.config, &out, Recordings::Listed)
            .await
            .unwrap();
        assert!(!out.join(RECORDINGS).exists());
        assert!(!out.join("backup").exists());
        assert!(!checks(&out), "the recordings are elsewhere");
        let there = out.join(RECORDINGS).join("s/tracks");
        fs::create_dir_all(&there).unwrap();
        fs::copy(tracks.join("1.pcapng"), there.join("1.pcapng")).unwrap();
        assert!(checks(&out));
        fs::write(there.join("1.pcapng"), b"Packets").unwrap();
        assert!(!checks(&out));
    }

    #[tokio::test]
    async fn nothing_is_written_over_and_nothing_made_up() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data: dir.path().join("data"),
            ..Config::default()
        };
        assert!(run(&config, dir.path(), Recordings::Copied).await.is_err());
        let out = dir.path().join("backup");
        assert!(run(&config, &out, Recordings::Copied).await.is_err());
        assert!(!config.data.join("kanjie.sqlite3").exists());
    }

    #[tokio::test]
    async fn a_servers_database_is_dumped_and_comes_back() {
        let (server, other) = (TestDatabase::create(), TestDatabase::create());
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: dir.path().join("data"),
            ..Config::default()
        };
        config.database.url = Some(server.url());
        let store = Store::open(&config.database().unwrap()).await.unwrap();
        store.migrate().await.unwrap();
        let env: std::sync::Arc<dyn crate::env::Env> =
            std::sync::Arc::new(crate::env::SystemEnv::new());
        let services = crate::services::Services::open(config, env).await.unwrap();
        crate::seed::run(&services, "https://localhost")
            .await
            .unwrap();
        let out = dir.path().join("backup");
        run(&services.config, &out, Recordings::Copied)
            .await
            .unwrap();
        assert!(checks(&out));

        let dump = out.join("kanjie.dump");
        let _ = other.client(
            "pg_restore",
            &["--no-owner", "--exit-on-error", dump.to_str().unwrap()],
        );
        let restored = Store::open(&Database::parse(&other.url()).unwrap())
            .await
            .unwrap();
        restored.make_ready().await.unwrap();
        let whole = store.verify_journals().await.unwrap();
        assert!(whole.entries > 0);
        assert_eq!(restored.verify_journals().await.unwrap(), whole);
        for store in [&restored, &store, &services.store] {
            store.close().await;
        }
    }
}
