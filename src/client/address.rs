//! Where a chat is: the address that a person types, taken apart. The first step of a client.

use crate::{http::Authority, text::visible};

/// The address of a chat.
#[derive(Clone, Default)]
pub struct Address {
    /// The server: `host:port`.
    pub server: String,
    /// The folder of its pages: `/`, or `/lab/` behind a proxy. In it lie `chat` and `photo/…`.
    pub folder: String,
}

impl Address {
    /// Understands `ws://host:port/path`, `http://…`, `host:port`, and a `host` alone: then the port is 3000.
    /// Errors: a sentence.
    pub fn parse(url: &str) -> Result<Address, String> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let port = match scheme.to_ascii_lowercase().as_str() {
            "" => 3000,
            "ws" | "http" => 80,
            "wss" | "https" => return Err("there is no TLS here: use ws://HOST:PORT".to_string()),
            _ => return Err(format!("“{}” is no address of a chat: use ws://HOST:PORT", visible(url))),
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            let hint = "it has to be in ASCII without blanks (a name in other letters begins with xn--)";
            return Err(format!("“{}” is no address: {hint}", visible(url)));
        }
        // `::1` alone is meant as `[::1]`.
        let server = Authority::parse(host).or_else(|| Authority::parse(&format!("[{host}]")));
        let mut server = server.ok_or_else(|| format!("“{}” is no host and port", visible(url)))?;
        server.port.get_or_insert(port);
        // As a page finds its files: beside the page, behind the last slash.
        let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]).to_string();
        Ok(Address { server: server.to_string(), folder })
    }

    /// The address of what the server calls by a path relative to its pages.
    pub fn page(&self, path: &str) -> String {
        format!("http://{}{}{path}", self.server, self.folder)
    }
}

/// A text as it stands in a URL (RFC 3986, 2.1).
pub fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
