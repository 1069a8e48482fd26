//! Texts that controllers, admission plugins, the scheduler and runtimes write, taken apart.

use std::sync::OnceLock;

use regex::{Captures, Regex};

/// A pattern that is compiled when it is first asked.
#[derive(Debug)]
pub(super) struct Pattern {
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern with named groups. One that is no regular expression never matches; the tests compile them all.
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// What it finds.
    pub(super) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.compiled.get_or_init(|| Regex::new(self.text).ok()).as_ref()?.captures(text)
    }

    /// Whether it can be compiled.
    #[cfg(test)]
    pub(super) fn is_sound(&self) -> bool {
        Regex::new(self.text).is_ok()
    }
}

/// The amounts of `cpu=500m,memory=1Gi`, in their order.
pub(super) fn amounts(text: &str) -> Vec<(&str, &str)> {
    text.split(',').filter_map(|one| one.trim().split_once('=')).collect()
}

/// The name that was probably meant: other letters' case, other separators, or at most two slips.
pub(super) fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_', '.'], "");
    let meant = plain(wanted);
    let slips = names.map(|name| (strsim::osa_distance(&plain(name), &meant), name));
    let allowed = if wanted.chars().count() > 3 { 2 } else { 1 };
    slips.filter(|(slips, name)| *slips <= allowed && *name != wanted).min().map(|(_, name)| name.to_owned())
}
