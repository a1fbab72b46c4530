//! Against a real socket on the loopback.

use super::super::testserver::{Reply, Server, ok, status};
use super::*;
use std::time::Duration;

fn site(name: u64) -> String {
    format!(
        "<SITE PRIMARY_KEY=\"{name}G0\"><SHORT_NAME>S{name}</SHORT_NAME><ROC>N</ROC>\
         <CERTIFICATION_STATUS>Certified</CERTIFICATION_STATUS></SITE>"
    )
}

/// A page as GOCDB renders it: `next` on every page with rows.
fn page(first: u64, count: u64) -> String {
    let rows: String = (first..first + count).map(site).collect();
    let next = if count == 0 {
        String::new()
    } else {
        // A host that nobody reaches: only the cursor counts.
        format!(
            "<link rel=\"next\" href=\"http://inside.invalid/?method=get_site&amp;next_cursor={}\"/>",
            first + count - 1
        )
    };
    format!("<results><meta>{next}<count>{count}</count><max_page_size>2</max_page_size></meta>{rows}</results>")
}

fn fetcher(source: SourceConfig) -> Fetcher {
    Fetcher::new(Method::GetSite, &source).unwrap().0
}

fn paged(server: &Server) -> Fetcher {
    let mut source = SourceConfig::new(server.url("/gocdbpi/?method=get_site&next_cursor=77&scope="));
    source.paging = true;
    fetcher(source)
}

fn fetch(server: &Server) -> Result<Fetched, AnswerError> {
    fetcher(SourceConfig::new(server.url("/?method=get_site"))).fetch(&Validators::default())
}

fn line(result: Result<Fetched, AnswerError>) -> String {
    let line = result.unwrap_err().to_string();
    assert!(line.starts_with("get_site from ") && !line.contains('\n'), "{line}");
    line
}

fn rows(fetcher: &Fetcher, fetched: Fetched) -> u64 {
    match fetched {
        Fetched::Answer { pages, .. } => fetcher.read(&pages).unwrap().seen(),
        Fetched::NotModified => panic!("not modified"),
    }
}

#[test]
fn follows_the_pages_to_the_one_with_count_0() {
    let server = Server::new(|r| match r.cursor() {
        Some(0) => ok(page(1, 2)),
        Some(2) => ok(page(3, 2)),
        Some(4) => ok(page(5, 1)),
        _ => ok(page(0, 0)),
    });
    let f = paged(&server);
    assert_eq!(rows(&f, f.fetch(&Validators::default()).unwrap()), 5);
    let asked: Vec<String> = server.seen.lock().unwrap().iter().map(|r| r.target.clone()).collect();
    assert_eq!(asked[1], "/gocdbpi/?method=get_site&scope=&next_cursor=2", "the other parameters stay");
    assert_eq!(asked.len(), 4, "the last page with rows has a next link too");
}

#[test]
fn one_bad_page_discards_all() {
    for bad in [status(500, "<h1>Internal Server Error</h1>"), ok("<html><title>Login</title>"), ok(&page(3, 2)[..150])]
    {
        let server = Server::new(move |r| if r.cursor() == Some(0) { ok(page(1, 2)) } else { bad.clone() });
        let text = line(paged(&server).fetch(&Validators::default()));
        assert!(text.contains("next_cursor=2"), "the bad page is named: {text}");
    }
}

#[test]
fn pages_that_lead_nowhere_end() {
    let server = Server::new(|_| ok(page(1, 2)));
    assert!(line(paged(&server).fetch(&Validators::default())).contains("does not lead on"));
    let server = Server::new(|r| ok(page(r.cursor().unwrap() + 1, 50)));
    let mut source = SourceConfig::new(server.url("/"));
    (source.paging, source.max_bytes) = (true, 20_000);
    assert!(line(fetcher(source).fetch(&Validators::default())).contains("longer than 20000 bytes"));
}

#[test]
fn an_empty_first_page_is_an_answer_and_a_server_without_paging_gives_all() {
    let server = Server::new(|_| ok(page(0, 0)));
    let f = paged(&server);
    assert_eq!(rows(&f, f.fetch(&Validators::default()).unwrap()), 0);
    let server = Server::new(|_| ok(format!("<results>{}{}</results>", site(1), site(2))));
    let f = paged(&server);
    assert_eq!(rows(&f, f.fetch(&Validators::default()).unwrap()), 2);
}

