//! Where the browser goes after an action: to a page of ours, never to another place that somebody wrote into a form.

/// Longest address.
const LONGEST: usize = 4096;
/// Every page that somebody can act from: the whole path, or its beginning when that ends in `/`.
const PAGES: [&str; 9] =
    ["/", "/alarms/", "/sites", "/sites/", "/metric/", "/availability", "/trail", "/sources", "/audit"];

/// An address of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Back {
    path: String,
    /// Without what is put there anew each time.
    query: Vec<String>,
    /// The place on the page.
    fragment: Option<String>,
}

impl Back {
    /// The board.
    pub(super) fn board() -> Self {
        Back { path: "/".to_owned(), query: Vec::new(), fragment: None }
    }

    /// The board with this filter, as it stands in an address.
    pub(super) fn filtered(query: &str) -> Self {
        Self::read(&format!("/?{query}")).unwrap_or_else(Self::board)
    }

    /// What a form says, if that is a page of ours.
    pub(super) fn read(address: &str) -> Option<Self> {
        let plain = |b: u8| matches!(b, 0x21..=0x7e) && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`');
        if address.len() > LONGEST || !address.bytes().all(plain) {
            return None;
        }
        let (address, fragment) = match address.split_once('#') {
            Some((address, fragment)) => (address, Some(fragment.to_owned())),
            None => (address, None),
        };
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let page = |p: &str| p == path || (p.len() > 1 && p.ends_with('/') && path.starts_with(p));
        let steps = || path.split('/').any(|step| matches!(step, "." | ".."));
        if !PAGES.iter().any(|p| page(p)) || path.contains("//") || steps() {
            return None;
        }
        let lasting = |pair: &&str| !pair.is_empty() && !pair.starts_with("seq=") && !pair.starts_with("flash=");
        let query = query.split('&').filter(lasting).map(str::to_owned).collect();
        Some(Back { path: path.to_owned(), query, fragment })
    }

    /// The address as it was.
    pub(super) fn address(&self) -> String {
        self.with(&[])
    }

    /// The address of the page that shows what became of it.
    pub(super) fn showing(&self, seq: u64, flash: Option<&str>) -> String {
        let seq = (seq > 0).then(|| format!("seq={seq}"));
        let more: Vec<String> = seq.into_iter().chain(flash.map(|key| format!("flash={key}"))).collect();
        self.with(&more)
    }

    fn with(&self, more: &[String]) -> String {
        let query: Vec<&str> = self.query.iter().chain(more).map(String::as_str).collect();
        let mut address = self.path.clone();
        if !query.is_empty() {
            address.push('?');
            address.push_str(&query.join("&"));
        }
        if let Some(fragment) = &self.fragment {
            address.push('#');
            address.push_str(fragment);
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours() {
        for good in [
            "/",
            "/?state=good&site=SITE-*&page=2",
            "/alarms/0123456789abcdef",
            "/sites",
            "/sites/SITE%20A",
            "/trail?who=ana#r7",
        ] {
            assert_eq!(Back::read(good).map(|b| b.address()).as_deref(), Some(good));
        }
        for bad in [
            "",
            "//evil.example/",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "evil",
            "/act/switch-off",
            "/api/v1/alarms",
            "/static/x",
            "/alarms/../act/note",
            "/alarms//evil.example",
            "/alarms/x\r\nSet-Cookie: a=b",
            "/?q=\u{e9}",
            "/?q=<b>",
            "/sitesX",
        ] {
            assert_eq!(Back::read(bad), None, "{bad:?}");
        }
        assert_eq!(Back::read(&format!("/?q={}", "x".repeat(LONGEST))), None);
    }

    #[test]
    fn what_became_of_it_is_shown_once() {
        let back = Back::read("/?state=good&seq=3&flash=00ff&page=2#a1").unwrap();
        assert_eq!(back.address(), "/?state=good&page=2#a1");
        assert_eq!(back.showing(77, Some("abcd")), "/?state=good&page=2&seq=77&flash=abcd#a1");
        assert_eq!(Back::board().showing(0, None), "/");
        assert_eq!(Back::filtered("q=a+b").address(), "/?q=a+b");
        assert_eq!(Back::filtered("q=a b").address(), "/", "what no address can hold is left out");
    }
}
