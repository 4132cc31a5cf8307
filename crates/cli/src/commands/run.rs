//! `gangplank run`: the controllers against any hub.

use gangplank_operator::run::{Controller, Controllers, Options};
use gangplank_runtime::{Admin, Leadership, Shutdown, lead};
use tokio_util::sync::CancellationToken;

use crate::args::Run;
use crate::args::fleet::Controller as Named;
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::ui::Ui;

/// The Lease of all controllers of gangplank.
const LEASE: &str = "gangplank";

impl From<Named> for Controller {
    fn from(named: Named) -> Controller {
        match named {
            Named::Secrets => Controller::Secrets,
            Named::Applications => Controller::Applications,
            Named::Clusters => Controller::Clusters,
            Named::Reloader => Controller::Reloader,
        }
    }
}

pub(crate) async fn run(args: &Run, environment: &Environment, ui: &Ui) -> Result<Outcome, CliError> {
    let hub = connect::hub(&args.hub, environment).await?;
    let azure = connect::azure(environment)?;
    let mirrors = connect::mirrors(environment).await?;
    let options = Options {
        enable: args.enable.iter().copied().map(Controller::from).collect(),
        namespace: args.namespace.clone(),
        beside_others: args.beside_others,
        workload_identity: connect::workload_identity(environment),
        clusters: connect::cluster_options(&args.namespace, environment)?,
    };
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        super::interruption().await;
        stop.trigger();
    });
    let controllers = Controllers::new(hub.clone(), &azure, mirrors, options, shutdown.clone());
    let admin = Admin::bind(args.listen, controllers.health().clone(), controllers.metrics().clone()).await?;
    let address = admin.address().context(|| "cannot tell the address of metrics and health".to_owned())?;
    ui.say(format!("metrics and health on http://{address}"));
    shutdown.spawn(admin.serve(shutdown.clone()));
    if args.no_leader_election {
        controllers.run().await?;
    } else {
        let identity = environment
            .get("HOSTNAME")
            .map_or_else(|| format!("gangplank-{}", std::process::id()), str::to_owned);
        // The pod's own namespace, or that of the kubeconfig's context: both are there, whatever else is.
        let leadership = Leadership::new(hub.default_namespace(), LEASE, &identity);
        let work = |leading: CancellationToken| {
            let stop = shutdown.clone();
            tokio::spawn(async move {
                leading.cancelled().await;
                stop.trigger();
            });
            controllers.run()
        };
        if let Some(result) = lead(hub.clone(), leadership, shutdown.clone(), work).await? {
            result?;
        }
    }
    ui.say("stopped");
    Ok(Outcome::Done)
}
