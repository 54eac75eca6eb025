//! What every part of the server shares.

use std::sync::Arc;

use kanjie_evidence::Signer;
use kanjie_store::{Store, TokenHash};
use tokio::sync::{Notify, broadcast};

use crate::auth::oidc;
use crate::cases::{Folds, published};
use crate::config::Config;
use crate::env::Env;
use crate::error::Failure;
use crate::files;
use crate::keys::{self, CodeKey};
use crate::limits::Limits;
use crate::notices::Notices;
use crate::uploads::Writers;
use crate::webhooks::Webhooks;

/// A sign-in that ended (signed out or revoked): whoever serves it stops within a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInEnded {
    pub token_hash: TokenHash,
}

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Services {
    pub config: Arc<Config>,
    pub store: Store,
    pub env: Arc<dyn Env>,
    pub signer: Arc<dyn Signer>,
    pub codes: CodeKey,
    pub notices: Notices,
    pub webhooks: Webhooks,
    pub limits: Arc<Limits>,
    pub writers: Writers,
    pub oidc: Arc<oidc::provider::Known>,
    pub sign_ins_ended: broadcast::Sender<SignInEnded>,
    /// Folds of cases and bundles, kept between requests.
    pub folds: Arc<Folds>,
    /// Rung where a case's journal has moved.
    pub case_work: Arc<Notify>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

impl Services {
    /// Opens store and keys; the tables of a file are brought up to date.
    ///
    /// # Errors
    /// When the directory, the database or a key cannot be opened, or a `PostgreSQL` database was not migrated.
    pub async fn open(config: Config, env: Arc<dyn Env>) -> Result<Self, Failure> {
        files::private_dir(&config.data).map_err(Failure::file(&config.data))?;
        let store = Store::open(&config.database()?).await?;
        store.make_ready().await?;
        published::examples_where_none(&store).await?;
        let keys = keys::open(&config.data, env.as_ref())?;
        let notices = Notices::open(&config, store.clone(), Arc::clone(&env))?;
        let webhooks = Webhooks::open(
            &config,
            store.clone(),
            Arc::clone(&env),
            notices.clone(),
            keys.webhooks,
        )?;
        Ok(Self {
            config: Arc::new(config),
            store,
            env,
            signer: keys.signer,
            codes: keys.codes,
            notices,
            webhooks,
            limits: Arc::new(Limits::new()),
            writers: Writers::default(),
            oidc: Arc::default(),
            sign_ins_ended: broadcast::Sender::new(256),
            folds: Arc::default(),
            case_work: Arc::default(),
        })
    }
}
