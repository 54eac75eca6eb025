//! Who somebody is: password and TOTP for staff, link and one-time code for everybody else, a cookie after that.

pub mod caller;
pub mod codes;
pub mod cookie;
pub mod factor;
pub mod mask;
pub mod password;
pub mod sign_in;
pub mod totp;

pub use caller::Caller;
