//! What a Pod and the templates of Pods have in common: defaults and rules of a PodSpec.

use serde_json::{Value, json};

use super::fields::{default, default_text, each, elements, list, non_negative, object_at, text};
use crate::object::{meta, names, quantity};
use crate::status::{FieldError, element};

/// Fills in a PodSpec.
pub(crate) fn default_spec(spec: &mut Value) {
    default_text(spec, "dnsPolicy", "ClusterFirst");
    default_text(spec, "restartPolicy", "Always");
    default(spec, "terminationGracePeriodSeconds", 30);
    default_text(spec, "schedulerName", "default-scheduler");
    object_at(spec, "securityContext");
    let host = spec["hostNetwork"] == true;
    for member in ["initContainers", "containers", "ephemeralContainers"] {
        for container in elements(spec, member) {
            default_container(container, host);
        }
    }
    for volume in elements(spec, "volumes") {
        default_volume(volume);
    }
    let account = text(spec, "serviceAccountName").to_owned();
    if !account.is_empty() {
        default_text(spec, "serviceAccount", &account);
    } else if !text(spec, "serviceAccount").is_empty() {
        spec["serviceAccountName"] = spec["serviceAccount"].clone();
    }
}

/// `latest`, said or unsaid, is pulled always.
fn pull_policy(image: &str) -> &'static str {
    let rest = image.rsplit('/').next().unwrap_or_default();
    if rest.contains('@') {
        return "IfNotPresent";
    }
    match rest.split_once(':') {
        Some((_, tag)) if tag != "latest" => "IfNotPresent",
        _ => "Always",
    }
}

fn default_container(container: &mut Value, host_network: bool) {
    let policy = pull_policy(text(container, "image"));
    default_text(container, "imagePullPolicy", policy);
    default_text(container, "terminationMessagePath", "/dev/termination-log");
    default_text(container, "terminationMessagePolicy", "File");
    for port in elements(container, "ports") {
        default_text(port, "protocol", "TCP");
        if host_network && port["hostPort"].is_null() {
            port["hostPort"] = port["containerPort"].clone();
        }
    }
    for variable in elements(container, "env") {
        if let Some(reference) =
            variable.pointer_mut("/valueFrom/fieldRef").filter(|reference| reference.is_object())
        {
            default_text(reference, "apiVersion", "v1");
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[probe].is_object() {
            default_probe(&mut container[probe]);
        } else if let Some(members) = container.as_object_mut() {
            members.remove(probe);
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(get) =
            container.pointer_mut(&format!("/lifecycle/{hook}/httpGet")).filter(|get| get.is_object())
        {
            default_text(get, "path", "/");
            default_text(get, "scheme", "HTTP");
        }
    }
    let resources = object_at(container, "resources");
    for member in ["limits", "requests"] {
        for amount in resources.get_mut(member).and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(canonical) = amount.1.as_str().and_then(quantity::canonical) {
                *amount.1 = canonical.into();
            }
        }
    }
    if let Some(members) = resources.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
}

fn default_probe(probe: &mut Value) {
    default(probe, "timeoutSeconds", 1);
    default(probe, "periodSeconds", 10);
    default(probe, "successThreshold", 1);
    default(probe, "failureThreshold", 3);
    for zero in ["timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        if probe[zero] == 0 {
            probe[zero] = match zero {
                "periodSeconds" => 10,
                "failureThreshold" => 3,
                _ => 1,
            }
            .into();
        }
    }
    if probe["httpGet"].is_object() {
        default_text(&mut probe["httpGet"], "path", "/");
        default_text(&mut probe["httpGet"], "scheme", "HTTP");
    } else if let Some(members) = probe.as_object_mut() {
        members.remove("httpGet");
    }
    if probe["grpc"].is_object() {
        default(&mut probe["grpc"], "service", "");
    } else if let Some(members) = probe.as_object_mut() {
        members.remove("grpc");
    }
}

