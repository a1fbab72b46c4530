//! Nagios hands out command lines for a shell. Most of them are words and quotes, and need none; what does need a shell is told
//! apart here, and whatever is in doubt counts as needing one.

/// A command line, read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Line {
    /// The words that a shell would have made of it.
    Words(Vec<Vec<u8>>),
    /// Only a shell can tell: expansions, redirections, several commands, or quotes that do not end.
    Shell,
}

/// Reads a command line by the rules of the POSIX shell (XCU 2.2 and 2.3), as far as no expansion is needed.
pub fn read(line: &[u8]) -> Line {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' => words.extend(word.take()),
            b'\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next() {
                        Some(b'\'') => break,
                        Some(byte) => word.push(byte),
                        None => return Line::Shell,
                    }
                }
            }
            b'"' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next() {
                        Some(b'"') => break,
                        Some(b'\\') => match bytes.next() {
                            Some(byte @ (b'"' | b'\\' | b'$' | b'`')) => word.push(byte),
                            Some(b'\n') | None => return Line::Shell,
                            Some(byte) => word.extend([b'\\', byte]),
                        },
                        Some(b'$' | b'`') | None => return Line::Shell,
                        Some(byte) => word.push(byte),
                    }
                }
            }
            b'\\' => match bytes.next() {
                Some(b'\n') | None => return Line::Shell,
                Some(byte) => word.get_or_insert_default().push(byte),
            },
            // The operators, the expansions, and what some shells expand besides.
            b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')' | b'$' | b'`' | b'\n' | b'*' | b'?' | b'[' | b'{' | b'}'
            | 0 => {
                return Line::Shell;
            }
            // A comment, a home folder, or a negation, where a word begins with it; home folders are behind `=` and `:` too.
            b'#' | b'!' if word.is_none() => return Line::Shell,
            b'~' => return Line::Shell,
            // In front of the command it would be a variable.
            b'=' if words.is_empty() => return Line::Shell,
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word);
    if words.is_empty() { Line::Shell } else { Line::Words(words) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    fn words(line: &str) -> Vec<String> {
        match read(line.as_bytes()) {
            Line::Words(words) => words.into_iter().map(|w| String::from_utf8(w).unwrap()).collect(),
            Line::Shell => panic!("{line} needs a shell"),
        }
    }

    #[test]
    fn words_and_quotes_need_no_shell() {
        assert_eq!(
            words("/p/check_x -H host  -w 1:2\t-c '@5:6'"),
            ["/p/check_x", "-H", "host", "-w", "1:2", "-c", "@5:6"]
        );
        assert_eq!(words(r#"x "a b"'c d'\ e "" '$HOME' "\$\a""#), ["x", "a bc d e", "", "$HOME", r"$\a"]);
        assert_eq!(words("x a#b --o=p a!b"), ["x", "a#b", "--o=p", "a!b"]);
    }

    #[test]
    fn what_only_a_shell_can_do_is_left_to_it() {
        let lines =
            ["", " ", "x | y", "x; y", "x &", "x $H", "x `y`", "x \"$H\"", "x 'a", "x \"a", "x \\", "A=b x", "x *"];
        let more =
            ["x ~", "x --f=~/a", "# x", "x >f", "x {a,b}", "x [ab]", "x\ny", "! x", "x #c", "x \"a\\", "x a\\\nb"];
        for line in lines.into_iter().chain(more) {
            assert_eq!(read(line.as_bytes()), Line::Shell, "{line:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        /// The shell itself is the judge: what we read as words, it reads as the same.
        #[test]
        fn words_are_those_of_the_shell(line in r#"[a'"\\ \t$`|;#=~*?\[{}!:,.\-@é]{0,14}"#) {
            let line = [b"w ", line.as_bytes()].concat();
            if let Line::Words(words) = read(&line) {
                let script = [b"f() { printf '%s\\0' \"$@\"; }; f ", &line[..]].concat();
                let said = Command::new("/bin/sh").arg("-c").arg(OsStr::from_bytes(&script)).output().unwrap();
                let expected: Vec<u8> = words.iter().flat_map(|w| [&w[..], b"\0"].concat()).collect();
                prop_assert_eq!(said.stdout, expected);
            }
        }
    }
}
