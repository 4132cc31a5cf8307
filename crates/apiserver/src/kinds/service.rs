//! Service.

use serde_json::{Value, json};

use super::fields::{default, default_text, elements, list, object_at, text};
use crate::object::names::{self, NameRule};
use crate::registry::{PLAIN, Strategy};
use crate::status::{FieldError, element};

pub(crate) const SERVICE: Strategy = Strategy {
    name_rule: NameRule::Label,
    delete_answers_object: true,
    create_on_update: true,
    default: default_service,
    prepare_create: |value| {
        value["status"] = json!({"loadBalancer": {}});
        addresses(value, None);
    },
    prepare_update: |value, old| addresses(value, Some(old)),
    validate,
    fields: &[
        ("spec.clusterIP", |service| text(&service["spec"], "clusterIP").to_owned()),
        ("spec.type", |service| text(&service["spec"], "type").to_owned()),
    ],
    ..PLAIN
};

fn default_service(value: &mut Value) {
    let spec = object_at(value, "spec");
    default_text(spec, "sessionAffinity", "None");
    default_text(spec, "type", "ClusterIP");
    let kind = text(spec, "type").to_owned();
    if text(spec, "sessionAffinity") == "ClientIP" {
        default(object_at(object_at(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds", 10_800);
    }
    for port in elements(spec, "ports") {
        default_text(port, "protocol", "TCP");
        if port["targetPort"].is_null() || port["targetPort"] == 0 || port["targetPort"] == "" {
            port["targetPort"] = port["port"].clone();
        }
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        default_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind != "ExternalName" {
        default_text(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// A number that is the same for the same text: where addresses and ports come from.
fn spread(text: &str, range: u64) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % range
}

const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

/// Gives a Service what only the cluster can: an address, ports on the nodes.
fn addresses(value: &mut Value, old: Option<&Value>) {
    let kind = text(&value["spec"], "type").to_owned();
    let uid = text(&value["metadata"], "uid").to_owned();
    let spec = object_at(value, "spec");
    if kind == "ExternalName" {
        for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            if let Some(members) = spec.as_object_mut()
                && old.is_some()
            {
                members.remove(member);
            }
        }
        return;
    }
    if let Some(old) = old {
        for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if spec[member].is_null() && !old["spec"][member].is_null() && member != "clusterIPs" {
                spec[member] = old["spec"][member].clone();
            }
        }
    }
    let headless = text(spec, "clusterIP") == "None";
    if text(spec, "clusterIP").is_empty() {
        let first = list(spec, "clusterIPs").next().and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = spread(&uid, 65_000) + 2;
        let chosen = if first.is_empty() { format!("10.0.{}.{}", number / 256, number % 256) } else { first };
        spec["clusterIP"] = chosen.into();
    }
    let address = spec["clusterIP"].clone();
    if spec["clusterIPs"].as_array().is_none_or(|list| list.first() != Some(&address)) {
        spec["clusterIPs"] = json!([address]);
    }
    // Without a selector nobody knows the families, so a headless Service takes both.
    let open = headless && spec["selector"].as_object().is_none_or(|map| map.is_empty());
    if spec["ipFamilies"].is_null() {
        spec["ipFamilies"] = if open { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) };
    }
    let policy = if open { "RequireDualStack" } else { "SingleStack" };
    default_text(spec, "ipFamilyPolicy", policy);
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        let old_ports = old.map(|old| old["spec"]["ports"].clone()).unwrap_or_default();
        for (index, port) in elements(spec, "ports").enumerate() {
            if port["nodePort"].as_i64().unwrap_or(0) == 0 {
                let kept = old_ports[index]["nodePort"].clone();
                let chosen = NODE_PORTS.start() + spread(&format!("{uid}{index}"), 2_768) as i64;
                port["nodePort"] = if kept.is_null() { chosen.into() } else { kept };
            }
        }
    } else {
        for port in elements(spec, "ports") {
            if let Some(members) = port.as_object_mut()
                && old.is_some_and(|old| text(&old["spec"], "type") != "ClusterIP")
            {
                members.remove("nodePort");
            }
        }
    }
}

fn validate(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    let kind = text(spec, "type");
    let headless = text(spec, "clusterIP") == "None";
    let ports: Vec<&Value> = list(spec, "ports").collect();
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.push(FieldError::required("spec.ports", ""));
    }
    if kind == "ExternalName" {
        let name = text(spec, "externalName").trim_end_matches('.');
        if name.is_empty() {
            errors.push(FieldError::required("spec.externalName", ""));
        } else {
            super::fields::each(errors, "spec.externalName", name, names::subdomain(name));
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        validate_port(port, &element("spec.ports", index), ports.len() > 1, kind, &mut seen, errors);
    }
    for (key, label) in spec["selector"].as_object().into_iter().flatten() {
        super::fields::each(errors, "spec.selector", key, names::qualified(key));
        let label = label.as_str().unwrap_or_default();
        super::fields::each(errors, "spec.selector", label, names::label_value(label));
    }
    let affinity = text(spec, "sessionAffinity");
    if !matches!(affinity, "None" | "ClientIP") {
        errors.push(FieldError::not_supported("spec.sessionAffinity", affinity, &["ClientIP", "None"]));
    }
    let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !kinds.contains(&kind) {
        errors.push(FieldError::not_supported("spec.type", kind, &kinds));
    }
    if let Some(old) = old {
        let (was, is) = (text(&old["spec"], "clusterIP"), text(spec, "clusterIP"));
        let left_name = text(&old["spec"], "type") == "ExternalName" || kind == "ExternalName";
        if !left_name && !was.is_empty() && was != is {
            let shown = spec["clusterIPs"].to_string();
            errors.push(FieldError::invalid_raw("spec.clusterIPs[0]", &shown, "may not change once set"));
        }
    }
}

fn validate_port<'p>(
    port: &'p Value,
    at: &str,
    several: bool,
    kind: &str,
    seen: &mut Vec<&'p str>,
    errors: &mut Vec<FieldError>,
) {
    let between = "must be between 1 and 65535, inclusive";
    let name = text(port, "name");
    if several && name.is_empty() {
        errors.push(FieldError::required(format!("{at}.name"), ""));
    } else if !name.is_empty() {
        super::fields::each(errors, &format!("{at}.name"), name, names::label(name));
        if seen.contains(&name) {
            errors.push(FieldError::duplicate(format!("{at}.name"), &name.into()));
        }
        seen.push(name);
    }
    let number = port["port"].as_i64().unwrap_or(0);
    if !(1..=65_535).contains(&number) {
        errors.push(FieldError::invalid(format!("{at}.port"), &number.into(), between));
    }
    let protocol = text(port, "protocol");
    let protocols = ["SCTP", "TCP", "UDP"];
    if !protocols.contains(&protocol) {
        errors.push(FieldError::not_supported(format!("{at}.protocol"), protocol, &protocols));
    }
    if let Some(target) = port["targetPort"].as_i64().filter(|target| !(1..=65_535).contains(target)) {
        errors.push(FieldError::invalid(format!("{at}.targetPort"), &target.into(), between));
    }
    let node = port["nodePort"].as_i64().unwrap_or(0);
    if node != 0 && matches!(kind, "NodePort" | "LoadBalancer") && !NODE_PORTS.contains(&node) {
        let why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
        errors.push(FieldError::invalid(format!("{at}.nodePort"), &node.into(), why));
    }
    if node != 0 && kind == "ClusterIP" {
        let why = "may not be used when `type` is 'ClusterIP'";
        errors.push(FieldError::forbidden(format!("{at}.nodePort"), why));
    }
}
