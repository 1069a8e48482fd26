//! The indexes of an Indexed Job: the text form of a set of them, and what a pod says of its own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::demo::controllers::object::text;

/// The annotation and label of a pod that holds its index.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// The annotation of a pod that tells how often its index had failed before.
pub(super) const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";

/// Reads `1,3-5`.
pub(super) fn parse(text: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) {
            found.extend(first..=last);
        }
    }
    found
}

/// Writes `1,3-5`: two neighbours are written apart, three or more as a range.
pub(super) fn format(indexes: &BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &index in indexes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => ranges.push((index, index)),
        }
    }
    let words = ranges.iter().map(|&(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(",")
}

/// The pod's index.
pub(super) fn of(pod: &Value) -> Option<u32> {
    text(&pod["metadata"]["annotations"][INDEX]).parse().ok()
}

/// How often the pod's index had failed before it.
pub(super) fn failures(pod: &Value) -> i64 {
    text(&pod["metadata"]["annotations"][FAILURES]).parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_neighbours_become_a_range() {
        for text in ["", "7", "1,2", "1,3-5,7", "0-11,13-39,41-76"] {
            assert_eq!(format(&parse(text)), text);
        }
        assert_eq!(format(&parse("1-2")), "1,2");
    }
}
