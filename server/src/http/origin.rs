//! No foreign page acts for somebody: what changes something comes from our own pages, or from no page at all.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Problem, ProblemCode};

/// Middleware for all routes; WebSocket upgrades ask [`is_own`] themselves.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let allowed = safe
        || !request.headers().contains_key(header::ORIGIN)
        || is_own(request.headers(), request.uri());
    if allowed {
        next.run(request).await
    } else {
        Problem::from(ProblemCode::ForeignOrigin).into_response()
    }
}

/// Whether `Origin` is there, once, and is the address the request was sent to.
#[must_use]
pub fn is_own(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    // Two of them are nobody's: which one counts would depend on who reads.
    let (origin, None) = (origins.next(), origins.next()) else {
        return false;
    };
    let origin = origin.and_then(|v| v.to_str().ok());
    let origin = origin.and_then(|origin| origin.strip_prefix("https://"));
    match (origin, host(headers, uri)) {
        (Some(origin), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// The authority a request was sent to: `:authority` in HTTP/2, `Host` before it.
#[must_use]
pub fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    uri.authority()
        .map(|authority| authority.as_str())
        .or_else(|| headers.get(header::HOST).and_then(|v| v.to_str().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(origin: &str, host: &str, uri: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        is_own(&headers, &uri.parse().unwrap())
    }

    #[test]
    fn own_and_foreign() {
        assert!(own("https://localhost:8443", "localhost:8443", "/x"));
        assert!(own("https://a", "ignored", "https://a/x"));
        assert!(!own("https://localhost:9000", "localhost:8443", "/x"));
        assert!(!own("http://localhost:8443", "localhost:8443", "/x"));
        assert!(!own("null", "localhost:8443", "/x"));
        assert!(!is_own(&HeaderMap::new(), &"/x".parse().unwrap()));
        let mut two = HeaderMap::new();
        two.insert(header::HOST, "a".parse().unwrap());
        two.append(header::ORIGIN, "https://a".parse().unwrap());
        assert!(is_own(&two, &"/x".parse().unwrap()));
        two.append(header::ORIGIN, "https://b".parse().unwrap());
        assert!(!is_own(&two, &"/x".parse().unwrap()));
    }
}
