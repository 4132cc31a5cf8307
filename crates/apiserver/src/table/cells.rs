//! What the columns of built-in kinds show.

use serde_json::Value;

use super::age;

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn or_none(text: String) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

pub(super) fn name(object: &Value, _: i64) -> Value {
    text(&object["metadata"]["name"]).into()
}

pub(super) fn created_at(object: &Value, _: i64) -> Value {
    object["metadata"]["creationTimestamp"].clone()
}

pub(super) fn age_of(object: &Value, now: i64) -> Value {
    age::since(&object["metadata"]["creationTimestamp"], now)
}

pub(super) fn data_count(object: &Value, _: i64) -> Value {
    let count = |member: &str| object[member].as_object().map_or(0, |map| map.len());
    (count("data") + count("binaryData")).into()
}

pub(super) fn object_type(object: &Value, _: i64) -> Value {
    text(&object["type"]).into()
}

pub(super) fn phase(object: &Value, _: i64) -> Value {
    text(&object["status"]["phase"]).into()
}

pub(super) fn holder(object: &Value, _: i64) -> Value {
    text(&object["spec"]["holderIdentity"]).into()
}

pub(super) fn role(object: &Value, _: i64) -> Value {
    let role = &object["roleRef"];
    format!("{}/{}", text(&role["kind"]), text(&role["name"])).into()
}

fn subjects(object: &Value, kind: &str) -> Value {
    let named = list(&object["subjects"]).filter(|subject| subject["kind"] == kind);
    let names: Vec<String> = named
        .map(|subject| match kind {
            "ServiceAccount" => format!("{}/{}", text(&subject["namespace"]), text(&subject["name"])),
            _ => text(&subject["name"]).to_owned(),
        })
        .collect();
    names.join(", ").into()
}

pub(super) fn users(object: &Value, _: i64) -> Value {
    subjects(object, "User")
}

pub(super) fn groups(object: &Value, _: i64) -> Value {
    subjects(object, "Group")
}

pub(super) fn accounts(object: &Value, _: i64) -> Value {
    subjects(object, "ServiceAccount")
}