fn default_volume(volume: &mut Value) {
    let sources = volume.as_object().map_or(0, |members| members.len().saturating_sub(1));
    if sources == 0 {
        volume["emptyDir"] = json!({});
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(source).filter(|source| source.is_object()) {
            default(source, "defaultMode", 420);
            for field in elements(source, "items") {
                if field["fieldRef"].is_object() {
                    default_text(&mut field["fieldRef"], "apiVersion", "v1");
                } else if let Some(members) = field.as_object_mut() {
                    members.remove("fieldRef");
                }
            }
            for part in elements(source, "sources") {
                if let Some(token) = part.get_mut("serviceAccountToken").filter(|token| token.is_object()) {
                    default(token, "expirationSeconds", 3600);
                }
                let items = part.get_mut("downwardAPI").and_then(|part| part.get_mut("items"));
                for item in items.and_then(Value::as_array_mut).into_iter().flatten() {
                    if let Some(reference) =
                        item.get_mut("fieldRef").filter(|reference| reference.is_object())
                    {
                        default_text(reference, "apiVersion", "v1");
                    }
                }
            }
        }
    }
    if let Some(path) = volume.get_mut("hostPath").filter(|path| path.is_object()) {
        default(path, "type", "");
    }
}

/// What a container of a Pod is limited to and does not ask for, it asks for to the same amount. Only Pods do this, not
/// the templates of Pods.
pub(crate) fn request_limits(spec: &mut Value) {
    for member in ["initContainers", "containers"] {
        for container in elements(spec, member) {
            let Some(limits) = container["resources"]["limits"].as_object().cloned() else { continue };
            let requests = object_at(&mut container["resources"], "requests");
            for (name, amount) in limits {
                default(requests, &name, amount);
            }
        }
    }
}

/// Fills in the template of a workload.
pub(crate) fn default_template(spec: &mut Value) {
    let template = object_at(spec, "template");
    default_spec(object_at(template, "spec"));
}

/// What is wrong with a PodSpec.
pub(crate) fn validate_spec(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let volumes = validate_volumes(spec, path, errors);
    let mut names: Vec<&str> = Vec::new();
    if list(spec, "containers").next().is_none() {
        errors.push(FieldError::required(format!("{path}.containers"), ""));
    }
    for (index, container) in list(spec, "containers").enumerate() {
        validate_container(
            container,
            &element(&format!("{path}.containers"), index),
            &volumes,
            &mut names,
            errors,
        );
    }
    for (index, container) in list(spec, "initContainers").enumerate() {
        validate_container(
            container,
            &element(&format!("{path}.initContainers"), index),
            &volumes,
            &mut names,
            errors,
        );
    }
    let restart = text(spec, "restartPolicy");
    let policies = ["Always", "Never", "OnFailure"];
    if restart.is_empty() {
        errors.push(FieldError::required(format!("{path}.restartPolicy"), ""));
    } else if !policies.contains(&restart) {
        errors.push(FieldError::not_supported(format!("{path}.restartPolicy"), restart, &policies));
    }
    let dns = text(spec, "dnsPolicy");
    let policies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
    if !policies.contains(&dns) {
        errors.push(FieldError::not_supported(format!("{path}.dnsPolicy"), dns, &policies));
    }
    for (key, value) in spec["nodeSelector"].as_object().into_iter().flatten() {
        let field = format!("{path}.nodeSelector");
        each(errors, &field, key, names::qualified(key));
        let value = value.as_str().unwrap_or_default();
        each(errors, &field, value, names::label_value(value));
    }
    let account = text(spec, "serviceAccountName");
    if !account.is_empty() {
        each(errors, &format!("{path}.serviceAccountName"), account, names::subdomain(account));
    }
    let node = text(spec, "nodeName");
    if !node.is_empty() {
        each(errors, &format!("{path}.nodeName"), node, names::subdomain(node));
    }
    non_negative(spec, "terminationGracePeriodSeconds", path, errors);
    if let Some(seconds) = spec["activeDeadlineSeconds"].as_i64().filter(|seconds| *seconds < 1) {
        let why = "must be between 1 and 2147483647, inclusive";
        errors.push(FieldError::invalid(format!("{path}.activeDeadlineSeconds"), &seconds.into(), why));
    }
}

/// Volume sources in the order in which a second one is noticed.
const VOLUME_SOURCES: [&str; 12] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "secret",
    "nfs",
    "persistentVolumeClaim",
    "downwardAPI",
    "configMap",
    "projected",
    "csi",
    "ephemeral",
    "image",
];

