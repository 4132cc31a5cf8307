//! `gangplank auth azure`: what `argocd-k8s-auth azure` prints, from the same environment.

use std::sync::Arc;

use gangplank_clusters::{ExchangeError, PodIdentity, TokenExchange as _, azure_login, exec_credential};
use gangplank_operator::ports::EntraExchange;
use secrecy::SecretString;

use crate::args::AuthCommand;
use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Context as _, Outcome};
use crate::ui::Ui;

pub(crate) async fn run(
    command: &AuthCommand,
    environment: &Environment,
    ui: &Ui,
) -> Result<Outcome, CliError> {
    let AuthCommand::Azure = command;
    let token_file = environment.get("AZURE_FEDERATED_TOKEN_FILE");
    let process = PodIdentity {
        service_account: "of this process".to_owned(),
        token_file: token_file.map(str::to_owned),
        labelled: true,
        ..PodIdentity::default()
    };
    let login = azure_login(environment.all(), &process)
        .map_err(|failure| CliError::new(failure.cause).hint(failure.mend))?;
    let path = token_file.unwrap_or_default();
    let assertion =
        std::fs::read_to_string(path).context(|| format!("cannot read the federated token file `{path}`"))?;
    let exchange = Arc::new(EntraExchange::new(connect::network(environment)?.transport()?));
    let token =
        exchange.exchange(&login, SecretString::from(assertion)).await.map_err(|error| match error {
            ExchangeError::Refused { message, .. } => {
                CliError::new(format!("Entra gave no token: {message}"))
            }
            ExchangeError::Unreachable { message } => {
                CliError::new(format!("Entra could not be asked: {message}"))
            }
        })?;
    let mut credential = exec_credential(&token).to_string();
    credential.push('\n');
    ui.print_raw(credential.as_bytes())?;
    Ok(Outcome::Done)
}
