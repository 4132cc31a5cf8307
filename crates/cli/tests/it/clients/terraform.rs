//! Terraform with the azurerm provider: the tree's own files, the seed's resources, and the provider's own errors.

use std::path::{Path, PathBuf};

use gangplank_sandbox::{FaultRule, Faults, Options, Plane, cluster_names};

use super::harness::{Bench, peers, told};
use super::trial::Trial;

const PROGRAMS: [&str; 2] = ["bin/terraform-provider-azurerm", "python/bin/kubectl"];

/// Whether Terraform itself is on the machine.
fn terraform() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("terraform").exists())
}

fn begin(name: &'static str) -> Option<(PathBuf, Trial)> {
    let trial = Trial::new(name);
    if !terraform() {
        trial.skip("`terraform` is not on the machine");
        return None;
    }
    peers(&PROGRAMS, trial)
}

const VERSION: &str = "terraform version -json | sed -n 's/.*\"terraform_version\": \"\\(.*\\)\".*/\\1, azurerm 5 of 2026-08-24/p'";

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_init_are_applied() {
    let Some((peers, mut trial)) = begin("Terraform, the files of init") else { return };
    let bench = Bench::start(peers, Options { clusters: cluster_names(1), ..Options::default() }).await;
    trial.version(&bench.shell(VERSION).await);
    trial.tries("what `gangplank init` writes: init, validate, apply, plan without a change, destroy");
    bench.follow("terraform.md").await;
    bench.end().await;
}

/// The seed's resources in a form that today's provider takes; it names its tenant.
fn seed() -> Option<String> {
    let named = std::env::var_os("GANGPLANK_CORPUS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    std::fs::read_to_string(named.unwrap_or(beside).join("azure/seed.tf")).ok()
}

/// Installs the provider from the peers, for every Terraform that the bench runs from here on.
async fn provider(bench: &mut Bench) {
    let script = format!(
        "platform=$(terraform version -json | sed -n 's/.*\"platform\": \"\\(.*\\)\".*/\\1/p')\n\
         at=providers/registry.terraform.io/hashicorp/azurerm/5.0.0/$platform\n\
         mkdir -p $at && ln -s {}/bin/terraform-provider-azurerm $at/terraform-provider-azurerm\n\
         echo \"provider_installation {{ filesystem_mirror {{ path = \\\"$PWD/providers\\\" }} }}\" > terraform.rc",
        bench.peers.display()
    );
    bench.shell(&script).await;
    bench.set("TF_CLI_CONFIG_FILE", bench.folder.join("terraform.rc"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_is_applied_and_what_is_refused_is_told() {
    let Some((peers, mut trial)) = begin("Terraform, the seed") else { return };
    let Some(seed) = seed() else {
        trial.skip("the corpus is not here (`GANGPLANK_CORPUS`)");
        return;
    };
    let tenant = seed.split("tenant_id").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap();
    let options =
        Options { clusters: Vec::new(), tenant_id: Some(tenant.parse().unwrap()), ..Options::default() };
    let mut bench = Bench::start(peers, options).await;
    trial.version(&bench.shell(VERSION).await);
    provider(&mut bench).await;
    std::fs::write(bench.folder.join("seed.tf"), seed).unwrap();
    let terraform = "terraform";

    trial.tries("the seed's resources: apply");
    bench.shell(&format!("{terraform} init -no-color")).await;
    let applied = bench.shell(&format!("{terraform} apply -auto-approve -no-color")).await;
    assert!(applied.contains("Apply complete! Resources: 8 added, 0 changed, 0 destroyed."), "{applied}");
    trial.tries("plan without a change");
    bench.shell(&format!("{terraform} plan -detailed-exitcode -no-color")).await;

    trial.tries("wrong principal");
    let refused = |output: std::process::Output, part: &str| {
        let told = told(&output);
        assert!(!output.status.success() && told.contains(part), "{told}");
    };
    let nobody = "ARM_CLIENT_ID=00000000-0000-0000-0000-00000000000a";
    refused(bench.try_shell(&format!("{nobody} {terraform} plan -no-color")).await, "AADSTS700016");

    trial.tries("missing role");
    // The seed's identity may log in as soon as it trusts the engineer; it has no role that lets it read anything.
    let issuer = &bench.world.facts().hub.issuer_url;
    std::fs::create_dir(bench.folder.join("stranger")).unwrap();
    let stranger = format!(
        "terraform {{\n  required_providers {{\n    azurerm = {{ source = \"hashicorp/azurerm\" }}\n  }}\n}}\n\
         provider \"azurerm\" {{\n  features {{}}\n}}\n\
         resource \"azurerm_user_assigned_identity\" \"stranger\" {{\n  name = \"stranger\"\n  location = \"westeurope\"\n  resource_group_name = \"argocd-prd-rg\"\n}}\n\
         resource \"azurerm_federated_identity_credential\" \"stranger\" {{\n  name = \"engineer\"\n  user_assigned_identity_id = azurerm_user_assigned_identity.stranger.id\n  audience = [\"api://AzureADTokenExchange\"]\n  issuer = \"{issuer}\"\n  subject = \"system:serviceaccount:gangplank-system:platform-engineer\"\n}}\n\
         output \"client_id\" {{\n  value = azurerm_user_assigned_identity.stranger.client_id\n}}\n"
    );
    std::fs::write(bench.folder.join("stranger/main.tf"), stranger).unwrap();
    let made = format!(
        "cd stranger; {terraform} init -no-color > log; {terraform} apply -auto-approve -no-color > log; {terraform} output -raw client_id"
    );
    let client = bench.shell(&made).await;
    refused(
        bench.try_shell(&format!("ARM_CLIENT_ID={client} {terraform} plan -no-color")).await,
        "AuthorizationFailed",
    );

    trial.tries("throttling");
    let throttled = |times| {
        let body = r#"{"error":{"code":"TooManyRequests","message":"Too many requests."}}"#;
        let rule = FaultRule::new(Plane::ResourceManager, 429, body);
        let rule = FaultRule { retry_after: Some("1".to_owned()), times, ..rule };
        Faults { rules: vec![rule], ..Faults::default() }
    };
    bench.world.set_faults(throttled(Some(3)));
    bench.shell(&format!("{terraform} plan -detailed-exitcode -no-color")).await;
    bench.world.set_faults(throttled(None));
    refused(bench.try_shell(&format!("{terraform} plan -no-color")).await, "429");
    bench.world.set_faults(Faults::default());

    trial.tries("destroy");
    let destroyed = bench.shell(&format!("{terraform} destroy -auto-approve -no-color")).await;
    assert!(destroyed.contains("Destroy complete! Resources: 8 destroyed."), "{destroyed}");
    bench.end().await;
}