fn validate_volumes<'s>(spec: &'s Value, path: &str, errors: &mut Vec<FieldError>) -> Vec<&'s str> {
    let mut seen: Vec<&str> = Vec::new();
    for (index, volume) in list(spec, "volumes").enumerate() {
        let at = element(&format!("{path}.volumes"), index);
        let name = text(volume, "name");
        if name.is_empty() {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        } else {
            each(errors, &format!("{at}.name"), name, names::label(name));
        }
        if !name.is_empty() && seen.contains(&name) {
            errors.push(FieldError::duplicate(format!("{at}.name"), &name.into()));
        }
        seen.push(name);
        let sources: Vec<&String> = volume
            .as_object()
            .into_iter()
            .flat_map(|members| members.keys())
            .filter(|key| *key != "name")
            .collect();
        let mut sources = sources;
        sources.sort_by_key(|source| VOLUME_SOURCES.iter().position(|known| known == *source));
        for extra in sources.iter().skip(1) {
            errors.push(FieldError::forbidden(
                format!("{at}.{extra}"),
                "may not specify more than 1 volume type",
            ));
        }
        if volume["secret"].is_object() && text(&volume["secret"], "secretName").is_empty() {
            errors.push(FieldError::required(format!("{at}.secret.secretName"), ""));
        }
    }
    seen
}

fn validate_container<'s>(
    container: &'s Value,
    at: &str,
    volumes: &[&str],
    names: &mut Vec<&'s str>,
    errors: &mut Vec<FieldError>,
) {
    let name = text(container, "name");
    if name.is_empty() {
        errors.push(FieldError::required(format!("{at}.name"), ""));
    } else {
        each(errors, &format!("{at}.name"), name, names::label(name));
    }
    if !name.is_empty() && names.contains(&name) {
        errors.push(FieldError::duplicate(format!("{at}.name"), &name.into()));
    }
    names.push(name);
    let image = text(container, "image");
    if image.is_empty() {
        errors.push(FieldError::required(format!("{at}.image"), ""));
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        errors.push(FieldError::invalid_text(format!("{at}.image"), image, why));
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    let policy = text(container, "imagePullPolicy");
    if !policies.contains(&policy) {
        errors.push(FieldError::not_supported(format!("{at}.imagePullPolicy"), policy, &policies));
    }
    validate_ports(container, at, errors);
    for (index, variable) in list(container, "env").enumerate() {
        let at = element(&format!("{at}.env"), index);
        let name = text(variable, "name");
        if name.is_empty() {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        } else {
            each(errors, &format!("{at}.name"), name, names::environment(name));
        }
        let from = &variable["valueFrom"];
        if from.is_object() {
            let sources = from.as_object().map_or(0, |members| members.len());
            if sources == 0 {
                let why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or \
                           `fileKeyRef`";
                errors.push(FieldError::invalid_text(format!("{at}.valueFrom"), "", why));
            } else if !text(variable, "value").is_empty() {
                let why = "may not be specified when `value` is not empty";
                errors.push(FieldError::invalid_text(format!("{at}.valueFrom"), "", why));
            }
        }
    }
    let mut paths: Vec<&str> = Vec::new();
    for (index, mount) in list(container, "volumeMounts").enumerate() {
        let at = element(&format!("{at}.volumeMounts"), index);
        let (name, path) = (text(mount, "name"), text(mount, "mountPath"));
        if name.is_empty() {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        } else if !volumes.contains(&name) {
            errors.push(FieldError::not_found(format!("{at}.name"), name));
        }
        if path.is_empty() {
            errors.push(FieldError::required(format!("{at}.mountPath"), ""));
        } else if paths.contains(&path) {
            errors.push(FieldError::invalid_text(format!("{at}.mountPath"), path, "must be unique"));
        }
        paths.push(path);
    }
    validate_resources(&container["resources"], &format!("{at}.resources"), errors);
}

fn validate_ports(container: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, port) in list(container, "ports").enumerate() {
        let at = element(&format!("{at}.ports"), index);
        let name = text(port, "name");
        if !name.is_empty() {
            if seen.contains(&name) {
                errors.push(FieldError::duplicate(format!("{at}.name"), &name.into()));
            }
            seen.push(name);
        }
        match port["containerPort"].as_i64().unwrap_or(0) {
            0 => errors.push(FieldError::required(format!("{at}.containerPort"), "")),
            number if !(1..=65_535).contains(&number) => {
                let why = "must be between 1 and 65535, inclusive";
                errors.push(FieldError::invalid(format!("{at}.containerPort"), &number.into(), why));
            }
            _ => {}
        }
        let protocol = text(port, "protocol");
        let protocols = ["SCTP", "TCP", "UDP"];
        if !protocols.contains(&protocol) {
            errors.push(FieldError::not_supported(format!("{at}.protocol"), protocol, &protocols));
        }
    }
}

