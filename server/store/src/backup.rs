//! A copy of an SQLite database while it is in use.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;
use crate::statement::{Connection, On};
use crate::store::Store;

impl Store {
    /// Writes the whole database as it stands at one moment to a new file of mode 0600; those who write go on meanwhile.
    /// The file is on the disk when this returns. False where the database is a server's: its own tools copy it.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub async fn copy_to(&self, path: &Path) -> Result<bool, StoreError> {
        match self.read().await?.on() {
            On::Sqlite(c) => copy(c, path).await.map(|()| true),
            On::Postgres(_) => Ok(false),
        }
    }
}

async fn copy(c: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    // SQLite takes an empty file; made here, it is nobody else's to read.
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600);
    file.open(path).map_err(StoreError::File)?;
    let name = path
        .to_str()
        .ok_or_else(|| StoreError::damaged("backup", "a path that is no text"))?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(c).await?;
    // SQLite leaves this copy to the system's leisure.
    let file = std::fs::File::open(path).map_err(StoreError::File)?;
    file.sync_all().map_err(StoreError::File)
}
