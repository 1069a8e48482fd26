//! Images that do not come: what containerd, CRI-O and registries say, which the kubelet passes on in the state of the
//! container and, where that only says that it waits, in the event `Failed`.

use super::super::Case;
use super::image_name::{corrected, near_image, volume_of};
use super::trouble::Trouble;
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::event::Event;
use crate::model::mutation::Address;
use crate::model::pod::{Container, Pod};
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{
    blank, cut, job_subject, pod_subject, remake, rerun, sentences, status_path, waiting, waits,
};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::known::Fact;
use crate::triage::mend::{Changes, for_next_runs, mend_here, of_container};

/// The image in `Back-off pulling image "…"`, `Failed to pull image "…"`, `couldn't parse image name "…"`.
static IMAGE: Pattern = Pattern::new(r#"(?:image|tag|name) "(?<image>[^"]+)""#);

/// What is wrong with the image: `Failed to apply default image tag "X": couldn't parse image name "X": …`.
static UNREADABLE: Pattern =
    Pattern::new(r#"(?:couldn't parse image name "[^"]*": )(?:invalid reference format:? ?)?(?<why>.*)$"#);

/// `Unable to retrieve some image pull secrets (regcred, other); attempting to pull the image may not succeed.`
static SECRETS: Pattern = Pattern::new(r"image pull secrets \((?<names>[^)]+)\)");

/// Stands for an image whose name is not known.
const NAMELESS: &str = "of the container";

/// What is known of an image that does not come.
struct Pull<'a> {
    case: &'a Case<'a>,
    pod: &'a Pod,
    container: &'a Container,
    /// As the template has it, where that is known.
    image: String,
    /// What the runtime says.
    text: String,
    evidence: Vec<Evidence>,
}

/// What a waiting container says of its image.
pub(super) fn find(case: &Case<'_>, pod: &Pod, container: &Container, reason: &str, message: &str) -> Option<Finding> {
    let by_reason = match reason {
        "InvalidImageName" => Some(Trouble::Name),
        "ErrImageNeverPull" => Some(Trouble::Never),
        "SignatureValidationFailed" => Some(Trouble::Signature),
        "ErrImagePull" | "ImagePullBackOff" | "ImageInspectError" | "RegistryUnavailable" => None,
        _ => return None,
    };
    let image_in = |text: &str| IMAGE.captures(text).map(|found| found["image"].to_owned());
    let mut evidence = vec![of_field(pod, status_path(container, "state.waiting"), format!("{reason}: {message}"))];
    // The name of an image may hold words that mean something: it is no part of what the runtime says.
    let trouble_in = |text: &str| {
        let name = image_in(text).unwrap_or_default();
        if name.is_empty() { Trouble::of(text) } else { Trouble::of(&text.replace(&name, "IMAGE")) }
    };
    let mut trouble = by_reason.or_else(|| trouble_in(message));
    let mut text = message.to_owned();
    let mut image = image_in(message);
    // Older kubelets say in the state no more than that they wait; the event has the whole text.
    let failed = case.events(pod, "Failed").into_iter().find(|event| {
        event.note.starts_with("Failed to pull image") && (image.is_none() || image == image_in(&event.note))
    });
    if let Some(event) = failed {
        image = image_in(&event.note).or(image);
        if trouble.is_none() {
            (trouble, text) = (trouble_in(&event.note), event.note.to_string());
            evidence.insert(0, of_event(event));
        } else {
            evidence.push(of_event(event));
        }
    }
    let trouble = trouble.or_else(|| Trouble::of(reason)).unwrap_or(Trouble::Unknown);
    let in_spec = || case.container_spec(&container.name)?["image"].as_str().map(str::to_owned);
    let image = image.or_else(in_spec).unwrap_or_else(|| NAMELESS.to_owned());
    let pull = Pull { case, pod, container, image, text, evidence };
    let found = match trouble {
        Trouble::Name => pull.misnamed(),
        Trouble::Never => pull.never(),
        Trouble::RateLimit => pull.throttled(),
        Trouble::Auth => pull.refused(),
        Trouble::Signature => pull.unsigned(),
        Trouble::Architecture => foreign_architecture(case, pod, &pull.image, pull.evidence),
        Trouble::Missing => pull.missing(),
        _ => pull.unreachable(trouble),
    };
    Some(Finding { since: pod.started.or(pod.meta.created), ..found })
}

impl Pull<'_> {
    fn finding(self, rule: &'static str, severity: Severity) -> Finding {
        let confidence = if self.text.is_empty() { Confidence::Guess } else { Confidence::Likely };
        let group = format!("{rule}/{}", self.image);
        Finding { group, evidence: self.evidence, ..blank(self.case, rule, severity, confidence) }
    }

    /// The image's last part, for a row.
    fn short_name(&self) -> String {
        let last = self.image.rsplit('/').next().unwrap_or_default();
        let (name, digest) = last.split_once('@').unwrap_or((last, ""));
        match digest.split_once(':') {
            Some((_, digest)) => format!("{name}@{}", cut(digest, 12)),
            None => name.to_owned(),
        }
    }

    /// The part before the first slash where it is the name of a registry.
    fn registry(&self) -> &str {
        if self.image == NAMELESS {
            return "its registry";
        }
        let first = self.image.split_once('/').map(|(first, _)| first);
        first.filter(|first| first.contains(['.', ':']) || *first == "localhost").unwrap_or("docker.io")
    }

    /// T040: the registry has no such image.
    fn missing(self) -> Finding {
        let (case, image) = (self.case, self.image.clone());
        let what = match self.text.to_lowercase() {
            text if text.contains("name unknown") => "no such repository",
            text if text.contains("manifest unknown") => "no such tag in this repository",
            _ if image.contains('@') => "no image with this digest, or no such repository",
            _ => "no such tag, or no such repository",
        };
        let of_volume = volume_of(self.case, self.container, &self.image)
            .map(|name| format!(", of which volume {name} is made,"))
            .unwrap_or_default();
        let verdict = format!("Image {image}{of_volume} does not exist: {} has {what}.", self.registry());
        let (words, changes) = match of_volume.is_empty() {
            true => self.another("rerun with an image that exists"),
            false => ("rerun with an image that exists for the volume".to_owned(), Changes::NONE),
        };
        let namespace = &self.pod.meta.namespace;
        let secret = self.missing_secret();
        let unseen = secret.as_ref().map(|(_, names)| {
            format!(
                "Pull secret {names} cannot be read in namespace {namespace} either: it is probably not there, and many \
                 registries say the same of an image that nobody may see without it."
            )
        });
        let create = secret.as_ref().map(|(_, names)| {
            Fix::outside(format!("create secret/{names} in namespace {namespace}, where the image needs it"))
        });
        let evidence = [self.evidence.clone(), secret.iter().map(|(event, _)| of_event(event)).collect()].concat();
        let fixes = [
            create,
            mend_here(case, words, &changes),
            Some(self.in_this_pod(&changes)).filter(|_| of_volume.is_empty()),
            Some(Fix::outside(format!("push {image}: the node asks for it again within 5 minutes"))),
            for_next_runs(case, &changes),
        ];
        Finding {
            verdict: sentences([verdict, unseen.unwrap_or_default(), waits(case)]),
            short: format!("image not found: {}", self.short_name()),
            fixes: fixes.into_iter().flatten().collect(),
            evidence,
            ..self.finding("T040", Severity::Critical)
        }
    }

    /// Pull secrets that the kubelet could not read, by what it says of them.
    fn missing_secret(&self) -> Option<(&Event, String)> {
        let event = self.case.events(self.pod, "FailedToRetrieveImagePullSecret").into_iter().next()?;
        Some((event, SECRETS.captures(&event.note)?["names"].to_owned()))
    }

    /// The image is the one field that may be another one in a pod that is there: it saves this try.
    fn in_this_pod(&self, changes: &Changes) -> Fix {
        let call = CommandCall::with("object.edit", pod_subject(self.pod), changes.in_pod());
        Fix::by("or change the image of this pod alone, which goes on then", call)
    }

    /// A field of the container in a Job.
    fn field(&self, field: &str) -> String {
        of_container(self.container, field)
    }

    /// An image that the node has already and that was probably meant.
    fn near_image(&self) -> Option<String> {
        near_image(self.case.found("v1", "Node", "", &self.pod.node)?, &self.image)
    }

    /// What to put in place of the image, as an order: one that the node has; else the order that leaves it open.
    fn another(&self, open: &str) -> (String, Changes) {
        match self.near_image() {
            Some(near) => (
                format!("rerun with {near}, which node {} has", self.pod.node),
                Changes::set(self.field("image"), near),
            ),
            None => (open.to_owned(), Changes::NONE),
        }
    }

    /// T041: the registry wants to know who asks.
    fn refused(mut self) -> Finding {
        let (case, pod) = (self.case, self.pod);
        let namespace = &pod.meta.namespace;
        let missing = self.missing_secret();
        // A secret that is not there says enough; else the name may as well be wrong.
        let misspelt = match missing {
            Some(_) => "",
            None => "A registry that hides what it has says the same of a repository that does not exist.",
        };
        let (why, short, mut fixes) = if let Some((event, names)) = missing {
            self.evidence.insert(0, of_event(event));
            (
                format!("Pull secret {names} cannot be read in namespace {namespace}: it is probably not there."),
                format!("pull secret {names} is missing: {}", self.short_name()),
                vec![Fix::outside(format!(
                    "create secret/{names} of type kubernetes.io/dockerconfigjson in namespace {namespace}: the pull \
                     goes on by itself within 5 minutes"
                ))],
            )
        } else {
            self.credentials()
        };
        let verdict = format!("Image {} may not be pulled: {} refuses it.", self.image, self.registry());
        fixes.extend(rerun(case, "rerun with another image, where the name is wrong"));
        fixes.extend(for_next_runs(case, &Changes::NONE));
        Finding {
            verdict: sentences([verdict, why, misspelt.to_owned(), waits(case)]),
            short,
            fixes,
            ..self.finding("T041", Severity::Critical)
        }
    }

    /// Which credentials the pod shows the registry, as a sentence, a few words and what would mend it.
    fn credentials(&self) -> (String, String, Vec<Fix>) {
        let (case, namespace) = (self.case, &self.pod.meta.namespace);
        let short = format!("registry refuses {}", self.short_name());
        let spec = case.pod_spec();
        let names_of = |secrets: &serde_json::Value| {
            let names = secrets.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        let account = spec.and_then(|spec| spec["serviceAccountName"].as_str()).unwrap_or("default");
        let mut secrets = spec.map(|spec| names_of(&spec["imagePullSecrets"])).unwrap_or_default();
        let mut is_known = spec.is_some();
        if is_known && secrets.is_empty() {
            let address = Address {
                api_version: "v1".into(),
                kind: "ServiceAccount".into(),
                namespace: namespace.clone(),
                name: account.into(),
            };
            match case.object(address) {
                Some(Fact::Found(object)) => secrets = names_of(&object["imagePullSecrets"]),
                _ => is_known = false,
            }
        }
        let anew = Fix::by(
            "then delete the pod, which counts as a failure: what an account names is read when a pod is made",
            CommandCall::new("object.delete", pod_subject(self.pod)),
        );
        let holder = match spec {
            Some(_) => format!("serviceaccount/{account}"),
            None => "the pod's service account".to_owned(),
        };
        let attach = format!("name a pull secret for {} in {holder}", self.registry());
        match (is_known, secrets.join(", ")) {
            (_, names) if !names.is_empty() => (
                format!("The credentials in pull secret {names} are not accepted for it."),
                short,
                vec![Fix::outside(format!(
                    "put credentials for {} into secret/{names}: the pull goes on by itself within 5 minutes",
                    self.registry()
                ))],
            ),
            (true, _) => (
                format!("Nobody names a pull secret, neither the template nor serviceaccount/{account}."),
                format!("no pull secret for {}", self.short_name()),
                vec![Fix::outside(attach), anew],
            ),
            (false, _) => (
                "The pod has no credentials for it, or they are not accepted.".to_owned(),
                short,
                vec![Fix::outside(attach), anew],
            ),
        }
    }

    /// T041 as well: a policy on the node wants a signature.
    fn unsigned(self) -> Finding {
        let verdict = format!(
            "Node {} does not take image {}: its signature is not what the policy of the node wants.",
            self.pod.node, self.image
        );
        let fixes = [rerun(self.case, "rerun with an image that is signed"), for_next_runs(self.case, &Changes::NONE)];
        Finding {
            verdict: sentences([verdict, waits(self.case)]),
            short: format!("image not signed as wanted: {}", self.short_name()),
            fixes: fixes.into_iter().flatten().collect(),
            ..self.finding("T041", Severity::Critical)
        }
    }

    /// T042: the registry wants fewer requests.
    fn throttled(self) -> Finding {
        let registry = self.registry().to_owned();
        let fixes = [
            Some(Fix::outside("wait: the node tries again at least every 5 minutes")),
            Some(Fix::outside(format!(
                "give pulls from {registry} credentials, or a mirror: who logs in may pull more"
            ))),
            remake(self.case, "set imagePullPolicy: IfNotPresent and a fixed tag, so that nodes pull once"),
        ];
        Finding {
            verdict: format!(
                "{registry} allows no more pulls for now (429, too many requests). Node {} tries image {} again at least \
                 every 5 minutes.",
                self.pod.node, self.image
            ),
            short: format!("registry limits pulls: {}", self.short_name()),
            fixes: fixes.into_iter().flatten().collect(),
            ..self.finding("T042", Severity::Warning)
        }
    }

    /// T043: the node does not reach the registry, or cannot keep what it gets.
    fn unreachable(self, trouble: Trouble) -> Finding {
        let (registry, node) = (self.registry().to_owned(), &self.pod.node);
        let (why, short, cure) = match trouble {
            Trouble::Dns => {
                ("the name cannot be resolved", "registry name not resolved", "the name, and the DNS of the node")
            }
            Trouble::Tls => (
                "its certificate is not trusted",
                "registry's certificate not trusted",
                "the certificate, and the authorities that the node trusts",
            ),
            Trouble::Network => {
                ("the connection fails", "registry not reached", "network, proxy and firewall of the node")
            }
            Trouble::Registry => ("it answers with an error of its own", "registry is down", "the registry"),
            Trouble::Disk => ("the disk of the node is full", "node's disk is full", "the disk of the node"),
            _ if self.text.is_empty() => {
                ("the events that said why are gone", "image cannot be pulled", "the node's kubelet log")
            }
            _ => ("the words of the runtime stand below", "image cannot be pulled", "what the runtime says"),
        };
        let others = self.others_with_it();
        let verdict = format!("Node {node} cannot fetch image {} from {registry}: {why}.", self.image);
        let again = "The node tries again at least every 5 minutes.".to_owned();
        let fixes = [
            Some(Fix::outside(format!("check {cure}: the pull goes on by itself"))),
            rerun(self.case, "rerun with another image, where the registry's name is wrong"),
        ];
        Finding {
            verdict: sentences([verdict, others, again]),
            short: format!("{short}: {}", self.short_name()),
            fixes: fixes.into_iter().flatten().collect(),
            ..self.finding("T043", Severity::Error)
        }
    }

    /// Whether pods on other nodes have the same trouble, as a sentence: one node, or the registry.
    fn others_with_it(&self) -> String {
        let is_pulling = |pod: &&Pod| {
            let stuck = |one: &Container| {
                waiting(one).is_some_and(|(reason, _)| {
                    matches!(reason, "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable")
                })
            };
            pod.node != self.pod.node && pod.containers.iter().any(stuck)
        };
        match self.case.known.snapshot.pods.iter().find(is_pulling) {
            Some(other) => {
                format!("Pods on other nodes cannot pull either, such as {} on {}.", other.meta.name, other.node)
            }
            None => String::new(),
        }
    }

    /// T044: that is no image's name.
    fn misnamed(self) -> Finding {
        let found = UNREADABLE.captures(&self.text).map(|found| found["why"].to_owned());
        let unreplaced = ["${", "$(", "{{", "<"].iter().any(|mark| self.image.contains(mark));
        let is_short = self.text.to_lowercase().contains("short");
        let why = match found.filter(|why| !why.is_empty()) {
            _ if unreplaced => "a variable in it was not replaced".to_owned(),
            _ if self.image.contains("://") => "it begins with a scheme, which names of images do not have".to_owned(),
            Some(why) => why,
            None if is_short => "it names no registry, and the node does not guess one".to_owned(),
            None => "such a name is made of lower-case letters, digits and . _ - / with at most one tag".to_owned(),
        };
        let case = self.case;
        let (words, changes) = match corrected(&self.image) {
            Some(name) => (format!("rerun with {name}"), Changes::set(self.field("image"), name)),
            None => ("rerun with a correct image name".to_owned(), Changes::NONE),
        };
        let fixes = [mend_here(case, words, &changes), Some(self.in_this_pod(&changes)), for_next_runs(case, &changes)];
        Finding {
            confidence: Confidence::Certain,
            verdict: sentences([format!("\"{}\" is not a valid image name: {why}.", self.image), waits(case)]),
            short: format!("no valid image name: {}", self.short_name()),
            fixes: fixes.into_iter().flatten().collect(),
            ..self.finding("T044", Severity::Critical)
        }
    }

    /// T045: the node may not pull.
    fn never(self) -> Finding {
        let node = &self.pod.node;
        let verdict = format!(
            "Node {node} does not have image {}, and the template forbids to pull it (imagePullPolicy: Never).",
            self.image
        );
        let may_pull = Changes::set(self.field("imagePullPolicy"), "IfNotPresent");
        let near = self.near_image().map(|near| Changes::set(self.field("image"), near));
        let fixes = [
            near.as_ref().and_then(|near| mend_here(self.case, self.another("").0, near)),
            mend_here(self.case, "set imagePullPolicy: IfNotPresent in a new Job", &may_pull),
            Some(Fix::outside(format!("load the image on node {node}: the pod goes on by itself"))),
            for_next_runs(self.case, near.as_ref().unwrap_or(&may_pull)),
        ];
        Finding {
            confidence: Confidence::Certain,
            verdict: sentences([verdict, waits(self.case)]),
            short: format!("not on the node, may not be pulled: {}", self.short_name()),
            fixes: fixes.into_iter().flatten().collect(),
            ..self.finding("T045", Severity::Critical)
        }
    }
}

/// T046: the image is made for other machines.
pub(in crate::triage) fn foreign_architecture(
    case: &Case<'_>,
    pod: &Pod,
    image: &str,
    evidence: Vec<Evidence>,
) -> Finding {
    let node = case.known.snapshot.nodes.iter().find(|node| node.meta.name == pod.node);
    let label = node.and_then(|node| node.meta.labels.iter().find(|(key, _)| key == "kubernetes.io/arch"));
    let (machine, short) = match label {
        Some((_, arch)) => (format!("{arch}, which node {} is", pod.node), format!("image has no build for {arch}")),
        None => (format!("the architecture of node {}", pod.node), "image is for another architecture".to_owned()),
    };
    let fixes = [
        remake(case, "run on nodes that fit: set the node selector kubernetes.io/arch in a new Job"),
        Some(Fix::outside("build the image for this architecture too")),
        for_next_runs(case, &Changes::NONE),
    ];
    Finding {
        verdict: format!("Image {image} has no build for {machine}. On a node of the right architecture it would run."),
        short,
        fixes: fixes.into_iter().flatten().collect(),
        evidence,
        group: format!("T046/{image}"),
        ..blank(case, "T046", Severity::Critical, Confidence::Likely)
    }
}

/// Pulls that take longer are told.
const SLOW_SECONDS: i64 = 60;

/// T053: the image is still on its way.
pub(super) fn slow(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let events = case.known.snapshot.events_about(pod.meta.uid);
    let newest =
        events.filter(|event| event.last.is_some() && event.reason != "Scheduled").max_by_key(|one| one.last)?;
    let since = newest.last.filter(|_| newest.reason == "Pulling")?;
    let seconds = case.known.ago(since);
    if seconds < SLOW_SECONDS {
        return None;
    }
    let image = IMAGE.captures(&newest.note).map_or_else(|| "of the pod".to_owned(), |found| found["image"].to_owned());
    let left = case.job.and_then(|job| job.stops_in(case.known.now));
    let counts = left.map(|left| format!("The time counts: the Job's deadline is in {}.", short_duration(left)));
    let later = left.zip(job_subject(case)).map(|(_, job)| {
        Fix::by("give the Job a later deadline, where the pull takes too long", CommandCall::new("job.deadline", job))
    });
    Some(Finding {
        verdict: sentences([
            format!("Node {} has been pulling image {image} for {}.", pod.node, short_duration(seconds)),
            counts.unwrap_or_default(),
        ]),
        short: format!("pulling its image for {}", short_duration(seconds)),
        evidence: vec![of_event(newest)],
        fixes: later
            .into_iter()
            .chain([Fix::outside("wait; a smaller image, or one that is on the nodes, starts sooner")])
            .collect(),
        since: Some(since),
        group: format!("T053/{image}"),
        ..blank(case, "T053", Severity::Info, Confidence::Likely)
    })
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&IMAGE, &UNREADABLE, &SECRETS];
