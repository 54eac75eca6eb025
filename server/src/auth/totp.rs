//! Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, one step of tolerance, as authenticators expect.

use totp_rs::{Builder, Secret, Totp};

use crate::env::Env;
use crate::error::Failure;

/// Bytes of a secret: 160 bits, RFC 4226 section 4.
pub const SECRET_BYTES: usize = 20;

/// A fresh secret.
#[must_use]
pub fn new_secret(env: &dyn Env) -> Vec<u8> {
    env.random::<SECRET_BYTES>().to_vec()
}

/// The step whose code this is, if it is right at `now` (UTC µs).
#[must_use]
pub fn check(secret: &[u8], code: &str, now: i64) -> Option<u64> {
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now / 1_000_000).ok()?;
    generator(secret).ok()?.check(code, seconds)
}

fn generator(secret: &[u8]) -> Result<Totp, Failure> {
    Builder::new()
        .with_secret(Secret::from(secret.to_vec()))
        .build()
        .map_err(|e| Failure::Usage(format!("TOTP: {e}")))
}

/// The secret as authenticators take it: base 32 (RFC 4648) without padding.
#[must_use]
pub fn base32(secret: &[u8]) -> String {
    Secret::from(secret.to_vec()).to_base32()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the last six digits of the SHA-1 column.
    #[test]
    fn vectors_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
        ] {
            assert!(check(secret, code, seconds * 1_000_000).is_some(), "{code}");
        }
    }

    #[test]
    fn one_step_of_tolerance_and_no_more() {
        let secret = b"12345678901234567890";
        let at = |seconds: i64| check(secret, "287082", seconds * 1_000_000);
        assert_eq!(at(59), Some(1));
        assert_eq!(at(89), Some(1));
        assert_eq!(at(90), None);
        assert_eq!(check(secret, " 287082", 59_000_000), None);
    }

    #[test]
    fn base32_without_padding() {
        assert_eq!(
            base32(b"12345678901234567890"),
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
    }
}
