//! What the columns of [`super::rare_columns`] show.

use serde_json::{Map, Value};

use super::cells::{access_modes_of, labels_text, list, number, text};

/// So many entries of a list are shown, then how many more there are.
const SHOWN: usize = 3;

fn or<'a>(value: &'a Value, otherwise: &'a str) -> Value {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise).into()
}

fn with_more(all: &[String]) -> Value {
    if all.is_empty() {
        return "<unset>".into();
    }
    let shown = all[..all.len().min(SHOWN)].join(",");
    if all.len() > SHOWN { format!("{shown} + {} more...", all.len() - SHOWN).into() } else { shown.into() }
}

pub(super) fn reference(object: &Value, _: i64) -> Value {
    let target = &object["spec"]["scaleTargetRef"];
    format!("{}/{}", text(&target["kind"]), text(&target["name"])).into()
}

/// The most metrics of an autoscaler that are shown.
const METRICS: usize = 2;

pub(super) fn metrics(object: &Value, _: i64) -> Value {
    let specs: Vec<&Value> = list(&object["spec"]["metrics"]).collect();
    if specs.is_empty() {
        return "<none>".into();
    }
    let current: Vec<&Value> = list(&object["status"]["currentMetrics"]).collect();
    let shown = specs.iter().take(METRICS).enumerate().map(|(index, spec)| metric(spec, current.get(index)));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match specs.len().saturating_sub(METRICS) {
        0 => shown.into(),
        more => format!("{shown} + {more} more...").into(),
    }
}

fn metric(spec: &Value, current: Option<&&Value>) -> String {
    let member = match text(&spec["type"]) {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        "External" => "external",
        _ => return "<unknown type>".to_owned(),
    };
    let target = &spec[member]["target"];
    let now = current.map(|current| &current[member]["current"]);
    let amount = |name: &str| now.and_then(|now| now[name].as_str());
    let resource = member == "resource" || member == "containerResource";
    let line = match (target["averageUtilization"].as_i64(), target["averageValue"].as_str()) {
        (Some(wanted), _) if resource => {
            let now = now.and_then(|now| now["averageUtilization"].as_i64());
            let now = now.map_or_else(|| "<unknown>".to_owned(), |now| format!("{now}%"));
            format!("{now}/{wanted}%")
        }
        (_, Some(wanted)) => {
            let average = if resource || member == "pods" { "" } else { " (avg)" };
            format!("{}/{wanted}{average}", amount("averageValue").unwrap_or("<unknown>"))
        }
        _ => format!("{}/{}", amount("value").unwrap_or("<unknown>"), text(&target["value"])),
    };
    if resource { format!("{}: {line}", text(&spec[member]["name"])) } else { line }
}

pub(super) fn min_pods(object: &Value, _: i64) -> Value {
    match &object["spec"]["minReplicas"] {
        Value::Null => "<unset>".into(),
        number => number.to_string().into(),
    }
}

pub(super) fn max_pods(object: &Value, _: i64) -> Value {
    number(&object["spec"]["maxReplicas"]).into()
}

pub(super) fn current_pods(object: &Value, _: i64) -> Value {
    number(&object["status"]["currentReplicas"]).into()
}

pub(super) fn controller(object: &Value, _: i64) -> Value {
    text(&object["spec"]["controller"]).into()
}

pub(super) fn parameters(object: &Value, _: i64) -> Value {
    let parameters = &object["spec"]["parameters"];
    if parameters.is_null() {
        return "<none>".into();
    }
    let group = parameters["apiGroup"].as_str().map(|group| format!(".{group}")).unwrap_or_default();
    format!("{}{group}/{}", text(&parameters["kind"]), text(&parameters["name"])).into()
}

pub(super) fn value(object: &Value, _: i64) -> Value {
    number(&object["value"]).into()
}

pub(super) fn global_default(object: &Value, _: i64) -> Value {
    (object["globalDefault"] == true).into()
}

pub(super) fn preemption_policy(object: &Value, _: i64) -> Value {
    or(&object["preemptionPolicy"], "<unset>")
}

fn template_parts(object: &Value, member: &str) -> Value {
    let containers = list(&object["template"]["spec"]["containers"]);
    containers.map(|container| text(&container[member])).collect::<Vec<_>>().join(",").into()
}

pub(super) fn template_containers(object: &Value, _: i64) -> Value {
    template_parts(object, "name")
}

pub(super) fn template_images(object: &Value, _: i64) -> Value {
    template_parts(object, "image")
}

pub(super) fn template_labels(object: &Value, _: i64) -> Value {
    labels_text(&object["template"]["metadata"]["labels"])
}

pub(super) fn volume_capacity(object: &Value, _: i64) -> Value {
    or(&object["spec"]["capacity"]["storage"], "0")
}

pub(super) fn volume_access(object: &Value, _: i64) -> Value {
    access_modes_of(&object["spec"]["accessModes"])
}

pub(super) fn reclaim_policy(object: &Value, _: i64) -> Value {
    text(&object["spec"]["persistentVolumeReclaimPolicy"]).into()
}

