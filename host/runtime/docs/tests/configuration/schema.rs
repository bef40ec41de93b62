//! A JSON Schema as schemars writes it for the types of a config.

use serde_json::Value;

/// A schema and the definitions it may refer to.
#[derive(Clone)]
pub(crate) struct Schema<'a> {
    root: &'a Value,
    node: &'a Value,
}

/// What a schema describes.
pub(crate) enum Kind<'a> {
    /// Keys and values.
    Table,
    /// Tables of which the key `name` chooses one.
    Named(Vec<(String, Schema<'a>)>),
    /// Tables of which one is there, called by its name; plain values may stand beside them.
    Choices(Vec<(String, Schema<'a>)>),
    /// Anything else, as the column of values shows it.
    Value(String),
}

/// A key of a table.
pub(crate) struct Member<'a> {
    /// Of the value, or of the entries of a list.
    pub(crate) inner: Schema<'a>,
    pub(crate) list: bool,
    node: &'a Value,
    required: bool,
}

impl<'a> Schema<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, node: root }
    }

    /// The same for another node, with references followed and the alternative "nothing" left out.
    fn at(&self, node: &'a Value) -> Self {
        let some = node["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null"));
        let node = some.unwrap_or(node);
        let target = node["$ref"].as_str().and_then(|path| self.root.pointer(path.trim_start_matches('#')));
        Self { root: self.root, node: target.unwrap_or(node) }
    }

    pub(crate) fn description(&self) -> String {
        prose(&self.node["description"])
    }

    /// The keys of a table, in the order of the alphabet.
    pub(crate) fn members(&self) -> Vec<(String, Member<'a>)> {
        let required = self.node["required"].as_array();
        let required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
        let properties = self.node["properties"].as_object().into_iter().flatten();
        let properties = properties.filter(|(_, node)| node["const"].is_null());
        properties
            .map(|(name, node)| {
                let list = node["type"].as_str() == Some("array");
                let inner = self.at(if list { &node["items"] } else { node });
                (name.clone(), Member { inner, list, node, required: required(name) })
            })
            .collect()
    }

    /// What is below `name`, where one of several tables is called by it.
    pub(crate) fn content(&self, name: &str) -> Self {
        self.at(&self.node["properties"][name])
    }

    pub(crate) fn kind(&self) -> Kind<'a> {
        if self.node["properties"]["low"].is_object() {
            return Kind::Value("`{ low = …, high = … }`".to_owned());
        }
        if self.node["properties"].is_object() {
            return Kind::Table;
        }
        let Some(choices) = self.node["oneOf"].as_array() else { return Kind::Value(self.plain()) };
        let choices: Vec<Self> = choices.iter().map(|node| Self { root: self.root, node }).collect();
        let named = |choice: &Self| choice.node["properties"]["name"]["const"].as_str().map(str::to_owned);
        if choices.iter().all(|choice| named(choice).is_some()) {
            return Kind::Named(choices.into_iter().map(|c| (named(&c).unwrap_or_default(), c)).collect());
        }
        let tables = choices.iter().filter_map(|choice| {
            let name = choice.node["properties"].as_object()?.keys().next()?;
            Some((name.clone(), choice.clone()))
        });
        match tables.collect::<Vec<_>>() {
            tables if tables.is_empty() => Kind::Value(self.words().join(", ")),
            tables => Kind::Choices(tables),
        }
    }

    /// The words that stand for themselves.
    fn words(&self) -> Vec<String> {
        let choices = self.node["oneOf"].as_array().into_iter().flatten();
        choices.filter_map(|choice| choice["const"].as_str()).map(|word| format!("`\"{word}\"`")).collect()
    }

    fn plain(&self) -> String {
        let kind = &self.node["type"];
        let kind =
            kind.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null")).unwrap_or(kind);
        match kind.as_str() {
            Some("integer") => "whole number".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            Some("string") => "text".to_owned(),
            _ => "number".to_owned(),
        }
    }

    /// The words with their meanings, behind that of the key.
    fn meanings(&self) -> String {
        let choices = self.node["oneOf"].as_array().into_iter().flatten();
        let words =
            choices.filter_map(|choice| Some((choice["const"].as_str()?, prose(&choice["description"]))));
        words.map(|(word, meaning)| format!("<br>`{word}`: {meaning}")).collect::<Vec<_>>().concat()
    }
}

impl Member<'_> {
    /// What may stand behind the key called `path`.
    pub(crate) fn value(&self, path: &str) -> String {
        let one = match self.inner.kind() {
            Kind::Table | Kind::Named(_) => format!("[table](#{})", anchor(path)),
            Kind::Choices(tables) => {
                let link = |name: &str| format!("[`{name}`](#{})", anchor(&format!("{path}.{name}")));
                let links = tables.iter().map(|(name, _)| link(name));
                self.inner.words().into_iter().chain(links).collect::<Vec<_>>().join(" or ")
            }
            Kind::Value(value) => value,
        };
        match (self.list, one.as_str()) {
            (true, "number") => "list of numbers".to_owned(),
            (true, _) => format!("list of {one}"),
            (false, _) => one,
        }
    }

    pub(crate) fn default(&self) -> String {
        match &self.node["default"] {
            _ if self.required => String::new(),
            Value::Null => "*optional*".to_owned(),
            Value::Object(band) if band.contains_key("low") => {
                format!("`{{ low = {}, high = {} }}`", number(&band["low"]), number(&band["high"]))
            }
            Value::Object(_) => "as in the table".to_owned(),
            value => format!("`{}`", number(value)),
        }
    }

    pub(crate) fn meaning(&self) -> String {
        let own = prose(&self.node["description"]);
        let own = if own.is_empty() { self.inner.description() } else { own };
        own + &self.inner.meanings()
    }
}

/// A value as people write it: small and large numbers with a power of ten.
fn number(value: &Value) -> String {
    match value.as_f64() {
        Some(real) if value.is_f64() && real != 0.0 && !(1e-3..1e4).contains(&real.abs()) => {
            format!("{real:e}")
        }
        _ => value.to_string(),
    }
}

/// mdBook's anchor of the heading of a table.
fn anchor(path: &str) -> String {
    path.chars().filter(|&c| c.is_alphanumeric() || "_-".contains(c)).collect()
}

/// A documentation comment on one line, without the links of rustdoc.
fn prose(description: &Value) -> String {
    let text = description.as_str().unwrap_or_default().replace('|', "\\|");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let start = plain.rfind('[').unwrap_or(0);
        plain.replace_range(start..=start, "");
        plain.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    plain
}
