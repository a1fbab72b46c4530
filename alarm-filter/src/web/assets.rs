//! The style sheet (of the parts in `static/css/`, one after another), the script and the icon, compiled in. Their addresses carry a hash of their content, so that browsers may keep them
//! for ever and never show an old one.

use super::WebState;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

const STYLE: &[u8] = concat!(
    include_str!("../../static/css/base.css"),
    include_str!("../../static/css/board.css"),
    include_str!("../../static/css/site.css"),
    include_str!("../../static/css/act.css"),
)
.as_bytes();
const SCRIPT: &[u8] = include_bytes!("../../static/board.js");
const ICON: &[u8] = include_bytes!("../../static/icon.svg");

/// The style sheet's address.
pub(super) static STYLE_URL: LazyLock<String> = LazyLock::new(|| format!("/static/app-{}.css", hash(STYLE)));
/// The script's address.
pub(super) static SCRIPT_URL: LazyLock<String> = LazyLock::new(|| format!("/static/board-{}.js", hash(SCRIPT)));
/// The icon's address.
pub(super) static ICON_URL: LazyLock<String> = LazyLock::new(|| format!("/static/icon-{}.svg", hash(ICON)));

fn hash(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(16);
    for byte in Sha256::digest(bytes).iter().take(8) {
        // Writing into a String cannot fail.
        let _fits = write!(text, "{byte:02x}");
    }
    text
}

/// A file of the program's own.
pub(super) async fn file(state: State<WebState>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    const FOR_EVER: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    let is = |url: &str| url.strip_prefix("/static/") == Some(&*name);
    if is(&STYLE_URL) {
        return ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), FOR_EVER], STYLE).into_response();
    }
    if is(&SCRIPT_URL) {
        return ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), FOR_EVER], SCRIPT).into_response();
    }
    if is(&ICON_URL) {
        return ([(header::CONTENT_TYPE, "image/svg+xml"), FOR_EVER], ICON).into_response();
    }
    super::pages::not_found(state, uri, headers).await
}

/// For browsers that ask for it without having been told where it is.
pub(super) async fn icon() -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, ICON_URL.as_str())]).into_response()
}
