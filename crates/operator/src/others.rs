//! Whether the programs that the controllers stand in for run on the hub. Two that write the same objects fight without end.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt as _};

use crate::run::Controller;

/// Why a controller does not start.
#[derive(Debug, thiserror::Error)]
pub enum Others {
    /// The real one runs.
    #[error(
        "{program} runs on this hub (`{namespace}/{name}`), and {controller:?} would fight it over the same objects: scale it to \
         zero first, or leave {controller:?} off"
    )]
    Runs {
        /// The controller that was switched on.
        controller: Controller,
        /// What it stands in for.
        program: &'static str,
        /// The workload's namespace.
        namespace: String,
        /// The workload's name.
        name: String,
    },
    /// The hub could not be asked.
    #[error("cannot see whether other controllers run on the hub")]
    Look(#[from] Box<kube::Error>),
}

/// What each controller stands in for, told by the image of its container and what the workload's name ends with.
const PROGRAMS: [(Controller, &str, &str, &str); 3] = [
    (
        Controller::Secrets,
        "External Secrets Operator",
        "external-secrets/external-secrets",
        "external-secrets",
    ),
    (
        Controller::Applications,
        "Argo CD's application controller",
        "argoproj/argocd",
        "application-controller",
    ),
    (Controller::Reloader, "Reloader", "stakater/reloader", "reloader"),
];

struct Workload {
    namespace: String,
    name: String,
    images: Vec<String>,
    ready: i32,
}

/// Refuses to go on where the program that one of `enable` stands in for has a ready pod.
pub(crate) async fn refuse_beside(hub: &Client, enable: &BTreeSet<Controller>) -> Result<(), Others> {
    let params = ListParams::default();
    let (deployments, stateful_sets) =
        (Api::<Deployment>::all(hub.clone()), Api::<StatefulSet>::all(hub.clone()));
    let (deployments, stateful_sets) =
        tokio::try_join!(deployments.list(&params), stateful_sets.list(&params)).map_err(Box::new)?;
    let deployments = deployments.items.into_iter().map(|it| Workload {
        namespace: it.namespace().unwrap_or_default(),
        name: it.name_any(),
        images: it.spec.map(|spec| images(&spec.template)).unwrap_or_default(),
        ready: it.status.and_then(|status| status.ready_replicas).unwrap_or_default(),
    });
    let stateful_sets = stateful_sets.items.into_iter().map(|it| Workload {
        namespace: it.namespace().unwrap_or_default(),
        name: it.name_any(),
        images: it.spec.map(|spec| images(&spec.template)).unwrap_or_default(),
        ready: it.status.and_then(|status| status.ready_replicas).unwrap_or_default(),
    });
    for workload in deployments.chain(stateful_sets).filter(|workload| workload.ready > 0) {
        for (controller, program, image, ending) in PROGRAMS {
            let is_it =
                workload.images.iter().any(|it| it.contains(image)) && workload.name.ends_with(ending);
            if is_it && enable.contains(&controller) {
                let Workload { namespace, name, .. } = workload;
                return Err(Others::Runs { controller, program, namespace, name });
            }
        }
    }
    Ok(())
}

fn images(template: &PodTemplateSpec) -> Vec<String> {
    let containers = template.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    containers.iter().filter_map(|container| container.image.clone()).collect()
}
