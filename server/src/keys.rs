//! The server's own secrets under `data/keys`, made at first start, mode 0600.

use std::path::Path;
use std::sync::Arc;

use kanjie_evidence::{Ed25519Signer, Signer, h};
use zeroize::Zeroizing;

use crate::env::Env;
use crate::error::Failure;
use crate::files;
use crate::webhooks::WebhookKey;

/// Keys for one-time codes: six digits are too few to hide behind a plain digest.
#[derive(Clone)]
pub struct CodeKey(Arc<Zeroizing<[u8; 32]>>);

impl std::fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeKey")
    }
}

impl CodeKey {
    /// What is stored in place of a code of this person.
    #[must_use]
    pub fn digest(&self, session: &str, person: &str, code: &str) -> [u8; 32] {
        // The inner digest has a fixed length, so that no two inputs run into each other.
        let inner = h(&[
            &h(&[session.as_bytes()]).0,
            &h(&[person.as_bytes()]).0,
            &h(&[code.as_bytes()]).0,
        ]);
        // An outer pass over key and digest, as HMAC does, against extension.
        h(&[
            b"kanjie code v1",
            self.0.as_slice(),
            &h(&[self.0.as_slice(), &inner.0]).0,
        ])
        .0
    }
}

/// All keys of the server.
pub struct Keys {
    /// Attests records and receipts; it never speaks for a person.
    pub signer: Arc<dyn Signer>,
    pub codes: CodeKey,
    /// Secrets of endpoints follow from it.
    pub webhooks: WebhookKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

/// Reads the keys, made where absent.
///
/// # Errors
/// When a key cannot be read or written, or is not 32 bytes in hex.
pub fn open(data: &Path, env: &dyn Env) -> Result<Keys, Failure> {
    let dir = data.join("keys");
    files::private_dir(&dir).map_err(Failure::file(&dir))?;
    Ok(Keys {
        signer: Arc::new(Ed25519Signer::from_seed(*secret(
            &dir.join("signing.key"),
            env,
        )?)),
        codes: CodeKey(Arc::new(secret(&dir.join("codes.key"), env)?)),
        webhooks: WebhookKey::new(secret(&dir.join("webhooks.key"), env)?),
    })
}

fn secret(path: &Path, env: &dyn Env) -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut key = Zeroizing::new([0; 32]);
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| {
                Failure::Usage(format!("{}: not 64 hexadecimal digits", path.display()))
            })?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            env.fill(key.as_mut_slice());
            let text = Zeroizing::new(hex::encode(key.as_slice()));
            files::write_new_private(path, text.as_bytes()).map_err(Failure::file(path))?;
        }
        Err(error) => return Err(Failure::file(path)(error)),
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::env::SystemEnv;

    #[test]
    fn keys_are_made_once_and_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let env = SystemEnv::new();
        let first = open(dir.path(), &env).unwrap();
        let second = open(dir.path(), &env).unwrap();
        assert_eq!(first.signer.key_id(), second.signer.key_id());
        assert_eq!(
            first.codes.digest("s", "p", "1"),
            second.codes.digest("s", "p", "1")
        );
        assert_ne!(
            first.codes.digest("s", "p1", "2"),
            first.codes.digest("s", "p", "12")
        );
        for name in ["signing.key", "codes.key", "webhooks.key"] {
            let path = dir.path().join("keys").join(name);
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let env = SystemEnv::new();
        open(dir.path(), &env).unwrap();
        let path = dir.path().join("keys/signing.key");
        std::fs::write(&path, "short").unwrap();
        assert!(open(dir.path(), &env).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "short");
    }
}
