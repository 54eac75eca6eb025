//! Certificates: files that are read again when they change, or on loopback one of our own making.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::{Config, Tls};
use crate::error::Failure;
use crate::files;

/// How often the certificate files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The certificate in use; connections made after a change get the new one.
#[derive(Debug)]
pub struct Certificate {
    current: ArcSwap<CertifiedKey>,
    files: Option<Tls>,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl Certificate {
    /// From the configured files, else one of our own making for loopback, kept under `data/keys`.
    ///
    /// # Errors
    /// When a file cannot be read, or certificate and key do not belong together.
    pub fn open(config: &Config) -> Result<Arc<Self>, Failure> {
        let files = match &config.tls {
            Some(tls) => tls.clone(),
            None => self_made(&config.data)?,
        };
        Ok(Arc::new(Self {
            current: ArcSwap::from_pointee(load(&files)?),
            files: config.tls.clone(),
        }))
    }

    /// Watches the files; never returns. A pair that cannot be read leaves the one before in use.
    pub async fn keep_fresh(self: Arc<Self>) {
        let Some(files) = self.files.clone() else {
            return std::future::pending().await;
        };
        let mut seen = changed_at(&files);
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            look.tick().await;
            let now = changed_at(&files);
            if now == seen {
                continue;
            }
            match load(&files) {
                Ok(key) => {
                    self.current.store(Arc::new(key));
                    seen = now;
                    tracing::info!("certificate read again");
                }
                // Perhaps half of the pair is written: looked at again next time.
                Err(error) => tracing::error!(%error, "certificate not taken"),
            }
        }
    }
}

/// The TLS configuration: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
///
/// # Errors
/// When the provider lacks the protocol versions.
pub fn server_config(certificate: Arc<Certificate>) -> Result<Arc<ServerConfig>, Failure> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| Failure::Certificate(e.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn load(files: &Tls) -> Result<CertifiedKey, Failure> {
    let fault = |path: &Path| {
        let path = path.display().to_string();
        move |e: rustls::pki_types::pem::Error| Failure::Certificate(format!("{path}: {e}"))
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate_file)
        .map_err(fault(&files.certificate_file))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(fault(&files.certificate_file))?;
    let key = PrivateKeyDer::from_pem_file(&files.key_file).map_err(fault(&files.key_file))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|e| Failure::Certificate(e.to_string()))
}

fn changed_at(files: &Tls) -> [Option<SystemTime>; 2] {
    [&files.certificate_file, &files.key_file]
        .map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok())
}

/// A self-made certificate for loopback names, made anew at each start: it is worth nothing elsewhere.
fn self_made(data: &Path) -> Result<Tls, Failure> {
    let dir = data.join("keys");
    files::private_dir(&dir).map_err(Failure::file(&dir))?;
    let made = rcgen::generate_simple_self_signed(vec![
        String::from("localhost"),
        String::from("127.0.0.1"),
        String::from("::1"),
    ])
    .map_err(|e| Failure::Certificate(e.to_string()))?;
    Ok(Tls {
        certificate_file: replace(dir.join("loopback.crt"), &made.cert.pem())?,
        key_file: replace(dir.join("loopback.key"), &made.signing_key.serialize_pem())?,
    })
}

fn replace(path: PathBuf, text: &str) -> Result<PathBuf, Failure> {
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(Failure::file(path)(e)),
    }
    files::write_new_private(&path, text.as_bytes()).map_err(Failure::file(&path))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_gets_a_certificate_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data: dir.path().to_owned(),
            ..Config::default()
        };
        for _start in 0..2 {
            let certificate = Certificate::open(&config).unwrap();
            assert_eq!(certificate.current.load().cert.len(), 1);
            server_config(certificate).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changed_files_are_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let files = self_made(dir.path()).unwrap();
        let config = Config {
            tls: Some(files.clone()),
            ..Config::default()
        };
        let certificate = Certificate::open(&config).unwrap();
        let before = certificate.current.load_full();
        let watcher = tokio::spawn(Arc::clone(&certificate).keep_fresh());
        tokio::task::yield_now().await;
        self_made(dir.path()).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        for path in [&files.certificate_file, &files.key_file] {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(long_ago).unwrap();
        }
        // Paused time runs ahead to the watcher's next look.
        tokio::time::advance(LOOK_EVERY).await;
        while certificate.current.load().cert == before.cert {
            tokio::task::yield_now().await;
        }
        watcher.abort();
    }

    #[test]
    fn a_pair_that_does_not_match_is_refused() {
        let one = tempfile::tempdir().unwrap();
        let two = tempfile::tempdir().unwrap();
        let config = Config {
            tls: Some(Tls {
                certificate_file: self_made(one.path()).unwrap().certificate_file,
                key_file: self_made(two.path()).unwrap().key_file,
            }),
            ..Config::default()
        };
        assert!(Certificate::open(&config).is_err());
    }
}
