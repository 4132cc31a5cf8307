//! What can be done with a cluster beside reading and writing it: credentials, rotation, start and stop.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::StatusCode;
use serde_json::json;

use super::{Answer, ArmError, action, existing, run, start};
use crate::{
    arm::{
        kubeconfig::{self, User},
        ok,
        operations::{self, Work},
        request::Request,
    },
    wire::Reply,
};

/// `POST …/managedClusters/{name}/{verb}`.
pub(super) async fn handle(request: &Request<'_>, id: &str, verb: &str) -> Answer {
    match verb {
        "listclusterusercredential" => {
            request.authorize(&action("listClusterUserCredential/action"), id)?;
            credential(request, id, "clusterUser")
        }
        "listclustermonitoringusercredential" => {
            request.authorize(&action("listClusterMonitoringUserCredential/action"), id)?;
            credential(request, id, "clusterMonitoringUser")
        }
        "listclusteradmincredential" => {
            request.authorize(&action("listClusterAdminCredential/action"), id)?;
            credential(request, id, "clusterAdmin")
        }
        "rotateclustercertificates" => {
            operate(request, id, "rotateClusterCertificates", "RotatingClusterCertificates", Work::Write)
                .await
        }
        "rotateserviceaccountsigningkeys" => {
            operate(
                request,
                id,
                "rotateServiceAccountSigningKeys",
                "RotatingServiceAccountSigningKeys",
                Work::Write,
            )
            .await
        }
        "start" => operate(request, id, "start", "Starting", Work::Power { running: true }).await,
        "stop" => operate(request, id, "stop", "Stopping", Work::Power { running: false }).await,
        verb => Err(ArmError::NoRegisteredProviderFound(action(verb))),
    }
}

/// A long-running operation by the backend.
async fn operate(
    request: &Request<'_>,
    id: &str,
    name: &'static str,
    state: &'static str,
    work: Work,
) -> Answer {
    let azure = request.azure;
    request.authorize(&action(&format!("{name}/action")), id)?;
    let location = existing(&azure.arm.store(azure), id)?.0.location.clone();
    let operation = start(azure, id, state, work)?;
    let worker = Arc::clone(azure);
    let subject = id.to_owned();
    run(azure, id, operation, async move {
        let clusters = &worker.clusters;
        match name {
            "rotateClusterCertificates" => clusters.rotate_certificates(&subject).await.map(Some),
            "rotateServiceAccountSigningKeys" => {
                clusters.rotate_service_account_keys(&subject).await.map(|()| None)
            }
            "start" => clusters.start(&subject).await.map(|()| None),
            _ => clusters.stop(&subject).await.map(|()| None),
        }
    })
    .await;
    let reply = Reply::empty(StatusCode::ACCEPTED);
    Ok(operations::accepted(azure, reply, operation, id, &location, request.api_version))
}

/// A kubeconfig. Clients pick it by its exact name.
fn credential(request: &Request<'_>, id: &str, name: &str) -> Answer {
    let azure = request.azure;
    let admin = name == "clusterAdmin";
    let store = azure.arm.store(azure);
    let (resource, cluster) = existing(&store, id)?;
    let aad = cluster.properties.contains_key("aadProfile");
    if admin && cluster.flag("disableLocalAccounts") {
        let message =
            "getting static credential is not allowed because this cluster is set to disable local accounts";
        return Err(ArmError::BadRequest(message.into()));
    }
    let Some(facts) = &cluster.facts else {
        return Err(ArmError::OperationNotAllowed { id: id.to_owned(), operation: "Creating".into() });
    };
    let public = cluster.text("fqdn");
    let private = cluster.text("privateFQDN");
    let server = match request.call.parameter("server-fqdn").map(str::to_ascii_lowercase).as_deref() {
        Some("public") => {
            public.ok_or_else(|| ArmError::BadRequest("the cluster has no public FQDN".into()))?
        }
        Some("private") => {
            private.ok_or_else(|| ArmError::BadRequest("the cluster has no private FQDN".into()))?
        }
        _ => private.or(public).unwrap_or_default(),
    };
    let user = if aad && !admin {
        let tenant = cluster.text("aadProfile/tenantID").unwrap_or_default();
        let format = request.call.parameter("format").unwrap_or("exec");
        User::Entra { tenant, legacy: format.eq_ignore_ascii_case("azure") }
    } else {
        User::Certificate(&facts.local_account)
    };
    let kubeconfig = kubeconfig::write(&azure.environment, &resource.id, name, server, facts, user);
    ok(&json!({"kubeconfigs": [{"name": name, "value": BASE64.encode(kubeconfig)}]}))
}
