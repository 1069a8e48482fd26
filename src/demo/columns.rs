//! The columns that kubectl shows of each kind, and what stands in them
//! (`pkg/printers/internalversion/printers.go` in Kubernetes, and `duration.HumanDuration`). Called by `table`.

mod pod;

use serde_json::{Value, json};

use super::resources::Resource;
use crate::model::clock::Time;

/// The columns of a kind.
pub(super) struct Columns {
    /// Name and priority; those of priority 1 are shown by `-o wide` alone.
    pub(super) names: &'static [(&'static str, u8)],
    /// The cells of an object at a moment.
    pub(super) cells: fn(&Value, Time) -> Vec<Value>,
}

/// The columns of a kind.
pub(super) fn of(resource: &Resource) -> Columns {
    match (resource.group, resource.kind) {
        ("batch", "Job") => Columns {
            names: &[
                ("Name", 0),
                ("Status", 0),
                ("Completions", 0),
                ("Duration", 0),
                ("Age", 0),
                ("Containers", 1),
                ("Images", 1),
                ("Selector", 1),
            ],
            cells: job,
        },
        ("batch", "CronJob") => Columns {
            names: &[
                ("Name", 0),
                ("Schedule", 0),
                ("Timezone", 0),
                ("Suspend", 0),
                ("Active", 0),
                ("Last Schedule", 0),
                ("Age", 0),
                ("Containers", 1),
                ("Images", 1),
                ("Selector", 1),
            ],
            cells: cronjob,
        },
        ("", "Pod") => Columns {
            names: &[
                ("Name", 0),
                ("Ready", 0),
                ("Status", 0),
                ("Restarts", 0),
                ("Age", 0),
                ("IP", 1),
                ("Node", 1),
                ("Nominated Node", 1),
                ("Readiness Gates", 1),
            ],
            cells: pod::cells,
        },
        ("", "Event") => Columns {
            names: &[
                ("Last Seen", 0),
                ("Type", 0),
                ("Reason", 0),
                ("Object", 0),
                ("Subobject", 1),
                ("Source", 1),
                ("Message", 0),
                ("First Seen", 1),
                ("Count", 1),
                ("Name", 1),
            ],
            cells: event,
        },
        ("", "Node") => {
            Columns { names: &[("Name", 0), ("Status", 0), ("Roles", 0), ("Age", 0), ("Version", 0)], cells: node }
        }
        ("", "Namespace") => Columns { names: &[("Name", 0), ("Status", 0), ("Age", 0)], cells: namespace },
        ("", "ConfigMap") => Columns { names: &[("Name", 0), ("Data", 0), ("Age", 0)], cells: configmap },
        ("", "Secret") => Columns { names: &[("Name", 0), ("Type", 0), ("Data", 0), ("Age", 0)], cells: secret },
        ("", "PersistentVolumeClaim") => Columns {
            names: &[
                ("Name", 0),
                ("Status", 0),
                ("Volume", 0),
                ("Capacity", 0),
                ("Access Modes", 0),
                ("StorageClass", 0),
                ("Age", 0),
            ],
            cells: claim,
        },
        ("", "ResourceQuota") => {
            Columns { names: &[("Name", 0), ("Request", 0), ("Limit", 0), ("Age", 0)], cells: quota }
        }
        _ => Columns { names: &[("Name", 0), ("Age", 0)], cells: plain },
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The text, or `<none>`, or another stand-in.
fn or<'a>(value: &'a Value, otherwise: &'a str) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise)
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.collect::<Vec<_>>().join(",")
}

/// Labels as a selector writes them.
fn pairs(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", text(value)));
    let all = pairs.collect::<Vec<_>>().join(",");
    if all.is_empty() { "<none>".to_owned() } else { all }
}

/// How long ago a time of the API was.
fn since(value: &Value, now: Time) -> String {
    value.as_str().and_then(Time::parse).map_or("<unknown>".to_owned(), |then| human(now.seconds_since(then)))
}

fn age(object: &Value, now: Time) -> String {
    since(&object["metadata"]["creationTimestamp"], now)
}

/// Seconds in kubectl's words: two units at most, none finer than what matters at that length.
pub(super) fn human(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |large: i64, unit: &str, small: i64, rest: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{rest}"),
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1..120 => format!("{}s", seconds.max(0)),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

fn plain(object: &Value, now: Time) -> Vec<Value> {
    vec![json!(object["metadata"]["name"]), json!(age(object, now))]
}

fn has_condition(object: &Value, kind: &str) -> bool {
    each(&object["status"]["conditions"]).any(|one| one["type"] == kind && one["status"] == "True")
}

fn job(object: &Value, now: Time) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let word = ["Complete", "Failed"].into_iter().find(|kind| has_condition(object, kind));
    let going = object["metadata"]["deletionTimestamp"].is_string().then_some("Terminating");
    let later = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
    let word = word.or(going).or_else(|| later.into_iter().find(|kind| has_condition(object, kind)));
    let succeeded = status["succeeded"].as_i64().unwrap_or(0);
    let completions = match (spec["completions"].as_i64(), spec["parallelism"].as_i64().unwrap_or(0)) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallelism @ 2..) => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    };
    let start = status["startTime"].as_str().and_then(Time::parse);
    let end = status["completionTime"].as_str().and_then(Time::parse).unwrap_or(now);
    let duration = start.map_or(String::new(), |start| human(end.seconds_since(start)));
    let containers = &spec["template"]["spec"]["containers"];
    vec![
        json!(object["metadata"]["name"]),
        json!(word.unwrap_or("Running")),
        json!(completions),
        json!(duration),
        json!(age(object, now)),
        json!(list(each(containers).map(|one| text(&one["name"])))),
        json!(list(each(containers).map(|one| text(&one["image"])))),
        json!(pairs(&spec["selector"]["matchLabels"])),
    ]
}

