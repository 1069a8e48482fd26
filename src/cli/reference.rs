//! What the arguments name: an object as kubectl writes it, a moment, and the names that come near to one that is not
//! there.

use super::stop::Stop;
use crate::cluster::scope::Scope;
use crate::model::clock::{Time, parse_duration};
use crate::model::key::Kind;

/// An object that is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Reference {
    /// CronJob, Job or Pod.
    pub(in crate::cli) kind: Kind,
    /// Its name.
    pub(in crate::cli) name: String,
}

impl Reference {
    /// Reads `job/x`, `jobs.batch/x`, `cj/x`, `pod/x`; a name alone is a pod's.
    ///
    /// # Errors
    /// Where the kind is another one, or the name is none.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once('/').unwrap_or(("pod", text));
        let kind = kind.to_lowercase();
        let (resource, group) = kind.split_once('.').unwrap_or((&kind, ""));
        // `jobs.v1.batch` is kubectl's longest form.
        let is_batch = matches!(group, "" | "batch" | "v1.batch");
        let is_core = matches!(group, "" | "v1" | "v1.");
        let kind = match resource {
            "job" | "jobs" if is_batch => Kind::Job,
            "cronjob" | "cronjobs" | "cj" if is_batch => Kind::CronJob,
            "pod" | "pods" | "po" if is_core => Kind::Pod,
            _ => return Err(format!("nothing is known of a {kind}: name a job/NAME, a cronjob/NAME or a pod/NAME")),
        };
        let is_name = |name: &str| {
            let is_part =
                |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter);
            !name.is_empty() && name.len() <= 253 && name.chars().all(is_part)
        };
        match is_name(name) {
            true => Ok(Self { kind, name: name.to_owned() }),
            false => Err("a name is of small letters, digits, - and .: see kubectl get jobs,cronjobs,pods".to_owned()),
        }
    }

    /// What has to be watched to know it and what it owns.
    pub(in crate::cli) fn scope(&self) -> Scope {
        let name = self.name.as_str().into();
        match self.kind {
            Kind::CronJob => Scope::CronJob(name),
            Kind::Job => Scope::Job(name),
            _ => Scope::Pod(name),
        }
    }
}

/// One object, as an argument.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Named {
    /// What is meant: job/NAME, cronjob/NAME or pod/NAME; as with kubectl, kind and name may be two words.
    #[arg(value_name = "KIND/NAME", num_args = 1..=2, required = true)]
    words: Vec<String>,
}

impl Named {
    /// Which one.
    ///
    /// # Errors
    /// Where the words name none.
    pub(in crate::cli) fn reference(&self) -> Result<Reference, Stop> {
        Reference::parse(&self.words.join("/")).map_err(|why| Stop::new(why, ""))
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.singular(), self.name)
    }
}

/// A moment: RFC 3339, or so long before now, as Go writes durations (`90s`, `1h30m`), with days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Since {
    /// Seconds before now.
    Ago(i64),
    /// A moment.
    At(Time),
}

impl Since {
    /// Reads it.
    ///
    /// # Errors
    /// Where it is neither.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, String> {
        if let Some(time) = Time::parse(text) {
            return Ok(Self::At(time));
        }
        parse_duration(text)
            .map(Self::Ago)
            .ok_or_else(|| "write 90s, 5m, 1h30m, 2d, or 2026-11-21T03:00:00Z".to_owned())
    }

    /// The moment.
    pub(in crate::cli) fn time(self, now: Time) -> Time {
        match self {
            Self::Ago(seconds) => now.plus_seconds(-seconds),
            Self::At(time) => time,
        }
    }
}

/// Names offered at most.
const OFFERED: usize = 3;

