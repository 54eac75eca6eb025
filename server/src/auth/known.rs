//! Devices on which somebody signed in before. Guesses from elsewhere use up the tries of strangers, never those of a known
//! device: so nobody can lock another out by guessing at their name.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, HeaderValue};

use crate::auth::cookie;
use crate::services::Services;

/// A year, seconds.
const LIFE_S: i64 = 365 * 24 * 60 * 60;
const NAME: &str = "__Host-kanjie-known";

/// The device's random name, where its cookie was made here for this user.
#[must_use]
pub fn device_of(services: &Services, headers: &HeaderMap, user: &str) -> Option<String> {
    let value = cookie::value(headers, NAME)?;
    let (device, mac) = value.split_once('.')?;
    let right = mac_of(services, user, device);
    let same = verify_slices_are_equal(mac.as_bytes(), right.as_bytes());
    same.is_ok().then(|| device.to_owned())
}

/// `Set-Cookie` by which this device is known from now on.
#[must_use]
pub fn remember(services: &Services, user: &str) -> Option<HeaderValue> {
    let device = hex::encode(services.env.random::<16>());
    let mac = mac_of(services, user, &device);
    HeaderValue::from_str(&format!(
        "{NAME}={device}.{mac}; Path=/; Max-Age={LIFE_S}; Secure; HttpOnly; SameSite=Strict"
    ))
    .ok()
}

fn mac_of(services: &Services, user: &str, device: &str) -> String {
    hex::encode(services.codes.digest("known device", user, device))
}
