//! Reading and writing of API objects as JSON: the few forms that every controller needs (times, numbers, owners,
//! conditions, amounts). Knows nothing of what a controller does with them.

use serde_json::{Value, json};

use crate::model::clock::Time;

/// The path under which the core group's objects of a namespace lie.
pub(super) fn core_folder(namespace: &str, plural: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/{plural}/")
}

/// The path under which batch/v1's objects of a namespace lie.
pub(super) fn batch_folder(namespace: &str, plural: &str) -> String {
    format!("/apis/batch/v1/namespaces/{namespace}/{plural}/")
}

/// A string, empty where there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The object's name.
pub(super) fn name(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

/// The object's namespace.
pub(super) fn namespace(object: &Value) -> &str {
    text(&object["metadata"]["namespace"])
}

/// The object's UID.
pub(super) fn uid(object: &Value) -> &str {
    text(&object["metadata"]["uid"])
}

/// A whole number, `default` where there is none.
pub(super) fn int(value: &Value, default: i64) -> i64 {
    value.as_i64().unwrap_or(default)
}

/// A moment; None where there is none.
pub(super) fn time(value: &Value) -> Option<Time> {
    value.as_str().and_then(Time::parse)
}

/// A moment as the API writes it: whole seconds.
pub(in crate::demo) fn stamp(time: Time) -> String {
    Time::from_seconds(time.seconds()).to_string()
}

/// The elements of a list; none where it is missing.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The list, taken out of its place.
pub(super) fn take_items(value: &mut Value) -> Vec<Value> {
    match value.take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// The containers of a pod's spec, those of both lists. (To index a list that is missing would make it null.)
pub(super) fn containers_mut(spec: &mut Value) -> impl Iterator<Item = &mut Value> {
    let lists = spec.as_object_mut().into_iter().flatten();
    let lists = lists.filter(|(name, _)| matches!(name.as_str(), "initContainers" | "containers"));
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten()
}

/// The condition of this type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&object["status"]["conditions"]).iter().find(|one| one["type"] == kind)
}

/// Whether the condition of this type is True.
pub(super) fn holds(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|one| one["status"] == "True")
}

/// Puts a condition in the place of the one of its type, which keeps its time where its status stays.
pub(super) fn set_condition(object: &mut Value, mut wanted: Value, now: Time) {
    wanted["lastTransitionTime"] = json!(stamp(now));
    let mut all = take_items(&mut object["status"]["conditions"]);
    match all.iter_mut().find(|one| one["type"] == wanted["type"]) {
        Some(known) => {
            if known["status"] == wanted["status"] {
                wanted["lastTransitionTime"] = known["lastTransitionTime"].take();
                if !wanted["lastProbeTime"].is_null() {
                    wanted["lastProbeTime"] = known["lastProbeTime"].take();
                }
            }
            *known = wanted;
        }
        None => all.push(wanted),
    }
    object["status"]["conditions"] = all.into();
}

/// The owner that controls the object.
pub(super) fn controller(object: &Value) -> Option<&Value> {
    items(&object["metadata"]["ownerReferences"]).iter().find(|one| one["controller"] == true)
}

/// Whether the object with this UID controls it.
pub(super) fn is_controlled_by(object: &Value, owner: &str) -> bool {
    controller(object).is_some_and(|one| one["uid"] == owner)
}

/// An owner reference that makes `owner` the controller.
pub(super) fn controller_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

/// Whether the pod has come to its end, so that it holds nothing any more.
pub(super) fn is_pod_ended(pod: &Value) -> bool {
    matches!(text(&pod["status"]["phase"]), "Succeeded" | "Failed")
}

/// Whether the object is being deleted.
pub(super) fn is_deleting(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// An amount in thousandths, from the API's forms: `500m`, `2`, `1.5`, `512Mi`, `10G`, or a number. 0 where it is none.
pub(super) fn amount(value: &Value) -> i64 {
    if let Some(number) = value.as_f64() {
        return (number * 1000.0) as i64;
    }
    let text = text(value);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "m" => 1.0,
        "" => 1e3,
        "k" => 1e6,
        "M" => 1e9,
        "G" => 1e12,
        "Ki" => 1e3 * 1024.0,
        "Mi" => 1e3 * 1_048_576.0,
        "Gi" => 1e3 * 1_073_741_824.0,
        "Ti" => 1e3 * 1_099_511_627_776.0,
        _ => return 0,
    };
    digits.parse::<f64>().map_or(0, |number| (number * factor) as i64)
}

/// Thousandths as the API writes them back: with `m` where they are not whole, in `Mi` or `Gi` where those fit.
pub(super) fn amount_text(thousandths: i64, resource: &str) -> String {
    let whole = thousandths / 1000;
    let fits = |unit: i64| whole != 0 && whole % unit == 0;
    match () {
        () if thousandths % 1000 != 0 => format!("{thousandths}m"),
        () if !(resource.contains("memory") || resource.contains("storage")) => whole.to_string(),
        () if fits(1 << 30) => format!("{}Gi", whole >> 30),
        () if fits(1 << 20) => format!("{}Mi", whole >> 20),
        () => whole.to_string(),
    }
}

/// A number that depends on the texts alone (FNV-1a), for all that is drawn by lot.
pub(in crate::demo) fn lot(seed: u64, texts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for text in texts {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    // The lowest bits of neighbours are much alike; a last mixing spreads them (the finish of MurmurHash3).
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// Five letters as the API server ends a generated name with.
pub(super) fn suffix(mut number: u64) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789"; // those of apimachinery's rand.String
    let mut letters = String::new();
    for _ in 0..5 {
        letters.push(char::from(LETTERS[(number % LETTERS.len() as u64) as usize]));
        number /= LETTERS.len() as u64;
    }
    letters
}
