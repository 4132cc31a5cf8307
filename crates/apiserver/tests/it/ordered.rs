//! JSON that remembers the order of its members: requests are sent as they were recorded, and uids are numbered in the order
//! in which they come.

use serde_json::Value;

/// A value with its members in their order.
#[derive(Debug, Clone)]
pub enum Ordered {
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
    Scalar(Value),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn scalar(&mut self) -> Value {
        self.space();
        let mut stream = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<Value>();
        let value = stream.next().and_then(Result::ok).unwrap_or_default();
        self.at += stream.byte_offset().max(1);
        value
    }

    fn value(&mut self) -> Ordered {
        if self.eat(b'{') {
            let mut members = Vec::new();
            while !self.eat(b'}') {
                let key = self.scalar().as_str().unwrap_or_default().to_owned();
                self.eat(b':');
                members.push((key, self.value()));
                self.eat(b',');
            }
            return Ordered::Object(members);
        }
        if self.eat(b'[') {
            let mut items = Vec::new();
            while !self.eat(b']') {
                items.push(self.value());
                self.eat(b',');
            }
            return Ordered::List(items);
        }
        Ordered::Scalar(self.scalar())
    }
}

/// Reads a text that is known to be JSON.
pub fn read(text: &str) -> Ordered {
    Reader { text, at: 0 }.value()
}

impl Ordered {
    /// A member of an object.
    pub fn get(&self, key: &str) -> Option<&Ordered> {
        match self {
            Ordered::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn items(&self) -> &[Ordered] {
        match self {
            Ordered::List(items) => items,
            _ => &[],
        }
    }

    /// The same without the order.
    pub fn plain(&self) -> Value {
        match self {
            Ordered::Scalar(value) => value.clone(),
            Ordered::List(items) => items.iter().map(Ordered::plain).collect(),
            Ordered::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (key.clone(), value.plain())).collect())
            }
        }
    }

    /// Every text in it, keys and values, changed.
    pub fn map(&self, change: &impl Fn(&str) -> String) -> Ordered {
        match self {
            Ordered::Scalar(Value::String(text)) => Ordered::Scalar(change(text).into()),
            Ordered::Scalar(value) => Ordered::Scalar(value.clone()),
            Ordered::List(items) => Ordered::List(items.iter().map(|item| item.map(change)).collect()),
            Ordered::Object(members) => {
                Ordered::Object(members.iter().map(|(key, value)| (change(key), value.map(change))).collect())
            }
        }
    }

    /// The text that Python's `json.dumps` makes of it: a space after colons and commas, nothing but ASCII.
    pub fn dump(&self) -> String {
        match self {
            Ordered::Scalar(value) => ascii(&value.to_string()),
            Ordered::List(items) => {
                format!("[{}]", items.iter().map(Ordered::dump).collect::<Vec<_>>().join(", "))
            }
            Ordered::Object(members) => {
                let parts = members.iter().map(|(key, value)| {
                    format!("{}: {}", ascii(&Value::from(key.as_str()).to_string()), value.dump())
                });
                format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn ascii(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}
