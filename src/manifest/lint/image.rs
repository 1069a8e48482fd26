//! Which image containers run.

use std::sync::LazyLock;

use regex::Regex;

use super::Lint;
use crate::manifest::problem::Severity;

/// A reference to an image as the container runtimes read it (`github.com/distribution/reference`).
static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const LABEL: &str = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
    const PART: &str = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
    const TAG: &str =
        r"(?::\w[\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?";
    let domain = format!(r"(?:{LABEL}(?:\.{LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/");
    Regex::new(&format!("^(?:{domain})?{PART}(?:/{PART})*{TAG}$")).ok()
});

/// Words that stand for what somebody was to fill in.
const PLACEHOLDERS: [&str; 6] = ["your", "my", "example", "placeholder", "changeme", "todo"];

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L070",
        name: "image-mutable-tag",
        severity: Severity::Warning,
        help: "An image needs a tag other than latest, or a digest, or retries may run other code.",
        check: |it, found| {
            for image in it.all_containers().map(|one| one.key("image")) {
                let Some((_, tag, false)) = image.text().filter(|text| !text.is_empty()).map(parts) else { continue };
                let told = match tag {
                    None => "without a tag this is `latest`: retries may run other code, and each pod pulls it anew",
                    Some("latest") => "`latest` changes: retries may run other code, and each pod pulls it anew",
                    Some(_) => continue,
                };
                found.push(image.told(told));
            }
        },
    },
    Lint {
        id: "L071",
        name: "image-placeholder",
        severity: Severity::Error,
        help: "The image looks like one that somebody was to fill in.",
        check: |it, found| {
            for image in it.all_containers().map(|one| one.key("image")) {
                let text = image.text().unwrap_or_default().to_ascii_lowercase();
                let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
                if has_brackets(&text) || words.any(|word| PLACEHOLDERS.contains(&word)) {
                    found.push(
                        image.told("the image looks like a placeholder: its pods would wait for ever to pull it"),
                    );
                }
            }
        },
    },
    Lint {
        id: "L072",
        name: "image-invalid",
        severity: Severity::Error,
        help: "The image has to be a name that container runtimes can read.",
        check: |it, found| {
            for image in it.all_containers().map(|one| one.key("image")) {
                let text = image.text().unwrap_or_default();
                if has_brackets(text) || is_reference(text) {
                    continue;
                }
                let told = match text {
                    "" => "the container has no image: the Job is refused".to_owned(),
                    text => format!("`{text}` is not a valid image name: its pods stay at InvalidImageName"),
                };
                let (repository, _, _) = parts(text);
                let lower = repository.to_ascii_lowercase() + &text[repository.len()..];
                found.push(image.told(told).mended_if(is_reference(&lower).then(|| image.set(lower))));
            }
        },
    },
];

/// Whether it has what templates put around words; one word about that is enough.
fn has_brackets(image: &str) -> bool {
    image.contains(['<', '>', '{', '}'])
}

fn is_reference(image: &str) -> bool {
    REFERENCE.as_ref().is_some_and(|pattern| pattern.is_match(image))
}

/// The repository, the tag, and whether there is a digest.
pub(super) fn parts(image: &str) -> (&str, Option<&str>, bool) {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let path = name.rfind('/').map_or(0, |slash| slash + 1);
    match name[path..].split_once(':') {
        Some((last, tag)) => (&name[..path + last.len()], Some(tag), digest.is_some()),
        None => (name, None, digest.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_runtimes_read_them() {
        let digest = format!("busybox@sha256:{}", "0a".repeat(32));
        for image in
            ["busybox", "busybox:1.36", "a/b-c/d__e.f:V1", "Registry:5000/a/b", "localhost:5000/a:1", digest.as_str()]
        {
            assert!(is_reference(image), "{image}");
        }
        for image in ["", "Busybox", "busybox:", "a b", "a//b", "busybox:1:2", "-a", "a@sha256:1", "a/B:1"] {
            assert!(!is_reference(image), "{image}");
        }
        assert_eq!(parts("h:5000/a/b:1@sha256:0"), ("h:5000/a/b", Some("1"), true));
        assert_eq!(parts("h:5000/a"), ("h:5000/a", None, false));
    }
}
