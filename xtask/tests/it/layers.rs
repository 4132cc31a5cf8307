//! Which crate may see which.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The layer of each crate, from the bottom. A crate sees lower layers only, so those of one layer don't see each other.
const LAYERS: &[&[&str]] = &[
    &["yaml", "merge", "pki"],
    &["template", "kustomize"],
    &["onboarding"],
    &["azure", "git", "runtime", "apiserver", "azuresim"],
    &["secrets", "applications", "clusters", "reloader", "sandbox"],
    &["operator"],
    &["cli"],
];

/// Third-party crates that the pure crates must not see: whatever does I/O or belongs to a framework.
const IMPURE: &[&str] =
    &["tokio", "kube", "k8s-openapi", "hyper", "reqwest", "tower", "tracing-subscriber", "clap"];

/// Further edges that are forbidden, with the reason.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("apiserver", "kube", "an honest server speaks bytes"),
    ("azuresim", "kube", "an honest server speaks bytes"),
    ("sandbox", "kube", "the world holds servers only"),
    ("sandbox", "gangplank-azure", "the world holds servers only"),
    ("secrets", "gangplank-azure", "controllers take ports, never adapters"),
    ("secrets", "gangplank-git", "controllers take ports, never adapters"),
    ("applications", "gangplank-git", "controllers take ports, never adapters"),
    ("clusters", "gangplank-azure", "controllers take ports, never adapters"),
    ("sandbox", "gangplank-runtime", "the world holds servers only"),
];

#[test]
fn edges_go_down_only() {
    let metadata = MetadataCommand::new().current_dir(super::root()).no_deps().exec().unwrap();
    let mut layer_of = BTreeMap::new();
    for (layer, crates) in LAYERS.iter().enumerate() {
        layer_of.extend(crates.iter().map(|name| (format!("gangplank-{name}"), layer)));
    }
    let mut wrong = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.name != "xtask") {
        let Some(&layer) = layer_of.get(package.name.as_str()) else {
            wrong.push(format!("{} has no layer: give it one here and in ARCHITECTURE.md", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|it| it.kind == DependencyKind::Normal) {
            match layer_of.get(&dependency.name) {
                Some(&below) if below >= layer => {
                    wrong.push(format!(
                        "{} must not depend on {}, which is not below it",
                        package.name, dependency.name
                    ));
                }
                _ => {}
            }
            if layer <= 2 && IMPURE.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} is pure and must not depend on {}", package.name, dependency.name));
            }
            for (from, to, reason) in FORBIDDEN {
                if package.name == format!("gangplank-{from}") && dependency.name == *to {
                    wrong.push(format!("{} must not depend on {to}: {reason}", package.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ring_is_the_only_crypto_provider() {
    let lock = std::fs::read_to_string(super::root().join("Cargo.lock")).unwrap();
    for name in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(
            !lock.contains(&format!("name = \"{name}\"")),
            "{name} is in Cargo.lock: find who brings it with `cargo tree -i {name}`"
        );
    }
}
