//! What the words of containerd, CRI-O and registries tell of an image that does not come.

/// Why an image does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// That is no image's name.
    Name,
    /// The node may not pull it.
    Never,
    /// The registry wants fewer requests.
    RateLimit,
    /// The registry does not give it to us.
    Auth,
    /// A policy of the node wants a signature.
    Signature,
    /// It is made for other machines.
    Architecture,
    /// The registry has no such image.
    Missing,
    /// The node has no room for it.
    Disk,
    /// The registry's name cannot be resolved.
    Dns,
    /// The registry's certificate is not trusted.
    Tls,
    /// The registry does not answer.
    Network,
    /// The registry answers with an error of its own.
    Registry,
    /// In words that are not known.
    Unknown,
}

/// Texts in lower case and what they tell, in the order in which they are looked for: a registry that hides what it has
/// says "not found" and "access denied" in one sentence, and a runtime puts its own words around them.
const TEXTS: &[(&str, Trouble)] = &[
    ("couldn't parse image name", Trouble::Name),
    ("invalid reference format", Trouble::Name),
    ("short-name", Trouble::Name),
    ("short name mode is enforcing", Trouble::Name),
    ("with pull policy of never", Trouble::Never),
    ("toomanyrequests", Trouble::RateLimit),
    ("429 too many requests", Trouble::RateLimit),
    ("pull rate limit", Trouble::RateLimit),
    ("signature validation failed", Trouble::Signature),
    ("signaturevalidationfailed", Trouble::Signature),
    ("unauthorized", Trouble::Auth),
    ("403 forbidden", Trouble::Auth),
    ("authentication required", Trouble::Auth),
    ("pull access denied", Trouble::Auth),
    ("insufficient_scope", Trouble::Auth),
    ("no basic auth credentials", Trouble::Auth),
    ("requested access to the resource is denied", Trouble::Auth),
    ("denied:", Trouble::Auth),
    ("no match for platform in manifest", Trouble::Architecture),
    ("no matching manifest for", Trouble::Architecture),
    ("no image found in image index for architecture", Trouble::Architecture),
    ("no image found in manifest list for architecture", Trouble::Architecture),
    ("manifest unknown", Trouble::Missing),
    ("name unknown", Trouble::Missing),
    ("no such manifest", Trouble::Missing),
    (": not found", Trouble::Missing),
    ("404 not found", Trouble::Missing),
    ("no space left on device", Trouble::Disk),
    ("no such host", Trouble::Dns),
    ("server misbehaving", Trouble::Dns),
    ("dial tcp: lookup", Trouble::Dns),
    ("x509:", Trouble::Tls),
    ("certificate signed by unknown authority", Trouble::Tls),
    ("server gave http response to https client", Trouble::Tls),
    ("i/o timeout", Trouble::Network),
    ("context deadline exceeded", Trouble::Network),
    ("tls handshake timeout", Trouble::Network),
    ("connection refused", Trouble::Network),
    ("connection reset", Trouble::Network),
    ("no route to host", Trouble::Network),
    ("network is unreachable", Trouble::Network),
    ("502 bad gateway", Trouble::Registry),
    ("503 service unavailable", Trouble::Registry),
    ("500 internal server error", Trouble::Registry),
    ("504 gateway timeout", Trouble::Registry),
    ("registryunavailable", Trouble::Registry),
];

impl Trouble {
    /// What a text tells; None where it has none of the known words.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        TEXTS.iter().find(|(words, _)| text.contains(words)).map(|(_, trouble)| *trouble)
    }
}
