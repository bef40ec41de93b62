//! A key that is given to two clients.
use qkdpp_protocol::SecretKey;

fn copy<T: Clone>(key: &T) -> T {
    key.clone()
}

fn deliver_twice(key: SecretKey) -> (SecretKey, SecretKey) {
    (copy(&key), key)
}

fn main() {}