pub(super) fn volume_phase(object: &Value, _: i64) -> Value {
    if object["metadata"]["deletionTimestamp"].is_string() {
        return "Terminating".into();
    }
    text(&object["status"]["phase"]).into()
}

pub(super) fn claim(object: &Value, _: i64) -> Value {
    let claim = &object["spec"]["claimRef"];
    if claim.is_null() {
        return "".into();
    }
    format!("{}/{}", text(&claim["namespace"]), text(&claim["name"])).into()
}

pub(super) fn volume_class(object: &Value, _: i64) -> Value {
    text(&object["spec"]["storageClassName"]).into()
}

pub(super) fn attributes_class(object: &Value, _: i64) -> Value {
    or(&object["spec"]["volumeAttributesClassName"], "<unset>")
}

pub(super) fn volume_reason(object: &Value, _: i64) -> Value {
    text(&object["status"]["reason"]).into()
}

pub(super) fn volume_mode(object: &Value, _: i64) -> Value {
    or(&object["spec"]["volumeMode"], "<unset>")
}

pub(super) fn desired(object: &Value, _: i64) -> Value {
    number(&object["spec"]["replicas"]).into()
}

pub(super) fn current(object: &Value, _: i64) -> Value {
    number(&object["status"]["replicas"]).into()
}

pub(super) fn ready(object: &Value, _: i64) -> Value {
    number(&object["status"]["readyReplicas"]).into()
}

pub(super) fn controller_selector(object: &Value, _: i64) -> Value {
    labels_text(&object["spec"]["selector"])
}

fn quota(object: &Value, limits: bool) -> Value {
    let empty = Map::new();
    let hard = object["status"]["hard"].as_object().unwrap_or(&empty);
    let of = hard.iter().filter(|(name, _)| name.starts_with("limits.") == limits);
    let shown = of.map(|(name, most)| {
        let used = object["status"]["used"][name].as_str().unwrap_or("0");
        format!("{name}: {used}/{}", text(most))
    });
    shown.collect::<Vec<_>>().join(", ").into()
}

pub(super) fn requests(object: &Value, _: i64) -> Value {
    quota(object, false)
}

pub(super) fn limits(object: &Value, _: i64) -> Value {
    quota(object, true)
}

pub(super) fn provisioner(object: &Value, _: i64) -> Value {
    text(&object["provisioner"]).into()
}

pub(super) fn class_reclaim_policy(object: &Value, _: i64) -> Value {
    or(&object["reclaimPolicy"], "Delete")
}

pub(super) fn binding_mode(object: &Value, _: i64) -> Value {
    or(&object["volumeBindingMode"], "Immediate")
}

pub(super) fn expansion(object: &Value, _: i64) -> Value {
    (object["allowVolumeExpansion"] == true).into()
}

pub(super) fn address_type(object: &Value, _: i64) -> Value {
    text(&object["addressType"]).into()
}

pub(super) fn slice_ports(object: &Value, _: i64) -> Value {
    let shown = list(&object["ports"]).map(|port| match (port["port"].as_i64(), port["name"].as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    });
    with_more(&shown.collect::<Vec<_>>())
}

pub(super) fn slice_endpoints(object: &Value, _: i64) -> Value {
    let addresses = list(&object["endpoints"]).flat_map(|endpoint| list(&endpoint["addresses"]));
    with_more(&addresses.map(|address| text(address).to_owned()).collect::<Vec<_>>())
}

pub(super) fn owner(object: &Value, _: i64) -> Value {
    let owner = list(&object["metadata"]["ownerReferences"]).find(|owner| owner["controller"] == true);
    let Some(owner) = owner else { return "<none>".into() };
    let group = text(&owner["apiVersion"]).split_once('/').map(|(group, _)| format!(".{group}"));
    let kind = text(&owner["kind"]).to_lowercase();
    format!("{kind}{}/{}", group.unwrap_or_default(), text(&owner["name"])).into()
}

pub(super) fn revision(object: &Value, _: i64) -> Value {
    number(&object["revision"]).into()
}

pub(super) fn webhook_count(object: &Value, _: i64) -> Value {
    list(&object["webhooks"]).count().into()
}

pub(super) fn claim_phase(object: &Value, _: i64) -> Value {
    volume_phase(object, 0)
}

pub(super) fn claim_volume(object: &Value, _: i64) -> Value {
    text(&object["spec"]["volumeName"]).into()
}

pub(super) fn claim_capacity(object: &Value, _: i64) -> Value {
    if text(&object["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    text(&object["status"]["capacity"]["storage"]).into()
}

pub(super) fn claim_access(object: &Value, _: i64) -> Value {
    if text(&object["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    access_modes_of(&object["status"]["accessModes"])
}

pub(super) fn claim_class(object: &Value, _: i64) -> Value {
    let annotation = &object["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"];
    annotation.as_str().unwrap_or_else(|| text(&object["spec"]["storageClassName"])).into()
}
