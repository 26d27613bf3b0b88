//! Names of the nodes and events in the rows of an answer, as they can be pasted back.

use std::collections::BTreeMap;

use lineal_engine::schema::Kind;

use crate::source::{EventRef, NodeNo};

/// Bytes of a name on the mean, asked for at once.
const NAME_BYTES: usize = 48;

/// The names.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Names {
    pub(crate) nodes: NodeNames,
    pub(crate) events: BTreeMap<EventRef, String>,
}

/// Names of nodes in one piece of memory: an answer holds many, and each would be a piece of its own.
#[derive(Clone, Default, Debug)]
pub(crate) struct NodeNames {
    /// One name behind the other.
    text: String,
    /// By node: its kind and where its name ends in the text. It begins where that before it ends.
    ends: Vec<(NodeNo, Kind, usize)>,
}

impl NodeNames {
    /// Names nodes: in any order, and maybe several times.
    pub(crate) fn of(
        mut nodes: Vec<NodeNo>,
        kind_of: impl Fn(NodeNo) -> Kind,
        push_name: impl Fn(NodeNo, &mut String),
    ) -> NodeNames {
        nodes.sort_unstable();
        nodes.dedup();
        let mut text = String::with_capacity(nodes.len() * NAME_BYTES);
        let ends = nodes.into_iter().map(|node| {
            push_name(node, &mut text);
            (node, kind_of(node), text.len())
        });
        let ends = ends.collect();
        NodeNames { text, ends }
    }

    /// The name of a node; none where it is not in the rows.
    pub(crate) fn get(&self, node: NodeNo) -> Option<&str> {
        let at = self.ends.binary_search_by_key(&node, |(known, _, _)| *known).ok()?;
        self.at(at)
    }

    /// The same, looked for first at a place, which then is the one behind it: rows mostly come in the
    /// order of their nodes. Empty where it is not in the rows.
    pub(crate) fn near(&self, node: NodeNo, place: &mut usize) -> &str {
        let is_here = self.ends.get(*place).is_some_and(|(known, _, _)| *known == node);
        if !is_here {
            let found = self.ends.binary_search_by_key(&node, |(known, _, _)| *known);
            let Ok(found) = found else { return "" };
            *place = found;
        }
        let name = self.at(*place).unwrap_or("");
        *place += 1;
        name
    }

    fn at(&self, at: usize) -> Option<&str> {
        let begin = match at.checked_sub(1) {
            Some(before) => self.ends.get(before)?.2,
            None => 0,
        };
        self.text.get(begin..self.ends.get(at)?.2)
    }

    /// All names, one behind the other.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Bytes of all names.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The nodes, ascending.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = NodeNo> + '_ {
        self.ends.iter().map(|(node, _, _)| *node)
    }

    /// Nodes, kinds and names, by node.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeNo, Kind, &str)> {
        let each = self.ends.iter().enumerate();
        each.filter_map(|(at, (node, kind, _))| Some((*node, *kind, self.at(at)?)))
    }
}

impl PartialEq for NodeNames {
    fn eq(&self, other: &NodeNames) -> bool {
        self.iter().eq(other.iter())
    }
}

impl FromIterator<(NodeNo, (Kind, String))> for NodeNames {
    fn from_iter<I: IntoIterator<Item = (NodeNo, (Kind, String))>>(all: I) -> NodeNames {
        let all: BTreeMap<NodeNo, (Kind, String)> = all.into_iter().collect();
        let mut names = NodeNames::default();
        for (node, (kind, name)) in all {
            names.text.push_str(&name);
            names.ends.push((node, kind, names.text.len()));
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_has_its_own_name_in_whatever_order_they_came() {
        let kind = |node| if node < 5 { Kind::Run } else { Kind::Model };
        let push = |node: NodeNo, out: &mut String| out.push_str(&"x".repeat(node as usize % 7));
        let names = NodeNames::of(vec![9, 2, 7, 2, 9], kind, push);
        let all: Vec<_> = names.iter().collect();
        assert_eq!(all, [(2, Kind::Run, "xx"), (7, Kind::Model, ""), (9, Kind::Model, "xx")]);
        assert_eq!(names.numbers().collect::<Vec<_>>(), [2, 7, 9]);
        assert_eq!((names.get(2), names.get(7), names.get(3)), (Some("xx"), Some(""), None));
        let again = all.iter().rev().map(|(node, kind, name)| (*node, (*kind, (*name).to_owned())));
        assert_eq!(names, again.collect());
        assert_ne!(names, NodeNames::of(vec![2, 7], kind, push));
        let mut place = 0;
        let near = [2, 2, 9, 3, 7].map(|node| names.near(node, &mut place).len());
        assert_eq!(near, [2, 2, 2, 0, 0]);
        assert_eq!(NodeNames::default().get(0), None);
    }
}
