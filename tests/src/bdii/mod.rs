//! A real slapd set up as a BDII is, with the real GLUE schemas (Debian's slapd and glue-schema), and content of our own making.
//!
//! [`Content`] makes sites without fault and spoils them on purpose ([`defects`]); [`Slapd`] serves them; [`check`] runs check_bdii.

pub mod defects;
pub mod entry;
pub mod fake;
pub mod site;

pub use entry::Entry;

use crate::fail::{Fail, Result};
use crate::place::{self, Place};
use crate::process::Process;
use crate::wait;
use std::fmt::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

const PROGRAM: &str = "/usr/sbin/slapd";
const SLAPADD: &str = "/usr/sbin/slapadd";
const SCHEMAS: [&str; 9] =
    ["core", "cosine", "nis", "Glue-CORE", "Glue-MDS", "Glue-CE", "Glue-CESEBind", "Glue-SE", "GLUE20"];

/// What a BDII serves.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// Below `o=grid`.
    pub glue1: Vec<Entry>,
    /// Below `o=glue`.
    pub glue2: Vec<Entry>,
    /// Whether it is a top-level BDII, with `o=grid` as a view of `o=shadow`.
    pub top: bool,
    /// Whether it has statistics of itself.
    pub statistics: bool,
    /// GOCDB's services that fit it: host, type, site.
    pub registered: Vec<[String; 3]>,
}

impl Content {
    /// Some sites without fault, the same for a seed; one, if it is no top-level BDII.
    pub fn clean(seed: u64, sites: usize, now: u64) -> Content {
        let top = sites > 1;
        let mut content = Content { top, statistics: true, ..Content::default() };
        let mut rng = crate::rng::Rng::new(seed);
        let suffix = if top { "o=grid,o=shadow" } else { "o=grid" };
        if top {
            content.glue1.push(Entry::new("o=shadow", &["organization"]).with("o", "shadow"));
        }
        content.glue1.push(Entry::new(suffix, &["organization"]).with("o", "grid"));
        for name in ["local", "resource"] {
            content.glue1.push(Entry::new(format!("mds-vo-name={name},{suffix}"), &["MDS"]).with("mds-vo-name", name));
        }
        content.glue2.push(Entry::new("o=glue", &["organization"]).with("o", "glue"));
        for name in ["grid", "resource"] {
            content
                .glue2
                .push(Entry::new(format!("GLUE2GroupID={name},o=glue"), &["GLUE2Group"]).with("GLUE2GroupID", name));
        }
        for number in 0..sites {
            site::add(&mut content, &mut rng, number, now);
        }
        content
    }

    /// Only one of the two models, or both.
    #[must_use]
    pub fn only(mut self, glue1: bool, glue2: bool) -> Content {
        if !glue1 {
            self.glue1.clear();
        }
        if !glue2 {
            self.glue2.clear();
        }
        self
    }

    /// GOCDB's answer for it.
    pub fn gocdb(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<results>\n");
        for [host, kind, site] in &self.registered {
            let (kind, flags) = kind.split_once('|').unwrap_or((kind, "YY"));
            let (production, monitored) = flags.split_at(1);
            let _fits = writeln!(
                xml,
                "<SERVICE_ENDPOINT PRIMARY_KEY=\"1G0\"><PRIMARY_KEY>1G0</PRIMARY_KEY><HOSTNAME>{host}</HOSTNAME>\
                 <SERVICE_TYPE>{kind}</SERVICE_TYPE><IN_PRODUCTION>{production}</IN_PRODUCTION>\
                 <NODE_MONITORED>{monitored}</NODE_MONITORED><SITENAME>{site}</SITENAME></SERVICE_ENDPOINT>"
            );
        }
        xml + "</results>\n"
    }
}

/// A slapd of our own.
#[derive(Debug)]
pub struct Slapd {
    place: Place,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    _process: Process,
}

