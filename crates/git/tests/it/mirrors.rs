use std::sync::Arc;

use gangplank_git::{Access, Error, FileKind, Limits, Mirrors, Refusal, WorkingCopy};

use crate::{World, signature};

#[tokio::test]
async fn reads_a_pushed_tree_and_then_the_next() {
    let world = World::new().await;
    let (url, access) = (world.origin(), Access::default());
    let first = world.push(&[("a/x.yaml", "x: 1\n"), ("a/y.yaml", "y: 1\n")]).await;
    std::os::unix::fs::symlink("x.yaml", world.copy.path().join("a/link")).unwrap();
    assert_eq!(world.mirrors.resolve(&url, "main", &access).await.unwrap(), first);
    let before = world.mirrors.tree(&url, &first, &access).await.unwrap();
    assert_eq!(before.files.keys().collect::<Vec<_>>(), ["a/x.yaml", "a/y.yaml"]);

    let second = world.push(&[("a/x.yaml", "x: 2\n")]).await;
    assert_eq!(world.mirrors.resolve(&url, "HEAD", &access).await.unwrap(), second);
    let after = world.mirrors.tree(&url, &second, &access).await.unwrap();
    assert_eq!(&*after.files["a/x.yaml"].bytes, b"x: 2\n");
    assert_eq!(after.files["a/link"].kind, FileKind::Symlink);
    assert!(Arc::ptr_eq(&before.files["a/y.yaml"].bytes, &after.files["a/y.yaml"].bytes), "y was read twice");
    assert_eq!(world.mirrors.tree(&url, &first, &access).await.unwrap(), before);
}

#[tokio::test]
async fn an_id_needs_no_question_and_an_unknown_one_is_said() {
    let world = World::new().await;
    let (url, access) = (world.origin(), Access::default());
    let first = world.push(&[("a", "1")]).await;
    assert_eq!(world.mirrors.resolve(&url, first.as_str(), &access).await.unwrap(), first);
    let absent = gangplank_git::Commit::parse(&"b".repeat(40)).unwrap();
    let error = world.mirrors.tree(&url, &absent, &access).await.unwrap_err();
    assert!(matches!(error, Error::UnknownRevision { .. }), "{error:?}");
    let error = world.mirrors.resolve(&url, "no-such-branch", &access).await.unwrap_err();
    assert!(matches!(error, Error::UnknownRevision { .. }), "{error:?}");
}

#[tokio::test]
async fn many_ask_at_once() {
    let world = World::new().await;
    let (url, access) = (world.origin(), Access::default());
    let commit = world.push(&[("a", "1")]).await;
    let answers = futures::future::join_all((0..20).map(|_| async {
        let commit = world.mirrors.resolve(&url, "main", &access).await.unwrap();
        world.mirrors.tree(&url, &commit, &access).await.unwrap()
    }))
    .await;
    assert!(answers.iter().all(|tree| tree.commit == commit && Arc::ptr_eq(tree, &answers[0])));
}

#[tokio::test]
async fn a_missing_repository_and_a_dead_server_are_told_apart() {
    let world = World::new().await;
    for (url, expect) in [
        (format!("file://{}", world.path("absent").display()), Refusal::NotFound),
        // Port 9 (discard) of the loopback: nothing listens there.
        ("http://user:secret@127.0.0.1:9/repo".to_owned(), Refusal::Unreachable),
    ] {
        match world.mirrors.resolve(&url, "main", &Access::default()).await {
            Err(error @ Error::Refused { refusal, .. }) => {
                assert_eq!(refusal, expect, "{error}");
                assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_tree_over_the_limit_is_refused() {
    let world = World::with_limits(Limits { files: 10, bytes: 4 }).await;
    let commit = world.push(&[("a", "12345")]).await;
    let error = world.mirrors.tree(&world.origin(), &commit, &Access::default()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 4, .. }), "{error:?}");
}

#[tokio::test]
async fn a_commit_has_the_given_author_and_time_and_a_late_push_is_refused() {
    let world = World::new().await;
    let (url, access) = (world.origin(), Access::default());
    let first = world.push(&[("a", "1")]).await;
    // The same content, author and time always give the same id.
    assert_eq!(world.copy.head().await.unwrap(), first);
    assert_eq!(world.copy.commit_all("nothing", &signature()).await.unwrap(), None);

    let other = WorkingCopy::clone_from(&world.git, &url, &world.path("other"), &access).await.unwrap();
    world.push(&[("a", "2")]).await;
    std::fs::write(other.path().join("b"), "late").unwrap();
    other.commit_all("late", &signature()).await.unwrap();
    let error = other.push(&url, "main", &access).await.unwrap_err();
    assert!(matches!(error, Error::Refused { refusal: Refusal::NotFastForward, .. }), "{error:?}");
}

#[tokio::test]
async fn the_cache_goes_with_its_last_owner() {
    let world = World::new().await;
    let root = world.path("another");
    let mirrors = Mirrors::open(world.git.clone(), &root, Limits::default()).await.unwrap();
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 1);
    drop(mirrors);
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
}

#[tokio::test]
async fn replaced_logins_leave_no_mirrors_behind() {
    let world = World::new().await;
    let commit = world.push(&[("a", "1")]).await;
    for number in 0..9 {
        let access = Access::basic("user", format!("password-{number}").into());
        world.mirrors.tree(&world.origin(), &commit, &access).await.unwrap();
    }
    let cache = std::fs::read_dir(world.path("cache")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read_dir(cache).unwrap().count(), 4);
}
