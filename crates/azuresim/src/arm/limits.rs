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

/// A principal may ask this much of a subscription (or of the tenant itself); all principals together fifteen times it.
struct Limit {
    kind: &'static str,
    rate: Rate,
    subscription: &'static str,
    everybody: &'static str,
    tenant: &'static str,
}

const ALL_PRINCIPALS: f64 = 15.0;

const READS: Limit = Limit {
    kind: "reads",
    rate: rate(250.0, 25.0),
    subscription: "x-ms-ratelimit-remaining-subscription-reads",
    everybody: "x-ms-ratelimit-remaining-subscription-global-reads",
    tenant: "x-ms-ratelimit-remaining-tenant-reads",
};

const WRITES: Limit = Limit {
    kind: "writes",
    rate: rate(200.0, 10.0),
    subscription: "x-ms-ratelimit-remaining-subscription-writes",
    everybody: "x-ms-ratelimit-remaining-subscription-global-writes",
    tenant: "x-ms-ratelimit-remaining-tenant-writes",
};

const DELETES: Limit = Limit {
    kind: "deletes",
    rate: rate(200.0, 10.0),
    subscription: "x-ms-ratelimit-remaining-subscription-deletes",
    everybody: "x-ms-ratelimit-remaining-subscription-global-deletes",
    tenant: "x-ms-ratelimit-remaining-tenant-deletes",
};

/// Resource Graph: queries of one principal, in windows of five seconds.
const QUERIES: Rate = rate(15.0, 3.0);

/// Headers that say what is left.
pub(super) type Remaining = Vec<(&'static str, String)>;

/// Takes one request from every bucket that counts it.
pub(super) fn check(request: &Request<'_>, lower: &[&str]) -> Result<Remaining, ArmError> {
    let limit = match request.call.method {
        Method::GET | Method::HEAD => READS,
        Method::DELETE => DELETES,
        _ => WRITES,
    };
    let throttling = request.azure.faults.read(|faults| faults.throttling);
    let take = |key: String, rate: Rate, code| match throttling {
        Throttling::Off => Ok(rate.burst as u32 - 1),
        Throttling::Documented => {
            let taken = request.azure.buckets.take(key, rate, request.now);
            taken.map_err(|wait: Duration| ArmError::TooManyRequests { code, retry_after: retry_after(wait) })
        }
    };
    let (kind, caller) = (limit.kind, request.caller.object_id);
    let remaining = match lower {
        ["subscriptions", subscription, ..] => {
            let code = "SubscriptionRequestsThrottled";
            let everybody = rate(limit.rate.burst * ALL_PRINCIPALS, limit.rate.per_second * ALL_PRINCIPALS);
            vec![
                (limit.everybody, take(format!("arm {kind} {subscription}"), everybody, code)?.to_string()),
                (
                    limit.subscription,
                    take(format!("arm {kind} {subscription} {caller}"), limit.rate, code)?.to_string(),
                ),
            ]
        }
        ["providers", "microsoft.resourcegraph", ..] => vec![
            (
                "x-ms-user-quota-remaining",
                take(format!("graph {caller}"), QUERIES, "RateLimiting")?.to_string(),
            ),
            ("x-ms-user-quota-resets-after", "00:00:05".to_owned()),
        ],
        _ => {
            let left = take(format!("arm {kind} {caller}"), limit.rate, "TooManyRequests")?;
            vec![(limit.tenant, left.to_string())]
        }
    };
    for (key, rate) in of_provider(&request.call.method, lower) {
        take(key, rate, "Throttled")?;
    }
    Ok(remaining)
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
            let burst = if lower.len() == 5 { 500.0 } else { 60.0 };
            vec![(format!("aks list {path}"), rate(burst, 1.0))]
        }
        ["subscriptions", s, .., "microsoft.containerservice", "managedclusters", _] => match *method {
            Method::GET => vec![(format!("aks get {path}"), rate(60.0, 1.0))],
            Method::PUT => vec![(format!("aks put {s}"), rate(20.0, 1.0 / 60.0))],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
