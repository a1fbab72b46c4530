//! "Since your last visit" (DE3), without a script and without knowing who reads: a cookie that holds numbers of records
//! and times, nothing else. A visit ends after half an hour without a request; what the next one is compared with is what
//! the board showed last in the one before.

use super::WebState;
use alarm_core::time::{DAY, MINUTE, Millis, SECOND, Timestamp};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// The cookie.
const NAME: &str = "gridward_visit";
/// A visit ends after so long without a request.
const OVER: Millis = 30 * MINUTE;
/// A visit that lies so far back is none to compare with.
const KEPT: Millis = 45 * DAY;
/// Other pages say anew that somebody is there at most so often.
const AGAIN: Millis = MINUTE;

/// What somebody saw, and when.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Visit {
    /// The last record that the board showed.
    pub(super) seq: u64,
    /// When.
    pub(super) at: Timestamp,
}

/// What the cookie says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Visits {
    /// The last board of the visit before; none: this is the first one.
    pub(super) before: Option<Visit>,
    /// The last board of this visit.
    seen: Option<Visit>,
    /// The last request.
    last: Timestamp,
}

impl Visits {
    /// What a request says of earlier ones, at this moment and with this record as the newest.
    pub(super) fn of(headers: &HeaderMap, seq: u64, now: Timestamp) -> Visits {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|c| c.to_str().ok());
        let mut pairs = cookies.flat_map(|c| c.split(';')).filter_map(|c| c.trim().split_once('='));
        let known = pairs.find(|(name, _)| *name == NAME).and_then(|(_, value)| Visits::read(value));
        // Of another journal, or of a clock that was wrong: as good as none.
        let sound = |v: &Option<Visit>| v.is_none_or(|v| v.seq <= seq && v.at <= now && now.since(v.at) < KEPT);
        let mut visits = known.filter(|v| sound(&v.before) && sound(&v.seen) && v.last <= now).unwrap_or_default();
        if now.since(visits.last) >= OVER && visits.seen.is_some() {
            visits.before = visits.seen.take();
        }
        visits
    }

    fn read(value: &str) -> Option<Visits> {
        let mut numbers = value.split('.').map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        let mut visit = || {
            let (seq, at) = (next()?, next()?);
            Some((at > 0).then_some(Visit { seq, at: Timestamp::from_secs(i64::try_from(at).ok()?) }))
        };
        let (before, seen) = (visit()?, visit()?);
        let last = Timestamp::from_secs(i64::try_from(next()?).ok()?);
        Some(Visits { before, seen, last })
    }

    /// The cookie once the board was shown as of `seq`.
    pub(super) fn seen(mut self, seq: u64, now: Timestamp) -> Option<HeaderValue> {
        self.seen = Some(Visit { seq, at: now });
        self.last = now;
        self.write()
    }

    /// The cookie once another page was shown; `None`: the one that is there will do.
    pub(super) fn touched(mut self, now: Timestamp) -> Option<HeaderValue> {
        // Without a board there is nothing to compare with, and no visit to go on.
        if self.seen.is_none() || now.since(self.last) < AGAIN {
            return None;
        }
        self.last = now;
        self.write()
    }

    fn write(&self) -> Option<HeaderValue> {
        let numbers = |v: Option<Visit>| v.map_or((0, 0), |v| (v.seq, v.at.secs()));
        let ((before, before_at), (seen, seen_at)) = (numbers(self.before), numbers(self.seen));
        let (last, age) = (self.last.secs(), KEPT / SECOND);
        let cookie = format!(
            "{NAME}={before}.{before_at}.{seen}.{seen_at}.{last}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"
        );
        HeaderValue::from_str(&cookie).ok()
    }
}

/// Around every page: whoever reads another page is still on the same visit.
pub(super) async fn go_on(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let cookies: HeaderMap =
        request.headers().get_all(header::COOKIE).iter().map(|c| (header::COOKIE, c.clone())).collect();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    if is_page && !headers.contains_key(header::SET_COOKIE) {
        let now = state.now();
        if let Some(cookie) = Visits::of(&cookies, state.view().seq, now).touched(now) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::super::samples::NOW;
    use super::*;

    fn sent(cookie: &HeaderValue) -> HeaderMap {
        let value = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&format!("a=b; {value}; c=d")).unwrap())])
    }

    #[test]
    fn a_visit_ends_after_half_an_hour_without_a_request() {
        let first = Visits::of(&HeaderMap::new(), 10, NOW);
        assert_eq!(first, Visits::default());
        let cookie = first.seen(10, NOW).unwrap();
        assert!(cookie.to_str().unwrap().contains("SameSite=Strict"), "{cookie:?}");
        // The same visit: nothing to compare with yet.
        let later = NOW.plus(29 * MINUTE);
        let cookie = Visits::of(&sent(&cookie), 20, later).seen(20, later).unwrap();
        let later = later.plus(20 * MINUTE);
        assert_eq!(Visits::of(&sent(&cookie), 30, later).before, None);
        // Another page, and its visit goes on, though the board was seen long ago.
        let cookie = Visits::of(&sent(&cookie), 30, later).touched(later).unwrap();
        assert_eq!(Visits::of(&sent(&cookie), 30, later.plus(29 * MINUTE)).before, None);
        // The next visit, for as long as it lasts.
        let seen = Some(Visit { seq: 20, at: NOW.plus(29 * MINUTE) });
        let mut later = later.plus(8 * 60 * MINUTE);
        let mut visits = Visits::of(&sent(&cookie), 90, later);
        for seq in 91..99 {
            assert_eq!(visits.before, seen);
            let cookie = visits.seen(seq, later).unwrap();
            later = later.plus(20 * MINUTE);
            visits = Visits::of(&sent(&cookie), seq, later);
        }
        assert_eq!(visits.before, seen);
    }

    #[test]
    fn what_no_cookie_of_this_journal_says_is_forgotten() {
        let with = |value: &str| {
            let value = HeaderValue::from_str(&format!("{NAME}={value}")).unwrap();
            Visits::of(&HeaderMap::from_iter([(header::COOKIE, value)]), 100, NOW)
        };
        let now = NOW.secs();
        let good = format!("1.{}.50.{}.{}", now - 9000, now - 100, now - 50);
        assert_eq!(with(&good).before.unwrap().seq, 1);
        for bad in
            ["", "1.2.3", "x.1.1.1.1", "-1.0.0.0.0", &good.replace(".50.", ".101."), &format!("1.{}.5.1.1", now + 9)]
        {
            assert_eq!(with(bad), Visits::default(), "{bad}");
        }
        let old = format!("0.0.5.{}.{}", now - 50 * 86_400, now - 50 * 86_400);
        assert_eq!(with(&old), Visits::default());
    }
}
