//! Playing a transcript against a server of its own.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use gangplank_apiserver::{ApiServer, Builder, Peer, TokenFile};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Map, Value, json};

use crate::differential::{Answer, Connection, TOKENS};
use crate::normalize::{Normal, difference};
use crate::ordered::Ordered;
use crate::pick::{look, meets, pick_all};

/// How long a step may be repeated.
const PATIENCE: Duration = Duration::from_secs(2);
const SHOWN: [&str; 5] = ["Location", "Warning", "WWW-Authenticate", "Retry-After", "Allow"];

/// A server with the users of the corpus.
pub fn builder(seed: u64) -> Builder {
    ApiServer::builder("corpus")
        .issuer("https://issuer.example/")
        .seed(seed)
        .token_file(TokenFile::parse(TOKENS).unwrap())
}

/// A server as the corpus was recorded from one.
pub fn server(seed: u64) -> ApiServer {
    builder(seed)
        .certificate_authority("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")
        .build()
        .unwrap()
}

fn request<B>(method: &str, path: &str, headers: &[(String, String)], body: B) -> Request<B> {
    let uri: String = path.chars().map(|c| if c == ' ' { "%20".to_owned() } else { c.to_string() }).collect();
    let mut request = Request::builder().method(method).uri(uri).body(body).unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    request
}

