//! "What may I do?": the self-subject reviews. The one user of the embedded cluster may do everything but what a fault
//! forbids.

use http::Method;
use serde_json::{Value, json};

use super::answer::{Answer, Call, whole};
use super::refusal::Refusal;
use super::{Demo, Fault, resources};

/// Answers a review; None where the path is none.
pub(super) fn answer(demo: &Demo, call: &Call) -> Option<Answer> {
    let review = match call.path.as_str() {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => access,
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => rules,
        "/apis/authentication.k8s.io/v1/selfsubjectreviews" => identity,
        _ => return None,
    };
    if call.method != Method::POST {
        return Some(Err(Refusal::method_not_allowed()));
    }
    Some(match serde_json::from_slice::<Value>(&call.body) {
        Ok(object) if !object.is_object() => Err(Refusal::bad_request("the review is no object")),
        Ok(mut object) => {
            object["status"] = review(demo, &object);
            object["metadata"] = json!({});
            Ok(whole(201, &object))
        }
        Err(error) => Err(Refusal::bad_request(format!("the review cannot be read: {error}"))),
    })
}

fn access(demo: &Demo, review: &Value) -> Value {
    let wanted = &review["spec"]["resourceAttributes"];
    let text = |name: &str| wanted[name].as_str().unwrap_or_default();
    let known = resources::RESOURCES.iter().find(|one| one.group == text("group") && one.plural == text("resource"));
    let Some(resource) = known else { return json!({ "allowed": true }) };
    let place = match text("namespace") {
        "" => String::new(),
        namespace => format!("/namespaces/{namespace}"),
    };
    let subresource = match text("subresource") {
        "" => String::new(),
        subresource => format!("/{}/{subresource}", text("name")),
    };
    let method = match text("verb") {
        "create" => "POST",
        "update" => "PUT",
        "patch" => "PATCH",
        "delete" | "deletecollection" => "DELETE",
        _ => "GET",
    };
    let path = format!("{method} {}{place}/{}{subresource}", resource.base(), resource.plural);
    let is_forbidden = demo.store().fault(&path) == Some(Fault::Status(403));
    if is_forbidden { json!({ "allowed": false, "reason": "asked to fail" }) } else { json!({ "allowed": true }) }
}

fn rules(_: &Demo, _: &Value) -> Value {
    json!({
        "resourceRules": [{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }],
        "nonResourceRules": [{ "verbs": ["*"], "nonResourceURLs": ["*"] }],
        "incomplete": false,
    })
}

fn identity(_: &Demo, _: &Value) -> Value {
    json!({ "userInfo": { "username": "demo", "groups": ["system:masters", "system:authenticated"] } })
}
