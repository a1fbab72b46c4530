//! What the documents promise is there: every flag word is explained, and every test that is named exists.
#![expect(clippy::panic, reason = "in the helpers of tests a surprise is a failure")]

use alarm_core::flag::Flag;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn every_flag_is_explained_and_no_other() {
    let text = read("docs/flags.md");
    let explained: Vec<&str> =
        text.lines().filter_map(|l| l.strip_prefix("| `")?.split_once('`').map(|(word, _)| word)).collect();
    for flag in Flag::ALL {
        assert!(explained.contains(&flag.word()), "docs/flags.md does not explain {}", flag.word());
    }
    assert_eq!(explained.len(), Flag::ALL.len(), "docs/flags.md explains words that are no flags: {explained:?}");
}

#[test]
fn every_test_that_docs_rules_names_exists_and_is_ignored_only_if_it_says_so() {
    let text = read("docs/rules.md");
    let mut count = 0;
    for line in text.lines() {
        let Some((file, names)) = line.strip_prefix("- ").and_then(|l| l.split_once(".rs: ")) else { continue };
        let source = read(&format!("{file}.rs"));
        for name in names.split(", ") {
            let (bare, ignored) = (name.trim_matches(['*', '`']), name.starts_with('*'));
            let at = source.find(&format!("fn {bare}(")).unwrap_or_else(|| panic!("{file}.rs has no test {bare}"));
            let before: Vec<&str> = source[..at].lines().rev().take(3).collect();
            let is = before.iter().any(|l| l.trim_start().starts_with("#[ignore"));
            assert_eq!(is, ignored, "docs/rules.md and {file}.rs differ on whether {bare} is ignored");
            count += 1;
        }
    }
    assert!(count > 100, "only {count} tests are named");
}
