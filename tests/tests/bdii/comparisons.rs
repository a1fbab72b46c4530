//! Against GOCDB, against the last run, and a verdict for every site.

use crate::{clean, told};
use e2e::bdii::fake::serve;
use e2e::bdii::{Content, Slapd, check_with};
use e2e::fail::ensure;
use e2e::filter::Filter;
use e2e::fleet::{Fleet, Host, Service};
use e2e::interface::Setup;
use e2e::nagios::{Nagios, Options};
use e2e::process::Process;
use e2e::{Fail, Result, wait};
use std::fs::read_to_string;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn without(content: &Content, host: &str) -> Content {
    let mut changed = content.clone();
    changed.registered.retain(|[known, ..]| !known.starts_with(host));
    changed
}

#[test]
fn what_is_published_and_not_registered_is_told_once_a_host() -> Result {
    let content = clean(3);
    let slapd = Slapd::start(&content, "")?;
    let gocdb = slapd.write("gocdb.xml", &without(&content, "ce01.site001").gocdb())?;
    let report = slapd.file("report.json").display().to_string();
    let (answer, found) = slapd.findings(&["--gocdb", &gocdb, "--gocdb-report", &report])?;
    let of_goc: Vec<_> = found.iter().filter(|one| one.id.starts_with("service.")).collect();
    ensure(answer.code == 2 && of_goc.len() == 1, || told(&answer))?;
    ensure(of_goc[0].detail == "ce01.site001.example.net (org.opensciencegrid.htcondorce) is not registered", || {
        format!("{of_goc:?}")
    })?;
    let text = read_to_string(&report).map_err(Fail::at(&report))?;
    let document: serde_json::Value = serde_json::from_str(&text).map_err(Fail::at(&report))?;
    let one = &document["differences"][0];
    ensure(
        one["what"] == "not-registered" && one["site"] == "GW-SITE-001" && one["host"] == "ce01.site001.example.net",
        || text,
    )
}

#[test]
fn al9_what_is_published_and_not_registered_stands_on_the_alarm_filters_pages() -> Result {
    let content = clean(3);
    let slapd = Slapd::start(&content, "")?;
    let gocdb = slapd.write("gocdb.xml", &without(&content, "ce01.site001").gocdb())?;
    let report = slapd.file("report.json").display().to_string();
    let tables = format!("[topology]\nget_service_endpoint = {{ source = {gocdb:?} }}\npublished = [{report:?}]\n");
    let mut filter = Filter::start(Setup { tables, ..Setup::posted_by("cron") })?;
    filter.until_ready()?;
    let sources = filter.get("/sources")?.good()?.text();
    ensure(sources.contains("never read") && sources.contains("report.json: No such file"), || sources)?;
    slapd.check(&["--gocdb", &gocdb, "--gocdb-report", &report])?;
    let found: serde_json::Value =
        serde_json::from_str(&filter.get("/api/v1/differences?site=gw-site-001")?.good()?.text())
            .map_err(Fail::at("differences"))?;
    let one = &found["files"][0]["differences"][0];
    ensure(one["host"] == "ce01.site001.example.net" && one["what"] == "not-registered", || found.to_string())?;
    let site = filter.get("/sites/GW-SITE-001")?.good()?.text();
    let words = "ce01.site001.example.net (org.opensciencegrid.htcondorce) is not registered<br>recommended: take it out of the site BDII";
    ensure(site.contains(words), || site)?;
    let other = filter.get("/sites/GW-SITE-002")?.good()?.text();
    ensure(!other.contains("id=\"published\""), || other)?;
    let sources = filter.get("/sources")?.good()?.text();
    let words = format!("127.0.0.1:{}</dt>", slapd.port);
    ensure(sources.contains(&words) && sources.contains("/sites/GW-SITE-001#published"), || sources)?;
    // What stands in it comes from sites: it is shown and never acts, and what it said stays when it breaks.
    let text = read_to_string(&report).map_err(Fail::at(&report))?;
    slapd.write("report.json", &text.replace("is not registered", "<script>alert(1)</script>"))?;
    let site = filter.get("/sites/GW-SITE-001")?.good()?.text();
    ensure(site.contains("&#60;script&#62;alert(1)") && !site.contains("<script>alert"), || site)?;
    slapd.write("report.json", "<html>")?;
    let sources = filter.get("/sources")?.good()?.text();
    ensure(sources.contains("not what check_bdii --gocdb-report writes") && sources.contains("1 difference,"), || {
        sources
    })
}

