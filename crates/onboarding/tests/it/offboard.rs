use gangplank_onboarding::offboard::*;

use crate::world::*;

/// A cluster that is aboard.
fn aboard() -> Observed {
    let name = cluster();
    Observed {
        working: Declared::Yes,
        tip: Declared::Yes,
        cluster: Some(id("Microsoft.ContainerService/managedClusters", "aks-prd-we-1").parse().unwrap()),
        applications: vec!["argocd/aks-prd-we-1-bootstrap".to_owned()],
        external_secret: Some(format!("argocd/{}", name.external_secret())),
        secret: Some(format!("argocd/{}", name.secret())),
        assignments: vec!["/assignment".to_owned()],
        vault: vec![(name.ca_secret(), Kept::Yes), (name.url_secret(), Kept::Yes)],
    }
}

/// Does what a step asks for, as Git, Argo CD and Azure would.
fn carry_out(step: &Step, world: &mut Observed) {
    match step {
        Step::MarkLeaving => world.working = Declared::Leaving,
        Step::RemoveOverlay => world.working = Declared::No,
        Step::Restore => world.working = world.tip,
        Step::Push => world.tip = world.working,
        Step::Drain(_) => world.applications.clear(),
        Step::Forget(_) => (world.external_secret, world.secret) = (None, None),
        Step::Withdraw(_) => {
            world.assignments.clear();
            for (_, kept) in &mut world.vault {
                *kept = match kept {
                    Kept::Yes => Kept::Recoverable(None),
                    Kept::Recoverable(_) | Kept::No => Kept::No,
                };
            }
        }
        Step::Done => {}
    }
}

/// The steps by their names, from a changed world to the end.
#[track_caller]
fn check(change: impl FnOnce(&mut Observed), purge: bool, expect: &[&str]) {
    let mut world = aboard();
    change(&mut world);
    let mut steps = Vec::new();
    loop {
        let step = next(&world, purge);
        let name = format!("{step:?}");
        steps.push(name.split(['(', ' ']).next().unwrap().to_owned());
        if step == Step::Done || steps.len() > 12 {
            break;
        }
        carry_out(&step, &mut world);
    }
    assert_eq!(steps, expect);
    assert!(receipt(&cluster(), &world).iter().all(|trace| trace.left != Left::All));
}

#[test]
fn applications_end_before_the_secret_and_the_secret_before_what_it_is_made_of() {
    let whole = ["MarkLeaving", "Push", "Drain", "RemoveOverlay", "Push", "Forget", "Withdraw", "Done"];
    check(|_| {}, false, &whole);
    check(
        |_| {},
        true,
        &["MarkLeaving", "Push", "Drain", "RemoveOverlay", "Push", "Forget", "Withdraw", "Withdraw", "Done"],
    );
    // Begun by somebody else, and not pulled.
    check(
        |w| w.tip = Declared::Leaving,
        false,
        &["MarkLeaving", "Drain", "RemoveOverlay", "Push", "Forget", "Withdraw", "Done"],
    );
}

#[test]
fn what_nothing_runs_on_needs_no_draining() {
    let short = ["RemoveOverlay", "Push", "Forget", "Withdraw", "Done"];
    check(|w| w.applications.clear(), false, &short);
    check(
        |w| {
            w.applications.clear();
            (w.external_secret, w.secret) = (None, None);
        },
        false,
        &["RemoveOverlay", "Push", "Withdraw", "Done"],
    );
    // The cluster is gone: its applications end once the Secret is gone, and not before.
    check(|w| w.cluster = None, false, &["RemoveOverlay", "Push", "Forget", "Drain", "Withdraw", "Done"]);
}

#[test]
fn an_overlay_that_went_too_early_comes_back() {
    check(
        |w| w.working = Declared::No,
        false,
        &["Restore", "MarkLeaving", "Push", "Drain", "RemoveOverlay", "Push", "Forget", "Withdraw", "Done"],
    );
    check(
        |w| {
            (w.working, w.tip) = (Declared::No, Declared::No);
            (w.external_secret, w.secret) = (None, None);
        },
        false,
        &["Drain", "Withdraw", "Done"],
    );
}

#[test]
fn off_board_is_off_board() {
    check(
        |w| {
            (w.working, w.tip) = (Declared::No, Declared::No);
            (w.external_secret, w.secret) = (None, None);
            w.applications.clear();
            w.assignments.clear();
            w.vault.iter_mut().for_each(|(_, kept)| *kept = Kept::No);
        },
        false,
        &["Done"],
    );
}
