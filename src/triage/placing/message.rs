//! The scheduler's words taken apart: `0/5 nodes are available: 1 node(s) had untolerated taint(s), 4 Insufficient cpu. …`
//! (`pkg/scheduler/framework/types.go`, `FitError`).

/// What the scheduler says of a pod.
pub(super) struct Message<'t> {
    /// What it says of the pod or of the nodes, without the part on preemption, which adds nothing.
    pub stable: &'t str,
    /// The cluster has no node at all.
    pub is_without_nodes: bool,
    /// How many nodes were looked at.
    pub nodes: Option<u32>,
    /// What keeps the pod from all nodes alike; empty where the nodes differ.
    pub whole: &'t str,
    /// Why nodes refuse it. One node may give several reasons, so that the counts may come to more than there are.
    pub reasons: Vec<Reason<'t>>,
}

/// A reason and how many nodes give it.
pub(super) struct Reason<'t> {
    /// How many nodes.
    pub count: u32,
    /// The scheduler's words.
    pub text: &'t str,
    /// What it is about.
    pub topic: Topic<'t>,
}

/// What a reason is about, in the order of the scheduler's filters: a node that is refused by a later one passes all
/// before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic<'t> {
    /// Not known here.
    Other,
    /// Cordoned.
    Cordon,
    /// Taints.
    Taint,
    /// Labels and names of nodes.
    Selector,
    /// Host ports.
    Ports,
    /// Too little of this resource; `pods` for the number of pods.
    Room(&'t str),
    /// A volume that one pod alone may use.
    VolumeInUse,
    /// No volume can be had there.
    VolumeBinding,
    /// The volume is in another place.
    VolumePlace,
    /// Rules on which pods may be together.
    Apart,
    /// Devices that are claimed (dynamic resource allocation).
    Devices,
}