#[test]
fn the_flags_of_gocdb_count() -> Result {
    let content = clean(3);
    let slapd = Slapd::start(&content, "")?;
    // Registered at the right site, but: not in production; moved to another site; more that nobody publishes.
    let mut changed = content.clone();
    for [host, kind, site] in &mut changed.registered {
        if host.starts_with("ce01.site000") {
            kind.push_str("|NY");
        }
        if host.starts_with("se01.site001") {
            *site = "GW-SITE-002".to_owned();
        }
    }
    for (host, kind) in
        [("lost-a", "SRM|YY"), ("lost-b", "SRM|YN"), ("lost-c", "SRM|NY"), ("lost-d", "eu.egi.cloud.accounting|YY")]
    {
        changed.registered.push([format!("{host}.example.net"), kind.to_owned(), "GW-SITE-002".to_owned()]);
    }
    changed.registered.push(["bdii.other.example.net".to_owned(), "Site-BDII|YY".to_owned(), "GW-OTHER".to_owned()]);
    let gocdb = slapd.write("gocdb.xml", &changed.gocdb())?;
    let (answer, found) = slapd.findings(&["--gocdb", &gocdb])?;
    let told_of: Vec<String> = found
        .iter()
        .filter(|one| one.id.starts_with("service.") || one.id == "GW009")
        .map(|one| format!("{} {} {}", one.severity, one.id, one.detail))
        .collect();
    let mut told_of: Vec<&str> = told_of.iter().map(String::as_str).collect();
    told_of.sort_unstable();
    let expected = [
        "error service.published lost-a.example.net (SRM) is registered and in production, and nobody publishes it",
        "error service.registered se01.site001.example.net (SRM) is registered at GW-SITE-002",
        "info service.published lost-b.example.net (SRM) is registered and in production, and nobody publishes it",
        "warning GW009 GW-OTHER has bdii.other.example.net in GOCDB and is not in this BDII",
        "warning service.production ce01.site000.example.net (org.opensciencegrid.htcondorce) is registered as not in production",
    ];
    ensure(told_of == expected, || format!("{told_of:#?}\n{}", told(&answer)))
}

#[test]
fn the_file_of_one_region_says_nothing_of_the_sites_of_others() -> Result {
    let content = clean(3);
    let slapd = Slapd::start(&content, "")?;
    let mut region = content.clone();
    region.registered.retain(|[.., site]| site == "GW-SITE-001");
    let gocdb = slapd.write("gocdb.xml", &region.gocdb())?;
    let (answer, found) = slapd.findings(&["--gocdb", &gocdb])?;
    let sites: Vec<&str> = found.iter().filter(|one| one.id == "GW010").map(|one| one.site.as_str()).collect();
    ensure(answer.code == 0 && sites == ["GW-SITE-000", "GW-SITE-002"], || format!("{sites:?} {}", told(&answer)))
}

#[test]
fn a_gocdb_file_that_cannot_be_used_is_unknown_and_the_bdii_is_judged_all_the_same() -> Result {
    let slapd = Slapd::start(&clean(1), "")?;
    for (text, said) in [
        ("<results></results>", "it has no service in it"),
        ("<html><body>Please log in</body></html>", "this is no answer of GOCDB"),
        ("<results><SERVICE_ENDPOINT>", "the file ends in the middle"),
    ] {
        let gocdb = slapd.write("gocdb.xml", text)?;
        let answer = slapd.check(&["--gocdb", &gocdb])?;
        ensure(answer.code == 3 && answer.first().contains(said) && answer.first().contains("entries="), || {
            told(&answer)
        })?;
    }
    let answer = slapd.check(&["--gocdb", "/no/such/file"])?;
    ensure(answer.code == 3 && answer.first().contains("/no/such/file cannot be read"), || told(&answer))
}

