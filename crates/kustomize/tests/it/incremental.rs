//! Rendering again after a change: the output of a whole render, for the price of what changed.

use std::sync::Arc;

use gangplank_kustomize::{Incremental, Options, Renderer, Update};

use crate::trees::Changing;

const BASE: &str = "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: <TO_OVERLAY>
spec:
  target:
    name: <TO_OVERLAY>
";

fn overlay(name: &str) -> String {
    format!(
        "resources: [../../base]\npatches:\n- target: {{kind: ExternalSecret}}\n  patch: |-\n    - op: replace\n      path: /metadata/name\n      value: {name}\n"
    )
}

fn fleet(clusters: usize) -> Changing {
    let files = Changing::default();
    {
        let mut tree = files.0.lock().expect("the lock is free");
        tree.insert("/base/kustomization.yaml", "resources: [es.yaml]");
        tree.insert("/base/es.yaml", BASE);
        let mut list = String::from("namespace: argocd\nresources:\n");
        for number in 0..clusters {
            list.push_str(&format!("- c{number}\n"));
            tree.insert(&format!("/top/c{number}/kustomization.yaml"), overlay(&format!("c{number}")));
        }
        tree.insert("/top/kustomization.yaml", list);
    }
    files
}

fn check(files: &Changing, incremental: &Incremental) {
    let whole = Renderer::new(Options::new(Arc::new(files.clone()))).render("/top").expect("it renders");
    assert_eq!(incremental.rendered().to_yaml(), whole.to_yaml());
}

fn names(update: &Update) -> (Vec<&str>, Vec<&str>, bool) {
    let names = |list: &'_ [gangplank_kustomize::RenderedResource]| -> Vec<String> {
        list.iter().map(|resource| resource.name().to_owned()).collect()
    };
    let leak = |list: Vec<String>| list.into_iter().map(|name| &*name.leak()).collect();
    (leak(names(&update.written)), leak(names(&update.removed)), update.whole)
}

#[test]
fn one_changed_overlay_is_rendered_alone() {
    let files = fleet(40);
    let change = |path: &str, text: &str| {
        files.0.lock().expect("the lock is free").insert(path, text);
    };
    let mut incremental = Incremental::new(Options::new(Arc::new(files.clone())), "/top");
    assert!(incremental.render().expect("it renders").whole);
    check(&files, &incremental);

    // A new name moves the resource to another place.
    change("/top/c7/kustomization.yaml", &overlay("zebra"));
    let update = incremental.update(&["/top/c7/kustomization.yaml"]).expect("it renders");
    assert_eq!(names(&update), (vec!["zebra"], vec!["c7"], false));
    check(&files, &incremental);

    // The same name stays where it is.
    change("/top/c8/kustomization.yaml", &(overlay("c8") + "namePrefix: ''\n"));
    let update = incremental.update(&["/top/c8/kustomization.yaml"]).expect("it renders");
    assert_eq!(names(&update), (vec!["c8"], vec![], false));
    check(&files, &incremental);

    // What nobody reads touches nothing.
    assert_eq!(names(&incremental.update(&["/elsewhere"]).expect("it renders")), (vec![], vec![], false));

    // The base concerns all.
    change("/base/es.yaml", &BASE.replace("spec:", "spec:\n  refreshInterval: 1h"));
    assert_eq!(incremental.update(&["/base/es.yaml"]).expect("it renders").written.len(), 40);
    check(&files, &incremental);

    // The list concerns all.
    change("/top/kustomization.yaml", "resources: [c1, c2]");
    let update = incremental.update(&["/top/kustomization.yaml"]).expect("it renders");
    assert!(update.whole);
    assert_eq!(update.removed.len(), 40);
    check(&files, &incremental);
}

#[test]
fn an_error_keeps_the_former_output_and_mends_itself() {
    let files = fleet(3);
    let mut incremental = Incremental::new(Options::new(Arc::new(files.clone())), "/top");
    incremental.render().expect("it renders");
    let before = incremental.rendered().to_yaml();
    let put = |text: &str| {
        files.0.lock().expect("the lock is free").insert("/top/c1/kustomization.yaml", text);
    };
    put("resources: [gone]");
    assert!(incremental.update(&["/top/c1/kustomization.yaml"]).is_err());
    assert_eq!(incremental.rendered().to_yaml(), before);
    // Two of one name are an error too, which only the whole knows.
    put(&overlay("c2"));
    assert!(incremental.update(&["/top/c1/kustomization.yaml"]).is_err());
    put(&overlay("c1"));
    incremental.update(&["/top/c1/kustomization.yaml"]).expect("it renders");
    assert_eq!(incremental.rendered().to_yaml(), before);
}

#[test]
fn every_recorded_case_is_the_same_in_pieces() {
    let Some(cases) = crate::corpus::cases() else {
        println!("skipped: no corpus is there");
        return;
    };
    for case in cases {
        let (options, directory) = crate::corpus::options(&case);
        let whole = Renderer::new(options.clone()).render(&directory).map(|rendered| rendered.to_yaml());
        let mut incremental = Incremental::new(options, &directory);
        let pieces = incremental.render().map(|_| incremental.rendered().to_yaml());
        match (whole, pieces) {
            (Ok(whole), Ok(pieces)) => assert_eq!(pieces, whole, "{}", case.display()),
            (Err(_), Err(_)) => {}
            (whole, pieces) => {
                panic!("{}: whole {}, pieces {}", case.display(), whole.is_ok(), pieces.is_ok())
            }
        }
    }
}