impl Topic<'_> {
    /// The same, whichever resource.
    pub(super) fn is_like(self, other: Topic<'_>) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// Reasons by a part of their text, today's and those of older releases.
const TOPICS: [(&str, Topic<'static>); 26] = [
    ("were unschedulable", Topic::Cordon),
    ("untolerated taint", Topic::Taint),
    ("had taint", Topic::Taint),
    ("node affinity/selector", Topic::Selector),
    ("scheduler-enforced node affinity", Topic::Selector),
    ("requested node name", Topic::Selector),
    ("free ports", Topic::Ports),
    ("Too many pods", Topic::Room("pods")),
    ("ReadWriteOncePod", Topic::VolumeInUse),
    ("no available disk", Topic::VolumeInUse),
    ("available persistent volumes to bind", Topic::VolumeBinding),
    ("enough free storage", Topic::VolumeBinding),
    ("non-existent pv", Topic::VolumeBinding),
    ("exceed max volume count", Topic::VolumeBinding),
    ("CSI driver is not installed", Topic::VolumeBinding),
    ("PersistentVolume's node affinity", Topic::VolumePlace),
    ("volume node affinity conflict", Topic::VolumePlace),
    ("no available volume zone", Topic::VolumePlace),
    ("topology spread constraints", Topic::Apart),
    ("anti-affinity rules", Topic::Apart),
    ("pod affinity rules", Topic::Apart),
    ("pod affinity/anti-affinity", Topic::Apart),
    ("cannot allocate all claims", Topic::Devices),
    ("resourceclaim", Topic::Devices),
    ("resource claim", Topic::Devices),
    ("device class", Topic::Devices),
];

impl<'t> Message<'t> {
    /// Takes a message apart. One that has another form is all `whole`.
    pub(super) fn read(text: &'t str) -> Self {
        let (stable, _) = text.split_once("preemption:").unwrap_or((text, ""));
        let (nodes, body) = match stable.split_once(" nodes are available: ") {
            Some((head, body)) => (head.rsplit('/').next().and_then(|count| count.trim().parse().ok()), body),
            None => (None, stable),
        };
        // What follows the first full stop tells of preemption; after a claim that is not found it is a bare `not found`.
        let body = body.split(". ").next().unwrap_or(body).trim().trim_end_matches('.');
        let reasons = if body.starts_with(|letter: char| letter.is_ascii_digit()) && nodes.is_some() {
            split(body).into_iter().filter_map(Reason::read).collect()
        } else {
            Vec::new()
        };
        let whole = if reasons.is_empty() { body } else { "" };
        Self { stable, is_without_nodes: text.starts_with("no nodes available"), nodes, whole, reasons }
    }

    /// The reason of the filter that comes last, and of one filter the one that most nodes give.
    pub(super) fn leading(&self) -> Option<&Reason<'t>> {
        self.reasons.iter().max_by_key(|reason| reason.rank())
    }

    /// The reasons with their topic.
    pub(super) fn about(&self, topic: Topic<'_>) -> impl Iterator<Item = &Reason<'t>> {
        self.reasons.iter().filter(move |reason| reason.topic.is_like(topic))
    }

    /// How many nodes give reasons with this topic: at least the most of one reason.
    pub(super) fn count(&self, topic: Topic<'_>) -> u32 {
        let counts = self.about(topic).map(|reason| reason.count);
        match topic {
            // A node that lacks two resources gives two reasons; of any other topic a node gives one.
            Topic::Room(_) => counts.max().unwrap_or_default(),
            _ => counts.sum(),
        }
    }
}

/// The reasons of a list. Their own texts may have commas: a new one begins where a count follows.
fn split(body: &str) -> Vec<&str> {
    let begins = |at: usize| {
        let rest = &body[at..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && rest[digits..].starts_with(' ')
    };
    let mut starts = vec![0];
    starts.extend(body.match_indices(", ").map(|(at, _)| at + 2).filter(|at| begins(*at)));
    let ends = starts.iter().skip(1).map(|start| start - 2).chain([body.len()]);
    starts.iter().zip(ends).map(|(start, end)| &body[*start..end]).collect()
}

impl<'t> Reason<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (count, text) = text.split_once(' ')?;
        let topic = match text.strip_prefix("Insufficient ") {
            Some(resource) => Topic::Room(resource),
            None => TOPICS.into_iter().find(|(part, _)| text.contains(part)).map_or(Topic::Other, |(_, topic)| topic),
        };
        Some(Self { count: count.parse().ok()?, text, topic })
    }

    /// Larger leads. Of resources that equally many nodes lack, a device says more than CPU and memory.
    pub(super) fn rank(&self) -> (Topic<'static>, u32, bool) {
        let (topic, is_device) = match self.topic {
            Topic::Room(resource) => (Topic::Room(""), resource.contains('/')),
            Topic::Other => (Topic::Other, false),
            Topic::Cordon => (Topic::Cordon, false),
            Topic::Taint => (Topic::Taint, false),
            Topic::Selector => (Topic::Selector, false),
            Topic::Ports => (Topic::Ports, false),
            Topic::VolumeInUse => (Topic::VolumeInUse, false),
            Topic::VolumeBinding => (Topic::VolumeBinding, false),
            Topic::VolumePlace => (Topic::VolumePlace, false),
            Topic::Apart => (Topic::Apart, false),
            Topic::Devices => (Topic::Devices, false),
        };
        (topic, self.count, is_device)
    }

    /// `4 short of cpu`, for the nodes that are not the point.
    pub(super) fn words(&self) -> String {
        let what = match self.topic {
            Topic::Cordon => "cordoned",
            Topic::Taint => "with taints it does not tolerate",
            Topic::Selector => "without the labels it asks for",
            Topic::Ports => "with its port taken",
            Topic::Room("pods") => "with as many pods as they may have",
            Topic::Room(resource) => return format!("{} short of {resource}", self.count),
            Topic::VolumeInUse => "with its volume in use",
            Topic::VolumeBinding => "without a volume for it",
            Topic::VolumePlace => "away from its volume",
            Topic::Apart => "ruled out by rules on other pods",
            Topic::Devices => "without the devices it claims",
            Topic::Other => self.text,
        };
        format!("{} {what}", self.count)
    }
}
