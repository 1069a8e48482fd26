//! Contexts in which a change is asked for twice: a person types the context's name.

/// Whether a change in this context needs the context's name typed. In the patterns `*` stands for any characters.
pub fn is_protected(patterns: &[String], context: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, context))
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => {
            let Some(name) = name.strip_prefix(head) else { return false };
            (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| fits(rest, &name[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        let fits = |pattern: &str, context| is_protected(&["other".to_owned(), pattern.to_owned()], context);
        for (pattern, context) in
            [("prod", "prod"), ("prod-*", "prod-eu"), ("*prod*", "é/prod"), ("*", ""), ("a*b*c", "abbc")]
        {
            assert!(fits(pattern, context), "{pattern} {context}");
        }
        for (pattern, context) in [("prod", "prod-eu"), ("prod-*", "prod"), ("*prod", "prod-eu"), ("", "prod")] {
            assert!(!fits(pattern, context), "{pattern} {context}");
        }
        assert!(!is_protected(&[], "prod"));
    }
}
