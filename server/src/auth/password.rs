//! Passwords: argon2id, a few at a time, as slow for a user that does not exist as for one that does.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::error::Failure;
use crate::limits::Limits;
use crate::problem::{Problem, ProblemCode};

/// Longest password taken, bytes.
pub const LONGEST: usize = 256;

/// Hashes a password into a PHC string.
///
/// # Errors
/// When it is too long, or the system gives no random salt.
pub fn hash(password: &str) -> Result<String, Failure> {
    if password.len() > LONGEST {
        return Err(Failure::Password(format!("longer than {LONGEST} bytes")));
    }
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|e| Failure::Password(e.to_string()))
}

/// Whether the password is right. `kept` is `None` for a user that does not exist: the time taken is the same.
///
/// # Errors
/// `internal` when the hashing thread dies.
pub async fn verify(
    limits: &Limits,
    password: String,
    kept: Option<String>,
) -> Result<bool, Problem> {
    let _turn = limits
        .hashing
        .acquire()
        .await
        .map_err(|e| Problem::internal(&e))?;
    tokio::task::spawn_blocking(move || {
        let exists = kept.is_some();
        let kept = kept.unwrap_or_else(|| nobody().to_owned());
        let right = PasswordHash::new(&kept).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        right && exists
    })
    .await
    .map_err(|_| ProblemCode::Internal.into())
}

/// The hash of a password that nobody has.
fn nobody() -> &'static str {
    static NOBODY: OnceLock<String> = OnceLock::new();
    NOBODY.get_or_init(|| hash("nobody").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn right_wrong_and_nobody() {
        let limits = Limits::new();
        let kept = hash("正确 horse").unwrap();
        assert!(kept.starts_with("$argon2id$"));
        let check = |password: &str, kept: Option<String>| {
            let password = password.to_owned();
            verify(&limits, password, kept)
        };
        assert_eq!(check("正确 horse", Some(kept.clone())).await, Ok(true));
        assert_eq!(check("wrong", Some(kept)).await, Ok(false));
        assert_eq!(check("nobody", None).await, Ok(false));
    }
}
