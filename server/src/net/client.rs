//! The HTTP client for requests of ours: no redirects, no proxy from the environment, a limit on time and on what is read.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, Response, redirect};

use super::outward::{Allowed, Resolver};
use crate::error::Failure;

/// Who named the address.
#[derive(Clone, Debug)]
pub enum Reach {
    /// The configuration did: it may be anywhere.
    Configured,
    /// Somebody entered it: see [`super::outward`].
    Entered(Allowed),
}

/// # Errors
/// When the file of authorities cannot be read, or TLS cannot be set up.
pub fn new(reach: Reach, ca_file: Option<&Path>, timeout: Duration) -> Result<Client, Failure> {
    let mut builder = Client::builder()
        .user_agent(concat!("kanjie/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .timeout(timeout);
    if let Reach::Entered(allowed) = reach {
        // A kept connection would be used without looking the name up again.
        builder = builder
            .pool_max_idle_per_host(0)
            .dns_resolver(Resolver(allowed));
    }
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(Failure::file(path))?;
        let certificates =
            Certificate::from_pem_bundle(&pem).map_err(|e| Failure::Certificate(e.to_string()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder
        .build()
        .map_err(|e| Failure::Certificate(e.to_string()))
}

/// Reads an answer up to a limit.
///
/// # Errors
/// When it is longer or breaks off.
pub async fn body(mut answer: Response, limit: usize) -> Result<Vec<u8>, TooLong> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| TooLong)? {
        if bytes.len() + chunk.len() > limit {
            return Err(TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The answer is too long or broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is too long or broke off")]
pub struct TooLong;