fn cronjob(object: &Value, now: Time) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let last = &status["lastScheduleTime"];
    let containers = &spec["jobTemplate"]["spec"]["template"]["spec"]["containers"];
    vec![
        json!(object["metadata"]["name"]),
        json!(text(&spec["schedule"])),
        json!(or(&spec["timeZone"], "<none>")),
        json!(if spec["suspend"].as_bool().unwrap_or(false) { "True" } else { "False" }),
        json!(each(&status["active"]).count()),
        json!(if last.is_string() { since(last, now) } else { "<none>".to_owned() }),
        json!(age(object, now)),
        json!(list(each(containers).map(|one| text(&one["name"])))),
        json!(list(each(containers).map(|one| text(&one["image"])))),
        json!(pairs(&spec["jobTemplate"]["spec"]["selector"]["matchLabels"])),
    ]
}

fn event(object: &Value, now: Time) -> Vec<Value> {
    let about = &object["involvedObject"];
    let series = &object["series"];
    let at = |value: &Value| value.as_str().is_some().then(|| since(value, now));
    let first = at(&object["firstTimestamp"]).or_else(|| at(&object["eventTime"])).unwrap_or("<unknown>".into());
    let last = at(&series["lastObservedTime"]).or_else(|| at(&object["lastTimestamp"])).unwrap_or(first.clone());
    let count = series["count"].as_i64().or(object["count"].as_i64()).filter(|count| *count > 0).unwrap_or(1);
    let source = match (text(&object["source"]["component"]), text(&object["source"]["host"])) {
        ("", _) => text(&object["reportingComponent"]).to_owned(),
        (component, "") => component.to_owned(),
        (component, host) => format!("{component}, {host}"),
    };
    vec![
        json!(last),
        json!(text(&object["type"])),
        json!(text(&object["reason"])),
        json!(format!("{}/{}", text(&about["kind"]).to_lowercase(), text(&about["name"]))),
        json!(text(&about["fieldPath"])),
        json!(source),
        json!(text(&object["message"]).trim()),
        json!(first),
        json!(count),
        json!(object["metadata"]["name"]),
    ]
}

fn node(object: &Value, now: Time) -> Vec<Value> {
    let ready = if has_condition(object, "Ready") { "Ready" } else { "NotReady" };
    let cordoned = if object["spec"]["unschedulable"] == true { ",SchedulingDisabled" } else { "" };
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    let roles = list(labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")));
    vec![
        json!(object["metadata"]["name"]),
        json!(format!("{ready}{cordoned}")),
        json!(if roles.is_empty() { "<none>" } else { &roles }),
        json!(age(object, now)),
        json!(text(&object["status"]["nodeInfo"]["kubeletVersion"])),
    ]
}

fn namespace(object: &Value, now: Time) -> Vec<Value> {
    let phase = or(&object["status"]["phase"], "Active");
    vec![json!(object["metadata"]["name"]), json!(phase), json!(age(object, now))]
}

fn data_count(object: &Value) -> usize {
    let fields = ["data", "binaryData"];
    fields.iter().filter_map(|field| object[field].as_object()).map(serde_json::Map::len).sum()
}

fn configmap(object: &Value, now: Time) -> Vec<Value> {
    vec![json!(object["metadata"]["name"]), json!(data_count(object)), json!(age(object, now))]
}

fn secret(object: &Value, now: Time) -> Vec<Value> {
    let kind = or(&object["type"], "Opaque");
    vec![json!(object["metadata"]["name"]), json!(kind), json!(data_count(object)), json!(age(object, now))]
}

fn claim(object: &Value, now: Time) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let modes = each(&status["accessModes"]).map(|mode| match text(mode) {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    });
    vec![
        json!(object["metadata"]["name"]),
        json!(or(&status["phase"], "Pending")),
        json!(text(&spec["volumeName"])),
        json!(text(&status["capacity"]["storage"])),
        json!(list(modes)),
        json!(text(&spec["storageClassName"])),
        json!(age(object, now)),
    ]
}

fn quota(object: &Value, now: Time) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (name, hard) in object["status"]["hard"].as_object().into_iter().flatten() {
        let used = or(&object["status"]["used"][name], "0");
        let cell = format!("{name}: {used}/{}", text(hard));
        if name.starts_with("limits.") { limits.push(cell) } else { requests.push(cell) }
    }
    let name = json!(object["metadata"]["name"]);
    vec![name, json!(requests.join(", ")), json!(limits.join(", ")), json!(age(object, now))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_kubectl_writes_them() {
        let cases = [
            (0, "0s"),
            (90, "90s"),
            (120, "2m"),
            (200, "3m20s"),
            (4_500, "75m"),
            (14_700, "4h5m"),
            (108_000, "30h"),
            (273_600, "3d4h"),
            (34_560_000, "400d"),
            (105_000_000, "3y120d"),
        ];
        for (seconds, words) in cases {
            assert_eq!(human(seconds), words);
        }
    }
}
