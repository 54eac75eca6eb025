//! Who somebody is: password and TOTP, a passkey or the bureau's provider of identities for staff, link and one-time code for everybody else, a cookie after that.

pub mod attempts;
pub mod caller;
pub mod codes;
pub mod cookie;
pub mod devices;
pub mod factor;
pub mod known;
pub mod mask;
pub mod oidc;
pub mod passkey;
pub mod password;
pub mod sign_in;
pub mod totp;

pub use caller::Caller;
