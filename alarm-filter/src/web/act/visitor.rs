//! Who looks at a page, in which browser: every request is asked, so that pages can write forms that only that browser can
//! send, and answers can be shown to nobody else.

use super::super::WebState;
use super::back::Back;
use super::flash::{Flash, Flashes};
use super::secret::{Browser, Secret, random};
use super::who::{Unknown, who};
use alarm_core::input::Text;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use std::convert::Infallible;
use std::sync::Arc;

/// The cookie's name.
const COOKIE: &str = "gridward_form";

/// Where monitors hand in what they see, thousands of times a second: no browser does, and nobody acts there.
const OBSERVATIONS: &str = "/api/v1/observations";

/// What acting needs from one request to the next.
#[derive(Debug)]
pub struct Acts {
    /// `None`: the system had no randomness to give, and nothing can be done here.
    pub(super) secret: Option<Secret>,
    flashes: Flashes,
}

impl Default for Acts {
    fn default() -> Self {
        Acts { secret: Secret::new(), flashes: Flashes::default() }
    }
}

/// Whoever sent a request.
#[derive(Clone, Debug)]
pub(in crate::web) struct Visitor {
    /// Who acts, or why that is not known.
    pub(in crate::web) who: Result<Text, Unknown>,
    /// What forms carry in the field `token`; empty: there is no randomness, and no form is taken.
    pub(in crate::web) token: String,
    /// What became of what was done before, when the address says that this is to be shown.
    pub(in crate::web) flash: Option<Arc<Flash>>,
    /// The page that was asked for, for forms that come back to it.
    pub(in crate::web) here: String,
    browser: Option<Browser>,
}

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Forged {
    /// The browser sent no cookie of ours.
    #[error(
        "the browser sent no cookie with this form: it comes from another site, or cookies are switched off for this one; \
         load the page anew, and allow its cookie"
    )]
    NoCookie,
    /// The form was written for another browser or operator, or before the last start.
    #[error(
        "this form was not written for this browser and this operator, or it was loaded before the program was started \
         anew; load the page anew and repeat"
    )]
    NotOurs,
}

impl Visitor {
    fn of(headers: &HeaderMap, uri: &Uri, state: &WebState) -> (Visitor, bool) {
        let known = cookie(headers);
        let fresh = known.is_none();
        let browser = known.or_else(Browser::new);
        let who = who(headers, &state.config().operators);
        let name = who.as_deref().unwrap_or_default();
        let token = match (&state.acts.secret, &browser) {
            (Some(secret), Some(browser)) => secret.token(browser, name),
            _ => String::new(),
        };
        let here = uri.path_and_query().and_then(|p| Back::read(p.as_str())).unwrap_or_else(Back::board).address();
        let key = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("flash="));
        let find = |(key, browser): (&str, &Browser)| state.acts.flashes.find(browser, key, state.now());
        let flash = key.zip(browser.as_ref()).and_then(find);
        (Visitor { who, token, flash, here, browser }, fresh)
    }

    /// A key for a form: the same form sent twice is carried out once.
    pub(in crate::web) fn form_key() -> String {
        // Without one a second click is a second command, which the version of each alarm refuses.
        random::<16>().unwrap_or_default()
    }

    /// Whether a form with this token is this browser's and this operator's own.
    pub(super) fn check(&self, state: &WebState, headers: &HeaderMap, token: &str) -> Result<(), Forged> {
        // The cookie that this request came with, not one that was made for the answer.
        let browser = cookie(headers).ok_or(Forged::NoCookie)?;
        let name = self.who.as_deref().unwrap_or_default();
        match &state.acts.secret {
            Some(secret) if secret.is_token(token, &browser, name) => Ok(()),
            _ => Err(Forged::NotOurs),
        }
    }

    /// Keeps what is to be shown on the next page; gives back its key.
    pub(super) fn remember(&self, state: &WebState, flash: Flash) -> Option<String> {
        state.acts.flashes.keep(self.browser.as_ref()?, flash)
    }
}

/// The one cookie of ours; of two, nobody knows which is.
fn cookie(headers: &HeaderMap) -> Option<Browser> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut ours =
        all.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('=')).filter(|p| p.0 == COOKIE);
    match (ours.next(), ours.next()) {
        (Some((_, value)), None) => Browser::read(value.trim()),
        _ => None,
    }
}

/// Looks who sent a request; a browser that was not seen before gets its cookie with the first page.
pub(in crate::web) async fn know(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    if request.uri().path() == OBSERVATIONS {
        return next.run(request).await;
    }
    let (visitor, fresh) = Visitor::of(request.headers(), request.uri(), &state);
    let browser = visitor.browser.clone().filter(|_| fresh);
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    let html = response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    if let Some(browser) = browser.filter(|_| html)
        && let Ok(value) =
            HeaderValue::try_from(format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", browser.value()))
    {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

impl FromRequestParts<WebState> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Visitor>().cloned();
        let look = || Visitor::of(&parts.headers, &parts.uri, state).0;
        Ok(known.unwrap_or_else(look))
    }
}
