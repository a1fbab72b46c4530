//! Group `monitors`: the configuration of contrib/ as it stands, in the monitors that it is for: Nagios 4, NRPE with each of its
//! protocols, Icinga 2.

use e2e::fail::{Fail, ensure};
use e2e::place::{self, Place};
use e2e::process::Process;
use e2e::{Result, prober, wait};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROBES: [&str; 12] = [
    "check_apel_client",
    "check_apel_pub",
    "check_apel_sync",
    "check_arc_accounting",
    "check_bdii",
    "check_ca",
    "check_ce",
    "check_cert",
    "check_crl",
    "check_htcondorce_apel",
    "check_proxy",
    "check_ssm_queue",
];

/// A file of contrib/ with the plugins of this build.
fn contrib(place: &Place, name: &str) -> Result<PathBuf> {
    let links = place.join("plugins");
    if !links.exists() {
        prober::plugins(&links, &PROBES)?;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contrib").join(name);
    let text = std::fs::read_to_string(&file).map_err(Fail::at(file.display()))?;
    let text = text.replace("/usr/lib/gridprobe", &links.display().to_string());
    let to = place.join(file.file_name().map(PathBuf::from).unwrap_or_default());
    place::write(&to, text)?;
    Ok(to)
}

/// What a program printed on either way.
fn output(command: &mut Command) -> Result<(bool, String)> {
    let name = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().map_err(Fail::at(name))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((output.status.success(), text))
}

/// A Nagios with these files of contrib/ and more objects; what `-v` says of it.
fn verified(place: &Place, files: &[PathBuf], objects: &str) -> Result<String> {
    let root = place.path().display();
    let always = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
        .map(|day| format!(" {day} 00:00-24:00\n"))
        .concat();
    let base = format!(
        "define timeperiod {{\n timeperiod_name 24x7\n alias always\n{always}}}\n\
         define command {{\n command_name notify\n command_line /bin/true\n}}\n\
         define command {{\n command_name check-host-alive\n command_line /bin/true\n}}\n\
         define contact {{\n contact_name admin\n host_notification_commands notify\n service_notification_commands notify\n \
         host_notification_period 24x7\n service_notification_period 24x7\n host_notification_options d,r\n service_notification_options c,r\n}}\n\
         define contactgroup {{\n contactgroup_name admins\n alias admins\n members admin\n}}\n{objects}"
    );
    place::write(&place.join("objects.cfg"), base)?;
    let files: String = files.iter().map(|file| format!("cfg_file={}\n", file.display())).collect();
    let main = format!(
        "log_file={root}/nagios.log\ncfg_file={root}/objects.cfg\n{files}object_cache_file={root}/objects.cache\n\
         precached_object_file={root}/objects.precache\nstatus_file={root}/status.dat\ntemp_file={root}/tmp\ntemp_path={root}\n\
         check_result_path={root}\ncommand_file={root}/cmd\nquery_socket={root}/qh\nlock_file={root}/lock\n\
         state_retention_file={root}/retention.dat\nillegal_macro_output_chars=`~$&|'\"<>\n"
    );
    place::write(&place.join("nagios.cfg"), main)?;
    let (fine, text) = output(Command::new("/usr/sbin/nagios4").arg("-vp").arg(place.join("nagios.cfg")))?;
    let clean = text.contains("Total Warnings: 0") && text.contains("Total Errors:   0");
    ensure(fine && clean, || text.clone())?;
    Ok(text)
}

#[test]
fn nagios_takes_the_configuration_without_a_word() -> Result {
    place::unprivileged()?;
    let place = Place::new("contrib")?;
    let files = [contrib(&place, "nagios/gridprobe.cfg")?, contrib(&place, "nagios/example.cfg")?];
    let host = |name: &str, group: &str| {
        format!(
            "define host {{\n use gridprobe-host\n host_name {name}\n address 127.0.0.1\n hostgroups {group}\n \
             check_command check-host-alive\n _SITE_NAME ALPHA-LCG2\n _SERVICE_FLAVOUR {group}\n}}\n"
        )
    };
    let hosts = host("arc01.example.org", "ARC-CE") + &host("bdii.example.org", "Site-BDII");
    let text = verified(&place, &files, &hosts)?;
    ensure(text.contains("Checked 10 services"), || text)
}

#[test]
fn nagios_takes_what_is_written_for_a_region() -> Result {
    place::unprivileged()?;
    let place = Place::new("region")?;
    let probes = contrib(&place, "nagios/gridprobe.cfg")?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let region = place.join("region.cfg");
    let (fine, said) = output(
        Command::new(prober::program()?)
            .args(["config", "--gocdb"])
            .arg(tests.join("data/gocdb/corpus-a"))
            .arg("--profile")
            .arg(tests.join("../profiles/roc_operators.toml"))
            .arg("-o")
            .arg(&region),
    )?;
    ensure(fine, || said.clone())?;
    // So many hosts and services are said to be written, and Nagios counts as many.
    let numbers: Vec<&str> = said.split(' ').filter(|word| word.parse::<u32>().is_ok()).collect();
    let [hosts, services, sites] = numbers[..] else { return Err(Fail::new(said)) };
    let text = verified(&place, &[probes, region], "")?;
    ensure(text.contains(&format!("Checked {services} services")), || format!("{said}{text}"))?;
    ensure(text.contains(&format!("Checked {hosts} hosts")), || format!("{said}{text}"))?;
    let objects = std::fs::read_to_string(place.join("objects.precache"))?;
    let known: std::collections::BTreeSet<&str> =
        objects.lines().filter_map(|line| line.trim().strip_prefix("_SITE_NAME")).map(str::trim).collect();
    ensure(known.len().to_string() == sites && known.contains("ALPHA-LCG2"), || format!("{said}{known:?}"))
}

/// A daemon of NRPE with our lines, on a port of its own.
struct Nrpe {
    place: Place,
    port: u16,
    _daemon: Process,
}

impl Nrpe {
    fn start() -> Result<Nrpe> {
        place::unprivileged()?;
        let place = Place::new("nrpe")?;
        let lines = contrib(&place, "nrpe/gridprobe.cfg")?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let main = format!(
            "log_facility=daemon\ndisable_syslog=1\nlog_file={root}/log\npid_file={root}/pid\nserver_address=127.0.0.1\nserver_port={port}\n\
             allowed_hosts=127.0.0.1\ndont_blame_nrpe=0\ncommand_timeout=60\nconnection_timeout=60\ninclude={}\n\
             command[longest]={root}/plugins/check_ca -t 50 --ca-dir {root}/many -v\n",
            lines.display(),
            root = place.path().display()
        );
        place::write(&place.join("nrpe.cfg"), main)?;
        // Authorities that are none: much to say.
        let many = place.folder("many")?;
        for number in 0..200 {
            place::write(&many.join(format!("{number:08x}.0")), "no certificate")?;
        }
        let mut command = Command::new("/usr/sbin/nrpe");
        command.arg("-c").arg(place.join("nrpe.cfg")).arg("-f").stdin(Stdio::null()).stdout(Stdio::null());
        let daemon = Process::start("nrpe", &mut command)?;
        wait::until_true("NRPE to listen", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
        Ok(Nrpe { place, port, _daemon: daemon })
    }

    fn ask(&self, command: &str, more: &[&str]) -> Result<(Option<i32>, String)> {
        let output = Command::new("/usr/lib/nagios/plugins/check_nrpe")
            .args(["-H", "127.0.0.1", "-p", &self.port.to_string(), "-t", "55", "-c", command])
            .args(more)
            .output()
            .map_err(Fail::at("check_nrpe"))?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    fn directly(&self, words: &[&str]) -> Result<(Option<i32>, String)> {
        let (name, words) = words.split_first().ok_or_else(|| Fail::new("no program"))?;
        let program = self.place.join("plugins").join(name);
        let output = Command::new(&program).args(words).env_clear().output().map_err(Fail::at(program.display()))?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}

#[test]
fn nrpe_hands_on_what_the_probes_say_in_each_of_its_protocols() -> Result {
    let nrpe = Nrpe::start()?;
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    for protocol in [&["-2"][..], &["-3"], &[]] {
        for (command, words) in [("check_ca", ["check_ca", "-t", "50"]), ("check_crl", ["check_crl", "-t", "50"])] {
            let (code, said) = nrpe.ask(command, protocol)?;
            let (own, text) = nrpe.directly(&words)?;
            assert_eq!(code, own, "{protocol:?} {command}: {said}");
            // Times in it may have gone on by a second.
            let start = |text: &str| first(text).chars().take(40).collect::<String>();
            assert_eq!(start(&said), start(&text), "{protocol:?} {command}");
            // v2 hands on the first line alone, and whole.
            let whole = first(&said).contains(" | ");
            assert!(whole, "{protocol:?} {command}: {said}");
        }
        // Much to say is cut by us, behind a whole word, and not by NRPE.
        let (code, said) = nrpe.ask("longest", protocol)?;
        assert_eq!(code, Some(2), "{said}");
        assert!(first(&said).len() <= 1023 && first(&said).starts_with("CA CRITICAL: "), "{protocol:?}: {said}");
        assert!(first(&said).contains(" | critical="), "{protocol:?}: {said}");
        // What does not exist there is said.
        let (code, said) = nrpe.ask("check_hostcert", protocol)?;
        let missing = !Path::new("/etc/grid-security/hostcert.pem").exists();
        assert!(
            !missing || (code == Some(3) && said.contains("cannot read /etc/grid-security/hostcert.pem")),
            "{said}"
        );
    }
    Ok(())
}

/// An Icinga 2 in a folder of its own.
struct Icinga {
    place: Place,
    port: u16,
    user: String,
    group: String,
    daemon: Option<Process>,
}

impl Icinga {
    fn new(objects: impl FnOnce(&Place) -> Result<String>) -> Result<Icinga> {
        place::unprivileged()?;
        let place = Place::new("icinga")?;
        for folder in ["data", "run", "log", "cache", "empty", "data/certs"] {
            place.folder(folder)?;
        }
        let root = place.path().display();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let main = format!(
            "const NodeName = \"test\"\ninclude <itl>\nobject Endpoint NodeName {{}}\nobject Zone NodeName {{ endpoints = [ NodeName ] }}\n\
             object CheckerComponent \"checker\" {{}}\n\
             object StatusDataWriter \"status\" {{ status_path = \"{root}/status.dat\"; objects_path = \"{root}/objects.cache\"; update_interval = 1s }}\n\
             object ApiListener \"api\" {{ bind_host = \"127.0.0.1\"; bind_port = {port} }}\n\
             object ApiUser \"gridprobe\" {{ password = \"not to be seen\"; permissions = [ \"actions/process-check-result\" ] }}\n\
             object ApiUser \"reader\" {{ password = \"other\"; permissions = [ \"status/query\" ] }}\n{}",
            objects(&place)?
        );
        place::write(&place.join("icinga2.conf"), main)?;
        let whoami = |option: &str| output(Command::new("id").arg(option)).map(|(_, text)| text.trim().to_owned());
        let (user, group) = (whoami("-un")?, whoami("-gn")?);
        let icinga = Icinga { place, port, user, group, daemon: None };
        for words in [
            &["pki", "new-ca"][..],
            &["pki", "new-cert", "--cn", "test", "--key", "ROOT/data/certs/test.key", "--csr", "ROOT/csr"],
            &["pki", "sign-csr", "--csr", "ROOT/csr", "--cert", "ROOT/data/certs/test.crt"],
        ] {
            let words: Vec<String> =
                words.iter().map(|w| w.replace("ROOT", &icinga.place.path().display().to_string())).collect();
            let (fine, text) = output(&mut icinga.command(&words))?;
            ensure(fine, || text)?;
        }
        std::fs::copy(icinga.place.join("data/ca/ca.crt"), icinga.place.join("data/certs/ca.crt"))?;
        Ok(icinga)
    }

    /// It takes what it is defined by behind its own words.
    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new("/usr/sbin/icinga2");
        command.args(words);
        command.args([format!("-DRunAsUser={}", self.user), format!("-DRunAsGroup={}", self.group)]);
        for (name, folder) in
            [("DataDir", "data"), ("SpoolDir", "data"), ("CacheDir", "cache"), ("LogDir", "log"), ("InitRunDir", "run")]
        {
            command.arg(format!("-D{name}={}", self.place.join(folder).display()));
        }
        command.stdin(Stdio::null());
        command
    }

    fn daemon(&self) -> Command {
        let file = self.place.join("icinga2.conf").display().to_string();
        self.command(&["daemon".to_owned(), "-c".to_owned(), file])
    }

    fn start(&mut self) -> Result {
        let log = std::fs::File::create(self.place.join("console"))?;
        let mut daemon = self.daemon();
        daemon.stdout(log.try_clone()?).stderr(log);
        self.daemon = Some(Process::start("icinga2", &mut daemon)?);
        wait::until_true("Icinga's API to listen", || Ok(TcpStream::connect(("127.0.0.1", self.port)).is_ok()))
    }

    /// Waits until a service is in this state with these words.
    fn until(&self, service: &str, state: &str, words: &str) -> Result<String> {
        let mut last = String::new();
        let found = wait::until_true(format!("a result of {service}"), || {
            let text = std::fs::read_to_string(self.place.join("status.dat")).unwrap_or_default();
            let block =
                text.split("servicestatus {").find(|b| b.contains(&format!("\tservice_description={service}\n")));
            last = block.unwrap_or_default().to_owned();
            Ok(last.contains(&format!("\tplugin_output={words}"))
                && last.contains(&format!("\tcurrent_state={state}\n")))
        });
        found.map_err(|e| Fail::new(format!("{e}; there is {last}")))?;
        Ok(last)
    }
}

const HOSTS: &str = "object Host \"arc01.example.org\" { check_command = \"dummy\"; address = \"127.0.0.1\"; vars.service_flavour = \"ARC-CE\" }\n\
    object Host \"bdii.example.org\" { check_command = \"dummy\"; address = \"127.0.0.1\"; vars.service_flavour = \"Site-BDII\" }\n";

#[test]
fn icinga_runs_the_probes_by_its_own_commands() -> Result {
    let mut icinga = Icinga::new(|place| {
        let probes = contrib(place, "icinga2/gridprobe.conf")?;
        let root = place.path().display();
        Ok(format!(
            "include \"{}\"\n{HOSTS}\
             template Service \"soon\" {{ check_interval = 2s; retry_interval = 2s; max_check_attempts = 1; host_name = \"arc01.example.org\" }}\n\
             object Service \"hr.srce.CADist-Check\" {{ import \"soon\"; check_command = \"check_ca\"; vars.gridprobe_ca_dir = \"{root}/empty\" }}\n\
             object Service \"eu.egi.sec.CRL\" {{ import \"soon\"; check_command = \"check_crl\"; vars.gridprobe_ca_dir = \"{root}/empty\"; vars.crl_consumer = \"canl\" }}\n\
             object Service \"bdii\" {{ import \"soon\"; check_command = \"check_bdii\"; vars.bdii_port = 1 }}\n\
             object Service \"proxy\" {{ import \"soon\"; check_command = \"check_proxy\"; vars.proxy_file = \"{root}/none\" }}\n",
            probes.display()
        ))
    })?;
    let (fine, text) = output(icinga.daemon().arg("-C"))?;
    let complains = text.contains("warning/") || text.contains("critical/");
    ensure(fine && !complains && text.contains("Instantiated 7 Services"), || text)?;
    icinga.start()?;
    icinga.until("hr.srce.CADist-Check", "2", "CA CRITICAL: there is no authority in ")?;
    icinga.until("eu.egi.sec.CRL", "2", "CRL CRITICAL: there is no authority in ")?;
    icinga.until("bdii", "2", "BDII CRITICAL: ")?;
    icinga.until("proxy", "2", "PROXY CRITICAL: there is no proxy ")?;
    Ok(())
}

#[test]
fn icinga_takes_results_that_it_did_not_ask_for_and_what_it_lacks_is_said() -> Result {
    let mut icinga = Icinga::new(|_| {
        let service = |name: &str| {
            format!(
                "object Service \"{name}\" {{ host_name = \"arc01.example.org\"; check_command = \"passive\"; enable_active_checks = false; max_check_attempts = 1 }}\n"
            )
        };
        // A name that would be an expression, were it put into one.
        Ok(format!("{HOSTS}{}{}", service("eu.egi.sec.CRL"), service("a' == b || true")))
    })?;
    icinga.start()?;
    let empty = icinga.place.join("empty").display().to_string();
    let probe = format!("{} check_crl --ca-dir {empty}", prober::program()?.display());
    let line = |service: &str| format!("arc01.example.org;{service};{probe}\n");
    let tasks = icinga.place.join("tasks");
    let host = "bdii.example.org;;/bin/echo all is well\n";
    let services = line("eu.egi.sec.CRL") + &line("a' == b || true") + &line("no.such.Service");
    place::write(&tasks, format!("{services}nobody.example.org;x;/bin/true\n{host}"))?;
    let settings = |user: &str, password: &str, name: &str| -> Result<PathBuf> {
        let file = icinga.place.join("icinga.toml");
        let ca = icinga.place.join("data/certs/ca.crt");
        let text = format!(
            "url = \"https://127.0.0.1:{}\"\nuser = \"{user}\"\npassword = \"{password}\"\nca = \"{}\"\nname = \"{name}\"\n",
            icinga.port,
            ca.display()
        );
        place::write(&file, text)?;
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(file)
    };
    let run = |file: &Path| {
        output(Command::new(prober::program()?).arg("batch").arg(&tasks).arg("--icinga").arg(file).arg("--threads=2"))
    };
    for (user, password, name, words) in [
        ("gridprobe", "wrong", "test", "it does not know user gridprobe by this password"),
        ("reader", "other", "test", "not delivered"),
        ("gridprobe", "not to be seen", "other", "no TLS with Icinga"),
    ] {
        let (fine, said) = run(&settings(user, password, name)?)?;
        let seen = said.contains("not to be seen") || said.contains("wrong\n");
        ensure(!fine && said.contains(words) && said.contains("0 of 5 results delivered") && !seen, || said)?;
    }
    let (fine, said) = run(&settings("gridprobe", "not to be seen", "test")?)?;
    ensure(!fine && said.contains("3 of 5 results delivered"), || said.clone())?;
    for unknown in ["arc01.example.org;no.such.Service", "nobody.example.org;x"] {
        let told = unknown.replace(';', ",");
        ensure(said.contains(&format!("{told}: the monitor does not know it; not delivered")), || said.clone())?;
    }
    let block = icinga.until("eu.egi.sec.CRL", "2", "CRL CRITICAL: there is no authority in ")?;
    ensure(!block.contains("plugin_output=CRL CRITICAL: there is no authority in  |"), || block)?;
    icinga.until("a' == b || true", "2", "CRL CRITICAL: ")?;
    Ok(())
}