/// The next step where a name is not there: the nearest ones, else some that there are.
pub(in crate::cli) fn instead<'a>(wanted: &Reference, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let kind = wanted.kind.singular();
    let limit = 2.max(wanted.name.len() / 3);
    let rank = |name: &str| {
        let is_part = name.contains(&wanted.name) || wanted.name.contains(name);
        (distance(name, &wanted.name), is_part && name.len().min(wanted.name.len()) >= 3)
    };
    let mut near: Vec<(usize, &str)> = names
        .clone()
        .map(|name| (rank(name), name))
        .filter(|((distance, is_part), _)| *distance <= limit || *is_part)
        .map(|((distance, _), name)| (distance, name))
        .collect();
    near.sort_unstable();
    let told = |names: Vec<&str>, word: &str| {
        let names: Vec<String> = names.into_iter().take(OFFERED).map(|name| format!("{kind}/{name}")).collect();
        names.join(word)
    };
    if !near.is_empty() {
        return format!("did you mean {}?", told(near.into_iter().map(|(_, name)| name).collect(), " or "));
    }
    match names.clone().count() {
        0 => "there is none in this namespace, choose another with -n".to_owned(),
        1 => format!("there is {}", told(names.collect(), ", ")),
        2..=OFFERED => format!("there are {}", told(names.collect(), ", ")),
        count => format!("there are {count}, such as {}", told(names.collect(), ", ")),
    }
}

/// How many letters have to be put in, taken out or changed to make one word of the other (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut before = std::mem::replace(&mut row[0], at + 1);
        for (column, same) in other.bytes().enumerate() {
            let change = before + usize::from(letter != same);
            before = row[column + 1];
            row[column + 1] = change.min(before + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_kubectl_writes_them() {
        let named = |text: &str| Reference::parse(text).map(|one| (one.kind, one.name)).ok();
        for text in ["job/etl", "jobs/etl", "jobs.batch/etl", "Job/etl", "jobs.v1.batch/etl"] {
            assert_eq!(named(text), Some((Kind::Job, "etl".to_owned())), "{text}");
        }
        for text in ["cronjob/etl", "cronjobs.batch/etl", "cj/etl"] {
            assert_eq!(named(text), Some((Kind::CronJob, "etl".to_owned())), "{text}");
        }
        for text in ["etl", "po/etl", "pods/etl"] {
            assert_eq!(named(text), Some((Kind::Pod, "etl".to_owned())), "{text}");
        }
        for text in ["deploy/etl", "jobs.batch.volcano.sh/etl", "job/", "", "job/a/b", "job/x,metadata.name=y", "Etl"] {
            assert_eq!(named(text), None, "{text}");
        }
    }

    #[test]
    fn since_is_a_duration_or_a_moment() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("1h30m", 5_400), ("2d", 172_800), ("0s", 0)] {
            assert_eq!(Since::parse(text), Ok(Since::Ago(seconds)));
        }
        let moment = Time::parse("2026-11-21T03:00:00Z").unwrap();
        assert_eq!(Since::parse("2026-11-21T04:00:00+01:00"), Ok(Since::At(moment)));
        assert_eq!(Since::Ago(60).time(moment), Time::parse("2026-11-21T02:59:00Z").unwrap());
        for text in ["", "5", "m", "-5m", "+5m", "5w", "1.5h", "yesterday", "5é"] {
            assert!(Since::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn near_names_are_offered_nearest_first() {
        let wanted = Reference::parse("job/etl-3").unwrap();
        let offered = |names: &[&str]| instead(&wanted, names.iter().copied());
        assert_eq!(offered(&["report", "etl-2"]), "did you mean job/etl-2?");
        assert_eq!(offered(&["etl-3-retry", "etl-2"]), "did you mean job/etl-2 or job/etl-3-retry?");
        assert_eq!(offered(&["report"]), "there is job/report");
        assert_eq!(offered(&["a", "b", "c", "d"]), "there are 4, such as job/a, job/b, job/c");
        assert!(offered(&[]).contains("choose another with -n"));
        assert_eq!([distance("etl", "etl"), distance("", "abc"), distance("kitten", "sitting")], [0, 3, 3]);
    }
}
