//! The commands that run once: what they say of bad files, and that they go on where they can.

use super::{alerts, one_line};
use e2e::Result;
use e2e::fail::ensure;
use e2e::filter::Filter;
use e2e::interface::{Setup, episodes};
use e2e::place::now;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// A folder with files of every bad kind.
fn folder() -> Result<Filter> {
    let filter = Filter::prepare(Setup::posted_by("nobody"))?;
    let at = |name: &str| filter.folder().join(name);
    fs::write(at("good.log"), alerts(&[(now() - 60, "org.example.A", "CRITICAL")]))?;
    fs::write(at("garbage"), (0..=255).cycle().take(60_000).collect::<Vec<u8>>())?;
    fs::write(at("empty"), "")?;
    fs::write(at("page.html"), "<!DOCTYPE html><html><title>Sign in</title></html>\n")?;
    fs::write(at("secret.log"), "[1] x\n")?;
    fs::set_permissions(at("secret.log"), Permissions::from_mode(0o000))?;
    fs::create_dir(at("dir"))?;
    fs::create_dir_all(at("answers"))?;
    fs::write(at("answers/get_site.xml"), "<!DOCTYPE html><html><title>Sign in</title></html>\n")?;
    Ok(filter)
}

/// Fails unless the command ends with an error, one line of which says this.
fn refused(filter: &Filter, arguments: &[&str], parts: &[&str]) -> Result {
    let (code, out, err) = filter.ran(arguments)?;
    ensure(code == Some(1), || format!("{arguments:?} ended with {code:?}:\n{out}{err}"))?;
    one_line(&format!("{out}{err}"), parts)
}

#[test]
fn files_that_cannot_be_read_are_named_with_what_to_do() -> Result {
    let filter = folder()?;
    let profile = ["--profile", "profile.toml"];
    let log = |name| ["--nagios-log", name];
    let cases: [(&[&str], &[&str]); 9] = [
        (&log("none.log"), &["none.log", "there is none; correct the path"]),
        (&log("dir"), &["dir", "it is a folder, not a file"]),
        (&log("secret.log"), &["secret.log", "with mode 0000", "chmod g+r", "usermod -a -G"]),
        (&["--nagios-log", "good.log", "--objects", "none"], &["none", "there is none; correct the path"]),
        (&["--nagios-log", "good.log", "--status", "dir"], &["dir", "it is a folder, not a file"]),
        (&["--nagios-log", "good.log", "--gocdb", "none"], &["folder none", "there is none; correct the path"]),
        (&["--nagios-log", "good.log", "--gocdb", "empty"], &["folder empty", "it is a file, not a folder"]),
        (
            &["--nagios-log", "good.log", "--gocdb", "dir"],
            &["dir holds none of get_site.xml", "name the folder that does"],
        ),
        (
            &["--nagios-log", "good.log", "--gocdb", "answers"],
            &["get_site.xml", "this is a web page (\"Sign in\")", "check the address"],
        ),
    ];
    for (arguments, parts) in cases {
        for command in [&["replay"][..], &["audit"], &["explain", "ce.example.org", "org.example.A"]] {
            refused(&filter, &[command, arguments, &profile].concat(), parts)?;
        }
    }
    for (profile, parts) in [
        ("none.toml", &["none.toml", "there is none; correct the path"][..]),
        ("dir", &["dir", "it is a folder, not a file"]),
        ("garbage", &["garbage:", "is not UTF-8, save it as UTF-8"]),
    ] {
        refused(&filter, &["replay", "--nagios-log", "good.log", "--profile", profile], parts)?;
        refused(&filter, &["profile", "check", profile], parts)?;
    }
    refused(&filter, &["profile", "test", "none.toml"], &["none.toml"])?;
    refused(&filter, &["profile", "test", "dir"], &["dir"])
}

#[test]
fn what_is_damaged_is_passed_over_and_said_and_the_rest_is_decided() -> Result {
    let filter = folder()?;
    let at = |name: &str| filter.folder().join(name);
    let mut mixed = alerts(&[(now() - 90, "org.example.A", "CRITICAL")]).into_bytes();
    mixed.extend(fs::read(at("garbage"))?);
    mixed.extend(b"\n");
    mixed.extend(alerts(&[(now() - 80, "org.example.B", "WARNING")]).into_bytes());
    fs::write(at("mixed.log"), &mixed)?;
    fs::write(at("cut.dat"), "info {\n\tcreated=1795319551\n\tversion=4.4.6\n\t}\n\nservicestatus {\n\thost_name=ce")?;
    fs::write(at("twice.cache"), "define host {\n\thost_name\tce.example.org\n\t}\n\n".repeat(2))?;
    let arguments = ["replay", "--profile", "profile.toml", "--nagios-log", "mixed.log", "--status", "cut.dat"];
    let (code, out, err) = filter.ran(&[&arguments[..], &["--objects", "garbage", "twice.cache"]].concat())?;
    ensure(code == Some(0), || format!("ended with {code:?}: {err}"))?;
    let services: Vec<String> = episodes(&out)?.into_iter().map(|e| e.service).collect();
    assert_eq!(services, ["org.example.A", "org.example.B"]);
    one_line(&err, &["mixed.log: ", " lines are no lines of a Nagios log", "look at the file"])?;
    one_line(&err, &["cut.dat is cut off or damaged", "have the monitor write it anew", "it is passed over"])?;
    one_line(&err, &["garbage", "it is passed over"])?;
    one_line(&err, &["twice.cache: ce.example.org is defined more than once", "remove the others"])?;
    let (code, out, err) = filter.ran(&["replay", "--profile", "profile.toml", "--nagios-log", "garbage"])?;
    assert_eq!((code, out.as_str()), (Some(0), ""));
    one_line(&err, &["garbage: ", "name the monitor's log instead"])
}

#[test]
fn a_store_that_is_none_is_said_to_be_none() -> Result {
    let filter = folder()?;
    fs::create_dir(filter.folder().join("other"))?;
    fs::copy(filter.folder().join("garbage"), filter.folder().join("other/journal.db"))?;
    for command in [&["check-store"][..], &["explain", "h", "m"]] {
        let of = |store| [command, &["--store", store]].concat();
        refused(&filter, &of("none"), &["there is no journal none/journal.db", "--config FILE"])?;
        refused(&filter, &of("dir"), &["there is no journal dir/journal.db", "--store DIR"])?;
        refused(&filter, &of("other"), &["other/journal.db", "file is not a database", "restore the last backup"])?;
        let config = [command, &["--config", "none.toml"]].concat();
        refused(&filter, &config, &["none.toml", "name the configuration with --config FILE"])?;
    }
    Ok(())
}

#[test]
fn slips_in_a_profile_are_named_with_their_place_and_the_nearest_word() -> Result {
    let filter = folder()?;
    fs::write(
        filter.folder().join("slips.toml"),
        "name = \"P\"\nservice_typs = 1\n[service_types]\n\"ARC-CE\" = [\"org.example.A\"]\n[metrics.\"org.example.A\"]\nsecurty = true\n",
    )?;
    refused(&filter, &["profile", "check", "slips.toml"], &["slips.toml:2:1: error", "did you mean service_types?"])?;
    refused(&filter, &["profile", "check", "slips.toml"], &["slips.toml:6:1: error", "did you mean security?"])?;
    let replay = ["replay", "--nagios-log", "good.log", "--profile", "slips.toml"];
    refused(&filter, &replay, &["slips.toml:2:1: error", "did you mean service_types?"])
}
