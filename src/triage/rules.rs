//! The registry of rules: what each finds, in words for a person who meets its number.

use super::finding::{RuleId, Severity};

/// A rule as the documentation and `kubatch why -o json` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// Its name.
    pub name: &'static str,
    /// How bad what it finds is at most.
    pub severity: Severity,
    /// What it finds, in a sentence.
    pub about: &'static str,
}

const fn rule(id: &'static str, name: &'static str, severity: Severity, about: &'static str) -> Rule {
    Rule { id: RuleId(id), name, severity, about }
}

/// All rules, by number.
pub const RULES: &[Rule] = &[
    rule("T006", "quota-exceeded", Severity::Error, "A quota has no room for the Job's next pod."),
    rule(
        "T007",
        "quota-requires-resources",
        Severity::Critical,
        "A quota demands resources that the pod does not set.",
    ),
];
