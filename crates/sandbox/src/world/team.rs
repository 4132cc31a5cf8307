//! What the private repository holds: a small application, as a team would have it there.

use crate::git::{GitError, GitServer};

/// The files of the application, by their paths.
const FILES: [(&str, &str); 4] = [
    ("README.md", "# team\n\nThe team's application, which the platform deploys from `app`.\n"),
    (
        "app/kustomization.yaml",
        "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization

resources:
- configmap.yaml
- deployment.yaml
",
    ),
    (
        "app/configmap.yaml",
        "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: team-app
data:
  greeting: hello
",
    ),
    (
        "app/deployment.yaml",
        "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: team-app
  labels:
    app: team-app
spec:
  replicas: 1
  selector:
    matchLabels:
      app: team-app
  template:
    metadata:
      labels:
        app: team-app
    spec:
      containers:
      - name: app
        image: registry.k8s.io/pause:3.10
        envFrom:
        - configMapRef:
            name: team-app
",
    ),
];

/// Commits the application to the private repository; `seconds` is the time of the commit since the epoch.
pub(super) async fn commit(git: &GitServer, seconds: i64) -> Result<(), GitError> {
    let files = FILES.map(|(path, content)| (path.to_owned(), content.as_bytes().to_vec()));
    git.commit(super::TEAM, "The team's application", &files, seconds).await
}
