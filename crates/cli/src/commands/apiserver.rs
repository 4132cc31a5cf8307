//! `gangplank apiserver`: the embedded API server alone, on loopback.

use std::path::Path;

use gangplank_apiserver::TokenFile;
use gangplank_onboarding::tree::Change;
use gangplank_sandbox::{Standalone, StandaloneOptions};

use crate::args::tools::Apiserver;
use crate::error::{CliError, Context as _, Outcome};
use crate::files;
use crate::ui::Ui;

pub(crate) async fn run(args: &Apiserver, ui: &Ui) -> Result<Outcome, CliError> {
    let path = &args.token_auth_file;
    let text = std::fs::read_to_string(path)
        .context(|| format!("cannot read the token file `{}`", path.display()))?;
    let tokens = TokenFile::parse(&text).context(|| format!("the token file `{}`", path.display()))?;
    let options = StandaloneOptions {
        port: args.port,
        tokens,
        data: args.data.clone(),
        issuer: args.service_account_issuer.clone(),
        runs: args.runs,
        seed: args.seed,
    };
    let server = Standalone::start(options).await?;
    let folder =
        args.ca_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = args.ca_file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    files::enact(folder, &[Change { path: name, text: Some(server.ca_pem.clone()) }])?;
    ui.say(format!(
        "https://{} answers; its authority's certificate is `{}`",
        server.address,
        args.ca_file.display()
    ));
    super::interruption().await;
    server.shutdown().await;
    Ok(Outcome::Done)
}
