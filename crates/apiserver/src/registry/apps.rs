//! Workloads: `apps` and `batch`.

use super::row::{Row, SCALE, STATUS};
use crate::kinds::{batch, daemon_set, deployment, replica_set, simple, stateful_set};
use crate::table::{columns, rare_columns};

const fn apps(kind: &'static str, plural: &'static str) -> Row {
    Row::new("apps", "v1", kind, plural)
}

pub(super) const ROWS: &[Row] = &[
    apps("ControllerRevision", "controllerrevisions")
        .strategy(&simple::CONTROLLER_REVISION)
        .columns(rare_columns::CONTROLLER_REVISION),
    apps("DaemonSet", "daemonsets")
        .short(&["ds"])
        .categories(&["all"])
        .subresources(&[STATUS])
        .strategy(&daemon_set::DAEMON_SET)
        .columns(columns::DAEMON_SET),
    apps("Deployment", "deployments")
        .short(&["deploy"])
        .categories(&["all"])
        .subresources(&[SCALE, STATUS])
        .strategy(&deployment::DEPLOYMENT)
        .columns(columns::DEPLOYMENT),
    apps("ReplicaSet", "replicasets")
        .short(&["rs"])
        .categories(&["all"])
        .subresources(&[SCALE, STATUS])
        .strategy(&replica_set::REPLICA_SET)
        .columns(columns::REPLICA_SET),
    apps("StatefulSet", "statefulsets")
        .short(&["sts"])
        .categories(&["all"])
        .subresources(&[SCALE, STATUS])
        .strategy(&stateful_set::STATEFUL_SET)
        .columns(columns::STATEFUL_SET),
    Row::new("batch", "v1", "CronJob", "cronjobs")
        .short(&["cj"])
        .categories(&["all"])
        .subresources(&[STATUS])
        .strategy(&batch::CRON_JOB)
        .columns(columns::CRON_JOB),
    Row::new("batch", "v1", "Job", "jobs")
        .categories(&["all"])
        .subresources(&[STATUS])
        .strategy(&batch::JOB)
        .columns(columns::JOB),
];