#[test]
fn gocdb_is_asked_by_url_and_its_last_good_copy_stays_in_force() -> Result {
    let content = clean(3);
    let slapd = Slapd::start(&content, "")?;
    let (document, asked) = (without(&content, "ce01.site001").gocdb(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&asked);
    let port = serve(move |stream| {
        let mut request = [0; 4096];
        let _request = stream.read(&mut request)?;
        // The first time it answers; then it is out of order.
        if counter.fetch_add(1, Ordering::SeqCst) == 0 {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{document}", document.len())
        } else {
            write!(stream, "HTTP/1.1 503 Service Unavailable\r\n\r\n")
        }
    })?;
    let url = format!("http://127.0.0.1:{port}/gocdbpi/public/?method=get_service");
    let cache = slapd.file("gocdb.cache").display().to_string();
    let options = ["--gocdb", &url, "--gocdb-cache", &cache, "-v"];
    let fault = "published, and not registered in GOCDB at this site (service.registered)";
    for _ in 0..2 {
        let answer = slapd.check(&options)?;
        ensure(answer.code == 2 && answer.first().contains(fault), || told(&answer))?;
        ensure(asked.load(Ordering::SeqCst) == 1, || "a fresh copy is not asked for again".to_owned())?;
    }
    let answer = slapd.check(&[&options[..], &["--gocdb-refresh", "0"]].concat())?;
    ensure(answer.code == 2 && answer.first().contains(fault), || told(&answer))?;
    ensure(answer.text.contains("answers 503 Service Unavailable, compared with the copy of"), || told(&answer))?;
    let answer = slapd.check(&["--gocdb", &url])?;
    ensure(answer.code == 3 && answer.first().contains("answers 503"), || told(&answer))
}

/// Runs `openssl`; it succeeds.
fn openssl(arguments: &[&str]) -> Result {
    let output = Command::new("openssl").args(arguments).output().map_err(Fail::at("openssl"))?;
    ensure(output.status.success(), || format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn gocdb_over_https_is_believed_with_a_certificate_that_the_machine_trusts() -> Result {
    let content = clean(2);
    let slapd = Slapd::start(&content, "")?;
    let path = |name: &str| slapd.file(name).display().to_string();
    let (key, certificate, folder) = (path("key.pem"), path("cert.pem"), path("www"));
    let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=goc.example.org"];
    let names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", &key, "-out", &certificate];
    openssl(&[&made[..], &names].concat())?;
    std::fs::create_dir(&folder).map_err(Fail::at(&folder))?;
    slapd.write("www/services.xml", &content.gocdb())?;
    slapd.write("www/down.html", "<html><body>down for maintenance</body></html>")?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut server = Command::new("openssl");
    server.args([
        "s_server",
        "-quiet",
        "-WWW",
        "-accept",
        &format!("127.0.0.1:{port}"),
        "-cert",
        &certificate,
        "-key",
        &key,
    ]);
    server.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Process::start("openssl s_server", &mut server)?;
    wait::until_true("s_server to listen", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
    let url = |host: &str, file: &str| format!("https://{host}:{port}/{file}");
    let trusted = [("SSL_CERT_FILE", certificate.as_str())];
    let ask = |url: &str, environment: &[(&str, &str)]| check_with(slapd.port, &["--gocdb", url], environment);
    let answer = ask(&url("localhost", "services.xml"), &trusted)?;
    ensure(answer.code == 0 && answer.first().contains("sites=2"), || told(&answer))?;
    // Nobody vouches for it; it is another's; what it says is no answer of GOCDB.
    let unknown = ask(&url("localhost", "services.xml"), &[("SSL_CERT_FILE", "/dev/null")])?;
    ensure(unknown.code == 3 && unknown.first().contains("no TLS with localhost"), || told(&unknown))?;
    let other = ask(&url("127.0.0.1", "services.xml"), &trusted)?;
    ensure(other.code == 3 && other.first().contains("no TLS with 127.0.0.1"), || told(&other))?;
    let html = ask(&url("localhost", "down.html"), &trusted)?;
    ensure(html.code == 3 && html.first().contains("cannot be used"), || told(&html))?;
    // The BDII is judged all the same.
    ensure([unknown, other, html].iter().all(|answer| answer.first().contains("sites=2")), || "sites".to_owned())
}

#[test]
fn a_gocdb_that_hangs_does_not_keep_the_bdii_from_being_read() -> Result {
    let slapd = Slapd::start(&clean(1), "")?;
    let port = serve(|stream| {
        let mut request = [0; 4096];
        loop {
            let _waits_until_the_client_goes = stream.read(&mut request)?;
            std::thread::sleep(Duration::from_millis(50));
        }
    })?;
    let begun = Instant::now();
    let answer = slapd.check(&["-t", "6", "--gocdb", &format!("http://127.0.0.1:{port}/")])?;
    ensure(begun.elapsed() < Duration::from_secs(6), || format!("took {:?}", begun.elapsed()))?;
    ensure(answer.code == 3 && answer.first().contains("waiting for the server"), || told(&answer))?;
    ensure(answer.first().contains("sites=1"), || told(&answer))
}

#[test]
fn what_has_vanished_since_the_last_run_is_told_until_it_is_back() -> Result {
    let content = clean(3);
    let mut less = content.clone();
    less.glue2.retain(|entry| !entry.dn.contains("myproxy.site001"));
    less.glue1.retain(|entry| !entry.dn.contains("myproxy.site001") && !entry.dn.contains("GW-SITE-002"));
    less.glue2.retain(|entry| !entry.dn.contains("GW-SITE-002"));
    let (whole, part) = (Slapd::start(&content, "")?, Slapd::start(&less, "")?);
    let state = whole.file("state").display().to_string();
    let options = ["--state", state.as_str()];
    let answer = whole.check(&options)?;
    ensure(answer.code == 0 && !answer.first().contains("GW007"), || told(&answer))?;
    for _ in 0..2 {
        let answer = part.check(&options)?;
        ensure(answer.code == 1, || told(&answer))?;
        ensure(answer.first().contains("3 x published at the last run, and now not any more (GW007)"), || {
            told(&answer)
        })?;
        ensure(answer.text.contains("GW-SITE-002: the whole site is gone"), || told(&answer))?;
    }
    let answer = whole.check(&[&options[..], &["-v"]].concat())?;
    ensure(answer.code == 0 && answer.text.contains("services are new"), || told(&answer))?;
    whole.write("state", "gridward-bdii 9 5\n")?;
    let answer = whole.check(&options)?;
    ensure(answer.code == 3 && answer.first().contains("is of version 9"), || told(&answer))?;
    let kept = read_to_string(&state).map_err(Fail::at(&state))?;
    ensure(kept == "gridward-bdii 9 5\n", || "a newer version's file was overwritten".to_owned())
}

#[test]
fn a_sweep_gives_every_site_its_verdict() -> Result {
    let mut content = clean(4);
    for entry in content.glue2.iter_mut().filter(|entry| entry.is("GLUE2Location") && entry.dn.contains("GW-SITE-002"))
    {
        entry.set("GLUE2LocationLatitude", "91");
    }
    for entry in content.glue1.iter_mut().filter(|entry| entry.is("GlueCESEBind") && entry.dn.contains("GW-SITE-003")) {
        entry.set("GlueCESEBindCEUniqueID", "gone.example.net:1/x");
    }
    let slapd = Slapd::start(&content, "")?;
    let gocdb = slapd.write("gocdb.xml", &content.gocdb())?;
    let sweep = slapd.file("sweep.cmd").display().to_string();
    let answer = slapd.check(&["--sweep", &sweep, "--gocdb", &gocdb, "--sweep-service", "org.bdii.Site"])?;
    let text = read_to_string(&sweep).map_err(Fail::at(&sweep))?;
    let records: Vec<String> = text
        .lines()
        .map(|line| line.split(';').take(4).collect::<Vec<_>>().join(";"))
        .map(|line| line.split_once("] ").map_or(String::new(), |(_, rest)| rest.to_owned()))
        .collect();
    let host = |n: usize| format!("bdii-site.site00{n}.example.net");
    let expected: Vec<String> = [0, 0, 2, 1]
        .iter()
        .enumerate()
        .map(|(n, code)| format!("PROCESS_SERVICE_CHECK_RESULT;{};org.bdii.Site;{code}", host(n)))
        .collect();
    ensure(records == expected, || format!("{records:#?}\n{}", told(&answer)))?;
    ensure(text.lines().all(|line| line.len() < 4096), || "a record is too long for the command pipe".to_owned())?;
    ensure(text.contains("error E009 x1 a latitude lies between -90 and 90"), || text.clone())
}

#[test]
fn a_sweep_goes_into_a_real_nagios_and_sites_that_it_lacks_are_named() -> Result {
    let mut content = clean(4);
    for entry in content.glue2.iter_mut().filter(|entry| entry.is("GLUE2Location") && entry.dn.contains("GW-SITE-002"))
    {
        entry.set("GLUE2LocationLatitude", "91");
    }
    let slapd = Slapd::start(&content, "")?;
    let gocdb = slapd.write("gocdb.xml", &content.gocdb())?;
    let host = |n: usize| {
        let service = Service::passive("org.bdii.Site").attempts(1);
        Host::new(&format!("bdii-site.site00{n}.example.net"), &format!("GW-SITE-00{n}"), "Site-BDII", vec![service])
    };
    let nagios = Nagios::start(Fleet::new((0..3).map(host).collect()), Options::default())?;
    let place = format!("nagios:{}", nagios.configuration().display());
    let answer = slapd.check(&["--sweep", &place, "--gocdb", &gocdb])?;
    let lost = "1 of 4 verdicts of sites are lost: bdii-site.site003.example.net/org.bdii.Site";
    ensure(answer.text.contains(lost), || told(&answer))?;
    for (n, state) in ["0", "0", "2"].into_iter().enumerate() {
        let name = format!("bdii-site.site00{n}.example.net");
        wait::until_true(format!("the verdict of {name}"), || {
            let status = nagios.status().ok();
            let block = status.as_ref().and_then(|status| status.service(&name, "org.bdii.Site"));
            Ok(block.is_some_and(|b| b.get("current_state") == state && b.get("plugin_output").starts_with("BDII ")))
        })?;
    }
    Ok(())
}

#[test]
fn a_sweep_over_a_part_knows_of_no_site_that_it_is_well() -> Result {
    let slapd = Slapd::start(&clean(3), "sizelimit 60")?;
    let sweep = slapd.file("sweep.cmd").display().to_string();
    let state = slapd.file("state").display().to_string();
    let answer = slapd.check(&["--sweep", &sweep, "--state", &state])?;
    ensure(answer.code == 3, || told(&answer))?;
    let text = read_to_string(&sweep).map_err(Fail::at(&sweep))?;
    let unknown = text.lines().all(|line| line.contains(";org.bdii.Site;3;BDII UNKNOWN: only a part"));
    ensure(unknown && !text.is_empty(), || text.clone())?;
    // What did not come has not vanished: nothing is remembered of such a run.
    ensure(!slapd.file("state").exists(), || "a part was remembered as if it were all".to_owned())
}
