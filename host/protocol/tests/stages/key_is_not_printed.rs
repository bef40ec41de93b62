//! A key printed as text.
use qkdpp_protocol::SecretKey;

fn print(key: &SecretKey) -> String {
    key.to_string()
}

fn main() {}
