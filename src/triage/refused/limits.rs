//! Pods that break the bounds of a LimitRange (`plugin/pkg/admission/limitranger/admission.go`).

use super::super::Case;
use super::super::case::of_field;
use super::super::finding::{Finding, Fix};
use super::super::grammar::Pattern;
use super::super::mend::{self, Changes};
use super::refusal;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::limit_range::{Limit, LimitRange};
use crate::model::resources::{Quantity, amount_of};

/// `maximum memory usage per Container is 2Gi, but limit is 4Gi`, `minimum cpu usage per Pod is 100m.  No request is
/// specified`.
pub(in crate::triage) static BOUND: Pattern = Pattern::new(
    r"(?<bound>maximum|minimum) (?<resource>\S+) usage per (?<kind>\w+) is (?<value>[^,\s\]]+?)(?:\.\s+No (?<unset>request|limit) is specified|, but (?<side>request|limit) is (?<got>[^,\s\]]+))",
);

/// `cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000`; the end may say instead that a
/// side is not set.
pub(super) static RATIO: Pattern = Pattern::new(
    r"(?<resource>[^\s\[]+) max limit to request ratio per (?<kind>\w+) is (?<value>[^,\s]+), but (?:provided ratio is (?<got>[\d.]+)|(?<unset>no (?:request|limit)))",
);

/// T008: a pod or container asks for more, or less, than the namespace lets a single one have.
pub(super) fn out_of_bounds(case: &Case<'_>, job: &Job, event: &Event) -> Option<Finding> {
    let broken = Broken::read(&event.note)?;
    let Broken { bound, resource, kind, value, .. } = &broken;
    let range = broken.range(case, job);
    let whose = range.map_or_else(|| "A LimitRange".to_owned(), |(range, _)| format!("LimitRange {}", range.meta.name));
    let each = kind.to_lowercase();
    let rule = match *bound {
        Bound::Maximum => format!("allows at most {value} {resource} for each {each}"),
        Bound::Minimum => format!("demands at least {value} {resource} for each {each}"),
        Bound::Ratio => format!("lets the {resource} limit of each {each} be at most {value} times its request"),
    };
    let more = event.note.matches(" usage per ").count() + event.note.matches(" ratio per ").count();
    let more = match more {
        0 | 1 => String::new(),
        all => format!(" {} more of its bounds are broken.", all - 1),
    };
    let filled = if broken.is_filled_in(case, range.map(|(_, limit)| limit)) {
        " The Job does not set this itself: the LimitRange fills it in."
    } else {
        ""
    };
    let mut finding = refusal(case, event, "T008");
    finding.evidence.extend(range.map(|(range, limit)| {
        let field = match bound {
            Bound::Maximum => "max",
            Bound::Minimum => "min",
            Bound::Ratio => "maxLimitRequestRatio",
        };
        of_field(range, format!("spec.limits[{}].{field}[{resource}]", limit.kind), value.as_str())
    }));
    let namespace = &job.meta.namespace;
    Some(Finding {
        verdict: format!("{whose} in {namespace} {rule}; {}. No pod may be created.{filled}{more}", broken.asked()),
        short: broken.short(),
        fixes: broken
            .cure(case)
            .into_iter()
            .chain([Fix::outside(format!(
                "change the bounds of {resource} in namespace {namespace}: the Job goes on by itself within a minute"
            ))])
            .collect(),
        group: format!("T008/{namespace}/{kind}/{resource}/{}", bound.word()),
        ..finding
    })
}

/// `spec.containers[0].resources.requests: Invalid value: "128Mi": must be less than or equal to memory limit of 64Mi`
/// (apimachinery field errors, `pkg/apis/core/validation`).
pub(super) static ABOVE_LIMIT: Pattern = Pattern::new(
    r#"spec\.(?<list>containers|initContainers)\[(?<at>\d+)\]\.resources\.requests: Invalid value: "(?<asked>[^"]+)": must be less than or equal to (?<resource>\S+) limit of (?<limit>[^\s,\]]+)"#,
);

