//! The nearest of some words.

/// The word that differs least from `typed`, if that is little enough to be a slip; of equals the first.
pub(crate) fn nearest<'w>(typed: &str, words: &[&'w str]) -> Option<&'w str> {
    if typed.chars().count() > 100 {
        return None;
    }
    let slip = (typed.chars().count() / 3).max(1);
    words.iter().map(|w| (distance(typed, w), *w)).filter(|(d, _)| *d <= slip).min_by_key(|(d, _)| *d).map(|(_, w)| w)
}

/// Edits (insert, delete, replace, swap two neighbours) from one to the other, regardless of case, and of - for _.
fn distance(a: &str, b: &str) -> usize {
    let plain = |t: &str| t.to_lowercase().replace('-', "_").chars().collect::<Vec<char>>();
    let (a, b) = (plain(a), plain(b));
    // The rows of the last two letters of `a`.
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
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
        assert_eq!((distance("stroe", "store"), distance("ab", "ba"), distance("abc", "cab")), (1, 1, 2));
    }
}
