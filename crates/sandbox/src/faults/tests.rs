use http::Method;

use super::*;

#[track_caller]
fn check(text: &str, expected: Result<&str, &str>) {
    let told = text.parse::<Fault>().map(|fault| fault.to_string()).map_err(|error| error.to_string());
    assert_eq!(told, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
}

#[test]
fn faults_are_read_and_told() {
    check(
        "latency delay=500ms host=*.vault.azure.net rate=0.5",
        Ok("latency delay=500ms host=*.vault.azure.net rate=0.5"),
    );
    check("limits", Ok("limits"));
    check("clock-skew seconds=-600", Ok("clock-skew seconds=-600"));
    check("", Err("a fault begins with its kind, as `latency host=management.azure.com delay=500ms`"));
    check("latency", Err("the fault `latency` needs `delay`"));
    check("latency delay=", Err("`delay=` can't be: a time, as 500ms, 2s, 10m or 1h"));
    check("latency delay=5", Err("`delay=5` can't be: a time, as 500ms, 2s, 10m or 1h"));
    check("latency delay=9999999h", Err("`delay=9999999h` can't be: a time, as 500ms, 2s, 10m or 1h"));
    check("latency 5s", Err("`5s` is no setting: settings have the form name=value"));
    check(
        "latency delay=5s status=500",
        Err("the fault `latency` takes no `status`; it takes delay, host, path, method, rate, times"),
    );
    check("limits host=x", Err("the fault `limits` takes no `host`; it takes none"));
    check("error status=200", Err("`status=200` can't be: a status from 400 to 599"));
    check("error status=500 rate=1.5", Err("`rate=1.5` can't be: a number from 0 to 1"));
    check("error status=500 rate=NaN", Err("`rate=NaN` can't be: a number from 0 to 1"));
    check("error status=500 times=-1", Err("`times=-1` can't be: a whole number"));
    check("error status=500 method=\u{e9}", Err("`method=\u{e9}` can't be: a method of HTTP, as GET"));
    check("slow-body bytes-per-second=0", Err("`bytes-per-second=0` can't be: a number from 1 on"));
    check(
        "clock-skew seconds=99999999999999",
        Err("`seconds=99999999999999` can't be: a whole number of seconds"),
    );
    let unknown = "gremlins".parse::<Fault>().unwrap_err().to_string();
    assert!(
        unknown.starts_with("there is no fault called `gremlins`; the list: latency, error, "),
        "{unknown}"
    );
}

#[test]
fn the_form_of_files_is_the_same() {
    let fault: Fault = "error status=503 path=/secrets".parse().unwrap();
    let json = serde_json::to_value(&fault).unwrap();
    assert_eq!(json, serde_json::json!({"fault": "error", "status": "503", "path": "/secrets"}));
    assert_eq!(serde_json::from_value::<Fault>(json).unwrap(), fault);
    assert!(serde_json::from_value::<Fault>(serde_json::json!({"status": "503"})).is_err());
}

fn book(faults: &[&str]) -> Book {
    let book = Book::new(7);
    for text in faults {
        let fault: Fault = text.parse().unwrap();
        let effect = fault.effect().unwrap();
        book.add(fault, effect);
    }
    book
}

#[test]
fn requests_meet_the_faults_that_are_about_them() {
    let book = book(&[
        "cut host=*.vault.azure.net path=/secrets/a method=get times=2",
        "error status=500 host=management.azure.com path=/subscriptions/*/resourcegroups",
    ]);
    let hit = |host: &str, path: &str, method: Method| book.fate(host, path, &method).len();
    assert_eq!(hit("akv.vault.azure.net", "/secrets/b", Method::GET), 0);
    assert_eq!(hit("akv.vault.azure.net", "/secrets/a", Method::PUT), 0);
    assert_eq!(hit("vault.azure.net.example", "/secrets/a", Method::GET), 0);
    for expected in [1, 1, 0] {
        assert_eq!(hit("akv.vault.azure.net", "/secrets/abc", Method::GET), expected);
    }
    assert_eq!(hit("management.azure.com", "/subscriptions/s/resourceGroups/g", Method::PUT), 1);
    assert_eq!(hit("management.azure.com", "/subscriptions/s", Method::PUT), 0);
    let hits: Vec<u64> = book.entries().iter().map(|entry| entry.hits).collect();
    assert_eq!(hits, [2, 1]);
    assert!(book.remove(1).is_some() && book.remove(1).is_none());
    assert_eq!(book.entries().len(), 1);
}

#[test]
fn a_rate_is_kept_and_follows_from_the_seed() {
    let draw = || {
        let book = book(&["cut rate=0.25"]);
        (0..4_000).map(|_| book.fate("h", "/", &Method::GET).len()).collect::<Vec<_>>()
    };
    let lots = draw();
    assert_eq!(lots, draw());
    let hit: usize = lots.iter().sum();
    assert!((900..1_100).contains(&hit), "{hit} of 4,000");
    let never = book(&["cut rate=0"]);
    assert!((0..100).all(|_| never.fate("h", "/", &Method::GET).is_empty()));
}

#[test]
fn every_kind_says_what_it_takes() {
    for kind in FaultKind::ALL {
        assert!(!kind.description().is_empty());
        let settings = kind.settings();
        assert!(kind.required().iter().all(|setting| settings.contains(setting)), "{kind}");
        assert_eq!(settings.contains(&"rate"), kind.is_about_requests(), "{kind}");
    }
}
