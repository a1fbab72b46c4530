//! The nearest of some words.

/// The word that differs least from `typed`, if that is little enough to be a slip; of equals the first.
pub(crate) fn nearest<'w>(typed: &str, words: &[&'w str]) -> Option<&'w str> {
    if typed.chars().count() > 100 {
        return None;
    }
    let slip = (typed.chars().count() / 3).max(1);
    words.iter().map(|w| (distance(typed, w), *w)).filter(|(d, _)| *d <= slip).min_by_key(|(d, _)| *d).map(|(_, w)| w)
}

/// Edits (insert, delete, replace) from one to the other, regardless of case, and of - for _.
fn distance(a: &str, b: &str) -> usize {
    let plain = |t: &str| t.to_lowercase().replace('-', "_").chars().collect::<Vec<char>>();
    let (a, b) = (plain(a), plain(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_far() {
        let words = ["service_types", "candidates", "metrics", "vo"];
        assert_eq!(nearest("service-type", &words), Some("service_types"));
        assert_eq!(nearest("Metrcs", &words), Some("metrics"));
        assert_eq!(nearest("VO", &words), Some("vo"));
        assert_eq!(nearest("escalation", &words), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