#[test]
fn one_page_is_not_taken_for_the_whole() {
    let server = Server::new(|_| ok(page(1, 2)));
    assert!(line(fetch(&server)).contains("set paging = true"));
}

#[test]
fn asks_conditionally_and_understands_304() {
    let server = Server::new(|r| {
        if r.headers.get("if-none-match").map(String::as_str) == Some("\"7\"")
            && r.headers.contains_key("if-modified-since")
        {
            status(304, "")
        } else {
            let mut reply = ok(format!("<results>{}</results>", site(1)));
            reply.headers = vec![("ETag", "\"7\"".into()), ("Last-Modified", "Sun, 22 Nov 2026 03:52:31 GMT".into())];
            reply
        }
    });
    let f = fetcher(SourceConfig::new(server.url("/")));
    let Fetched::Answer { validators, .. } = f.fetch(&Validators::default()).unwrap() else { panic!("no answer") };
    assert_eq!(validators.etag.as_deref(), Some("\"7\""));
    assert_eq!(f.fetch(&validators).unwrap(), Fetched::NotModified);
    let server = Server::new(|_| status(304, ""));
    assert!(line(fetch(&server)).contains("304"), "not asked conditionally");
}

#[test]
fn says_what_went_wrong_and_what_to_do() {
    let said = |reply: Reply| line(fetch(&Server::new(move |_| reply.clone())));
    assert!(said(ok("<!DOCTYPE html><title>SSO</title>")).contains("web page (\"SSO\")"));
    let text = said(status(500, "<html><h1>Internal  error</h1>\n<p>x"));
    assert!(text.contains("500 \"Internal  error\"; GOCDB's own fault"), "{text}");
    assert!(said(status(403, "")).contains("certificate"));
    assert!(said(status(404, "")).contains("correct the address"));
    assert!(said(ok("")).contains("empty"));
    assert!(said(ok("Parameter xx not supported")).contains("check the method"));
    let broken = Reply { claim: Some(500), ..ok("<results>") };
    assert!(said(broken).contains("answer"), "a connection that breaks off");
}

#[test]
fn redirects_are_followed_a_few_times() {
    let server = Server::new(|r| match r.target.as_str() {
        "/moved" => ok(format!("<results>{}</results>", site(1))),
        "/?method=get_site" => Reply { headers: vec![("Location", "/moved".into())], ..status(301, "") },
        _ => Reply { headers: vec![("Location", "/again".into())], ..status(302, "") },
    });
    assert!(fetch(&server).is_ok());
    let f = fetcher(SourceConfig::new(server.url("/again")));
    assert!(line(f.fetch(&Validators::default())).contains("circles"));
    let server = Server::new(|r| match r.target.as_str() {
        "/login" => ok("<html><title>Login</title>"),
        _ => Reply { headers: vec![("Location", "/login".into())], ..status(302, "") },
    });
    assert!(line(fetch(&server)).contains("Login"));
}

#[test]
fn a_slow_answer_and_a_long_one_end() {
    let server =
        Server::new(|_| Reply { delay: Duration::from_millis(1500), ..ok(format!("<results>{}</results>", site(1))) });
    let mut source = SourceConfig::new(server.url("/"));
    source.timeout_seconds = 1;
    assert!(line(fetcher(source).fetch(&Validators::default())).contains("within 1 s"));
    let server = Server::new(|_| ok("<results>".to_owned() + &" ".repeat(100_000)));
    let mut source = SourceConfig::new(server.url("/"));
    source.max_bytes = 1000;
    assert!(line(fetcher(source).fetch(&Validators::default())).contains("longer than 1000 bytes"));
}

#[test]
fn nobody_there() {
    let address = Server::new(|_| ok("")).url("/");
    assert!(
        line(fetcher(SourceConfig::new(address)).fetch(&Validators::default())).contains("check that the server is up")
    );
    let f = fetcher(SourceConfig::new("/nonexistent/get_site.xml"));
    assert!(line(f.fetch(&Validators::default())).contains("there is none; correct the path"));
}

#[test]
fn a_gzipped_answer_counts_by_what_it_unpacks_to() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(b"<results>").unwrap();
    packed.write_all(&vec![b' '; 10 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 20_000);
    let server =
        Server::new(move |_| Reply { headers: vec![("Content-Encoding", "gzip".into())], ..ok(packed.clone()) });
    let mut source = SourceConfig::new(server.url("/"));
    source.max_bytes = 1 << 20;
    assert!(line(fetcher(source).fetch(&Validators::default())).contains("longer than 1048576 bytes"));
}
