//! A service of a test's own: a function from request to response, and a record of what was asked.

use bytes::Bytes;
use gangplank_azure::{
    Assertion, AssertionError, AssertionSource, ClientId, Clock, Credential, RetryPolicy, TenantId, Tokens,
    Transport,
};
use http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

pub(crate) const CLIENT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const TENANT: &str = "22222222-2222-2222-2222-222222222222";
pub(crate) const ASSERTION: &str = "planted-assertion";
pub(crate) const TOKEN: &str = "planted-token";

/// Requests as `METHOD uri`, in order.
#[derive(Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, part: &str) -> usize {
        self.all().iter().filter(|line| line.contains(part)).count()
    }
}

/// A transport that answers with `answer`, after a yield so that callers meet.
pub(crate) fn transport<F>(answer: F) -> (Transport, Asked)
where
    F: Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
{
    let asked = Asked::default();
    let (record, answer) = (asked.clone(), Arc::new(answer));
    let service = tower::service_fn(move |request: Request<Bytes>| {
        record.0.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        let answer = Arc::clone(&answer);
        async move {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(answer(&request))
        }
    });
    (Transport::new(service), asked)
}

pub(crate) fn json(status: u16, body: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

pub(crate) fn with_header(mut response: Response<Bytes>, name: &'static str, value: &str) -> Response<Bytes> {
    response.headers_mut().insert(name, value.parse().unwrap());
    response
}

/// A login's answer with a token of this text, for an hour.
pub(crate) fn granted(token: &str) -> Response<Bytes> {
    json(200, &format!(r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{token}"}}"#))
}

pub(crate) fn is_login(request: &Request<Bytes>) -> bool {
    request.uri().path().ends_with("/oauth2/v2.0/token")
}

#[derive(Debug)]
struct Planted;

impl AssertionSource for Planted {
    fn assertion(&self) -> Pin<Box<dyn Future<Output = Result<Assertion, AssertionError>> + Send + '_>> {
        Box::pin(async { Ok(Assertion::new(ASSERTION)) })
    }
}

pub(crate) fn federated(subject: &str) -> Credential {
    Credential::Federated {
        tenant: TenantId::parse(TENANT).unwrap(),
        client_id: ClientId::parse(CLIENT).unwrap(),
        subject: subject.to_owned(),
        source: Arc::new(Planted),
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct Hands(Arc<Mutex<Timestamp>>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Timestamp::from_second(1_800_000_000).unwrap())))
    }

    pub(crate) fn forward(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = Arc::clone(&self.0);
        Clock::new(move || *hands.lock().unwrap())
    }
}

pub(crate) fn tokens(transport: &Transport, hands: &Hands) -> Tokens {
    Tokens::new(transport.clone(), hands.clock(), RetryPolicy::brief())
}
