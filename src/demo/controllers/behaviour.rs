//! What a container does in the embedded cluster, told in the annotation `demo.kubatch.dev/behaviour` of its pod:
//!
//! ```text
//! load [try 1-2]: run 4m12s; log etl; exit 137 OOMKilled
//! load: run 2m..3m; log etl
//! proxy: run forever; log proxy every 10s
//! ```
//!
//! A line for each container, or one for each of its cases; the first that fits holds. `*` fits any container. Cases are
//! `[try 2]`, `[try 1-2]` (counted from 1, over restarts and replaced pods) and `[index 12,40,77]`. The clauses:
//!
//! | clause | meaning | without it |
//! |---|---|---|
//! | `run 90s`, `run 2m..3m`, `run forever` | how long it runs; of a range by lot | `run 15s..30s` |
//! | `log NAME`, `log NAME every 5s` | a text of `assets/demo/logs`, spread over the run, or round and round | no log |
//! | `exit CODE`, `exit CODE REASON` | how it ends | `exit 0` |
//! | `message TEXT` | its termination message | none |
//! | `pull 8s` | how long its image takes where the node has not got it | `pull 2s` |
//! | `image missing` | the registry does not know its image | it does |
//!
//! Pure: a text, a container and its case in, a [`Plan`] out. Called by the kubelet.

use super::object::lot;

/// The annotation.
pub(super) const ANNOTATION: &str = "demo.kubatch.dev/behaviour";

/// What one run of a container does.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// Seconds that it runs; None for ever.
    pub(super) run: Option<i64>,
    /// The name of the log's text.
    pub(super) log: Option<String>,
    /// Seconds from one line to the next; None spreads the text over the run.
    pub(super) every: Option<i64>,
    /// The exit code.
    pub(super) exit: i64,
    /// The reason where it is not the usual one.
    pub(super) reason: Option<String>,
    /// The termination message.
    pub(super) message: Option<String>,
    /// Seconds that its image takes to be pulled.
    pub(super) pull: i64,
    /// Whether the registry does not know the image.
    pub(super) is_image_missing: bool,
}

/// Which run of which container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) container: &'a str,
    /// Counted from 1.
    pub(super) attempt: i64,
    pub(super) index: Option<u32>,
    /// Decides what a range leaves open; the same for the same run.
    pub(super) chance: u64,
}

/// The plan for a run. A text that does not say anything of the container leaves all at what the table says; so does a
/// clause that cannot be read.
pub(super) fn plan(text: &str, case: Case<'_>) -> Plan {
    let mut plan = Plan {
        run: Some(between(15, 30, case.chance)),
        log: None,
        every: None,
        exit: 0,
        reason: None,
        message: None,
        pull: 2,
        is_image_missing: false,
    };
    let clauses = text.lines().filter_map(|line| line.split_once(':')).find(|(head, _)| fits(head, case));
    for clause in clauses.iter().flat_map(|(_, clauses)| clauses.split(';')) {
        plan.take(clause.trim(), case.chance);
    }
    plan
}

impl Plan {
    fn take(&mut self, clause: &str, chance: u64) {
        let (verb, rest) = clause.split_once(' ').unwrap_or((clause, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (verb, words.as_slice()) {
            ("run", ["forever"]) => self.run = None,
            ("run", [span]) => self.run = read_span(span, chance).or(self.run),
            ("log", [name]) => self.log = Some((*name).into()),
            ("log", [name, "every", pace]) => {
                (self.log, self.every) = (Some((*name).into()), read_span(pace, chance));
            }
            ("exit", [code, reason @ ..]) => {
                self.exit = code.parse().unwrap_or(0);
                self.reason = reason.first().map(|&reason| reason.into());
            }
            ("message", _) => self.message = Some(rest.into()),
            ("pull", [span]) => self.pull = read_span(span, chance).unwrap_or(self.pull),
            ("image", ["missing"]) => self.is_image_missing = true,
            _ => {}
        }
    }
}

/// Whether the head of a line, such as `load [try 1-2]`, means this case.
fn fits(head: &str, case: Case<'_>) -> bool {
    let (container, condition) = head.trim().split_once('[').unwrap_or((head, ""));
    let names = matches!(container.trim(), name if name == "*" || name == case.container);
    let within = |list: &str, number: i64| {
        list.split(',').any(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let bounds = (first.trim().parse::<i64>(), last.trim().parse::<i64>());
            matches!(bounds, (Ok(first), Ok(last)) if (first..=last).contains(&number))
        })
    };
    names
        && match condition.trim_end_matches(']').split_once(' ') {
            None => condition.is_empty(),
            Some(("try", list)) => within(list, case.attempt),
            Some(("index", list)) => case.index.is_some_and(|index| within(list, index.into())),
            Some(_) => false,
        }
}

/// `90s`, `4m12s`, or by lot from `2m..3m`, in seconds.
fn read_span(text: &str, chance: u64) -> Option<i64> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    Some(between(seconds(least)?, seconds(most)?, chance))
}

/// `4m12s` in seconds.
pub(in crate::demo) fn seconds(text: &str) -> Option<i64> {
    let span: jiff::Span = text.parse().ok()?;
    let hours = i64::from(span.get_days()) * 24 + i64::from(span.get_hours());
    Some(hours * 3_600 + span.get_minutes() * 60 + span.get_seconds())
}

fn between(least: i64, most: i64, chance: u64) -> i64 {
    let width = u64::try_from(most - least).unwrap_or(0) + 1;
    least + (lot(chance, &["span"]) % width) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "load [try 1-2]: run 4m12s; log etl; exit 137 OOMKilled\n\
                        load: run 2m..3m; log etl every 5s; message 7 rows; 3 refused\n\
                        shard [index 12,40]: run 40s; exit 2\n\
                        *: run forever; pull 8s; image missing\n";

    fn planned(container: &str, attempt: i64, index: Option<u32>) -> Plan {
        plan(TEXT, Case { container, attempt, index, chance: 7 })
    }

    #[test]
    fn first_line_that_fits_holds() {
        let oom = planned("load", 2, None);
        assert_eq!((oom.run, oom.exit, oom.reason.as_deref()), (Some(252), 137, Some("OOMKilled")));
        let third = planned("load", 3, None);
        assert!((120..=180).contains(&third.run.unwrap()), "{third:?}");
        assert_eq!((third.log.as_deref(), third.every, third.exit), (Some("etl"), Some(5), 0));
        assert_eq!(third.message.as_deref(), Some("7 rows"));
        assert_eq!(planned("shard", 1, Some(40)).exit, 2);
        let other = planned("shard", 1, Some(41));
        assert_eq!((other.run, other.pull, other.is_image_missing), (None, 8, true));
    }

    #[test]
    fn container_without_a_line_runs_a_little_and_succeeds() {
        let plan = plan("", Case { container: "main", attempt: 1, index: None, chance: 1 });
        assert!((15..=30).contains(&plan.run.unwrap()));
        assert_eq!((plan.exit, plan.log), (0, None));
    }
}
