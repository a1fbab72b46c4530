//! `check-config`: everything that is wrong, each in a line.

use super::{alerts, one_line, with};
use e2e::fail::ensure;
use e2e::filter::Filter;
use e2e::interface::monitor_of_log;
use e2e::place::now;
use e2e::{Fail, Result};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// What `check-config` says of these tables (a `{}` in them is the folder), and whether it is content.
fn check(tables: &str, files: impl Fn(&std::path::Path) -> Result) -> Result<(bool, String)> {
    let place = e2e::place::Place::new("check")?;
    fs::write(place.join("nagios.log"), alerts(&[(now(), "org.example.A", "OK")]))?;
    files(place.path())?;
    let folder = place.path().display().to_string();
    let log = monitor_of_log("nagios", &place.join("nagios.log"), "");
    let filter = Filter::prepare(with(tables.replace("{log}", &log).replace("{}", &folder)))?;
    let (code, out, err) = filter.ran(&["check-config", "--config", "gridward.toml"])?;
    let text = format!("{out}{err}");
    ensure(code.is_some_and(|c| c < 2) && !text.contains("panicked"), || format!("it ended with {code:?}:\n{text}"))?;
    Ok((code == Some(0), text))
}

fn wrong(tables: &str, files: impl Fn(&std::path::Path) -> Result, parts: &[&str]) -> Result {
    let (fine, text) = check(tables, files)?;
    ensure(!fine, || format!("nothing was wrong:\n{text}"))?;
    one_line(&text, &[&["error: "], parts].concat())
}

fn warned(tables: &str, files: impl Fn(&std::path::Path) -> Result, parts: &[&str]) -> Result {
    let (fine, text) = check(tables, files)?;
    ensure(fine, || format!("an error:\n{text}"))?;
    one_line(&text, &[&["warning: "], parts].concat())
}

#[test]
fn slips_in_the_configuration() -> Result {
    wrong(
        "[[montior]]\nname = \"x\"\n",
        |_| Ok(()),
        &["gridward.toml:", "unknown key \"montior\"", "did you mean monitor?"],
    )?;
    wrong("{log}silent_after = 15\n", |_| Ok(()), &["gridward.toml:", "write a length of time in quotes"])?;
    wrong("{log}{log}", |_| Ok(()), &["a second monitor is named \"nagios\""])?;
    wrong("[rules]\nstable_for = \"4 hours\"\n", |_| Ok(()), &["4 hours", "write 90s, 5m, 4h"])
}

#[test]
fn a_folder_of_logs_that_cannot_be_listed() -> Result {
    let close = |folder: &std::path::Path| {
        fs::create_dir(folder.join("logs"))?;
        fs::write(folder.join("logs/nagios.log"), "")?;
        fs::set_permissions(folder.join("logs"), Permissions::from_mode(0o311))?;
        Ok(())
    };
    let table = "[[monitor]]\nname = \"n\"\nlog = \"{}/logs/nagios.log\"\n";
    let (fine, text) = check(table, close)?;
    ensure(fine, || format!("the log itself can be read:\n{text}"))?;
    one_line(&text, &["warning: ", "/logs: ", "may not read it", "with mode 0311", "chmod g+r"])?;
    let archive = "[[monitor]]\nname = \"n\"\nlog = \"{}/nagios.log\"\narchive_dir = \"{}/logs\"\n";
    warned(archive, close, &["archive of logs", "/logs: ", "with mode 0311"])
}

