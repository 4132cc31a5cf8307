//! Faults that are done: by the platform engineer's own calls where Azure has a call for it.

use std::time::Duration;

use gangplank_azuresim::{Faults, Throttling};
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Act, Knob};
use crate::world::Ground;

const CLUSTERS: &str = "2025-03-01";
const VAULTS: &str = "2023-07-01";

/// How long a cluster that restarts answers nothing.
const RESTART: Duration = Duration::from_millis(500);

/// Turns a knob of the cloud.
pub(crate) fn apply_knob(faults: &mut Faults, knob: &Knob) {
    match knob {
        Knob::Limits => faults.throttling = Throttling::Documented,
        Knob::TokenLifetime(lifetime) => faults.token_lifetime = Some(*lifetime),
        Knob::ClockSkew(seconds) => faults.entra_clock_skew = SignedDuration::from_secs(*seconds),
        Knob::IssuerUnreachable(reason) => faults.issuer_fetch = Some(reason.clone()),
        Knob::CredentialPropagation(delay) => faults.credential_propagation = *delay,
        Knob::RolePropagation(delay) => faults.role_propagation = *delay,
        Knob::OperationDuration(delay) => faults.operation_duration = *delay,
        Knob::VaultSettling(delay) => faults.vault_settling = *delay,
    }
}

/// Does it. The error is the reason why it could not be done.
pub(crate) async fn enact(ground: &Ground, act: &Act) -> Result<(), String> {
    match act {
        Act::ExpireTokens => {
            // Tokens have whole seconds: those of this very second are old, too.
            let next = ground.cloud.now().as_second().saturating_add(1);
            ground.cloud.expire_tokens_before(jiff::Timestamp::from_second(next).ok());
            Ok(())
        }
        Act::CloseVault { vault } => firewall(ground, vault.as_deref(), "Deny").await,
        Act::StopCluster(name) => operate(ground, name, "stop").await,
        Act::RestartApiServer(name) => {
            let cluster = ground.fleet.cluster(&ground.cluster_id(name)?).ok_or("it runs no API server")?;
            cluster.stop();
            tokio::time::sleep(RESTART).await;
            cluster.start();
            Ok(())
        }
        Act::RotateAuthority(name) => operate(ground, name, "rotateClusterCertificates").await,
        Act::RotateSigningKey { cluster: Some(name) } => {
            operate(ground, name, "rotateServiceAccountSigningKeys").await
        }
        Act::RotateSigningKey { cluster: None } => {
            let cloud = ground.cloud.clone();
            // An RSA key: made where no other task waits for it.
            let made = tokio::task::spawn_blocking(move || cloud.rotate_signing_key()).await;
            made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
        }
    }
}

/// Undoes what lasts; what does not last stays done.
pub(crate) async fn undo(ground: &Ground, act: &Act) -> Result<(), String> {
    match act {
        Act::ExpireTokens => {
            ground.cloud.expire_tokens_before(None);
            Ok(())
        }
        Act::CloseVault { vault } => firewall(ground, vault.as_deref(), "Allow").await,
        Act::StopCluster(name) => operate(ground, name, "start").await,
        Act::RestartApiServer(_) | Act::RotateAuthority(_) | Act::RotateSigningKey { .. } => Ok(()),
    }
}

async fn operate(ground: &Ground, cluster: &str, verb: &str) -> Result<(), String> {
    let id = format!("{}/{verb}", ground.cluster_id(cluster)?);
    ground.engineer()?.manage(Method::POST, &id, CLUSTERS, None).await.map(drop)
}

async fn firewall(ground: &Ground, vault: Option<&str>, action: &str) -> Result<(), String> {
    let own = &ground.facts.vault;
    let id = match vault {
        Some(name) if !name.eq_ignore_ascii_case(&own.name) => {
            let all = format!(
                "/subscriptions/{}/providers/Microsoft.KeyVault/vaults",
                ground.facts.subscription_id
            );
            let listed = ground.engineer()?.manage(Method::GET, &all, VAULTS, None).await?;
            let vaults = listed["value"].as_array().cloned().unwrap_or_default();
            let named = |it: &&Value| it["name"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name));
            let found = vaults.iter().find(named).and_then(|it| it["id"].as_str()).map(str::to_owned);
            found.ok_or_else(|| format!("the world has no vault `{name}`"))?
        }
        _ => own.id.clone(),
    };
    let acls = json!({"defaultAction": action, "bypass": "None", "ipRules": [], "virtualNetworkRules": []});
    let body = json!({"properties": {"networkAcls": acls}});
    ground.engineer()?.manage(Method::PATCH, &id, VAULTS, Some(&body)).await.map(drop)
}
