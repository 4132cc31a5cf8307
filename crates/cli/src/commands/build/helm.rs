//! `--enable-helm`: charts are rendered by the helm on the path, told what Kustomize tells it.

use std::path::{Path, PathBuf};
use std::process::Command;

use gangplank_kustomize::{Helm, HelmRequest};

/// The helm command.
#[derive(Debug)]
pub(super) struct HelmCommand {
    program: PathBuf,
}

impl HelmCommand {
    /// This program.
    pub(super) fn new(program: PathBuf) -> Self {
        HelmCommand { program }
    }

    fn run(&self, arguments: &[String], directory: &str) -> Result<String, String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(directory)
            .output()
            .map_err(|error| format!("cannot start `{}`: {error}", self.program.display()))?;
        if output.status.success() {
            String::from_utf8(output.stdout)
                .map_err(|_| "helm printed something that is not UTF-8".to_owned())
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("`{} {}` failed: {}", self.program.display(), arguments.join(" "), said.trim()))
        }
    }
}

impl Helm for HelmCommand {
    fn template(&self, request: &HelmRequest) -> Result<String, String> {
        let HelmRequest { directory, chart, globals } = request;
        let home = if globals.chart_home.is_empty() { "charts" } else { globals.chart_home.as_str() };
        let home = Path::new(directory).join(home);
        let folder = match chart.version.as_str() {
            version if !version.is_empty() && !chart.repo.is_empty() => {
                home.join(format!("{}-{version}", chart.name))
            }
            _ => home.clone(),
        };
        let local = folder.join(&chart.name);
        if !local.is_dir() {
            if chart.repo.is_empty() {
                return Err(format!("there is no chart `{}`, and no repo to pull it from", local.display()));
            }
            let mut pull = vec![
                "pull".to_owned(),
                "--untar".to_owned(),
                "--untardir".to_owned(),
                folder.display().to_string(),
            ];
            if chart.repo.starts_with("oci://") {
                pull.push(format!("{}/{}", chart.repo.trim_end_matches('/'), chart.name));
            } else {
                pull.extend(["--repo".to_owned(), chart.repo.clone(), chart.name.clone()]);
            }
            if !chart.version.is_empty() {
                pull.extend(["--version".to_owned(), chart.version.clone()]);
            }
            self.run(&pull, directory)?;
        }
        let inline = inline_values(request)?;
        let mut arguments = vec!["template".to_owned()];
        if !chart.release_name.is_empty() {
            arguments.push(chart.release_name.clone());
        } else if chart.name_template.is_empty() {
            arguments.push("--generate-name".to_owned());
        }
        arguments.push(local.display().to_string());
        let mut flag = |name: &str, value: &str| {
            if !value.is_empty() {
                arguments.extend([name.to_owned(), value.to_owned()]);
            }
        };
        flag("--name-template", &chart.name_template);
        flag("--namespace", &chart.namespace);
        flag("--kube-version", &chart.kube_version);
        flag("-f", &chart.values_file);
        chart.additional_values_files.iter().for_each(|file| flag("-f", file));
        if let Some(file) = &inline {
            flag("-f", &file.path().display().to_string());
        }
        chart.api_versions.iter().for_each(|version| flag("--api-versions", version));
        let switches = [
            (chart.include_crds, "--include-crds"),
            (chart.skip_tests, "--skip-tests"),
            (chart.skip_hooks, "--no-hooks"),
            (chart.debug, "--debug"),
            (chart.devel, "--devel"),
        ];
        arguments.extend(switches.iter().filter(|(on, _)| *on).map(|(_, switch)| (*switch).to_owned()));
        self.run(&arguments, directory)
    }
}

/// The values that stand in the kustomization, in a file for helm. JSON is YAML.
fn inline_values(request: &HelmRequest) -> Result<Option<tempfile::NamedTempFile>, String> {
    let Some(values) = &request.chart.values_inline else { return Ok(None) };
    let failed = |error: std::io::Error| format!("cannot hand the inline values to helm: {error}");
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().map_err(failed)?;
    std::io::Write::write_all(&mut file, values.to_string().as_bytes()).map_err(failed)?;
    Ok(Some(file))
}
