//! `gangplank init`: the tree, all of it or nothing.

use gangplank_onboarding::tree::Change;
use gangplank_onboarding::tree::layout::{self, Seed};

use crate::args::Init;
use crate::error::{CliError, Context as _, Outcome};
use crate::files;
use crate::ui::Ui;

pub(crate) fn run(args: &Init, ui: &Ui) -> Result<Outcome, CliError> {
    let seed = Seed {
        tenant: args.tenant.parse().context(|| "--tenant".to_owned())?,
        hub: args.hub.parse().context(|| "--hub".to_owned())?,
        issuer: args.issuer.clone(),
        vault: args.vault.parse().context(|| "--vault".to_owned())?,
        repository: args.repository.clone(),
    };
    if !args.issuer.ends_with('/') {
        return Err(CliError::usage(format!("--issuer `{}` has no slash at its end", args.issuer))
            .hint("AKS issuers have one, and Entra compares them to the letter: `az aks show --query oidcIssuerProfile.issuerUrl`"));
    }
    let files = layout::files(&seed.fleet());
    let there: Vec<&String> = files.keys().filter(|path| args.directory.join(path).exists()).collect();
    if let Some(first) = there.first() {
        return Err(CliError::new(format!(
            "`{}` is there already ({} of {} files are): nothing was written",
            args.directory.join(first).display(),
            there.len(),
            files.len()
        ))
        .hint("write the tree into an empty folder and take over what you want"));
    }
    let count = files.len();
    let changes: Vec<Change> =
        files.into_iter().map(|(path, text)| Change { path, text: Some(text) }).collect();
    files::enact(&args.directory, &changes)?;
    ui.say(format!("wrote {count} files to `{}`", args.directory.display()));
    ui.say(
        "next: `gangplank cluster add NAME`, `gangplank apply`, `gangplank publish`, then commit and push",
    );
    Ok(Outcome::Done)
}