impl Slapd {
    /// Loads the content and serves it. `lines` go before the databases: limits, a referral.
    pub fn start(content: &Content, lines: &str) -> Result<Slapd> {
        place::unprivileged()?;
        let place = Place::new("bdii")?;
        let mut databases = Vec::new();
        if !content.glue1.is_empty() {
            databases.push((if content.top { "o=shadow" } else { "o=grid" }, "grid", ldif(&content.glue1)));
        }
        if !content.glue2.is_empty() {
            databases.push(("o=glue", "glue", ldif(&content.glue2)));
        }
        if content.statistics {
            databases.push(("o=infosys", "stats", ldif(&statistics(content))));
        }
        let config = place.join("slapd.conf");
        place::write(&config, configuration(&place, content, &databases, lines)?)?;
        for (suffix, folder, text) in &databases {
            let file = place.join(format!("{folder}.ldif"));
            place::write(&file, text)?;
            load(&config, suffix, &file)?;
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(PROGRAM);
        // In the foreground, so that its id is the one we end it by.
        command.arg("-f").arg(&config).args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}")]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::start("slapd", &mut command)?;
        wait::until("slapd to listen", || {
            if let Some(status) = process.ended()? {
                return Err(Fail::new(format!("slapd ended with {status}; see {}", config.display())));
            }
            Ok(TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        Ok(Slapd { place, port, _process: process })
    }

    /// A file beside it.
    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.place.join(name)
    }

    /// Writes a file beside it.
    pub fn write(&self, name: &str, content: &str) -> Result<String> {
        let path = self.file(name);
        place::write(&path, content)?;
        Ok(path.display().to_string())
    }

    /// Runs check_bdii against it.
    pub fn check(&self, options: &[&str]) -> Result<Answer> {
        check(self.port, options)
    }

    /// Runs it and reads every finding that it writes down.
    pub fn findings(&self, options: &[&str]) -> Result<(Answer, Vec<Found>)> {
        let file = self.file("findings.tsv");
        let path = file.display().to_string();
        let answer = self.check(&[options, &["--findings", &path]].concat())?;
        let text = std::fs::read_to_string(&file).map_err(Fail::at(&path))?;
        Ok((answer, text.lines().filter_map(Found::read).collect()))
    }
}

fn configuration(place: &Place, content: &Content, databases: &[(&str, &str, String)], lines: &str) -> Result<String> {
    let mut text = String::new();
    let mut line = |written: std::fmt::Arguments<'_>| {
        let _fits = writeln!(text, "{written}");
    };
    for schema in SCHEMAS {
        line(format_args!("include /etc/ldap/schema/{schema}.schema"));
    }
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/bdii/BDII.schema");
    let copy = place.join("BDII.schema");
    std::fs::copy(&ours, &copy).map_err(Fail::at(ours.display()))?;
    line(format_args!("include {}", copy.display()));
    line(format_args!("modulepath /usr/lib/ldap\nmoduleload back_mdb\nmoduleload rwm\nmoduleload back_relay"));
    line(format_args!(
        "allow bind_v2\npidfile {}\nloglevel 0\nidletimeout 120\nthreads 4",
        place.join("slapd.pid").display()
    ));
    line(format_args!("timelimit 2400\n{lines}"));
    if !lines.contains("sizelimit") {
        line(format_args!("sizelimit unlimited"));
    }
    for (suffix, folder, _) in databases {
        let folder = place.folder(folder)?;
        line(format_args!("database mdb\nsuffix \"{suffix}\"\nmaxsize 1073741824\ndbnosync\nrootdn \"{suffix}\""));
        line(format_args!("directory {}\nindex objectClass eq,pres", folder.display()));
    }
    if content.top && !content.glue1.is_empty() {
        line(format_args!("database relay\nsuffix \"o=grid\"\noverlay rwm\nsuffixmassage \"o=grid,o=shadow\""));
    }
    Ok(text)
}

fn load(config: &Path, suffix: &str, file: &Path) -> Result {
    let output = Command::new(SLAPADD)
        .arg("-q")
        .arg("-f")
        .arg(config)
        .args(["-b", suffix, "-l"])
        .arg(file)
        .output()
        .map_err(Fail::at(SLAPADD))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Fail::new(format!("slapadd {}: {}", file.display(), String::from_utf8_lossy(&output.stderr))))
}

fn ldif(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        entry.write(&mut text);
    }
    text
}

fn statistics(content: &Content) -> Vec<Entry> {
    let total = (content.glue1.len() + content.glue2.len()).to_string();
    let mut stats =
        Entry::new("Hostname=bdii.example.org,o=infosys", &["UpdateStats"]).with("Hostname", "bdii.example.org");
    stats.set("TotalEntries", &total);
    for name in ["UpdateTime", "DBUpdateTime", "NewEntries", "QueryTime", "ProvidersTime", "PluginsTime", "ReadTime"] {
        stats.set(name, "7");
    }
    for name in ["FailedAdds", "FailedModifies", "FailedDeletes", "ModifiedEntries", "DeletedEntries"] {
        stats.set(name, "0");
    }
    vec![Entry::new("o=infosys", &["organization"]).with("o", "infosys"), stats]
}

/// What a run of check_bdii answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub text: String,
}

impl Answer {
    /// The line that Nagios shows.
    pub fn first(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

/// Runs check_bdii against a port of this host.
pub fn check(port: u16, options: &[&str]) -> Result<Answer> {
    check_with(port, options, &[])
}

/// The same, with these variables in its environment.
pub fn check_with(port: u16, options: &[&str], environment: &[(&str, &str)]) -> Result<Answer> {
    let program = std::env::var_os("GRIDWARD_PROBES").ok_or_else(|| Fail::new("GRIDWARD_PROBES names no gridprobe"))?;
    let mut command = Command::new(program);
    command.args(["check_bdii", "-H", "127.0.0.1", "-p", &port.to_string()]).args(options);
    // As NRPE starts it.
    command.env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
    let output = command.output().map_err(Fail::at("gridprobe"))?;
    let text = String::from_utf8(output.stdout).map_err(Fail::at("the output is no UTF-8"))?;
    let code = output.status.code().ok_or_else(|| Fail::new(format!("gridprobe was killed: {}", output.status)))?;
    Ok(Answer { code, text })
}

/// A finding as check_bdii writes it down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The rule.
    pub id: String,
    /// error, warning or info
    pub severity: String,
    /// The site.
    pub site: String,
    /// The entry, as [`comparable`].
    pub dn: String,
    /// What is wrong.
    pub detail: String,
}

impl Found {
    fn read(line: &str) -> Option<Found> {
        let [id, severity, site, dn, detail] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
        let text = |text: &str| text.to_owned();
        Some(Found {
            id: text(id),
            severity: text(severity),
            site: text(site),
            dn: comparable(dn),
            detail: text(detail),
        })
    }
}

/// A DN that can be compared: in lower case, and of the view what it is a view of.
pub fn comparable(dn: &str) -> String {
    let lower = dn.to_lowercase().replace(", ", ",");
    lower.strip_suffix(",o=grid,o=shadow").map_or_else(|| lower.clone(), |start| format!("{start},o=grid"))
}
