//! Rates that Resource Manager and its providers allow.
//!
//! Sources: Microsoft Learn, "Understand how Azure Resource Manager throttles requests" and the limits of managed
//! identities, AKS and Resource Graph.

use std::time::Duration;

use http::Method;

use super::{ArmError, request::Request};
use crate::{
    faults::Throttling,
    throttle::{Rate, retry_after},
};

const fn rate(burst: f64, per_second: f64) -> Rate {
    Rate { burst, per_second }
}

/// Takes one request from every bucket that counts it. Gives the header that says what is left.
pub(super) fn check(request: &Request<'_>, lower: &[&str]) -> Result<Option<(&'static str, u32)>, ArmError> {
    let (kind, header, limit) = match request.call.method {
        Method::GET | Method::HEAD => {
            ("reads", "x-ms-ratelimit-remaining-subscription-reads", rate(250.0, 25.0))
        }
        Method::DELETE => ("deletes", "x-ms-ratelimit-remaining-subscription-deletes", rate(200.0, 10.0)),
        _ => ("writes", "x-ms-ratelimit-remaining-subscription-writes", rate(200.0, 10.0)),
    };
    if request.azure.faults.read(|faults| faults.throttling) == Throttling::Off {
        return Ok(Some((header, limit.burst as u32 - 1)));
    }
    let take = |key: String, limit, code| {
        let taken = request.azure.buckets.take(key, limit, request.now);
        taken.map_err(|wait: Duration| ArmError::TooManyRequests { code, retry_after: retry_after(wait) })
    };
    let tenant_scope = ["tenant"];
    let scope = if lower.first() == Some(&"subscriptions") {
        lower.get(1..2).unwrap_or(&tenant_scope)
    } else {
        &tenant_scope
    };
    let key = format!("arm {kind} {} {}", scope.join("/"), request.caller.object_id);
    let left = take(key, limit, "SubscriptionRequestsThrottled")?;
    for (key, limit) in of_provider(&request.call.method, lower) {
        take(key, limit, "Throttled")?;
    }
    Ok(Some((header, left)))
}

/// The buckets of the resource provider that serves the path.
fn of_provider(method: &Method, lower: &[&str]) -> Vec<(String, Rate)> {
    let path = lower.join("/");
    match lower {
        [
            "subscriptions",
            s,
            "resourcegroups",
            _,
            "providers",
            "microsoft.managedidentity",
            _,
            _,
            child,
            rest @ ..,
        ] if *child == "federatedidentitycredentials" => {
            let identity = lower.get(..8).unwrap_or_default().join("/");
            let (what, tenant, subscription, each) = match (method, rest) {
                (&Method::PUT, _) => ("write", 10.0, 2.0, 0.25),
                (&Method::DELETE, _) => ("delete", 10.0, 2.0, 0.25),
                (_, []) => ("list", 15.0, 5.0, 0.25),
                _ => ("get", 30.0, 10.0, 0.5),
            };
            vec![
                (format!("fic {what}"), rate(tenant, tenant)),
                (format!("fic {what} {s}"), rate(subscription, subscription)),
                // One token to begin with: a rate below one a second must let the first request through.
                (format!("fic {what} {identity}"), rate(1.0, each)),
            ]
        }
        ["subscriptions", .., "microsoft.containerservice", "managedclusters"] => {
            let burst = if lower.len() == 4 { 500.0 } else { 60.0 };
            vec![(format!("aks list {path}"), rate(burst, 1.0))]
        }
        ["subscriptions", s, .., "microsoft.containerservice", "managedclusters", _] => match *method {
            Method::GET => vec![(format!("aks get {path}"), rate(60.0, 1.0))],
            Method::PUT => vec![(format!("aks put {s}"), rate(20.0, 1.0 / 60.0))],
            _ => Vec::new(),
        },
        ["providers", "microsoft.resourcegraph", ..] => vec![("graph query".to_owned(), rate(15.0, 3.0))],
        _ => Vec::new(),
    }
}
