//! The built web app: files as they are, and its one page for every other address.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

use crate::config::Config;
use crate::http::headers::InlineScripts;
use crate::problem::{Problem, ProblemCode};

/// Where the web app lies, if it was built.
#[derive(Clone, Debug)]
pub struct Files {
    dist: Option<Arc<PathBuf>>,
}

impl Files {
    /// As configured, else `client-web/dist` under the working directory or above the binary.
    #[must_use]
    pub fn find(config: &Config) -> Self {
        let dist = config.web.dist.clone().or_else(|| {
            let above_binary = std::env::current_exe().ok();
            let above_binary = above_binary
                .iter()
                .flat_map(|path| path.ancestors().skip(1).map(ToOwned::to_owned));
            std::env::current_dir()
                .into_iter()
                .chain(above_binary)
                .map(|dir| dir.join("client-web").join("dist"))
                .find(|dir| dir.join("index.html").is_file())
        });
        Self {
            dist: dist.map(Arc::new),
        }
    }

    /// The fallback of the whole router.
    pub fn into_router(self) -> Router {
        Router::new()
            .fallback(serve)
            .layer(CompressionLayer::new())
            .with_state(self)
    }
}

async fn serve(State(files): State<Files>, request: Request) -> Response {
    let path = request.uri().path();
    if ["/api/", "/whip/", "/whep/"]
        .iter()
        .any(|p| path.starts_with(p))
        || path == "/api"
    {
        return Problem::from(ProblemCode::NotFound).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::from(ProblemCode::MethodNotAllowed).into_response();
    }
    let Some(dist) = files.dist else {
        return (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response();
    };
    // Names of built files carry a digest of their content; the page itself and what it always finds by name do not.
    let named_by_content = path.starts_with("/assets/");
    let is_page = path == "/" || path == "/index.html";
    if !is_page {
        let found = ServeDir::new(dist.as_ref())
            .append_index_html_on_directories(false)
            .oneshot(request)
            .await;
        let mut response = match found {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        };
        if response.status() != StatusCode::NOT_FOUND {
            let age = if named_by_content {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            };
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
            return response;
        }
        if named_by_content {
            return Problem::from(ProblemCode::NotFound).into_response();
        }
    }
    page(&dist).await
}

async fn page(dist: &std::path::Path) -> Response {
    match tokio::fs::read_to_string(dist.join("index.html")).await {
        Ok(text) => {
            let scripts = InlineScripts(inline_scripts(&text));
            let mut response = Html(text).into_response();
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response.extensions_mut().insert(scripts);
            response
        }
        Err(error) => {
            tracing::error!(%error, "index.html");
            (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response()
        }
    }
}

/// ` 'sha256-…'` for each inline script: browsers run what our own page says, and nothing that was put into it.
fn inline_scripts(page: &str) -> String {
    let mut sources = String::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("<script") {
        let Some((attributes, after)) = after.split_once('>') else {
            break;
        };
        let Some((script, after)) = after.split_once("</script>") else {
            break;
        };
        if !attributes.contains("src=") && !script.is_empty() {
            let digest = STANDARD.encode(kanjie_evidence::h(&[script.as_bytes()]).0);
            sources.push_str(&format!(" 'sha256-{digest}'"));
        }
        rest = after;
    }
    sources
}

const NOT_BUILT: &str = "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>勘结</title>\
    <h1>网页尚未构建</h1><p>服务器已在运行，但没有找到 <code>client-web/dist</code>。请先运行 <code>make build</code>,\
    或在配置中以 <code>[web] dist</code> 指明其位置，然后重新启动。</p>\
    <p lang=\"en\">The server runs, but the web app is not built: run <code>make build</code>, or name its place with \
    <code>[web] dist</code>, and start again.</p></html>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_inline_scripts() {
        assert_eq!(
            inline_scripts("<script type=module src=\"/a.js\"></script>"),
            ""
        );
        // Known from the specification's own example: CSP Level 3 section 6.7.3.3.
        assert_eq!(
            inline_scripts("<script>alert('Hello, world.');</script>"),
            " 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
    }
}
