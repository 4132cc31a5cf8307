//! Job and CronJob.

use serde_json::{Value, json};

use super::fields::{default, default_text, non_negative, object_at, text};
use super::pod_template;
use crate::registry::{PLAIN, Strategy};
use crate::status::FieldError;

pub(crate) const JOB: Strategy = Strategy {
    counts_generation: true,
    default: default_job,
    prepare_create: prepare_job,
    validate: validate_job,
    fields: &[("status.successful", |job| job["status"]["succeeded"].as_i64().unwrap_or(0).to_string())],
    ..PLAIN
};

pub(crate) const CRON_JOB: Strategy = Strategy {
    counts_generation: true,
    default: default_cron_job,
    prepare_create: |value| value["status"] = json!({}),
    validate: validate_cron_job,
    ..PLAIN
};

fn default_job_spec(spec: &mut Value) {
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        spec["completions"] = 1.into();
    }
    default(spec, "parallelism", 1);
    default(spec, "backoffLimit", 6);
    default_text(spec, "completionMode", "NonIndexed");
    default(spec, "suspend", false);
    default(spec, "manualSelector", false);
    let replacement = if spec["podFailurePolicy"].is_object() { "Failed" } else { "TerminatingOrFailed" };
    default_text(spec, "podReplacementPolicy", replacement);
    let template = object_at(spec, "template");
    let pod = object_at(template, "spec");
    // A Job's Pods have no default way to be restarted.
    let restart = pod["restartPolicy"].clone();
    pod_template::default_spec(pod);
    if restart.as_str().unwrap_or_default().is_empty() {
        pod["restartPolicy"] = "Always".into();
    }
}

fn default_job(value: &mut Value) {
    default_job_spec(object_at(value, "spec"));
    // Labels of the template are the Job's where it has none.
    if value["metadata"]["labels"].is_null() {
        let labels = value["spec"]["template"]["metadata"]["labels"].clone();
        if labels.is_object() {
            value["metadata"]["labels"] = labels;
        }
    }
}

const UID_LABEL: &str = "batch.kubernetes.io/controller-uid";

/// The selector is the Job's own uid, unless somebody wants to choose it.
fn prepare_job(value: &mut Value) {
    value["status"] = json!({});
    if value["spec"]["manualSelector"] == true {
        return;
    }
    let (uid, name) = (value["metadata"]["uid"].clone(), value["metadata"]["name"].clone());
    // A Job that took its labels from the template shares them: what is added to one is added to both.
    let shared = value["metadata"]["labels"] == value["spec"]["template"]["metadata"]["labels"];
    let template = object_at(&mut value["spec"], "template");
    let labels = object_at(object_at(template, "metadata"), "labels");
    for (key, text) in [
        (UID_LABEL, &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        default(labels, key, text.clone());
    }
    if shared {
        let labels = labels.clone();
        value["metadata"]["labels"] = labels;
    }
    value["spec"]["selector"] = json!({"matchLabels": {UID_LABEL: uid}});
}

fn validate_job_spec(spec: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for member in
        ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"]
    {
        non_negative(spec, member, path, errors);
    }
    let mode = text(spec, "completionMode");
    let modes = ["Indexed", "NonIndexed"];
    if !modes.contains(&mode) {
        errors.push(FieldError::not_supported(format!("{path}.completionMode"), mode, &modes));
    }
    let pod = &spec["template"]["spec"];
    let at = format!("{path}.template.spec");
    pod_template::validate_spec(pod, &at, errors);
    match text(pod, "restartPolicy") {
        "OnFailure" | "Never" => {}
        "Always" | "" => {
            let why = "valid values: \"OnFailure\", \"Never\"";
            errors.push(FieldError::required(format!("{at}.restartPolicy"), why));
        }
        _ => {}
    }
}

fn validate_job(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    validate_job_spec(spec, "spec", errors);
    let Some(old) = old else { return };
    for member in
        ["completions", "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"]
    {
        let suspended = old["spec"]["suspend"] == true && member == "template";
        if !suspended && spec[member] != old["spec"][member] {
            errors.push(FieldError::invalid(format!("spec.{member}"), &spec[member], "field is immutable"));
        }
    }
}

fn default_cron_job(value: &mut Value) {
    let spec = object_at(value, "spec");
    default_text(spec, "concurrencyPolicy", "Allow");
    default(spec, "suspend", false);
    default(spec, "successfulJobsHistoryLimit", 3);
    default(spec, "failedJobsHistoryLimit", 1);
    let job = object_at(object_at(spec, "jobTemplate"), "spec");
    let pod = object_at(object_at(job, "template"), "spec");
    pod_template::default_spec(pod);
}

fn validate_cron_job(value: &Value, _: Option<&Value>, errors: &mut Vec<FieldError>) {
    let spec = &value["spec"];
    let schedule = text(spec, "schedule");
    if schedule.is_empty() {
        errors.push(FieldError::required("spec.schedule", ""));
    } else if !schedule.starts_with('@') && schedule.split_whitespace().count() != 5 {
        let found = schedule.split_whitespace().count();
        let why = format!("expected exactly 5 fields, found {found}: [{schedule}]");
        errors.push(FieldError::invalid_text("spec.schedule", schedule, &why));
    }
    let policy = text(spec, "concurrencyPolicy");
    let policies = ["Allow", "Forbid", "Replace"];
    if !policies.contains(&policy) {
        errors.push(FieldError::not_supported("spec.concurrencyPolicy", policy, &policies));
    }
    for member in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        non_negative(spec, member, "spec", errors);
    }
    let pod = &spec["jobTemplate"]["spec"]["template"]["spec"];
    let at = "spec.jobTemplate.spec.template.spec";
    pod_template::validate_spec(pod, at, errors);
    if !matches!(text(pod, "restartPolicy"), "OnFailure" | "Never") {
        let why = "valid values: \"OnFailure\", \"Never\"";
        errors.push(FieldError::required(format!("{at}.restartPolicy"), why));
    }
}
