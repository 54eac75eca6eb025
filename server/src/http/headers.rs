//! Headers on every answer: what the pages may load, that HTTPS stays, that nothing private is cached.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::http::origin;

const FIXED: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(self), autoplay=(self), \
         fullscreen=(self), payment=(), usb=(), serial=(), bluetooth=()",
    ),
];

/// Digests of the inline scripts of our own page, for its `script-src`; an extension of the page's answer.
#[derive(Clone, Debug)]
pub struct InlineScripts(pub String);

/// Whether browsers are told to come by HTTPS alone. Not with a self-made certificate: then nobody could look past it.
#[derive(Clone, Copy, Debug)]
pub struct HttpsOnly(pub bool);

/// Middleware for all routes.
pub async fn secure(State(https_only): State<HttpsOnly>, request: Request, next: Next) -> Response {
    let host = origin::host(request.headers(), request.uri()).map(ToOwned::to_owned);
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let scripts = response.extensions().get::<InlineScripts>().cloned();
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https_only.0 {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    set_policy(headers, host.as_deref(), &path, scripts.as_ref());
    if path.starts_with("/api/") {
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

fn set_policy(
    headers: &mut HeaderMap,
    host: Option<&str>,
    path: &str,
    scripts: Option<&InlineScripts>,
) {
    // Older Safari and Chromium do not take 'self' for WebSockets.
    let socket = host
        .filter(|host| is_plain(host))
        .map(|host| format!(" wss://{host}"));
    // A document is shown in a frame of our own page.
    let ancestors = if path.ends_with(".pdf") {
        "'self'"
    } else {
        "'none'"
    };
    let policy = format!(
        "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; \
         media-src 'self' blob: data:; font-src 'self' data:; connect-src 'self' blob: data:{socket}; \
         worker-src 'self' blob:; frame-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors {ancestors}",
        scripts = scripts.map_or("", |s| s.0.as_str()),
        socket = socket.unwrap_or_default(),
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// Nothing in it can end the directive it stands in.
fn is_plain(host: &str) -> bool {
    host.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
}
