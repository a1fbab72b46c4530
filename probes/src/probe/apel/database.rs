//! The database of an APEL client, read with the database's own command: it knows every way to sign in and needs nothing of ours to be
//! kept up to date with it, and a site that has the database has the command. The password stands in a file that the command reads, never
//! among its arguments. Nothing is written: the session is told to be read only, and what the user may do is the database's to say.

use crate::ce::run::{Output, run};
use plugin::{Context, Finding, State};
use std::path::{Path, PathBuf};

/// Where the command is, by the first of its names.
const PROGRAMS: [&str; 2] = ["/usr/bin/mariadb", "/usr/bin/mysql"];
/// As APEL's configuration has it.
const DATABASE: &str = "apelclient";

/// Options that say which database.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct Database {
    /// File with the user and the password, as the database's own programs read it ([client] user=, password=)
    #[arg(long, value_name = "FILE")]
    pub defaults_file: Option<PathBuf>,
    /// Socket of the database on this machine
    #[arg(long, value_name = "FILE")]
    pub socket: Option<PathBuf>,
    /// Its host, when it is not this machine
    #[arg(short = 'H', long, value_name = "HOST", conflicts_with = "socket")]
    pub host: Option<String>,
    /// Its port
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Its name [default: apelclient]
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
    /// The database's command [default: /usr/bin/mariadb, else /usr/bin/mysql]
    #[arg(long, value_name = "PROGRAM")]
    pub mysql: Option<PathBuf>,
}

impl Database {
    /// Which one, for people.
    pub fn place(&self) -> String {
        let name = self.database.as_deref().unwrap_or(DATABASE);
        match (&self.socket, &self.host) {
            (Some(socket), _) => format!("{name} at {}", socket.display()),
            (None, Some(host)) => format!("{name} on {host}"),
            (None, None) => name.to_owned(),
        }
    }

    /// The rows of these statements, which hold no text from outside, field by field. NULL is the word.
    ///
    /// # Errors
    /// A finding: it does not answer (the site's), lets us not in, or is not what was expected.
    pub fn ask(&self, statements: &[String], context: &Context) -> Result<Vec<Vec<String>>, Finding> {
        let program = match &self.mysql {
            Some(program) => program.clone(),
            None => PROGRAMS.iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
                let names = PROGRAMS.join(" nor ");
                Finding::unknown("no_command", format!("there is neither {names}: install the database's client"))
            })?,
        };
        // The command says in many lines that it cannot.
        if let Some(file) = &self.defaults_file
            && let Err(error) = std::fs::File::open(file)
        {
            let what = format!("cannot read {}: {error}; see --defaults-file", file.display());
            return Err(Finding::unknown("defaults_file", what));
        }
        let seconds = context.deadline.remaining().as_secs().max(1);
        let mut words = vec![program.display().to_string()];
        // It has to be the first.
        words.extend(self.defaults_file.iter().map(|file| format!("--defaults-file={}", file.display())));
        words.extend(["--batch", "--skip-column-names"].map(str::to_owned));
        words.push(format!("--connect-timeout={seconds}"));
        words.extend(self.socket.iter().map(|file| format!("--socket={}", file.display())));
        words.extend(self.host.iter().map(|host| format!("--host={host}")));
        words.extend(self.port.iter().map(|port| format!("--port={port}")));
        words.push(format!("--database={}", self.database.as_deref().unwrap_or(DATABASE)));
        // MySQL passes over what stands in /*M! */.
        let before = format!(
            "SET time_zone = '+00:00'; SET SESSION TRANSACTION READ ONLY; /*M! SET max_statement_time = {seconds} */;"
        );
        words.push(format!("--execute={before}{}", statements.join(";")));
        let output = run(&words, Path::new("/"), &[], context)
            .map_err(|fault| Finding::unknown("not_read", format!("cannot read {}: {fault}", self.place())))?;
        if !output.is_ok() {
            return Err(self.refused(&output));
        }
        Ok(output.out.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    fn refused(&self, output: &Output) -> Finding {
        let said = output.said();
        let number = said.strip_prefix("ERROR ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        // 2002 and 2003: nobody listens there. 1045, 1044 and 1142: rights. 1049, 1146: no such database or table.
        let (state, id, hint) = match number {
            "2002" | "2003" => (State::Critical, "down", "does the database run? Without it nothing is accounted"),
            "1045" | "1044" | "1142" | "1143" => {
                (State::Unknown, "no_rights", "see --defaults-file, and GRANT SELECT on this database to its user")
            }
            "1049" | "1146" | "1054" => (State::Unknown, "other_schema", "is it the client's database? see --database"),
            "1969" | "3024" => (State::Unknown, "slow", "it takes longer than -t allows"),
            _ => (State::Unknown, "not_read", "see --defaults-file, --socket and --host"),
        };
        Finding::new(state, id, format!("cannot read {}: {said}; {hint}", self.place()))
    }
}
