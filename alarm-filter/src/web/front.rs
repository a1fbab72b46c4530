//! What every request passes: which host was meant, how large the head is, how long it may take, what browsers may do with
//! the answer, and the count of it.

use super::problem::Problem;
use super::{WebConfig, WebState};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// How long a request may take, its body and the commit included.
const AT_MOST: Duration = Duration::from_secs(30);
/// How long an answer waits for the view of the seq that it was asked for with.
const AS_NEW: Duration = Duration::from_secs(1);
/// Largest head: address and header fields together.
const HEAD: usize = 16 << 10;

/// Sent with every answer. Nothing may be loaded from elsewhere, only the program's own script runs, nobody may frame it.
const GUARDS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // Not `no-referrer`: with that, browsers say of our own forms that they come from nowhere (Origin: null).
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The way in and out of every request.
pub(super) async fn front(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match refuse(&request, &state.config()) {
        Some(problem) if super::pages::wants_json(request.uri(), request.headers()) => problem.into_response(),
        Some(problem) => super::pages::problem(&state, &problem),
        None => {
            if let Some(seq) = asked_with(&request) {
                let mut view = state.view.clone();
                // Later than that it is answered from what there is; the answer says its own seq.
                let _late = tokio::time::timeout(AS_NEW, view.wait_for(|v| v.seq >= seq)).await;
            }
            match tokio::time::timeout(AT_MOST, next.run(request)).await {
                Ok(response) => response,
                Err(_) => too_slow().into_response(),
            }
        }
    };
    let headers = response.headers_mut();
    for (name, value) in GUARDS {
        headers.insert(name, value);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let route = route.as_ref().map_or("other", |r| r.as_str());
    state.metrics.answered(method, route, response.status().as_u16());
    response
}

/// `?seq=N`: whoever was told that something is stored as N sees it, though a new view is shown every 50 ms only.
fn asked_with(request: &Request) -> Option<u64> {
    if *request.method() != Method::GET {
        return None;
    }
    request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix("seq=")?.parse().ok())
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "Took too long",
        "no answer within 30 s; what was handed in may or may not be stored: repeat it with the same sequence numbers",
    )
    .retry_after(5)
}

fn refuse(request: &Request, config: &WebConfig) -> Option<Problem> {
    let size = |h: &HeaderMap| h.iter().map(|(n, v)| n.as_str().len() + v.len() + 4).sum::<usize>();
    let address = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    if address + size(request.headers()) > HEAD {
        let detail = format!("address and header fields together are larger than {} KiB; shorten them", HEAD >> 10);
        return Some(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Head too large", detail));
    }
    let misdirected = |host: &str| {
        let detail = format!(
            "the host '{}' is not one that this daemon answers to; add it to allowed_hosts under [web] if it is yours",
            super::visible::clipped(host, 100)
        );
        Problem::new(StatusCode::MISDIRECTED_REQUEST, "Unknown host", detail)
    };
    let Some(host) = host_of(request) else {
        let detail = "the request names no host, or more than one; send one Host header field";
        return Some(Problem::new(StatusCode::BAD_REQUEST, "No host", detail));
    };
    if !allowed(host, config) || request.uri().host().is_some_and(|h| !allowed(h, config)) {
        return Some(misdirected(host));
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return None;
    }
    forged(request.headers(), host, config)
}

fn host_of(request: &Request) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

/// Against pages of others that have their name resolve to this machine (DNS rebinding): only known names are answered.
fn allowed(host: &str, config: &WebConfig) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((inner, port)) if port.is_empty() || port.starts_with(':') => return inner == "::1",
            _ => return false,
        },
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    matches!(name, "127.0.0.1")
        || name.eq_ignore_ascii_case("localhost")
        || config.allowed_hosts.contains(name)
        || config.allowed_hosts.contains(&name.to_ascii_lowercase())
}

/// Against pages of others that have a browser send something in its user's name.
fn forged(headers: &HeaderMap, host: &str, config: &WebConfig) -> Option<Problem> {
    let refused = |what: String| {
        let detail = format!(
            "{what}; only requests from this daemon's own pages and from programs are taken (a web \
             server before it has to hand on the Host that the browser named)"
        );
        Some(Problem::new(StatusCode::FORBIDDEN, "Sent from another site", detail))
    };
    if let Some(site) = headers.get("sec-fetch-site")
        && !matches!(site.as_bytes(), b"same-origin" | b"none")
    {
        return refused("Sec-Fetch-Site says that another site sent it".to_owned());
    }
    let origin = headers.get(header::ORIGIN)?.to_str().unwrap_or("");
    let from = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    match from {
        Some(from) if from.eq_ignore_ascii_case(host) && allowed(from, config) => None,
        _ => refused(format!("its Origin is '{}'", super::visible::clipped(origin, 100))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_hosts() {
        let mut c = WebConfig::default();
        for good in ["localhost", "LOCALHOST:8620", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8620", "localhost."] {
            assert!(allowed(good, &c), "{good}");
        }
        for bad in ["", "evil.example", "127.0.0.1.evil.example", "[::1].evil", "[::2]", "localhost.evil:80", "[::1"] {
            assert!(!allowed(bad, &c), "{bad}");
        }
        c.allowed_hosts.insert("rod.example.org".into());
        assert!(allowed("ROD.example.org:443", &c) && !allowed("x.rod.example.org", &c));
    }
}