/// `a=b,c=d` and expressions, as a selector is written.
pub(crate) fn selector_text(selector: &Value) -> String {
    let pairs = selector["matchLabels"].as_object().into_iter().flatten();
    let mut parts: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", text(value))).collect();
    for expression in list(&selector["matchExpressions"]) {
        let key = text(&expression["key"]);
        let values = joined(list(&expression["values"]).map(text));
        parts.push(match text(&expression["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.join(",")
}

pub(super) fn selector(object: &Value, _: i64) -> Value {
    or_none(selector_text(&object["spec"]["selector"]))
}

pub(super) fn map_selector(object: &Value, _: i64) -> Value {
    labels_text(&object["spec"]["selector"])
}

pub(super) fn labels_text(labels: &Value) -> Value {
    let pairs = labels.as_object().into_iter().flatten();
    or_none(pairs.map(|(key, value)| format!("{key}={}", text(value))).collect::<Vec<_>>().join(","))
}

fn containers(object: &Value) -> impl Iterator<Item = &Value> {
    list(&object["spec"]["template"]["spec"]["containers"])
}

pub(super) fn container_names(object: &Value, _: i64) -> Value {
    joined(containers(object).map(|container| text(&container["name"]))).into()
}

pub(super) fn images(object: &Value, _: i64) -> Value {
    joined(containers(object).map(|container| text(&container["image"]))).into()
}

pub(super) fn ready_of_replicas(object: &Value, _: i64) -> Value {
    format!("{}/{}", number(&object["status"]["readyReplicas"]), number(&object["spec"]["replicas"])).into()
}

pub(super) fn updated(object: &Value, _: i64) -> Value {
    number(&object["status"]["updatedReplicas"]).into()
}

pub(super) fn available(object: &Value, _: i64) -> Value {
    number(&object["status"]["availableReplicas"]).into()
}

pub(super) fn desired_replicas(object: &Value, _: i64) -> Value {
    number(&object["spec"]["replicas"]).into()
}

pub(super) fn current_replicas(object: &Value, _: i64) -> Value {
    number(&object["status"]["replicas"]).into()
}

pub(super) fn ready_replicas(object: &Value, _: i64) -> Value {
    number(&object["status"]["readyReplicas"]).into()
}

macro_rules! status_numbers {
    ($($name:ident $member:literal;)*) => {
        $(pub(super) fn $name(object: &Value, _: i64) -> Value {
            number(&object["status"][$member]).into()
        })*
    };
}

status_numbers! {
    daemon_desired "desiredNumberScheduled";
    daemon_current "currentNumberScheduled";
    daemon_ready "numberReady";
    daemon_updated "updatedNumberScheduled";
    daemon_available "numberAvailable";
    disruptions_allowed "disruptionsAllowed";
}

pub(super) fn node_selector(object: &Value, _: i64) -> Value {
    let pairs = object["spec"]["template"]["spec"]["nodeSelector"].as_object().into_iter().flatten();
    or_none(pairs.map(|(key, value)| format!("{key}={}", text(value))).collect::<Vec<_>>().join(","))
}

pub(super) fn service_type(object: &Value, _: i64) -> Value {
    text(&object["spec"]["type"]).into()
}

pub(super) fn cluster_ip(object: &Value, _: i64) -> Value {
    match list(&object["spec"]["clusterIPs"]).next() {
        Some(ip) => ip.clone(),
        None if text(&object["spec"]["type"]) == "ExternalName" => "<none>".into(),
        None => or_none(text(&object["spec"]["clusterIP"]).to_owned()),
    }
}

pub(super) fn external_ip(object: &Value, _: i64) -> Value {
    let spec = &object["spec"];
    let given = joined(list(&spec["externalIPs"]).map(text));
    match text(&spec["type"]) {
        "LoadBalancer" => {
            let ingress = list(&object["status"]["loadBalancer"]["ingress"]);
            let found = joined(ingress.map(|i| i["ip"].as_str().unwrap_or_else(|| text(&i["hostname"]))));
            match (found.is_empty(), given.is_empty()) {
                (true, true) => "<pending>".into(),
                (false, true) => found.into(),
                (true, false) => given.into(),
                (false, false) => format!("{found},{given}").into(),
            }
        }
        "ExternalName" => text(&spec["externalName"]).into(),
        _ => or_none(given),
    }
}

pub(super) fn service_ports(object: &Value, _: i64) -> Value {
    let ports = list(&object["spec"]["ports"]).map(|port| {
        let (number_, node) = (number(&port["port"]), number(&port["nodePort"]));
        let protocol = text(&port["protocol"]);
        if node > 0 { format!("{number_}:{node}/{protocol}") } else { format!("{number_}/{protocol}") }
    });
    or_none(ports.collect::<Vec<_>>().join(","))
}

pub(super) fn endpoints(object: &Value, _: i64) -> Value {
    let mut all = Vec::new();
    for subset in list(&object["subsets"]) {
        for address in list(&subset["addresses"]) {
            let ports: Vec<i64> = list(&subset["ports"]).map(|port| number(&port["port"])).collect();
            if ports.is_empty() {
                all.push(text(&address["ip"]).to_owned());
            }
            all.extend(ports.iter().map(|port| format!("{}:{port}", text(&address["ip"]))));
        }
    }
    let more = all.len().saturating_sub(3);
    let shown = all.iter().take(3).cloned().collect::<Vec<_>>().join(",");
    or_none(if more > 0 { format!("{shown} + {more} more...") } else { shown })
}

pub(super) fn pod_ready(object: &Value, _: i64) -> Value {
    let ready = list(&object["status"]["containerStatuses"]).filter(|status| status["ready"] == true).count();
    format!("{ready}/{}", list(&object["spec"]["containers"]).count()).into()
}

pub(super) fn pod_status(object: &Value, _: i64) -> Value {
    let status = &object["status"];
    if object["metadata"].get("deletionTimestamp").is_some() {
        return if status["reason"] == "NodeLost" { "Unknown".into() } else { "Terminating".into() };
    }
    for condition in list(&status["conditions"]) {
        if condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated" {
            return "SchedulingGated".into();
        }
    }
    for container in list(&status["containerStatuses"]) {
        for state in ["waiting", "terminated"] {
            if let Some(reason) =
                container["state"][state]["reason"].as_str().filter(|reason| !reason.is_empty())
            {
                return reason.into();
            }
        }
    }
    status["reason"].as_str().filter(|r| !r.is_empty()).unwrap_or_else(|| text(&status["phase"])).into()
}

pub(super) fn restarts(object: &Value, _: i64) -> Value {
    let counts = list(&object["status"]["containerStatuses"]).map(|status| number(&status["restartCount"]));
    counts.sum::<i64>().to_string().into()
}

pub(super) fn pod_ip(object: &Value, _: i64) -> Value {
    let status = &object["status"];
    or_none(text(list(&status["podIPs"]).next().map_or(&status["podIP"], |ip| &ip["ip"])).to_owned())
}

pub(super) fn node_name(object: &Value, _: i64) -> Value {
    or_none(text(&object["spec"]["nodeName"]).to_owned())
}

pub(super) fn nominated_node(object: &Value, _: i64) -> Value {
    or_none(text(&object["status"]["nominatedNodeName"]).to_owned())
}

pub(super) fn readiness_gates(object: &Value, _: i64) -> Value {
    let gates: Vec<&Value> = list(&object["spec"]["readinessGates"]).collect();
    if gates.is_empty() {
        return "<none>".into();
    }
    let holds = |gate: &&&Value| {
        let conditions = list(&object["status"]["conditions"]);
        conditions.clone_matching(&gate["conditionType"])
    };
    format!("{}/{}", gates.iter().filter(holds).count(), gates.len()).into()
}

/// Whether a condition of the type is true.
trait Conditions {
    fn clone_matching(self, kind: &Value) -> bool;
}

impl<'a, I: Iterator<Item = &'a Value>> Conditions for I {
    fn clone_matching(mut self, kind: &Value) -> bool {
        self.any(|condition| condition["type"] == *kind && condition["status"] == "True")
    }
}

pub(super) fn job_status(object: &Value, _: i64) -> Value {
    let conditions = || list(&object["status"]["conditions"]);
    let holds = |kind: &str| conditions().clone_matching(&kind.into());
    let status = if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if object["metadata"].get("deletionTimestamp").is_some() {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    status.into()
}

pub(super) fn completions(object: &Value, _: i64) -> Value {
    let (spec, status) = (&object["spec"], &object["status"]);
    let done = number(&status["succeeded"]);
    match spec["completions"].as_i64() {
        Some(all) => format!("{done}/{all}").into(),
        None => match number(&spec["parallelism"]) {
            parallel if parallel > 1 => format!("{done}/1 of {parallel}").into(),
            _ => format!("{done}/1").into(),
        },
    }
}

pub(super) fn job_duration(object: &Value, now: i64) -> Value {
    let seconds =
        |value: &Value| value.as_str().and_then(|t| t.parse::<jiff::Timestamp>().ok()).map(|t| t.as_second());
    match (seconds(&object["status"]["startTime"]), seconds(&object["status"]["completionTime"])) {
        (None, _) => "".into(),
        (Some(start), end) => age::human(end.unwrap_or(now) - start).into(),
    }
}

pub(super) fn schedule(object: &Value, _: i64) -> Value {
    object["spec"]["schedule"].clone()
}

pub(super) fn time_zone(object: &Value, _: i64) -> Value {
    or_none(text(&object["spec"]["timeZone"]).to_owned())
}

pub(super) fn suspend(object: &Value, _: i64) -> Value {
    if object["spec"]["suspend"] == true { "True".into() } else { "False".into() }
}

pub(super) fn active_jobs(object: &Value, _: i64) -> Value {
    list(&object["status"]["active"]).count().into()
}

pub(super) fn last_schedule(object: &Value, now: i64) -> Value {
    match object["status"].get("lastScheduleTime") {
        Some(time) => age::since(time, now),
        None => "<none>".into(),
    }
}

pub(super) fn cron_containers(object: &Value, _: i64) -> Value {
    let containers = list(&object["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]);
    joined(containers.map(|container| text(&container["name"]))).into()
}

pub(super) fn cron_images(object: &Value, _: i64) -> Value {
    let containers = list(&object["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]);
    joined(containers.map(|container| text(&container["image"]))).into()
}

pub(super) fn job_selector(object: &Value, now: i64) -> Value {
    selector(object, now)
}

pub(super) fn node_status(object: &Value, _: i64) -> Value {
    let ready = list(&object["status"]["conditions"]).find(|condition| condition["type"] == "Ready");
    let mut words = vec![match ready.map(|condition| text(&condition["status"])) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }];
    if object["spec"]["unschedulable"] == true {
        words.push("SchedulingDisabled");
    }
    words.join(",").into()
}

pub(super) fn node_roles(object: &Value, _: i64) -> Value {
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    or_none(joined(labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))))
}

pub(super) fn node_version(object: &Value, _: i64) -> Value {
    text(&object["status"]["nodeInfo"]["kubeletVersion"]).into()
}

fn node_info(object: &Value, member: &str) -> Value {
    let shown = text(&object["status"]["nodeInfo"][member]);
    if shown.is_empty() { "<unknown>".into() } else { shown.into() }
}

fn node_address(object: &Value, kind: &str) -> Value {
    let address = list(&object["status"]["addresses"]).find(|address| address["type"] == kind);
    or_none(address.map(|address| text(&address["address"]).to_owned()).unwrap_or_default())
}

pub(super) fn internal_ip(object: &Value, _: i64) -> Value {
    node_address(object, "InternalIP")
}

pub(super) fn node_external_ip(object: &Value, _: i64) -> Value {
    node_address(object, "ExternalIP")
}

pub(super) fn os_image(object: &Value, _: i64) -> Value {
    node_info(object, "osImage")
}

pub(super) fn kernel(object: &Value, _: i64) -> Value {
    node_info(object, "kernelVersion")
}

pub(super) fn runtime(object: &Value, _: i64) -> Value {
    node_info(object, "containerRuntimeVersion")
}

pub(super) fn access_modes_of(modes: &Value) -> Value {
    joined(list(modes).map(|mode| match text(mode) {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    }))
    .into()
}

pub(super) fn ingress_class(object: &Value, _: i64) -> Value {
    let annotation = &object["metadata"]["annotations"]["kubernetes.io/ingress.class"];
    or_none(object["spec"]["ingressClassName"].as_str().unwrap_or_else(|| text(annotation)).to_owned())
}

pub(super) fn hosts(object: &Value, _: i64) -> Value {
    const SHOWN: usize = 3;
    let rules = list(&object["spec"]["rules"]);
    let all: Vec<&str> = rules.map(|rule| text(&rule["host"])).filter(|host| !host.is_empty()).collect();
    let rules = list(&object["spec"]["rules"]).count();
    if all.is_empty() {
        return "*".into();
    }
    let shown = all[..all.len().min(SHOWN)].join(",");
    if rules > SHOWN && all.len() >= SHOWN {
        return format!("{shown} + {} more...", rules - SHOWN).into();
    }
    shown.into()
}

pub(super) fn load_balancer(object: &Value, _: i64) -> Value {
    let ingress = list(&object["status"]["loadBalancer"]["ingress"]);
    joined(ingress.map(|i| i["ip"].as_str().unwrap_or_else(|| text(&i["hostname"])))).into()
}

pub(super) fn ingress_ports(object: &Value, _: i64) -> Value {
    if list(&object["spec"]["tls"]).next().is_some() { "80, 443".into() } else { "80".into() }
}

pub(super) fn pod_selector(object: &Value, _: i64) -> Value {
    or_none(selector_text(&object["spec"]["podSelector"]))
}

fn or_missing(value: &Value) -> Value {
    match value {
        Value::Null => "N/A".into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

pub(super) fn min_available(object: &Value, _: i64) -> Value {
    or_missing(&object["spec"]["minAvailable"])
}

pub(super) fn max_unavailable(object: &Value, _: i64) -> Value {
    or_missing(&object["spec"]["maxUnavailable"])
}

// --- Events, in both of their forms

fn event_time<'a>(object: &'a Value, members: &[&str]) -> Option<&'a Value> {
    members.iter().map(|member| &object[*member]).find(|value| value.is_string())
}

pub(super) fn last_seen(object: &Value, now: i64) -> Value {
    let series = &object["series"]["lastObservedTime"];
    let last = if series.is_string() {
        Some(series)
    } else {
        event_time(object, &["lastTimestamp", "deprecatedLastTimestamp"])
    };
    let last =
        last.or_else(|| event_time(object, &["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"]));
    last.map_or("<unknown>".into(), |time| age::since(time, now))
}

pub(super) fn first_seen(object: &Value, now: i64) -> Value {
    let first = event_time(object, &["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"]);
    first.map_or("<unknown>".into(), |time| age::since(time, now))
}

pub(super) fn event_reason(object: &Value, _: i64) -> Value {
    text(&object["reason"]).into()
}

pub(super) fn event_type(object: &Value, _: i64) -> Value {
    text(&object["type"]).into()
}

fn about(object: &Value) -> &Value {
    if object["involvedObject"].is_object() { &object["involvedObject"] } else { &object["regarding"] }
}

pub(super) fn event_object(object: &Value, _: i64) -> Value {
    let about = about(object);
    let kind = text(&about["kind"]).to_lowercase();
    let name = text(&about["name"]);
    if name.is_empty() { kind.into() } else { format!("{kind}/{name}").into() }
}

pub(super) fn event_field(object: &Value, _: i64) -> Value {
    text(&about(object)["fieldPath"]).into()
}

pub(super) fn event_source(object: &Value, _: i64) -> Value {
    let source = if object["source"].is_object() { &object["source"] } else { &object["deprecatedSource"] };
    let (mut component, mut host) = (text(&source["component"]), text(&source["host"]));
    if component.is_empty() {
        let reporting =
            object["reportingComponent"].as_str().unwrap_or_else(|| text(&object["reportingController"]));
        (component, host) = (reporting, text(&object["reportingInstance"]));
    }
    if host.is_empty() { component.into() } else { format!("{component}, {host}").into() }
}

pub(super) fn event_message(object: &Value, _: i64) -> Value {
    let message = object["message"].as_str().unwrap_or_else(|| text(&object["note"]));
    message.trim().into()
}

pub(super) fn event_count(object: &Value, _: i64) -> Value {
    let series = number(&object["series"]["count"]);
    let single = number(&object["count"]).max(number(&object["deprecatedCount"]));
    match (series, single) {
        (0, 0) => 1.into(),
        (0, count) => count.into(),
        (series, _) => series.into(),
    }
}
