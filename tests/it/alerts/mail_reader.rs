//! Reads a mail as a mail program does: unfolds and decodes headers, takes parts apart, decodes their bodies.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A mail, or a part of one.
pub(super) struct Part {
    /// Names in small letters, with all values in their order, decoded.
    pub(super) headers: BTreeMap<String, Vec<String>>,
    /// The decoded body of a part without parts.
    pub(super) body: String,
    pub(super) parts: Vec<Part>,
}

impl Part {
    pub(super) fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        for line in unfolded.split("\r\n") {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
            headers.entry(name.to_lowercase()).or_default().push(decoded_words(value));
        }
        let mut part = Self { headers, body: String::new(), parts: Vec::new() };
        match part.border() {
            Some(border) => {
                let border = format!("--{border}");
                part.parts = body
                    .split(&border)
                    .skip(1)
                    .take_while(|piece| !piece.starts_with("--"))
                    .map(|piece| Self::read(piece.strip_prefix("\r\n").unwrap().strip_suffix("\r\n").unwrap()))
                    .collect();
            }
            None => part.body = part.decoded_body(body),
        }
        part
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let values = self.headers.get(name).map_or(&[][..], Vec::as_slice);
        assert!(values.len() < 2, "{name} comes {} times", values.len());
        values.first().map_or("", String::as_str)
    }

    /// The first part of a type, this one included.
    pub(super) fn find(&self, sort: &str) -> Option<&Self> {
        if self.header("content-type").starts_with(sort) {
            return Some(self);
        }
        self.parts.iter().find_map(|part| part.find(sort))
    }

    fn border(&self) -> Option<String> {
        let sort = self.header("content-type");
        let (_, border) = sort.strip_prefix("multipart/")?.split_once("boundary=\"")?;
        Some(border.split('"').next().unwrap().to_owned())
    }

    fn decoded_body(&self, body: &str) -> String {
        match self.header("content-transfer-encoding") {
            "quoted-printable" => unquoted(&body.replace("=\r\n", ""), false),
            "base64" => {
                let bytes = STANDARD.decode(body.replace("\r\n", "")).unwrap();
                String::from_utf8(bytes).unwrap()
            }
            "7bit" | "" => body.to_owned(),
            other => panic!("unknown encoding {other}"),
        }
        .replace("\r\n", "\n")
    }
}

/// `=?utf-8?b?…?=` and `=?utf-8?q?…?=` as mail programs show them.
fn decoded_words(value: &str) -> String {
    let value = value.replace("?= =?", "?==?");
    let mut shown = String::new();
    let mut rest = value.as_str();
    while let Some((before, word)) = rest.split_once("=?") {
        shown.push_str(before);
        let mut fields = word.splitn(3, '?');
        let (_charset, encoding, tail) = (fields.next(), fields.next(), fields.next());
        let Some((encoding, (text, after))) = encoding.zip(tail.and_then(|tail| tail.split_once("?="))) else {
            shown.push_str("=?");
            rest = word;
            continue;
        };
        shown.push_str(&match encoding {
            "b" | "B" => String::from_utf8(STANDARD.decode(text).unwrap()).unwrap(),
            _ => unquoted(text, true),
        });
        rest = after;
    }
    shown + rest
}

fn unquoted(text: &str, is_word: bool) -> String {
    let mut bytes = Vec::new();
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        match byte {
            b'=' => {
                let digits = [left.next().unwrap(), left.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            b'_' if is_word => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}