/// Sends one request.
pub async fn send(
    server: &ApiServer,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Answer {
    let request = request(method, path, headers, Bytes::copy_from_slice(body));
    let response = server.handle(request, &Peer::default()).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// What is played against.
pub enum Target<'a> {
    Ours(&'a ApiServer),
    Real(&'a Connection),
}

impl Target<'_> {
    async fn send(&self, method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
        match self {
            Target::Ours(server) => send(server, method, path, headers, body).await,
            Target::Real(connection) => {
                let request = request(method, path, headers, Full::new(Bytes::copy_from_slice(body)));
                connection.send(request).await.expect("the real server keeps its connection")
            }
        }
    }
}

/// A case that is being played.
pub struct Play<'a> {
    pub target: Target<'a>,
    pub variables: HashMap<String, String>,
    normal: Normal,
    pub last: Value,
    last_headers: HeaderMap,
}

impl<'a> Play<'a> {
    /// Begins with a namespace of its own.
    ///
    /// # Errors
    /// What the server says where it can't be made.
    pub async fn begin(target: Target<'a>, namespace: &str) -> Result<Play<'a>, String> {
        let body = json!({"metadata": {"name": namespace}}).to_string();
        let headers = [
            ("authorization".to_owned(), "Bearer admintoken".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "recorder".to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let made = target.send("POST", "/api/v1/namespaces", &headers, body.as_bytes()).await;
        if made.status != 201 {
            return Err(format!("no namespace: {} {:?}", made.status, made.body));
        }
        Ok(Play {
            target,
            variables: HashMap::from([("ns".to_owned(), namespace.to_owned())]),
            normal: Normal::new(namespace),
            last: Value::Null,
            last_headers: HeaderMap::new(),
        })
    }

    pub fn fill(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            out.push_str(&rest[..at]);
            let Some(end) = rest[at..].find('}') else { break };
            let name = &rest[at + 2..at + end];
            match name.strip_prefix("repeat_").and_then(|count| count.parse::<usize>().ok()) {
                Some(count) => out.push_str(&"x".repeat(count)),
                None => match self.variables.get(name) {
                    Some(value) => out.push_str(value),
                    None => out.push_str(&rest[at..=at + end]),
                },
            }
            rest = &rest[at + end + 1..];
        }
        out.push_str(rest);
        out
    }

    fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.fill(text).into(),
            Value::Array(list) => list.iter().map(|inner| self.fill_value(inner)).collect(),
            Value::Object(map) => Value::Object(
                map.iter().map(|(key, inner)| (self.fill(key), self.fill_value(inner))).collect(),
            ),
            other => other.clone(),
        }
    }

    fn headers(&self, step: &Value) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> =
            vec![("accept".into(), "application/json".into()), ("user-agent".into(), "recorder".into())];
        let who = step["as"].as_str().unwrap_or("admin");
        let token = match who {
            "admin" => Some("admintoken".to_owned()),
            "alice" => Some("alicetoken".to_owned()),
            "bob" => Some("bobtoken".to_owned()),
            "nobody" => Some("not-a-token".to_owned()),
            "anonymous" => None,
            other => self.variables.get(&other[1..]).cloned(),
        };
        if let Some(token) = token {
            headers.push(("authorization".into(), format!("Bearer {token}")));
        }
        if step.get("body").is_some() && step["headers"].get("Content-Type").is_none() {
            headers.push(("content-type".into(), "application/json".into()));
        }
        for (name, value) in step["headers"].as_object().into_iter().flatten() {
            let name = name.to_lowercase();
            headers.retain(|(known, _)| *known != name);
            let values = match value {
                Value::Array(many) => many.clone(),
                one => vec![one.clone()],
            };
            headers.extend(
                values.iter().map(|value| (name.clone(), self.fill(value.as_str().unwrap_or_default()))),
            );
        }
        headers
    }

    async fn step(&mut self, step: &Value, recorded: &Ordered) -> Option<String> {
        let request = &step["request"];
        let body = match request.get("body") {
            None => Vec::new(),
            Some(Value::String(text)) => self.fill(text).into_bytes(),
            Some(_) => {
                let body = recorded.get("request").and_then(|request| request.get("body")).unwrap();
                body.map(&|text| self.fill(text)).dump().into_bytes()
            }
        };
        let got = self.answer(request, &body).await;
        let found = difference(&step["response"], &got, "");
        if found.is_some() {
            return found;
        }
        for (name, pointer) in step["save"].as_object().into_iter().flatten() {
            let pointer = pointer.as_str().unwrap();
            let value = match pointer.strip_prefix("header:") {
                Some(name) => joined(&self.last_headers, name).unwrap_or_default(),
                None => match look(&self.last, pointer) {
                    Value::String(text) => text,
                    other => other.to_string(),
                },
            };
            self.variables.insert(name.clone(), value);
        }
        if let Some(claims) = step.get("claims") {
            return self.claims(claims);
        }
        None
    }

    /// Sends a request of the transcripts' form and gives its normalized answer.
    pub async fn answer(&mut self, request: &Value, body: &[u8]) -> Value {
        let method = request["method"].as_str().unwrap();
        let mut path = self.fill(request["path"].as_str().unwrap());
        let query: Vec<String> = request["query"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(key, value)| {
                let values = match value {
                    Value::Array(many) => many.clone(),
                    one => vec![one.clone()],
                };
                values.into_iter().map(move |value| (key.clone(), value)).collect::<Vec<_>>()
            })
            .map(|(key, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), |text| self.fill(text));
                format!("{}={}", encode(&self.fill(&key)), encode(&text))
            })
            .collect();
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let until = request.get("until").map(|until| self.fill_value(until));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let answer = loop {
            let answer = self.target.send(method, &path, &self.headers(request), body).await;
            let done = match &until {
                None => true,
                Some(Value::Object(conditions)) => {
                    let seen: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                    conditions.iter().all(|(pointer, want)| meets(&seen, pointer, want))
                }
                Some(status) => status.as_u64() == Some(answer.status.into()),
            };
            if done || tokio::time::Instant::now() > deadline {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let header = |name: &str| joined(&answer.headers, name);
        let kind = header("content-type").unwrap_or_default();
        let kind = kind.split(";charset").next().unwrap_or_default().to_owned();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let watch = request["query"]["watch"].as_str().unwrap_or_default().to_lowercase();
        let watching =
            matches!(watch.as_str(), "1" | "true") || request["path"].as_str().unwrap().contains("/watch/");
        let mut parsed: Value = if watching && answer.status == 200 {
            text.lines().filter(|line| !line.trim().is_empty()).map(parse).collect()
        } else if kind.contains("json") {
            parse(&text)
        } else {
            text.clone().into()
        };
        self.last = parsed.clone();
        self.last_headers = answer.headers.clone();
        if let Some(rules) = request.get("pick").and_then(Value::as_object) {
            let rules: Vec<(String, Value)> =
                rules.iter().map(|(pointer, rule)| (self.fill(pointer), self.fill_value(rule))).collect();
            parsed = pick_all(&parsed, &rules);
        }
        self.normal.collect_in_order(&parsed, &text);
        let mut got =
            json!({"status": answer.status, "content_type": kind, "body": self.normal.norm(&parsed, "")});
        let mut headers = Map::new();
        for name in SHOWN {
            if let Some(value) = header(name) {
                headers.insert(name.to_owned(), self.normal.text(&value, "").into());
            }
        }
        for name in request["show"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Some(value) = header(name) {
                let shown = if name.eq_ignore_ascii_case("etag") {
                    "<etag>".to_owned()
                } else {
                    self.normal.text(&value, "")
                };
                headers.insert(name.to_owned(), shown.into());
            }
        }
        if !headers.is_empty() {
            got["headers"] = headers.into();
        }
        got
    }

    fn claims(&mut self, claims: &Value) -> Option<String> {
        let token = look(&self.last, claims["pointer"].as_str().unwrap());
        let decode = |part: Option<&str>| -> Value {
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
                .decode(part.unwrap_or_default())
                .unwrap_or_default();
            serde_json::from_slice(&bytes).unwrap_or_default()
        };
        let mut parts = token.as_str().unwrap_or_default().split('.');
        let (mut header, mut payload) = (decode(parts.next()), decode(parts.next()));
        header["kid"] = "<kid>".into();
        let lifetime = payload["exp"].as_i64().zip(payload["iat"].as_i64()).map(|(end, start)| end - start);
        if let Some(members) = payload.as_object_mut() {
            members.retain(|key, _| !matches!(key.as_str(), "exp" | "iat" | "nbf" | "jti"));
        }
        if payload["kubernetes.io"].get("warnafter").is_some() {
            payload["kubernetes.io"]["warnafter"] = "<time>".into();
        }
        let mut value = json!({"header": header, "payload": payload});
        if let Some(lifetime) = lifetime {
            value["lifetime"] = lifetime.into();
        }
        self.normal.collect(&value, "");
        let got = self.normal.norm(&value, "");
        difference(&claims["value"], &got, "claims")
    }
}

/// A header that stands several times, as the transcripts show it.
fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Plays a case; tells the first difference.
pub async fn play(case: &Value, recorded: &Ordered, number: usize) -> Option<String> {
    let server = server(number as u64);
    let namespace = format!("t{:05}-{number:03}", 12_345 + number);
    let mut play = match Play::begin(Target::Ours(&server), &namespace).await {
        Ok(play) => play,
        Err(why) => return Some(why),
    };
    for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
        let recorded = &recorded.get("steps").unwrap().items()[index];
        if let Some(found) = play.step(step, recorded).await {
            let (method, path) = (&step["request"]["method"], &step["request"]["path"]);
            return Some(format!("step {} {method} {path}: {found}", index + 1));
        }
    }
    None
}
