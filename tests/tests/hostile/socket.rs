//! Pages and interface on a socket in the file system.

use e2e::fail::ensure;
use e2e::filter::Filter;
use e2e::http::Client;
use e2e::interface::{ALARMS, OBSERVATIONS, READY, Setup, alarms, observation, program, run_arguments};
use e2e::place::{Place, now};
use e2e::process::Process;
use e2e::{Result, wait};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

fn setup(socket: &Path) -> Setup {
    Setup { listen: Some(format!("unix:{}", socket.display())), ..Setup::posted_by("poster") }
}

fn launch(filter: &mut Filter, socket: &Path) -> Result<Client> {
    filter.launch()?;
    wait::until("the daemon to be ready on its socket", || {
        let Ok(mut client) = Client::connect_unix(socket) else { return Ok(None) };
        Ok(client.get(READY).ok().filter(|answer| answer.status == 200).map(|_| client))
    })
}

#[test]
fn everything_is_served_on_it_and_a_killed_run_leaves_nothing_in_the_way() -> Result {
    let place = Place::new("socket")?;
    let socket = place.join("web.sock");
    let mut filter = Filter::prepare(setup(&socket))?;
    let mut client = launch(&mut filter, &socket)?;
    let meta = std::fs::metadata(&socket)?;
    assert!(meta.file_type().is_socket());
    // Owner and group, for the web server before it; nobody else.
    assert_eq!(meta.permissions().mode() & 0o777, 0o660);
    let post = |client: &mut Client, sequence: u64, state: &str| {
        let one = observation("poster", sequence, "ce.example.org", "org.example.M", state, now(), "output");
        client.post(OBSERVATIONS, &format!("[{one}]"))?.good()
    };
    post(&mut client, 1, "CRITICAL")?;
    let standing = |client: &mut Client, state: &str| {
        wait::until_true(format!("the alarm to be {state}"), || {
            let all = alarms(&client.get(ALARMS)?.good()?.text())?;
            Ok(all.len() == 1 && all.iter().all(|a| a.state == state))
        })
    };
    standing(&mut client, "CRITICAL")?;
    let page = client.get("/")?.good()?.text();
    ensure(page.contains("ce.example.org") && page.contains("</html>"), || format!("the list:\n{page}"))?;

    // A second one on the same socket is refused, also with a store of its own, and the first one does not notice.
    let mut second = Filter::prepare(setup(&socket))?;
    second.launch()?;
    ensure(!second.until_ended()?.success(), || "a second daemon took the socket".into())?;
    super::one_line(&second.console()?, &["web.sock", "another program listens there already", "name another place"])?;
    post(&mut client, 2, "WARNING")?;
    standing(&mut client, "WARNING")?;

    filter.kill()?;
    assert!(socket.exists(), "kill -9 leaves the socket's file behind");
    let mut client = launch(&mut filter, &socket)?;
    standing(&mut client, "WARNING")?;
    let status = filter.stop()?;
    assert!(status.success(), "{status}");
    assert!(!socket.exists(), "an orderly end takes the socket's file away");
    Ok(())
}

#[test]
fn a_file_in_its_place_or_no_folder_is_said() -> Result {
    let place = Place::new("socket")?;
    std::fs::write(place.join("file"), "")?;
    for (path, parts) in [
        ("file", &["file", "a file that is no socket stands there", "name another path"][..]),
        ("none/web.sock", &["none/web.sock", "No such file or directory", "check the folder"]),
    ] {
        let mut filter = Filter::prepare(setup(&place.join(path)))?;
        filter.launch()?;
        ensure(!filter.until_ended()?.success(), || format!("it listens at {path}"))?;
        super::one_line(&filter.console()?, parts)?;
    }
    Ok(())
}

#[test]
fn output_that_cannot_be_written_ends_nothing() -> Result {
    let place = Place::new("socket")?;
    let socket = place.join("web.sock");
    let filter = Filter::prepare(setup(&socket))?;
    // Everything that it says meets a full disk.
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = Command::new(program()?);
    command.args(run_arguments(filter.configuration())).current_dir(filter.folder());
    command.stdin(Stdio::null()).stdout(full()?).stderr(full()?);
    let daemon = Process::start("alarm-filter", &mut command)?;
    wait::until_true("the daemon to be ready on its socket", || {
        Ok(Client::connect_unix(&socket).and_then(|mut c| c.get(READY)).is_ok_and(|answer| answer.status == 200))
    })?;
    let ended = daemon.stop()?;
    ensure(ended.success(), || format!("it ended with {ended}"))
}
