//! What the words of a schema tell. Kubernetes fills in most defaults by code that its schemas know nothing of, and says
//! them in the description alone.

/// How descriptions begin to tell a default.
const BEGINNINGS: [&str; 4] = ["efaults to ", "efault to ", "efault is ", "efault value is "];

/// The default that a description tells: a single word, since more are an explanation.
pub(super) fn default_in(description: &str) -> Option<&str> {
    let told = BEGINNINGS.iter().find_map(|words| description.split_once(words)).map(|(_, rest)| {
        let end = rest.find([',', ';', '\n']).into_iter().chain(rest.find(". ")).min().unwrap_or(rest.len());
        rest[..end].trim_end_matches('.')
    });
    let marked = description.split_once(" (default)").map(|(before, _)| {
        let start = before.rfind([' ', '\n']).map_or(0, |at| at + 1);
        &before[start..]
    });
    let word = told.filter(|word| is_value(word)).or(marked)?.trim_matches(['"', '\'', '`']);
    is_value(word).then_some(word)
}

fn is_value(word: &str) -> bool {
    !word.is_empty() && !word.contains(char::is_whitespace) && !["nil", "empty", "\"\""].contains(&word)
}
