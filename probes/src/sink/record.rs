//! A passive result, and its forms in Nagios' files.

use std::time::{SystemTime, UNIX_EPOCH};

/// The longest output of one result, in bytes.
pub const LONGEST_OUTPUT: usize = 60 * 1024;

/// A result of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct PassiveResult {
    /// The host's name, as the monitor has it.
    pub host: String,
    /// The service's; none: the result is the host's.
    pub service: Option<String>,
    /// 0 OK or UP, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    pub code: u8,
    /// All that the probe printed: `text|perfdata`, then long output.
    pub output: String,
    /// When the check began and ended.
    pub times: (SystemTime, SystemTime),
}

impl PassiveResult {
    /// `host;service`, or the host alone.
    pub fn name(&self) -> String {
        match &self.service {
            Some(service) => format!("{};{service}", self.host),
            None => self.host.clone(),
        }
    }

    /// The output in one line, as Nagios reads it from its files: line ends as `\n`, backslashes doubled.
    fn escaped(&self) -> String {
        let output = plugin::text::head(self.output.trim_end(), LONGEST_OUTPUT);
        let mut line = String::with_capacity(output.len() + 16);
        for c in output.chars() {
            match c {
                '\n' => line.push_str("\\n"),
                '\\' => line.push_str("\\\\"),
                '\r' | '\0' => {}
                c => line.push(c),
            }
        }
        line
    }

    /// As a record of the spool (nagioscore base/utils.c, process_check_result_file).
    pub fn spool_record(&self) -> String {
        let stamp = |at: SystemTime| {
            let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
            format!("{}.{:06}", since.as_secs(), since.subsec_micros())
        };
        let service = self.service.iter().map(|name| format!("service_description={name}\n")).collect::<String>();
        format!(
            "host_name={}\n{service}check_type=1\ncheck_options=0\nscheduled_check=0\nreschedule_check=0\nlatency=0.0\n\
             start_time={}\nfinish_time={}\nearly_timeout=0\nexited_ok=1\nreturn_code={}\noutput={}\n\n",
            self.host,
            stamp(self.times.0),
            stamp(self.times.1),
            self.code,
            self.escaped()
        )
    }

    /// As an external command, with its line end.
    pub fn command(&self) -> String {
        let at = self.times.1.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        match &self.service {
            Some(service) => {
                let output = self.escaped();
                format!("[{at}] PROCESS_SERVICE_CHECK_RESULT;{};{service};{};{output}\n", self.host, self.code)
            }
            // Passive results of hosts are 0 UP, 1 DOWN, 2 UNREACHABLE.
            None => format!("[{at}] PROCESS_HOST_CHECK_RESULT;{};{};{}\n", self.host, self.host_code(), self.escaped()),
        }
    }

    /// A plugin's code as a state of a host: what is no success means that it is down.
    pub fn host_code(&self) -> u8 {
        u8::from(self.code > 1)
    }
}

/// Whether a name can stand in Nagios' files: `;` ends it there, and so does a line end.
pub fn nameable(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == ';' || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn records_and_commands_are_one_line_an_output() {
        let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        let mut result = PassiveResult {
            host: "h".to_owned(),
            service: Some("s".to_owned()),
            code: 2,
            output: "X CRITICAL: a\\b|t=1s\nlong\r\nmore\n".to_owned(),
            times: (at(1500), at(2250)),
        };
        assert_eq!(
            result.spool_record(),
            "host_name=h\nservice_description=s\ncheck_type=1\ncheck_options=0\nscheduled_check=0\nreschedule_check=0\n\
             latency=0.0\nstart_time=1.500000\nfinish_time=2.250000\nearly_timeout=0\nexited_ok=1\nreturn_code=2\n\
             output=X CRITICAL: a\\\\b|t=1s\\nlong\\nmore\n\n"
        );
        assert_eq!(result.command(), "[2] PROCESS_SERVICE_CHECK_RESULT;h;s;2;X CRITICAL: a\\\\b|t=1s\\nlong\\nmore\n");
        result.service = None;
        assert!(result.command().starts_with("[2] PROCESS_HOST_CHECK_RESULT;h;1;X"));
        assert!(!result.spool_record().contains("service_description"));
        assert!(!nameable("") && !nameable("a;b") && !nameable("a\nb") && nameable("CE submit"));
    }
}