fn validate_resources(resources: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let amount = |value: &Value| value.as_str().and_then(quantity::parse);
    for member in ["limits", "requests"] {
        for (name, value) in resources[member].as_object().into_iter().flatten() {
            if amount(value).is_some_and(|amount| amount < 0) {
                let why = "must be greater than or equal to 0";
                errors.push(FieldError::invalid(format!("{at}.{member}[{name}]"), value, why));
            }
        }
    }
    for (name, request) in resources["requests"].as_object().into_iter().flatten() {
        let Some(limit) = resources["limits"].get(name) else { continue };
        if amount(request) > amount(limit) {
            let shown = limit.as_str().unwrap_or_default();
            let why = format!("must be less than or equal to {name} limit of {shown}");
            errors.push(FieldError::invalid(format!("{at}.requests"), request, &why));
        }
    }
}

/// What is wrong with the template of a workload that selects its Pods. `word` is what refusals call the workload.
pub(crate) fn validate_workload(spec: &Value, word: &str, errors: &mut Vec<FieldError>) {
    let selector = &spec["selector"];
    let mut selects = false;
    if selector.is_null() {
        errors.push(FieldError::required("spec.selector", ""));
    } else {
        let fine = super::fields::selector(selector, "spec.selector", errors);
        let empty = selector.as_object().is_some_and(|members| members.is_empty());
        if empty {
            let why = format!("empty selector is invalid for {word}");
            errors.push(FieldError::invalid_raw("spec.selector", "{}", &why));
        }
        if !fine {
            let shown = shown_selector(selector);
            errors.push(FieldError::invalid_raw("spec.selector", &shown, "invalid label selector"));
            return;
        }
        selects = true;
    }
    let template = &spec["template"];
    let labels = &template["metadata"]["labels"];
    let matches = selects && crate::object::selector::Labels::of(selector).matches_map(labels);
    if !matches {
        let why = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid("spec.template.metadata.labels", labels, why));
    }
    errors.extend(meta::labels(labels, "spec.template.labels"));
    validate_spec(&template["spec"], "spec.template.spec", errors);
}

/// A selector as Go writes it in messages.
pub(crate) fn shown_selector(selector: &Value) -> String {
    if selector.is_null() {
        return "null".to_owned();
    }
    let mut parts = Vec::new();
    if let Some(labels) = selector.get("matchLabels") {
        parts.push(format!("\"matchLabels\":{labels}"));
    }
    if let Some(expressions) = selector["matchExpressions"].as_array() {
        let shown = expressions.iter().map(|e| super::fields::ordered(e, &["key", "operator", "values"]));
        parts.push(format!("\"matchExpressions\":[{}]", shown.collect::<Vec<_>>().join(",")));
    }
    format!("{{{}}}", parts.join(","))
}

/// Pods of such a workload are restarted always.
pub(crate) fn restarts_always(spec: &Value, errors: &mut Vec<FieldError>) {
    let policy = &spec["template"]["spec"]["restartPolicy"];
    let field = "spec.template.spec.restartPolicy";
    if let Some(policy) = policy.as_str().filter(|policy| !policy.is_empty() && *policy != "Always") {
        errors.push(FieldError::not_supported(field, policy, &["Always"]));
    }
    if !spec["template"]["spec"]["activeDeadlineSeconds"].is_null() {
        let why = "activeDeadlineSeconds in ReplicaSet is not Supported";
        errors.push(FieldError::forbidden("spec.template.spec.activeDeadlineSeconds", why));
    }
}
