//! The same random requests to a real kube-apiserver and to this one: every answer must be the same.
//!
//! ```text
//!   seed ──▶ sequence (steps) ──▶ real server ──▶ normalized answers ┐
//!                           └──▶ this server ──▶ normalized answers ┴──▶ compared, step by step
//! ```
//!
//! `GANGPLANK_DIFFERENTIAL=5000` plays so many sequences (a few dozen without it), `GANGPLANK_DIFFERENTIAL_SEED=17` begins with
//! that seed; each difference is printed with the seed that shows it again alone. Skipped, saying so, where `cargo xtask
//! peers` has not built kube-apiserver and etcd.

mod objects;
mod real;
mod sequence;
mod settle;

use gangplank_apiserver::ApiServer;
use serde_json::Value;

pub use real::{Answer, Connection, TOKENS};

use self::real::Real;
use self::sequence::Step;
use crate::normalize::difference;
use crate::play::{Play, Target, builder};

/// So many sequences where nobody asks for more.
const SEQUENCES: u64 = 40;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Plays one step and keeps of its answer what later steps name.
async fn step(play: &mut Play<'_>, step: &Step) -> Value {
    let body = match &step.body {
        None => Vec::new(),
        Some(text) => play.fill(text).into_bytes(),
    };
    let got = play.answer(&step.request, &body).await;
    for (name, pointer) in
        [("rv", "/metadata/resourceVersion"), ("uid", "/metadata/uid"), ("continue", "/metadata/continue")]
    {
        if let Some(text) = play.last.pointer(pointer).and_then(Value::as_str) {
            play.variables.insert(name.to_owned(), text.to_owned());
        }
    }
    settle::settle(got)
}

/// Plays a sequence on both; the first difference.
async fn compare(seed: u64, real: &Real, ours: &ApiServer) -> Option<String> {
    let connection = real.connect().await.expect("the real server takes connections");
    let namespace = format!("d{seed:07}-x");
    let mut theirs = Play::begin(Target::Real(&connection), &namespace).await.unwrap();
    let mut mine = Play::begin(Target::Ours(ours), &namespace).await.unwrap();
    let mut found = None;
    for (index, next) in sequence::steps(seed).iter().enumerate() {
        let want = step(&mut theirs, next).await;
        let got = step(&mut mine, next).await;
        if let Some(difference) = difference(&want, &got, "") {
            let request = &next.request;
            let body = next.body.as_deref().unwrap_or_default();
            found = Some(format!("step {} {request} {body}\n    {difference}", index + 1));
            break;
        }
    }
    found
}

#[test]
fn random_sequences_are_answered_as_by_a_real_kube_apiserver() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        // No controllers run beside the real one, so nothing is published here either.
        let ours = builder(1).build().unwrap();
        let Some(real) = Real::start(&ours.signing_key_pem().unwrap()).await else {
            eprintln!("skipped: `cargo xtask peers` has not built kube-apiserver and etcd here");
            return;
        };
        let connection = real.connect().await.unwrap();
        for target in [Target::Real(&connection), Target::Ours(&ours)] {
            let mut play = Play::begin(target, "differential").await.unwrap();
            for next in sequence::preparation() {
                step(&mut play, &next).await;
            }
        }
        let first = number("GANGPLANK_DIFFERENTIAL_SEED", 0);
        let count = number("GANGPLANK_DIFFERENTIAL", SEQUENCES);
        let mut wrong = Vec::new();
        for seed in first..first + count {
            if let Some(found) = compare(seed, &real, &ours).await {
                eprintln!("seed {seed}: {found}");
                wrong.push(seed);
            }
        }
        println!("{} of {count} sequences equal", count as usize - wrong.len());
        assert!(wrong.is_empty(), "{} of {count} sequences differ, of the seeds {wrong:?}", wrong.len());
    });
}