#[test]
fn files_that_hold_something_else() -> Result {
    let html = |folder: &std::path::Path| {
        fs::write(folder.join("page"), "<html><title>Sign in</title></html>\n")?;
        fs::write(folder.join("cut"), "info {\n\tcreated=1\n")?;
        // Opening it would wait for a writer that never comes.
        nix::unistd::mkfifo(&folder.join("pipe"), nix::sys::stat::Mode::S_IRWXU).map_err(Fail::at("a pipe"))?;
        Ok(())
    };
    wrong(
        "[[monitor]]\nname = \"n\"\nlog = \"{}/page\"\n",
        html,
        &["/page", "begins with a time in brackets", "name the log"],
    )?;
    wrong("[[monitor]]\nname = \"n\"\nnagios_cfg = \"{}/page\"\n", html, &["/page:1", "not of the form name=value"])?;
    wrong(
        "[[monitor]]\nname = \"n\"\nnagios_cfg = \"{}/none\"\n",
        html,
        &["/none", "there is none; correct the path"],
    )?;
    warned("{log}status = \"{}/cut\"\n", html, &["/cut is cut off or damaged", "have the monitor write it anew"])?;
    warned("{log}status = \"{}/page\"\n", html, &["/page is not a status.dat", "correct the path"])?;
    warned("{log}objects = \"{}/page\"\n", html, &["/page is not a objects.cache", "correct the path"])?;
    warned(
        "{log}status = \"{}/pipe\"\nobjects = \"{}/pipe\"\n",
        html,
        &["status.dat ", "/pipe: it is a pipe", "name the file"],
    )?;
    wrong("[[monitor]]\nname = \"n\"\nlog = \"{}/pipe\"\n", html, &["/pipe: it is a pipe", "name the file"])?;
    wrong("[[monitor]]\nname = \"n\"\nnagios_cfg = \"{}/pipe\"\n", html, &["/pipe: it is a pipe", "name the file"])?;
    let services = "{log}[topology]\nget_service_endpoint = { source = \"{}/page\" }\n";
    wrong(services, html, &["get_service_endpoint from ", "/page: this is a web page (\"Sign in\")"])
}

#[test]
fn hosts_that_stand_twice_and_services_without_a_site() -> Result {
    let host = "define host {\n\thost_name\tce.example.org\n\t}\n\n";
    let service = "define service {\n\thost_name\tce.example.org\n\tservice_description\torg.example.A\n\t}\n\n";
    let objects = |folder: &std::path::Path| Ok(fs::write(folder.join("objects"), [host, service, host].concat())?);
    let table = "{log}objects = \"{}/objects\"\n";
    warned(table, objects, &["/objects: ce.example.org is defined more than once", "remove the others"])?;
    warned(table, objects, &["/objects: the service org.example.A on ce.example.org: no site", "set _site_name"])?;
    let endpoint = |site: &str| {
        format!(
            "<SERVICE_ENDPOINT PRIMARY_KEY=\"{site}\"><HOSTNAME>ce.example.org</HOSTNAME><SERVICE_TYPE>ARC-CE</SERVICE_TYPE>\
             <SITENAME>{site}</SITENAME><ROC_NAME>NGI</ROC_NAME><IN_PRODUCTION>Y</IN_PRODUCTION><NODE_MONITORED>Y</NODE_MONITORED>\
             </SERVICE_ENDPOINT>"
        )
    };
    let gocdb = |folder: &std::path::Path| {
        Ok(fs::write(folder.join("services"), format!("<results>{}{}</results>", endpoint("A"), endpoint("B")))?)
    };
    let topology = "{log}[topology]\nget_service_endpoint = { source = \"{}/services\" }\n";
    warned(topology, gocdb, &["ARC-CE on ce.example.org is declared as A, B", "taken as one, of site A"])
}

#[test]
fn certificates_that_cannot_be_used() -> Result {
    let table = |more: &str| {
        format!(
            "{{log}}[topology]\n{more}\nget_service_endpoint = {{ source = \"https://localhost:1/?method=get_service_endpoint\" }}\n"
        )
    };
    let files = |folder: &std::path::Path| {
        fs::create_dir(folder.join("anchors"))?;
        fs::write(folder.join("text"), "no certificate\n")?;
        Ok(())
    };
    wrong(&table("ca = \"{}/none\""), files, &["ca ", "/none: there is none; correct the path"])?;
    wrong(&table("ca = \"{}/anchors\""), files, &["/anchors: holds no usable trust anchor"])?;
    wrong(&table("certificate = \"{}/text\"\nkey = \"{}/text\""), files, &["/text: holds no PEM certificate"])?;
    wrong(&table("certificate = \"{}/text\""), files, &["certificate and key come together"])
}
