//! Proofs that somebody changed: leaves, members, bytes, and whole things put in another's place.

use data_encoding::BASE64;
use lineal_proof::bundle::json::{Json, parse};
use lineal_proof::bundle::{Absent, Bundle, By, Item, Nothing, Statement};

/// Makes changes, the same for the same seed.
pub(super) struct Changes {
    state: u64,
}

impl Changes {
    pub(super) fn seeded(seed: u64) -> Changes {
        Changes { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// A number below another.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from((self.state >> 11) % end.max(1) as u64).expect("below a usize")
    }

    /// A proof with one change.
    pub(super) fn of(&mut self, file: &str) -> Vec<u8> {
        match self.below(10) {
            0 => self.bytes(file.as_bytes().to_vec()),
            1 => self.statement(file).into_bytes(),
            _ => {
                let mut json = parse(file.trim_end()).expect("a proof is canonical");
                let leaves = count(&json);
                let chosen = self.below(leaves);
                self.leaf(&mut json, &mut { chosen });
                (json.write() + "\n").into_bytes()
            }
        }
    }

    fn bytes(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let at = self.below(bytes.len());
        match self.below(4) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => {
                bytes.remove(at);
            }
            2 => bytes.insert(at, b" 0\"{\\u"[self.below(6)]),
            _ => bytes.truncate(at),
        }
        bytes
    }

    /// Changes what is stated, with the words that belong to it.
    fn statement(&mut self, file: &str) -> String {
        let mut bundle = Bundle::read(file.as_bytes()).expect("a proof");
        match &mut bundle.statement {
            Statement::Absent(absent) => self.absence(absent),
            Statement::Revision { node, .. } => node.kind.push('s'),
            Statement::Events { events, named } => match (self.below(2), named) {
                (0, Some(named)) => named.value.push('0'),
                _ => events[0].row += 1,
            },
            Statement::Paths { paths, named } => {
                let path = self.below(paths.len());
                let path = &mut paths[path];
                let hop = self.below(path.hops.len());
                match self.below(8) {
                    0 => path.hops[hop].edge += 1,
                    1 => path.hops[hop].along ^= true,
                    2 => path.hops[hop].by = [By::Fits, By::Pin, By::Logged(None)][self.below(3)],
                    3 => path.hops[hop].relation = "validated_on".to_owned(),
                    // Without its last edge a path is a shorter one, and as true.
                    4 if path.hops.len() > 1 => {
                        path.hops.remove(0);
                    }
                    5 => {
                        path.start = Item::Node(lineal_proof::bundle::Node {
                            kind: "deployment".to_owned(),
                            key: lineal_proof::Key::text("another"),
                        });
                    }
                    6 => {
                        if let Some(named) = named {
                            named.field = "output_hash".to_owned();
                        } else {
                            path.hops[hop].edge += 9;
                        }
                    }
                    _ => {
                        let other = self.below(path.hops.len());
                        let revision = path.hops[other].revision;
                        if path.hops[hop].revision == revision {
                            path.hops[hop].edge += 1;
                        }
                        path.hops[hop].revision = revision;
                    }
                }
            }
        }
        bundle.write()
    }

    /// Changes what is stated to be absent, or what shows it: nothing of it may stay shown.
    fn absence(&mut self, absent: &mut Absent) {
        let name = self.below(absent.map.ranges.len());
        let batch = self.below(absent.batches.len());
        let map = &mut absent.map;
        match (self.below(7), &mut absent.what) {
            (0, _) => {
                map.ranges.remove(name);
            }
            (1, _) => map.ranges.push(map.ranges[name].clone()),
            (2, _) if map.runs.len() > 1 => map.runs.swap(0, 1),
            (3, Nothing::Edge { claims, .. }) if !claims.is_empty() => claims.clear(),
            (3 | 4, Nothing::Event { named, .. }) if batch < absent.batches.len() => {
                named.value = named.value.replace('7', "8");
            }
            (5, Nothing::Event { .. }) if batch < absent.batches.len() => {
                absent.batches.remove(batch);
            }
            (6, Nothing::Event { .. }) if absent.batches.len() > 1 => absent.batches.swap(0, 1),
            (_, Nothing::Node(node) | Nothing::Fit(node) | Nothing::Edge { node, .. }) => {
                node.kind.push('s');
            }
            (_, Nothing::Event { .. }) => map.ranges[name].clear(),
        }
    }

    /// Changes the leaf, list or map of that number.
    fn leaf(&mut self, json: &mut Json, left: &mut usize) -> bool {
        if *left == 0 {
            self.value(json);
            return true;
        }
        *left -= 1;
        match json {
            Json::List(items) => items.iter_mut().any(|item| self.leaf(item, left)),
            Json::Map(members) => members.iter_mut().any(|(_, value)| self.leaf(value, left)),
            _ => false,
        }
    }

    fn value(&mut self, json: &mut Json) {
        let chosen = self.below(6);
        *json = match std::mem::replace(json, Json::Null) {
            Json::Null => [Json::Bool(false), Json::Int(0), Json::text("")][self.below(3)].clone(),
            Json::Bool(truth) => {
                if chosen == 0 {
                    Json::Int(1)
                } else {
                    Json::Bool(!truth)
                }
            }
            Json::Int(number) => match chosen {
                0 => Json::Int(number - 1),
                1 => Json::Int(-number - 1),
                2 => Json::Int(1 << 52),
                3 => Json::text(number.to_string()),
                4 => Json::Null,
                _ => Json::Int(number + 1),
            },
            Json::Text(text) => Json::Text(self.text(&text)),
            Json::List(mut items) => {
                let at = self.below(items.len());
                match chosen {
                    0 if !items.is_empty() => {
                        items.remove(at);
                    }
                    1 if !items.is_empty() => items.insert(at, items[at].clone()),
                    2 if items.len() > 1 && items[at] != items[0] => items.swap(0, at),
                    3 => items.clear(),
                    _ => items.push(Json::Int(0)),
                }
                Json::List(items)
            }
            Json::Map(mut members) => {
                let at = self.below(members.len());
                match chosen {
                    0..3 if !members.is_empty() => {
                        members.remove(at);
                    }
                    3 if !members.is_empty() => members[at].0.push('x'),
                    4 => members.push(("erased".to_owned(), Json::Null)),
                    _ => members.push(("zz".to_owned(), Json::Int(1))),
                }
                Json::Map(members)
            }
        };
    }

    fn text(&mut self, text: &str) -> String {
        // What stands in base64 is changed inside as often as outside.
        if self.below(2) == 0
            && let Ok(mut bytes) = BASE64.decode(text.as_bytes())
            && !bytes.is_empty()
        {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.push(0),
                _ => bytes[at] ^= 1 << self.below(8),
            }
            return BASE64.encode(&bytes);
        }
        let mut letters: Vec<char> = text.chars().collect();
        let at = self.below(letters.len());
        match self.below(5) {
            0 => letters.truncate(at),
            1 => letters.insert(at, ['0', 'a', '\u{e4}', '\n', '\u{1}', '='][self.below(6)]),
            2 if !letters.is_empty() => {
                letters.remove(at);
            }
            _ if letters.is_empty() => letters.push('x'),
            _ => letters[at] = if letters[at] == '0' { '1' } else { '0' },
        }
        letters.into_iter().collect()
    }
}

/// How many values there are, lists and maps included.
fn count(json: &Json) -> usize {
    1 + match json {
        Json::List(items) => items.iter().map(count).sum(),
        Json::Map(members) => members.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    }
}
