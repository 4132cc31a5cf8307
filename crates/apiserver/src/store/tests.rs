use serde_json::json;

use super::*;

fn name() -> CollectionName {
    "core/things".into()
}

fn put(store: &Store, key: &str, value: i64, expect: Expect) -> u64 {
    let (namespace, name_) = key.split_once('/').unwrap();
    let mut value = json!({"metadata": {"name": name_}, "v": value});
    store.put(&name(), &Key::new(namespace, name_), &mut value, expect, None).unwrap().revision
}

fn keys(objects: &[Arc<Object>]) -> Vec<String> {
    objects.iter().map(|object| format!("{}={}", object.key.text(), object.value()["v"])).collect()
}

#[test]
fn keys_sort_as_in_etcd() {
    let store = Store::new(0);
    for key in ["x/b", "x-b/a", "x/a"] {
        put(&store, key, 1, Expect::Absent);
    }
    assert_eq!(keys(&store.list("core/things", "")), ["x-b/a=1", "x/a=1", "x/b=1"]);
    assert_eq!(keys(&store.list("core/things", "x/")), ["x/a=1", "x/b=1"]);
}

#[test]
fn a_past_state_is_rebuilt_from_the_events() {
    let store = Store::new(10);
    let first = put(&store, "n/a", 1, Expect::Absent);
    let second = put(&store, "n/b", 2, Expect::Absent);
    put(&store, "n/a", 3, Expect::Revision(first));
    store.remove(&name(), &Key::new("n", "b"), second).unwrap();
    let inner = store.lock();
    let collection = inner.collection("core/things").unwrap();
    assert_eq!(keys(&collection.at(second, "n/", "").unwrap()), ["n/a=1", "n/b=2"]);
    assert_eq!(keys(&collection.at(second, "n/", "n/a").unwrap()), ["n/b=2"]);
    assert_eq!(keys(&collection.at(14, "n/", "").unwrap()), ["n/a=3"]);
    assert_eq!(collection.at(9, "n/", "").unwrap_err(), Past::TooOld(10));
    assert_eq!(collection.since(second, 10).unwrap().len(), 2);
}

#[test]
fn a_write_on_an_old_state_is_refused() {
    let store = Store::new(0);
    put(&store, "n/a", 1, Expect::Absent);
    let mut value = json!({});
    let again = store.put(&name(), &Key::new("n", "a"), &mut value, Expect::Absent, None);
    assert_eq!(again.unwrap_err(), Refused::Changed);
    let stale = store.put(&name(), &Key::new("n", "a"), &mut value, Expect::Revision(7), None);
    assert_eq!(stale.unwrap_err(), Refused::Changed);
}

#[test]
fn the_journal_survives_a_cut_line() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(0);
    assert!(!store.open_journal(directory.path(), |_| None).unwrap());
    let revision = put(&store, "n/a", 1, Expect::Absent);
    put(&store, "n/b", 2, Expect::Absent);
    put(&store, "n/a", 3, Expect::Revision(revision));
    drop(store);
    let path = directory.path().join("objects.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"collection\":\"core/th");
    std::fs::write(&path, text).unwrap();
    let store = Store::new(0);
    assert!(store.open_journal(directory.path(), |_| None).unwrap());
    assert_eq!(keys(&store.list("core/things", "")), ["n/a=3", "n/b=2"]);
    assert_eq!(store.revision(), 3);
}