/// T008: a container asks for more than the limit that a LimitRange fills in for it, which no pod may.
pub(super) fn above_limit(case: &Case<'_>, job: &Job, event: &Event) -> Option<Finding> {
    let found = ABOVE_LIMIT.captures(&event.note)?;
    let (list, asked, resource, limit) = (&found["list"], &found["asked"], &found["resource"], &found["limit"]);
    let spec = &case.pod_spec()?[list][found["at"].parse::<usize>().ok()?];
    // What the Job itself writes the server refuses with the Job.
    if !spec["resources"]["limits"][resource].is_null() {
        return None;
    }
    let (name, namespace) = (spec["name"].as_str()?, &job.meta.namespace);
    let value = Quantity::parse(limit)?;
    let fills_in =
        |limit: &&Limit| limit.kind == "Container" && amount_of(&limit.default_limit, resource) == Some(value);
    let mut ranges = case.known.snapshot.limit_ranges.iter().filter(|one| one.meta.namespace == *namespace);
    let range = ranges.find_map(|range| Some((range, range.limits.iter().find(fills_in)?)));
    let whose =
        range.map_or_else(|| "the namespace".to_owned(), |(range, _)| format!("LimitRange {}", range.meta.name));
    let has_room = range.is_none_or(|(_, bounds)| {
        amount_of(&bounds.max, resource).is_none_or(|most| Quantity::parse(asked).is_some_and(|asked| asked <= most))
    });
    let path = format!("{}.{list}[name={name}].resources", mend::POD);
    let key = mend::key(resource);
    let (words, changes) = match has_room {
        true => (
            format!("set a {resource} limit of {asked} in a new Job"),
            Changes::set(format!("{path}.limits{key}"), asked),
        ),
        false => {
            (format!("ask for {limit} {resource} in a new Job"), Changes::set(format!("{path}.requests{key}"), limit))
        }
    };
    let mut finding = refusal(case, event, "T008");
    finding
        .evidence
        .extend(range.map(|(range, _)| of_field(range, format!("spec.limits[Container].default[{resource}]"), limit)));
    let change = Fix::outside(format!("change the default limit of {resource} in namespace {namespace}"));
    Some(Finding {
        verdict: format!(
            "Container {name} asks for {asked} {resource} and sets no limit, so {whose} in {namespace} fills in one of {limit}: \
             a container may not ask for more than its limit. No pod may be created."
        ),
        short: format!("{resource} request {asked} is above the default limit {limit}"),
        fixes: mend::mend(case, words, &changes).into_iter().chain([change]).collect(),
        group: format!("T008/{namespace}/default/{resource}"),
        ..finding
    })
}

/// Which bound is broken, and by what.
struct Broken {
    bound: Bound,
    resource: String,
    kind: String,
    value: String,
    /// What is asked for; None where the side is not set at all.
    got: Option<String>,
    /// `request` or `limit`; `ratio`.
    side: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Bound {
    Maximum,
    Minimum,
    Ratio,
}

impl Bound {
    fn word(self) -> &'static str {
        match self {
            Bound::Maximum => "maximum",
            Bound::Minimum => "minimum",
            Bound::Ratio => "ratio",
        }
    }
}

impl Broken {
    fn read(note: &str) -> Option<Self> {
        let (found, bound) = match BOUND.captures(note) {
            Some(found) if &found["bound"] == "maximum" => (found, Bound::Maximum),
            Some(found) => (found, Bound::Minimum),
            None => (RATIO.captures(note)?, Bound::Ratio),
        };
        let text = |name: &str| found.name(name).map(|text| text.as_str().to_owned());
        let side = text("side").or_else(|| text("unset").map(|side| side.trim_start_matches("no ").to_owned()));
        let trimmed = |ratio: String| ratio.trim_end_matches('0').trim_end_matches('.').to_owned();
        let got = text("got").map(|got| if bound == Bound::Ratio { trimmed(got) } else { got });
        let (resource, kind, value) = (text("resource")?, text("kind")?, text("value")?);
        Some(Self { bound, resource, kind, value, got, side: side.unwrap_or_else(|| "ratio".to_owned()) })
    }

    fn asked(&self) -> String {
        match &self.got {
            Some(got) if self.bound == Bound::Ratio => format!("the Job has {got} times"),
            Some(got) => format!("the {} here is {got}", self.side),
            None => format!("the Job sets no {} for it", self.side),
        }
    }

    /// `memory limit is 4Gi, at most 2Gi`.
    fn short(&self) -> String {
        let Self { bound, resource, value, got, side, .. } = self;
        let bound = if *bound == Bound::Minimum { "at least" } else { "at most" };
        match got {
            Some(got) if self.bound == Bound::Ratio => {
                format!("{resource} limit is {got} times its request, {bound} {value}")
            }
            Some(got) => format!("{resource} {side} is {got}, {bound} {value}"),
            None => format!("no {resource} {side}, {bound} {value}"),
        }
    }

