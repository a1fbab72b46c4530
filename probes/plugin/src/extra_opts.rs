//! `--extra-opts=[SECTION][@FILE]`: options from an ini file, so that passwords and thresholds need not stand in Nagios'
//! configuration (monitoring-plugins, "Extra-Opts").

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where the file is looked for when none is named: the folders of `NAGIOS_CONFIG_PATH` and `MP_CONFIG_PATH`, then these.
const FOLDERS: &[&str] = &[
    "/etc/nagios",
    "/etc/monitoring-plugins",
    "/etc/nagios4",
    "/etc/icinga2",
    "/etc/naemon",
    "/usr/local/nagios/etc",
    "/usr/local/etc/nagios",
    "/etc",
    "/usr/local/etc",
];
const NAMES: &[&str] = &["monitoring-plugins.ini", "plugins.ini", "nagios-plugins.ini"];
/// An ini file is read whole; one that is longer is none.
const LONGEST: u64 = 1 << 20;

/// Replaces each `--extra-opts` by the options it names, put before all others, so that these go before them.
///
/// # Errors
/// One line: which file or section is missing or wrong.
pub(crate) fn expand(args: Vec<OsString>, name: &str) -> Result<Vec<OsString>, String> {
    if !are_in(&args) {
        return Ok(args);
    }
    let mut options = Vec::new();
    let mut rest = Vec::new();
    let mut args = args.into_iter().peekable();
    let program = args.next();
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        let place = if text == "--" {
            rest.push(arg);
            rest.extend(args);
            break;
        } else if text == "--extra-opts" {
            let next = args.next_if(|next| next.to_str().is_some_and(|n| !n.starts_with('-')));
            next.and_then(|next| next.into_string().ok()).unwrap_or_default()
        } else if let Some(place) = text.strip_prefix("--extra-opts=") {
            place.to_owned()
        } else {
            rest.push(arg);
            continue;
        };
        options.extend(options_of(&place, name)?);
    }
    Ok(program.into_iter().chain(options.into_iter().map(OsString::from)).chain(rest).collect())
}

/// Whether a file is to be read.
pub(crate) fn are_in(args: &[OsString]) -> bool {
    args.iter().any(|a| a.to_str().is_some_and(|a| a.starts_with("--extra-opts")))
}

fn options_of(place: &str, name: &str) -> Result<Vec<String>, String> {
    let (section, file) = match place.split_once('@') {
        Some((section, file)) => (section, Some(PathBuf::from(file))),
        None => (place, None),
    };
    let section = if section.is_empty() { name } else { section };
    let file = match file {
        Some(file) => file,
        None => default_file().ok_or_else(|| {
            format!(
                "--extra-opts: there is no {} in {} or NAGIOS_CONFIG_PATH, name one with @FILE",
                NAMES[0], FOLDERS[0]
            )
        })?,
    };
    let text = read(&file).map_err(|e| format!("--extra-opts: cannot read {}: {e}", file.display()))?;
    section_options(&text, section).map_err(|why| format!("--extra-opts: {}: {why}", file.display()))
}

fn read(file: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(file)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn default_file() -> Option<PathBuf> {
    let named = ["NAGIOS_CONFIG_PATH", "MP_CONFIG_PATH"].into_iter().filter_map(std::env::var_os);
    let named: Vec<PathBuf> = named.flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>()).collect();
    let folders = named.into_iter().chain(FOLDERS.iter().map(PathBuf::from));
    folders.flat_map(|folder| NAMES.iter().map(move |name| folder.join(name))).find(|file| file.is_file())
}

/// The options of a section, which may stand in several pieces. `key = value` becomes `-k value` or `--key=value`, a key without
/// a value a flag.
fn section_options(text: &str, wanted: &str) -> Result<Vec<String>, String> {
    let mut options = Vec::new();
    let (mut found, mut inside) = (false, false);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let name =
                rest.strip_suffix(']').ok_or_else(|| format!("line {}: a section's name ends with ]", number + 1))?;
            inside = name.trim() == wanted;
            found |= inside;
            continue;
        }
        if !inside {
            continue;
        }
        let (key, value) = line.split_once('=').map_or((line, ""), |(key, value)| (key.trim(), value.trim()));
        let key = key.trim_start_matches('-');
        match (key.chars().count(), value) {
            (0, _) => return Err(format!("line {}: an option has no name", number + 1)),
            (1, "") => options.push(format!("-{key}")),
            (1, value) => options.extend([format!("-{key}"), value.to_owned()]),
            (_, "") => options.push(format!("--{key}")),
            (_, value) => options.push(format!("--{key}={value}")),
        }
    }
    if found { Ok(options) } else { Err(format!("there is no section [{wanted}]")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INI: &str = "# c\n[check_x]\nw = 10:20\n; c\ntimeout=5\nv\n[other]\nzero\n[check_x]\ntext = a = b\n";

    fn expanded(args: &[&str]) -> Result<Vec<String>, String> {
        let args = args.iter().map(OsString::from).collect();
        expand(args, "check_x").map(|a| a.into_iter().map(|a| a.into_string().unwrap()).collect())
    }

    #[test]
    fn a_section_becomes_options() {
        assert_eq!(section_options(INI, "check_x").unwrap(), ["-w", "10:20", "--timeout=5", "-v", "--text=a = b"]);
        assert_eq!(section_options(INI, "other").unwrap(), ["--zero"]);
        assert!(section_options(INI, "none").unwrap_err().contains("[none]"));
        assert!(section_options("[x", "x").is_err() && section_options("[x]\n=1", "x").is_err());
    }

    #[test]
    fn what_is_given_besides_comes_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.ini");
        std::fs::write(&file, INI).unwrap();
        let place = format!("--extra-opts=other@{}", file.display());
        assert_eq!(expanded(&["check_x", "-t", "3", &place, "-v"]).unwrap(), ["check_x", "--zero", "-t", "3", "-v"]);
        let place = format!("@{}", file.display());
        assert_eq!(expanded(&["check_x", "--extra-opts", &place]).unwrap()[1..3], ["-w", "10:20"]);
        assert_eq!(expanded(&["check_x", "--", "--extra-opts"]).unwrap(), ["check_x", "--", "--extra-opts"]);
        let lacking = expanded(&["check_x", "--extra-opts=a@/no/such.ini"]).unwrap_err();
        assert!(lacking.contains("/no/such.ini") && !lacking.contains('\n'), "{lacking}");
    }
}