    /// To ask for as much as the bound says.
    fn cure(&self, case: &Case<'_>) -> Vec<Fix> {
        let Self { bound, resource, value, side, .. } = self;
        let Some(changes) = self.within(case) else {
            return vec![case.rerun(format!("set {resource} within these bounds in a new Job"))];
        };
        let words = match bound {
            Bound::Ratio => {
                format!("ask for more {resource}, so that the limit is {value} times as much, in a new Job")
            }
            _ => format!("set the {resource} {side} to {value} in a new Job"),
        };
        mend::mend(case, words, &changes)
    }

    /// The bound as what the containers ask for that break it. None where that is not known, or they break it together.
    fn within(&self, case: &Case<'_>) -> Option<Changes> {
        let value = Quantity::parse(&self.value)?;
        let resource = self.resource.as_str();
        let side = if self.side == "limit" { "limits" } else { "requests" };
        let spec = case.pod_spec()?;
        let of =
            |list: &'static str| spec[list].as_array().into_iter().flatten().map(move |container| (list, container));
        let containers: Vec<_> = of("containers").chain(of("initContainers")).collect();
        if self.kind != "Container" && containers.len() > 1 {
            return None;
        }
        let mut changes = Changes::NONE;
        for (list, container) in containers {
            let path = format!("{}.{list}[name={}]", mend::POD, container["name"].as_str()?);
            let (limit, asked) = (mend::amount(container, "limits", resource), mend::amount(container, side, resource));
            changes = changes.and(match self.bound {
                Bound::Ratio => {
                    let request = part(limit?, value)?;
                    Changes::set(format!("{path}.resources.requests{}", mend::key(resource)), request.words())
                }
                // Nothing is set: then the LimitRange's own default is what breaks the bound.
                Bound::Maximum if asked.is_none_or(|asked| asked > value) => {
                    mend::resource(&path, container, side, resource, value)
                }
                Bound::Minimum if asked.is_none_or(|asked| asked < value) => {
                    mend::resource(&path, container, side, resource, value)
                }
                _ => Changes::NONE,
            });
        }
        (changes != Changes::NONE).then_some(changes)
    }

    /// The LimitRange that says so, and its entry.
    fn range<'a>(&self, case: &Case<'a>, job: &Job) -> Option<(&'a LimitRange, &'a Limit)> {
        let value = Quantity::parse(&self.value)?;
        let says_so = |limit: &&Limit| {
            let bounds = match self.bound {
                Bound::Maximum => &limit.max,
                Bound::Minimum => &limit.min,
                Bound::Ratio => &limit.max_ratio,
            };
            limit.kind == self.kind && amount_of(bounds, &self.resource) == Some(value)
        };
        let ranges = case.known.snapshot.limit_ranges.iter().filter(|one| one.meta.namespace == job.meta.namespace);
        ranges.into_iter().find_map(|range| Some((range, range.limits.iter().find(says_so)?)))
    }

    /// What is refused is the LimitRange's own default: no container sets it.
    fn is_filled_in(&self, case: &Case<'_>, limit: Option<&Limit>) -> bool {
        let (Some(limit), Some(got)) = (limit, self.got.as_deref().and_then(Quantity::parse)) else { return false };
        let (defaults, field) = match self.side.as_str() {
            "limit" => (&limit.default_limit, "limits"),
            _ => (&limit.default_request, "requests"),
        };
        let Some(spec) = case.pod_spec() else { return false };
        let sets = |container: &serde_json::Value| !container["resources"][field][&self.resource].is_null();
        amount_of(defaults, &self.resource) == Some(got)
            && spec["containers"].as_array().is_some_and(|all| !all.iter().any(sets))
    }
}

/// So much that the whole is at most `times` as much.
fn part(whole: Quantity, times: Quantity) -> Option<Quantity> {
    // Thousandths by thousandths: rounded up, so that the ratio stays below its bound.
    let millis = i128::from(whole.millis()) * 1_000;
    let part = millis.checked_div(times.millis().max(1).into())? + 1;
    Quantity::parse(&match part {
        // Of memory only whole bytes can be asked for.
        large @ 100_000.. => (large / 1_000 + 1).to_string(),
        small => format!("{small}m"),
    })
}
